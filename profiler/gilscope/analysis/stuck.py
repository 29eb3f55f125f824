"""Which input's call does not return, where the solo run did not come back: inputs are called one by one, in a fresh
process."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

from gilscope.analysis.runner import Runner
from gilscope.configuration import Configuration
from gilscope.measure import messages as m
from gilscope.measure.live import LiveTrial
from gilscope.measure.trial import TrialEnded
from gilscope.units import given_duration

__all__ = ["Stuck", "look_for_stuck"]

#: How long a call may take, at least, and as a multiple of what others took.
PATIENCE_S, PATIENCE = 1.0, 20.0
#: Looking for more goes on for so many times as long as one call may take.
SEARCH_LIMITS = 8
#: Inputs to try beside one that did not return, to know that it is the input, and not the function.
OTHERS = 2


@dataclass(frozen=True)
class Stuck:
    """What was found."""

    inputs: tuple[str, ...]
    """Those whose calls did not return, as text."""
    limit_s: float
    """What each of these calls was given."""
    order: tuple[int, ...]
    """The positions of all other inputs, in the order in which calls take them; empty where no call returned."""

    @property
    def told(self) -> str:
        """In a sentence."""
        calls = "the call did" if len(self.inputs) == 1 else "the calls did"
        return f"{calls} not return within {given_duration(self.limit_s)} with {', '.join(self.inputs)}"


def look_for_stuck(runner: Runner, solo: LiveTrial) -> Stuck | None:
    """Call the inputs of the solo run's last round one by one; None where every call returned, or there is no time.

    :param solo: the one that did not come back
    """
    order, suspects = solo.account.order, list(solo.unreturned)
    if len(suspects) < 1 + OTHERS:
        suspects += [position for position in order if position not in suspects][:OTHERS]
    limit_s = min(max(PATIENCE_S, PATIENCE * (runner.journal.looked_s or 0.0)), runner.options.timeout_s)
    found: dict[int, str] = {}
    tried, until = 0, time.monotonic() + SEARCH_LIMITS * limit_s
    while tried < len(suspects) and time.monotonic() < until:
        returned, text = _call_each(runner, suspects[tried:], limit_s)
        tried += returned
        if text is not None:
            found[suspects[tried]] = text
            tried += 1
    if not found:
        return None
    left = () if tried == len(found) else tuple(position for position in order if position not in found)
    return Stuck(tuple(found.values()), limit_s, left)


def _call_each(runner: Runner, positions: Sequence[int], limit_s: float) -> tuple[int, str | None]:
    """Call them in a fresh process until one does not return: how many did, and the text of the one that did not."""
    trial, returned, text = LiveTrial(Configuration("serial")), 0, ""
    assert runner.journal.watching is not None
    try:
        limit = runner.budget.start_deadline()
        trial.start(python=runner.program)
        trial.process.hear(m.Hello, limit, "starting")
        trial.load(runner.target, runner.options.seed, limit)
        trial.open(runner.journal.watching, limit, tuple(positions))
        for number in range(len(positions)):
            limit = time.monotonic() + limit_s
            trial.use_inputs(len(positions))
            text = trial.process.ask(m.Name(number=number), m.Named, limit, "naming an input").text
            trial.call(number, limit)
            returned += 1
        return returned, None
    except TrialEnded as ended:
        return (returned, text) if ended.status == "timeout" and text else (len(positions), None)
    finally:
        trial.end()
