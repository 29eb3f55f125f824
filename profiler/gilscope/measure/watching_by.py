"""The observer that was asked for, tried on the solo trial's process before anything of the user's runs in it."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from gilscope.measure.watching import Watching, does_not_work
from gilscope.observers.gil import Gil
from gilscope.observers.pyspy import LOOKED_S, HotRecorder

if TYPE_CHECKING:
    from gilscope.measure.live import LiveTrial
    from gilscope.measure.messages import Hello

__all__ = ["watching_by"]

#: py-spy ends by itself after so long, should gilscope be killed.
LIMIT_S = 20.0


def watching_by(
    asked: str, trial: LiveTrial, hello: Hello, rate_hz: float, rng: random.Random, deadline: float
) -> Watching:
    """How rounds are watched: ``auto`` is the best that works.

    :param asked: as of `gilscope.options.Options.observer`
    :raises UsageError: when what was asked for by name does not work here
    :raises TrialEnded: when the process ends or does not answer
    """
    if asked == "py-spy":
        _require_py_spy(hello.pid)
    if asked in ("psutil", "py-spy"):
        return Watching(Gil(hello.gil_enabled), rate_hz, rng, "psutil")
    gil, reason = trial.calibrate(hello, deadline)
    if asked == "proc" and not gil.known:
        raise does_not_work("proc", reason or "the place of the GIL was not found")
    return Watching(gil, rate_hz, rng, reason=reason, required=asked == "proc")


def _require_py_spy(pid: int) -> None:
    """:raises UsageError: when it takes no sample of this process"""
    with HotRecorder(limit_s=LIMIT_S) as recorder:
        recorder.start(pid)
        hot = recorder.look(LOOKED_S)
    if hot.reason is not None or not hot.seen:
        raise does_not_work("py-spy", hot.reason or "py-spy took no sample of a trial's process")
