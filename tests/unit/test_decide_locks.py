"""A lock that calls share in memory, on handmade trials."""

from __future__ import annotations

from typing import Any

import pytest

from gilscope.configuration import Configuration
from gilscope.decide.locks import share_at_lock, shared_lock
from gilscope.decide.recommend import recommend
from gilscope.decide.steps import Open
from gilscope.decide.throughput import with_throughput
from gilscope.decide.within_lock import within_lock
from gilscope.options import Options
from gilscope.records import Trial

from . import decide_builders as make

WAITING = make.label("io-bound", "sleep")
#: A call sleeps for 10 ms; at most three do at a time.
SERIAL = make.trial("serial", (100.0, 100.0, 100.0), ledger=make.ledger(gil=0.001, sleep=0.1))


def threads(workers: int, rate: float = 300.0, **fields: Any) -> Trial:
    """Of ten calls, which sleep for 100 ms in all, and wait for the lock as long as there are others."""
    ledger = {"gil": 0.001, "sleep": 0.1, "lock": 0.1 * max(workers / 3 - 1, 0.0), **fields.pop("ledger", {})}
    rates = (rate, rate, rate)
    return make.trial("thread", rates, workers=workers, ledger=make.ledger(**ledger), **fields)


def processes(workers: int) -> Trial:
    return make.trial("process", (100.0 * workers,) * 3, workers=workers, ledger=make.ledger(gil=0.001, sleep=0.1))


def test_a_limit_lets_as_many_through_as_are_at_work() -> None:
    lock = shared_lock(with_throughput([SERIAL, threads(64), processes(16)]), "sync")
    assert lock is not None
    assert (lock.trial.workers, lock.lets_through) == (64, 3)


def test_processes_that_pass_it_are_no_choice_and_threads_within_it_are_one() -> None:
    trials = with_throughput([SERIAL, threads(64), threads(3), processes(2), processes(16)])
    verdict = recommend(trials, WAITING, kind="sync", simplicity=make.SIMPLICITY)
    assert (verdict.backend, verdict.workers) == ("thread", 3)
    assert "process × 16 is ruled out: each of its processes would have a lock" in verdict.reason
    (few,) = [other.why_not for other in verdict.alternatives if (other.backend, other.workers) == ("process", 2)]
    assert "of its own" not in few


@pytest.mark.parametrize(
    "pool",
    [
        threads(64, ledger={"lock": 0.01}),
        threads(64, ledger={"gil_wait": 4.0}),
        threads(64, ledger={"gil_held_s": 0.9, "gil_observed_s": 1.0}),
        threads(64, ledger={"samples": 1}),
        threads(1),
        threads(64, status="failed"),
    ],
    ids=["a short wait", "the GIL too", "the GIL held", "hardly watched", "one worker", "failed"],
)
def test_where_it_is_not_what_limits_nothing_follows(pool: Trial) -> None:
    assert shared_lock(with_throughput([SERIAL, pool]), "sync") is None


def test_what_a_call_waits_for_alone_is_no_lock_that_others_hold() -> None:
    alone = make.trial("serial", (100.0,), ledger=make.ledger(gil=0.001, lock=0.1))
    assert shared_lock(with_throughput([alone, threads(8, ledger={"lock": 0.11, "sleep": 0.0})]), "sync") is None
    assert share_at_lock(threads(8), None) == 0.0


def test_a_lock_that_lets_one_through_is_known_by_two_threads_that_were_watched_for_a_moment_each() -> None:
    """Calls of 2 ms that compute without the GIL behind a lock: 64 looks at two threads showed one of them at it."""
    alone = make.trial("serial", (600.0,), ledger=make.ledger(gil=0.001, free=0.1, samples=400))
    two = make.trial("thread", (580.0,), workers=2, ledger=make.ledger(gil=0.001, free=0.1, lock=0.1, samples=32))
    many = make.trial("process", (1_150.0,), workers=2, ledger=make.ledger(gil=0.001, free=0.1, samples=17))
    trials = with_throughput([alone, two, many])
    lock = shared_lock(trials, "sync")
    assert lock is not None
    assert lock.lets_through == 1
    verdict = recommend(trials, make.label("compute-bound", "native"), kind="sync", simplicity=make.SIMPLICITY)
    assert verdict.backend == "serial"


def test_offloading_shares_it_and_coroutines_of_one_loop_do_not_stand_at_it() -> None:
    ledger = make.ledger(gil=0.001, sleep=0.1, lock=1.0)
    offloading = make.trial("asyncio", (300.0,), workers=64, ledger=ledger)
    assert shared_lock(with_throughput([SERIAL, offloading]), "sync") is not None
    assert shared_lock(with_throughput([SERIAL, offloading]), "coroutine") is None


def test_as_many_threads_as_it_lets_through_are_tried_once() -> None:
    wanted = Open((Configuration("thread", 3, 1, None),))
    trials = [make.tried("serial", (100.0,), ledger=SERIAL.ledger), make.tried("thread", (300.0,), workers=64)]
    known = [trials[0], make.tried("thread", (300.0,), workers=64, ledger=threads(64).ledger)]
    assert within_lock(make.measured(*known)) == wanted
    three = make.tried("thread", (300.0,), workers=3, ledger=threads(3).ledger)
    assert within_lock(make.measured(*known, three)) is None
    assert within_lock(make.measured(*known, options=Options(workers=(64,)))) is None
    assert within_lock(make.measured(*trials)) is None


def test_each_pool_whose_calls_share_it_is_tried_with_as_many_whoever_showed_it() -> None:
    """Else the smaller of one pool would be held against the larger of the other, which wins where they tie."""
    serial = make.tried("serial", (100.0,), ledger=SERIAL.ledger)
    pools = [make.tried(name, (300.0,), workers=64, ledger=threads(64).ledger) for name in ("thread", "asyncio")]
    wanted = Open((Configuration("thread", 3, 1, None), Configuration("asyncio", 3, 1, None)))
    assert within_lock(make.measured(serial, *pools)) == wanted
