"""Which functions of a module can be analyzed as they stand. A process of its own imports it, as for a trial."""

from __future__ import annotations

import time

from gilscope.analysis.runner import START_TIMEOUT_S
from gilscope.analysis.solo import translated
from gilscope.backends.base import Configuration
from gilscope.measure import messages as m
from gilscope.measure.live import LiveTrial
from gilscope.measure.possible import refuse_where_impossible
from gilscope.measure.trial import TrialEnded
from gilscope.targets import Decorated, TargetSpec

__all__ = ["survey"]


def survey(place: TargetSpec) -> Decorated:
    """The decorated functions of the module or file that ``place`` names.

    :raises UsageError: when there is no such module
    :raises TargetFailedError: when its own code raises on import, or does not end
    """
    refuse_where_impossible()
    trial = LiveTrial(Configuration("serial"))
    try:
        trial.start()
        limit = time.monotonic() + START_TIMEOUT_S
        trial.process.hear(m.Hello, limit, "starting")
        return trial.process.ask(m.FindDecorated(place=place), m.DecoratedFound, limit, "importing the module").found
    except TrialEnded as ended:
        raise translated(ended, place.spec) from None
    finally:
        trial.end()
