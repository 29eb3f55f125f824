"""What the tests of Celery and Dask share: a trial of two workers, watched, and its processes looked for."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from gilscope.digest import digest
from gilscope.measure import messages as m
from gilscope.observers.gil import Gil
from gilscope.observers.watch import ProcObserver
from gilscope.records import Ledger
from tests.backends.conftest import PATIENCE_S, Case, Trial
from tests.backends.targets import NUMBERS
from tests.backends.test_in_a_trial import (
    test_all_workers_are_started_and_distinct,
    test_calls_go_round_the_inputs,
    test_chunks_without_calls_are_dispatched_and_call_nothing,
    test_errors_are_counted_and_the_first_is_kept,
    test_every_call_is_made_once_by_a_worker,
    test_results_are_those_of_the_calls,
    test_the_first_traceback_is_the_users_alone,
)

__all__ = [
    "a_queue_is_metered",
    "observed",
    "of_command",
    "results_are_right",
    "sharing",
    "test_all_workers_are_started_and_distinct",
    "test_calls_go_round_the_inputs",
    "test_chunks_without_calls_are_dispatched_and_call_nothing",
    "test_errors_are_counted_and_the_first_is_kept",
    "test_every_call_is_made_once_by_a_worker",
    "test_results_are_those_of_the_calls",
    "test_the_first_traceback_is_the_users_alone",
]


@contextmanager
def sharing(case: Case, target: str, folder: Path) -> Iterator[Trial]:
    """A trial that many tests look at. Set-up and tear-down run once in each of its processes, and it says nothing."""
    trial = Trial(case, folder, {})
    try:
        trial.open(target, inputs="NUMBERS", setup="set_up", teardown="tear_down")
        begun = _processes(trial, "setup")
        yield trial
        trial.close()
        assert begun == _processes(trial, "teardown")
        assert set(begun.values()) == {1}
        assert {worker.pid for worker in trial.workers} in (set(begun), set())  # nobody watches those of tasks
        assert trial.process.output.text() == ""
    finally:
        trial.end()


def _processes(trial: Trial, what: str) -> Counter[int]:
    return Counter(note.pid for note in trial.notes if note.what == what)


def observed(trial: Trial, calls: int) -> tuple[m.RoundDone, Ledger]:
    """A round that is watched from outside."""
    observer = ProcObserver(trial.pid, trial.workers, Gil(), 200.0, random.Random(0))
    inputs = trial.loaded.input_count
    trial.process.tell(m.Round(first=0, calls=calls, inputs=inputs, chunksize=1))
    limit = time.monotonic() + PATIENCE_S
    seen = observer.watch(lambda seconds: trial.process.poll(seconds) or time.monotonic() >= limit)
    done: m.RoundDone = trial.hear(m.RoundDone)
    assert seen.ledger is not None
    return done, seen.ledger


def of_command(trial: Trial, word: str) -> list[psutil.Process]:
    """The processes of the trial with ``word`` in their command line."""
    return [process for process in trial.family if any(word in part for part in process.cmdline())]


def a_queue_is_metered(trial: Trial) -> None:
    """Every figure is there, in an order that holds on a busy machine."""
    trial.round(0, empty_chunks=50)
    queue = trial.round(10).queue
    assert queue is not None
    assert queue.enqueue_s is not None
    assert queue.queue_wait_p50_s is not None
    assert queue.execute_p50_s is not None
    assert queue.fetch_s is not None
    assert queue.round_trip_s is not None
    assert queue.tasks_per_s is not None
    assert queue.worker_cpu_s is not None
    assert queue.broker_cpu_s == pytest.approx(0, abs=0.1)
    assert 0 < queue.queue_wait_p50_s < queue.round_trip_s
    assert queue.fetch_s > 0


def results_are_right(trial: Trial) -> None:
    """Of the target ``doubled``."""
    ask = m.Round(first=0, calls=10, inputs=10, chunksize=1, digests=True)
    done: m.RoundDone = trial.ask(ask, m.RoundDone)
    assert done.digests == {digest(number): [digest(2 * number)] for number in NUMBERS}
