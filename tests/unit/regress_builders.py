"""Pairs of results to compare, by the calls per second of their rounds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from gilscope.decide.regress import Comparison, compare
from gilscope.decide.throughput import with_throughput
from gilscope.records import Noise, Trial
from gilscope.result import Result
from tests.unit.decide_builders import trial
from tests.unit.handmade import make_ledger, make_recommendation, make_result

STEADY = (10.0, 10.1, 9.9, 10.05)
NOISE = Noise(backend="process", workers=2, ratio=1.0, floor=0.05)


def timed(backend: str, rates: Sequence[float], *, workers: int = 1, **fields: Any) -> Trial:
    """A trial whose rounds ran at these rates, each call taking as long as the rate says."""
    made = trial(backend, tuple(rates), workers=workers, **fields)
    rounds = [
        msgspec.structs.replace(each, latency_p50_s=1 / rate, latency_p99_s=2 / rate)
        for each, rate in zip(made.rounds, rates, strict=True)
    ]
    return msgspec.structs.replace(made, rounds=tuple(rounds))


def measured(serial: Sequence[float] = STEADY, process: Sequence[float] = (19.0, 19.2, 19.4), **changes: Any) -> Result:
    """A function measured alone and, as is recommended, in two processes."""
    trials = (
        timed("serial", serial, ledger=make_ledger(), memory_per_worker_bytes=20 * 2**20),
        timed("process", process, workers=2, start_method="spawn", memory_per_worker_bytes=21 * 2**20),
    )
    return told_of(trials, **changes)


def told_of(trials: Sequence[Trial], **changes: Any) -> Result:
    return make_result(**{"trials": with_throughput(trials), "noise": NOISE, "failure": None, **changes})


def recommending(backend: str | None, workers: int | None = 1, **changes: Any) -> Any:
    fields = {"chunksize": None, "start_method": None, "alternatives": ()} | changes
    return make_recommendation(backend=backend, workers=workers, **fields)


def words(found: Comparison) -> dict[tuple[str, str], str]:
    """What is shown, by configuration and figure."""
    changes = (*found.alone, *found.configurations, *found.advised)
    return {(change.where, change.figure): change.word for change in changes}


def compared(old: Result, new: Result | None = None) -> Comparison:
    return compare(old, old if new is None else new)
