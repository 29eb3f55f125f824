"""Threads that come and go: all are accounted for, in memory that does not grow with them."""

from __future__ import annotations

import gc
from dataclasses import replace
from types import FunctionType, ModuleType

import pytest

from gilscope.observers.thread_files import Scheduled
from gilscope.programs import tables
from gilscope.programs.accounts import ledgers_of, summed
from gilscope.programs.chosen_threads import ALL_THREADS, ChosenThreads
from gilscope.programs.ended_threads import MOST_ALONE, EndedThreads
from gilscope.programs.loops import LoopTimes
from gilscope.programs.moments import PythonFunction
from gilscope.programs.seen import SeenThread
from gilscope.programs.views import Views
from tests.unit.programs.builders import PID, blocked, frame, function, holding, moment, process, waiting

MANY, MOST_OBJECTS = 100_000, 50_000
SERVES = function("serve")


def ended(tid: int, name: str = "", began_in: PythonFunction | None = SERVES) -> SeenThread:
    """A thread that lived for 40 ms, a quarter of it on a CPU."""
    at_s = tid / 1000
    return SeenThread(PID, tid, name or f"worker-{tid}", 0, at_s, at_s + 0.04, True, Scheduled(0.01, 0.002), began_in)


class Coming:
    """What is kept of a program whose threads come and go, ten at a time; of every fifth ten one moment sees five."""

    def __init__(self) -> None:
        self.views = Views(0.0)
        self.ended = EndedThreads()

    def see(self, first: int) -> None:
        """Ten begin, do something, and end."""
        for tid in range(first, first + 10):
            self.ended.add(ended(tid))
        if first % 50 == 0:
            self.look(first)
        self.views.fold(PID, self.ended.fold(ALL_THREADS))

    def look(self, first: int) -> None:
        waits = [waiting(tid, "serve") for tid in (first + 1, first + 2)]
        asleep = [blocked(tid, "lock", frame("serve"), lock=1) for tid in (first + 3, first + 4)]
        self.views.see(moment(first, holding(first, "serve"), *waits, *asleep))


def objects_in(*roots: object) -> int:
    """How many objects are kept by these."""
    seen: set[int] = set()
    ask = list(roots)
    while ask:
        each = ask.pop()
        if id(each) not in seen and not isinstance(each, type | ModuleType | FunctionType):
            seen.add(id(each))
            ask += gc.get_referents(each)
    return len(seen)


def test_a_hundred_thousand_threads_that_come_and_go_are_kept_in_few_objects() -> None:
    coming = Coming()
    for first in range(0, MANY, 10):
        coming.see(first)
    assert objects_in(coming.views, coming.ended) < MOST_OBJECTS
    views = coming.views.processes[PID]
    (pair,) = views.waits.pairs.values()
    assert len(pair.threads) == len(views.locks.locks[1].threads) == MANY // 25
    threads = tuple(coming.ended)
    assert len(threads) <= MOST_ALONE + 1
    whole = summed(ledger for _, ledger in ledgers_of(replace(process(), threads=threads), views.counts))
    assert (whole.threads, whole.samples) == (MANY, MANY // 10)
    assert (whole.wall_s, whole.cpu_s) == pytest.approx((MANY * 0.04, MANY * 0.01))
    assert whole.gil_wait_s == pytest.approx(whole.lock_s)


def test_those_of_a_kind_are_told_together_and_those_that_computed_most_alone() -> None:
    seen = EndedThreads()
    for tid in range(1, MOST_ALONE + 1):
        seen.add(ended(tid, f"reader-{tid}" if tid % 2 else "", None if tid % 2 else SERVES))
    seen.add(replace(ended(MOST_ALONE + 1), scheduled=Scheduled(5.0, 0.0)))
    folded = seen.fold(ALL_THREADS)
    many = [thread for thread in seen if thread.threads > 1]
    assert {thread.name.partition("-")[0]: thread.began_in for thread in many} == {"reader": None, "worker": SERVES}
    assert sum(thread.threads for thread in seen) == MOST_ALONE + 1
    assert {thread.tid for thread in many} == set(folded.values())
    assert all(thread.tid < 0 for thread in many)
    assert any(thread.scheduled.run_s == 5.0 and thread.threads == 1 for thread in seen)
    assert not seen.fold(ALL_THREADS)


def test_threads_that_are_told_of_are_never_told_together_with_others() -> None:
    seen, chosen = EndedThreads(), ChosenThreads(("worker-1*",))
    for tid in range(1, MOST_ALONE + 2):
        seen.add(ended(tid))
    seen.fold(chosen)
    found = replace(process(), threads=tuple(seen))
    wanted = sum(str(tid).startswith("1") for tid in range(1, MOST_ALONE + 2))
    assert sum(thread.threads for thread in chosen.of(found)) == wanted


def test_kinds_without_end_are_not_told_apart() -> None:
    seen = EndedThreads()
    for tid in range(1, 3 * MOST_ALONE):
        seen.add(ended(tid, began_in=function(f"made_{tid}")))
        seen.fold(ALL_THREADS)
    threads = tuple(seen)
    assert len(threads) <= 1.3 * MOST_ALONE
    assert sum(thread.threads for thread in threads) == 3 * MOST_ALONE - 1
    assert len({thread.tid for thread in threads}) == len(threads)


def test_loops_of_threads_that_have_ended_add_up() -> None:
    one, other = LoopTimes(2.0, 1.0, [(0.5, 2.0)]), LoopTimes(3.0, 0.5, [(0.1, 5.0)])
    one += other
    assert (one.observed_s, one.running_s, one.lengths) == (5.0, 1.5, [(0.5, 2.0), (0.1, 5.0)])


def test_a_functions_share_of_the_gil_is_that_of_all_the_time_though_moments_were_missed() -> None:
    views = Views(0.0)
    for at in range(100):
        views.see(moment(at, holding(1, "crunch")))  # of 4 s, 1 was looked at
    one = views.processes[PID]
    whole = summed([], {"gil_held_s": 4.0, "gil_observed_s": 4.0})
    (hold,) = tables.holds([(one, tables.factors(one, whole))], 0.0)
    assert hold.held_s == pytest.approx(4.0)
