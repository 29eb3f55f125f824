"""Finding the GIL of the interpreter that runs the trials."""

from __future__ import annotations

from gilscope.measure import messages as m
from gilscope.measure.trial import TrialProcess
from gilscope.observers.calibration import NotWatchableError, try_reading
from gilscope.observers.gil import GilLayout

__all__ = ["calibrate"]


def calibrate(trial: TrialProcess, hello: m.Hello, deadline: float) -> tuple[GilLayout | None, str | None]:
    """The layout, or why there is none. The process must have one thread and run nothing of the user's yet.

    :raises TrialEnded: when the process ends or does not answer
    """
    if not hello.gil_enabled:
        return None, "this interpreter runs without a GIL"
    found = trial.ask(m.FindGil(), m.GilFound, deadline, "calibrating")
    if found.offset is None:
        return None, found.reason
    try:
        try_reading(GilLayout(found.offset), hello.pid, hello.runtime)
    except NotWatchableError as error:
        return None, str(error)
    return GilLayout(found.offset), None
