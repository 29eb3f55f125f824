"""From ledgers to service demands: what one call asks of each resource."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import msgspec

from gilscope.decide.shares import share_intervals
from gilscope.records import WAIT_STATES, Account, Demands, Ledger

__all__ = ["call_s", "combine", "demands", "in_call_wall_s", "outside_wait_s", "scaled", "with_cpu"]

#: The fields that `Ledger` and `Demands` share: seconds, summed over the threads.
_SECONDS = Account.__struct_fields__
#: Those of them that are CPU time of the call.
_CPU = ("cpu_s", "cpu_gil_s", "cpu_free_s", "own_threads_cpu_s", "children_cpu_s")
#: The further fields of a ledger that add up over rounds.
_SUMMED = ("samples", "cpu_samples", "blocked_samples", "calls", "gil_held_s", "gil_observed_s", "driver_cpu_s")
#: What samples divide, and into what.
_SPLITS = {
    "cpu_s": ("cpu_gil_s", "cpu_free_s"),
    "blocked_s": ("gil_wait_s", *(f"{state}_s" for state in WAIT_STATES), "idle_s", "gil_held_off_cpu_s"),
}
#: The share of the rounds' time that must have been seen for the rest to be divided like it.
LEAST_SEEN = 0.5
#: Those of which the largest counts: the rounds of a trial run in the same threads.
_LARGEST = ("threads", "longest_hold_s")


def combine(ledgers: Iterable[Ledger]) -> Ledger:
    """The ledger of several rounds together: seconds, samples and calls add up; a figure unknown in one is
    unknown. A round in which nothing was seen of what divides its time is divided as the others are, where these are
    most of it.

    :raises ValueError: when there is no ledger to combine
    """
    parts = list(ledgers)
    if not parts:
        raise ValueError("no ledger to combine: no observed round was finished")
    figures: dict[str, Any] = {name: _known(sum, parts, name) for name in (*_SECONDS, *_SUMMED)}
    for divided, split in _SPLITS.items():
        figures |= _split(parts, divided, split)
    whole = Ledger(**figures, **{name: _known(max, parts, name) for name in _LARGEST})
    return msgspec.structs.replace(whole, intervals=share_intervals(whole))


def _split(parts: Sequence[Ledger], whole: str, split: Sequence[str]) -> dict[str, float | None]:
    seen = [part for part in parts if any(getattr(part, name) is not None for name in split)]
    whole_s, seen_s = (sum(getattr(part, whole) for part in some) for some in (parts, seen))
    if not seen or seen_s < LEAST_SEEN * whole_s:
        return dict.fromkeys(split)
    factor = whole_s / seen_s if seen_s > 0 else 1.0
    known = {name: _known(sum, seen, name) for name in split}
    return {name: None if seconds is None else seconds * factor for name, seconds in known.items()}


def demands(ledger: Ledger) -> Demands | None:
    """The seconds one call asks of each resource: the solo ledger divided by its calls; None when it has
    none.

    Service demands in the sense of Denning & Buzen (1978), The operational analysis of queueing network
    models.
    """
    if ledger.calls <= 0:
        return None
    per_call: dict[str, Any] = {name: _divided(getattr(ledger, name), ledger.calls) for name in _SECONDS}
    return Demands(calls=ledger.calls, **per_call)


def in_call_wall_s(account: Account) -> float:
    """Wall clock inside calls: without the time in which the thread waited to be handed one."""
    return max(account.wall_s - (account.idle_s or 0.0), 0.0)


def outside_wait_s(account: Account) -> float:
    """Seconds blocked inside calls on something other than the interpreter and the machine.

    Where the waits are not told apart, all blocked time but what is known to be idle or waiting for the GIL.
    """
    if account.wait_s is not None:
        return account.wait_s
    return max(account.blocked_s - (account.idle_s or 0.0) - (account.gil_wait_s or 0.0), 0.0)


def call_s(demands: Demands) -> float:
    """Seconds of a call that has the machine to itself: computing and waiting, without the run queue."""
    return demands.cpu_s + outside_wait_s(demands)


def scaled(demands: Demands, factor: float) -> Demands:
    """The demands of a call of the same shape, so many times as long."""
    known = {name: seconds for name in _SECONDS if (seconds := getattr(demands, name)) is not None}
    longer = {name: seconds * factor for name, seconds in known.items()}
    accelerator_s = None if demands.accelerator_s is None else demands.accelerator_s * factor
    return msgspec.structs.replace(demands, **longer, accelerator_s=accelerator_s)


def with_cpu(demands: Demands, factor: float) -> Demands:
    """The demands of a call that computes so many times as long, and waits as long as it did."""
    known = {name: seconds for name in _CPU if (seconds := getattr(demands, name)) is not None}
    more_s = demands.cpu_s * (factor - 1)
    longer = {name: seconds * factor for name, seconds in known.items()}
    return msgspec.structs.replace(demands, wall_s=demands.wall_s + more_s, **longer)


def _known(fold: Callable[[list[float]], float], parts: Sequence[Ledger], name: str) -> Any:
    values = [getattr(part, name) for part in parts]
    return None if None in values else fold(values)


def _divided(seconds: float | None, calls: int) -> float | None:
    return None if seconds is None else seconds / calls
