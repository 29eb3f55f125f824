"""What was measured by some step of the race, as the tests of the next one need it."""

from __future__ import annotations

from typing import Any

from gilscope.configuration import Configuration
from gilscope.decide.measured import Measured, Tried
from gilscope.decide.steps import (
    CheckResults,
    Open,
    Rounds,
    Step,
    WarmUp,
    WatchAlone,
)
from tests.unit.decide_builders import ledger, measured, tried

COMPUTING = ledger(gil=0.1, samples=100, calls=10)
WAITING = ledger(gil=0.001, network=0.099, samples=100, calls=10)
WATCHED: tuple[Step, ...] = (WatchAlone(0.3, 10**9),)


def solo(*rates: float, **fields: Any) -> Tried:
    return tried("serial", rates, **{"ledger": COMPUTING, **fields})


def first(number: int, *, observed: bool = False) -> Rounds:
    return Rounds(tuple(range(observed, number)), 0.12, "first", observed)


def opened(*trials: Tried, more: tuple[Step, ...] = (), **fields: Any) -> Measured:
    """The solo run and others, each warm and with its first rounds behind it."""
    configurations = tuple(Configuration(each.record.backend, each.record.workers) for each in trials[1:])
    warm = tuple(WarmUp(number, 0, 1, 100.0, 0.12) for number in range(1, len(trials)))
    rounds = (first(len(trials)), first(len(trials), observed=True))
    compared = CheckResults(tuple(range(1, len(trials))), 0, 0)
    steps = (*WATCHED, Open(configurations), *warm, *rounds, compared, *more)
    return measured(*trials, steps=steps, **fields)


def contests(number: int) -> tuple[Step, ...]:
    return (Rounds((0, 1), 0.12, "contest"),) * number


SURE = (solo(100.0, 101.0, 99.0), tried("process", (190.0, 191.0, 189.0), workers=2))
