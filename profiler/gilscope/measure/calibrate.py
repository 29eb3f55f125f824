"""Finding the GIL of the interpreter that runs the trials."""

from __future__ import annotations

from gilscope.measure import messages as m
from gilscope.measure.trial import TrialProcess
from gilscope.observers.calibration import NotWatchableError, try_reading
from gilscope.observers.gil import Gil, GilLayout

__all__ = ["calibrate"]


def calibrate(trial: TrialProcess, hello: m.Hello, deadline: float) -> tuple[Gil, str | None]:
    """What is known of the GIL, and why its place is not, if so.

    The process must have one thread and run nothing of the user's yet.

    :raises TrialEnded: when the process ends or does not answer
    """
    if not hello.gil_enabled:
        return Gil(enabled=False), "this interpreter runs without a GIL"
    found = trial.ask(m.FindGil(), m.GilFound, deadline, "calibrating")
    if found.offset is None:
        return Gil(), found.reason
    try:
        try_reading(GilLayout(found.offset), hello.pid, hello.runtime)
    except NotWatchableError as error:
        return Gil(), str(error)
    return Gil(layout=GilLayout(found.offset)), None
