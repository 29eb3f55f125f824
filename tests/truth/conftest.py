"""Watching a program of known ledger in a real trial."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from typing import Any

import psutil
import pytest

from gilscope.backends.base import Configuration
from gilscope.measure import messages as m
from gilscope.measure.live import LiveTrial
from gilscope.measure.tree import MARK
from gilscope.measure.trial_account import TimedRound
from gilscope.measure.watching import Watching
from gilscope.observers.gil import Gil
from gilscope.records import Ledger, StartMethod
from gilscope.targets import TargetSpec

Observe = Callable[..., Ledger]
ObserveRound = Callable[..., TimedRound]
Start = Callable[..., LiveTrial]
PATIENCE_S = 90.0
ROUND_S = 0.6


@pytest.fixture
def observe(observe_round: ObserveRound) -> Observe:
    """``observe("python", "thread", 2)``: the ledger of one observed round of that program; nothing may be left."""

    def watch(*arguments: Any, **options: Any) -> Ledger:
        ledger = observe_round(*arguments, **options).ledger
        assert ledger is not None
        return ledger

    return watch


@pytest.fixture
def observe_round() -> Iterator[ObserveRound]:
    """The same, and the whole round."""
    tokens: list[str] = []

    def watch(
        program: str,
        backend: str = "serial",
        workers: int = 1,
        *,
        source: str = "proc",
        start_method: StartMethod | None = None,
        round_s: float = ROUND_S,
    ) -> TimedRound:
        trial = LiveTrial(Configuration(backend, workers, 1, start_method))
        trial.start()
        tokens.append(trial.process.token)
        try:
            return _observed(trial, program, source, round_s)
        finally:
            trial.end()

    yield watch
    assert [process for process in psutil.process_iter() if _mark(process) in tokens] == []


@pytest.fixture
def start() -> Iterator[Start]:
    """``start("python", "thread", 2)``: a trial of that program, its pool open, watched without knowledge of the GIL;
    nothing may be left."""
    made: list[LiveTrial] = []
    tokens: list[str] = []

    def starting(
        program: str,
        backend: str = "serial",
        workers: int = 1,
        *,
        start_method: StartMethod | None = None,
        source: str = "proc",
        watching: Watching | None = None,
        **target: Any,
    ) -> LiveTrial:
        trial = LiveTrial(Configuration(backend, workers, 1, start_method))
        trial.start()
        made.append(trial)
        tokens.append(trial.process.token)
        limit = time.monotonic() + PATIENCE_S
        trial.process.hear(m.Hello, limit, "starting")
        loaded = trial.load(TargetSpec(spec=f"tests.truth.{program}", **target), 0, limit)
        trial.open(watching or Watching(Gil(), 400.0, random.Random(1), source), limit)
        trial.inputs_used = max(1, loaded.input_count)
        return trial

    yield starting
    for trial in made:
        trial.end()
    assert [process for process in psutil.process_iter() if _mark(process) in tokens] == []


def _mark(process: psutil.Process) -> str | None:
    try:
        return process.environ().get(MARK) if process.status() != psutil.STATUS_ZOMBIE else None
    except (psutil.Error, OSError):
        return None  # ended meanwhile, or another user's


def _observed(trial: LiveTrial, program: str, source: str, round_s: float) -> TimedRound:
    limit = time.monotonic() + PATIENCE_S
    hello = trial.process.hear(m.Hello, limit, "starting")
    gil, reason = trial.calibrate(hello, limit)
    assert gil.layout is not None, reason
    trial.load(TargetSpec(spec=f"tests.truth.programs:{program}"), 0, limit)
    trial.open(Watching(gil, 500.0, random.Random(1), source), limit)
    workers = trial.configuration.workers
    warm = trial.run_round(2 * workers, 1, limit, observed=False).done
    calls = max(workers, round(warm.calls * round_s / warm.wall_s))
    made = trial.run_round(calls, 1, limit, observed=True)
    assert made.done.errors == 0, made.done.error
    return made
