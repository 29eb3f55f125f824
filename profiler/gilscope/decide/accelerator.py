"""Calls that wait for an accelerator: their threads mostly spin in its driver, which looks like computing."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from gilscope.decide.demands import in_call_wall_s
from gilscope.decide.mva import Station
from gilscope.records import Demands

__all__ = ["station_of", "waiting_for_accelerator", "without_accelerator"]

#: Less of a call than this is no work for an accelerator.
NOTABLE_SHARE = 0.1


def waiting_for_accelerator(demands: Demands, devices: Sequence[str], *, used: bool | None) -> Demands:
    """The demands with what waits for an accelerator told as waiting.

    Nothing tells a thread that spins in the driver from one that computes in native code, so for a process that has an
    accelerator open all time on a CPU without the GIL is taken for it, and all waiting for what is not told apart.

    :param devices: the accelerators that the process has open
    :param used: whether they are known to have worked meanwhile; None where nobody can tell
    """
    if not devices or used is False or demands.cpu_free_s is None or demands.other_s is None:
        return demands
    spun_s, waited_s = demands.cpu_free_s, demands.other_s + demands.cpu_free_s
    if waited_s < NOTABLE_SHARE * in_call_wall_s(demands):
        return demands
    return msgspec.structs.replace(
        demands,
        cpu_s=max(demands.cpu_s - spun_s, 0.0),
        cpu_free_s=0.0,
        blocked_s=demands.blocked_s + spun_s,
        other_s=waited_s,
        accelerator_s=waited_s,
    )


def station_of(demands: Demands) -> list[Station]:
    """One device is one server: more workers only fill it. None where nothing is asked of one."""
    seconds = demands.accelerator_s
    return [Station("accelerator", seconds, 1.0, off_cpu_s=seconds)] if seconds else []


def without_accelerator(demands: Demands) -> Demands:
    """The rest of a call."""
    seconds = demands.accelerator_s or 0.0
    return msgspec.structs.replace(
        demands,
        wall_s=demands.wall_s - seconds,
        blocked_s=max(demands.blocked_s - seconds, 0.0),
        other_s=None if demands.other_s is None else max(demands.other_s - seconds, 0.0),
        accelerator_s=None,
    )
