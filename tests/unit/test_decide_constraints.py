"""Hard constraints of the caller: what goes beyond them, and what more is measured because of them."""

from __future__ import annotations

from typing import Any

import pytest

from gilscope.configuration import Configuration
from gilscope.decide.constraints import Constraints
from gilscope.decide.measured import Measured, Tried
from gilscope.decide.recommend import contenders, recommend
from gilscope.decide.steps import Open, Step
from gilscope.decide.throughput import with_throughput
from gilscope.decide.within import enough_calls, fewer, fewer_workers
from gilscope.options import Options
from gilscope.records import Recommendation, Trial
from gilscope.report.verdicts import verdict_sentence
from tests.unit.handmade import make_result

from . import decide_builders as make

WAITING = make.label("io-bound", "network")
SERIAL = make.trial("serial", (100, 101, 99), latency_p50_s=0.01, latency_p99_s=0.012, memory_bytes=20 << 20)
THREADS = {
    8: make.trial("thread", (780, 800, 790), workers=8, latency_p50_s=0.01, latency_p99_s=0.015, memory_bytes=22 << 20),
    64: make.trial(
        "thread", (990, 1000, 980), workers=64, latency_p50_s=0.06, latency_p99_s=0.2, memory_bytes=40 << 20
    ),
}
PROCESSES = make.trial(
    "process", (390, 400, 395), workers=4, latency_p50_s=0.01, latency_p99_s=0.011, memory_bytes=90 << 20
)


def judged(*trials: Trial, **constraints: Any) -> Recommendation:
    return recommend(
        with_throughput(trials),
        WAITING,
        kind="sync",
        simplicity=make.SIMPLICITY,
        constraints=Constraints(**constraints),
    )


def why(verdict: Recommendation, workers: int) -> str:
    return next(other.why_not for other in verdict.alternatives if other.workers == workers)


def test_what_is_fastest_is_no_choice_when_its_p99_is_beyond_what_is_allowed() -> None:
    assert judged(SERIAL, *THREADS.values()).workers == 64
    verdict = judged(SERIAL, *THREADS.values(), max_p99_s=0.05)
    assert (verdict.backend, verdict.workers) == ("thread", 8)
    assert why(verdict, 64) == "its p99 of 200 ms is beyond the 50 ms allowed"
    assert f"thread × 64 is ruled out: {why(verdict, 64)}" in verdict.reason


def test_memory_is_that_of_all_processes() -> None:
    assert judged(SERIAL, PROCESSES).backend == "process"
    verdict = judged(SERIAL, PROCESSES, max_memory_bytes=64 << 20)
    assert (verdict.backend, verdict.speedup) == ("serial", 1.0)
    assert why(verdict, 4) == "its 90.0 MiB of memory are beyond the 64 MiB allowed"


def test_where_all_that_is_faster_is_no_choice_the_verdict_does_not_say_that_there_is_no_gain() -> None:
    verdict = judged(SERIAL, PROCESSES, max_memory_bytes=64 << 20)
    assert "nothing that is not ruled out was faster" in verdict.reason
    assert "What is faster is ruled out: leave it serial." in verdict_sentence(make_result(recommendation=verdict))


def test_the_serial_run_is_held_to_them_too() -> None:
    verdict = judged(SERIAL, PROCESSES, max_p99_s=0.005)
    assert verdict.backend is None
    assert "serial: its p99 of 12.0 ms is beyond the 5 ms allowed" in verdict.reason


def test_a_p99_of_few_calls_shows_nothing_but_their_median_may() -> None:
    few = make.trial("thread", (700, 710), workers=4, calls=36, latency_p50_s=0.01, latency_p99_s=0.02)
    slow = make.trial("thread", (900, 910), workers=16, calls=36, latency_p50_s=0.09, latency_p99_s=0.1)
    verdict = judged(SERIAL, few, slow, max_p99_s=0.05)
    assert verdict.backend == "serial"
    assert (
        why(verdict, 4)
        == "not shown to keep within a p99 of 50 ms: 36 timed calls are too few for a p99, 100 are needed"
    )
    assert why(verdict, 16) == "its p50 of 90.0 ms is beyond the 50 ms allowed"


def test_a_slower_serial_run_that_is_not_shown_to_keep_to_them_is_no_reason() -> None:
    unknown = make.trial("serial", (100, 101, 99), calls=30, latency_p50_s=0.01)
    verdict = judged(unknown, THREADS[8], max_p99_s=0.05)
    assert verdict.workers == 8
    assert "no choice" not in verdict.reason
    assert "30 timed calls are too few" in why(verdict, 1)


def test_unknown_memory_is_not_shown_to_be_within() -> None:
    unweighed = make.trial("thread", (700, 710, 720), workers=4)
    verdict = judged(SERIAL, unweighed, max_memory_bytes=64 << 20)
    assert why(verdict, 4) == "not shown to keep within 64 MiB: its memory is unknown"


def test_what_is_not_known_yet_stays_in_the_race() -> None:
    few = make.trial("thread", (700, 710), workers=4, calls=36, latency_p50_s=0.01)
    trials = with_throughput([SERIAL, few, THREADS[64]])
    near = contenders(trials, WAITING, kind="sync", share=0.5, constraints=Constraints(max_p99_s=0.05))
    assert [trial.workers for trial in near] == [4]


# -- what more is measured --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kept", "broke", "next_count"),
    [
        ((), (), None),
        ((1, 8), (), None),
        ((1,), (64,), 8),
        ((1, 8), (64,), 16),
        ((1, 8, 32), (64,), None),
        ((1,), (64, 8), 4),
        ((1, 128), (64,), 8),  # what keeps to them above one that does not is luck
        ((), (2,), None),
    ],
)
def test_the_count_between_what_keeps_to_them_and_what_does_not(
    kept: tuple[int, ...], broke: tuple[int, ...], next_count: int | None
) -> None:
    assert fewer(kept, broke) == next_count


def known(*trials: Trial, steps: tuple[Step, ...] = (), **options: Any) -> Measured:
    tried = [Tried(trial, expected_per_s=100.0) for trial in trials]
    return make.measured(*tried, steps=steps, options=Options(**options))


def test_fewer_workers_of_what_is_fast_but_beyond_them_are_measured() -> None:
    slow = THREADS[64]
    assert fewer_workers(known(SERIAL, slow, max_p99_s=0.05)) == Open((Configuration("thread", 8, 1, None),))
    assert fewer_workers(known(SERIAL, slow)) is None
    assert fewer_workers(known(SERIAL, slow, max_p99_s=0.05, workers=(64,))) is None
    assert fewer_workers(known(SERIAL, slow, max_p99_s=0.011)) is None  # alone it is too slow


def test_nothing_is_opened_that_could_not_be_the_fastest() -> None:
    assert fewer_workers(known(SERIAL, THREADS[8], PROCESSES, max_memory_bytes=64 << 20)) is None
    assert fewer_workers(known(SERIAL, PROCESSES, max_memory_bytes=64 << 20)) == Open(
        (Configuration("process", 2, 1, None),)
    )


def test_who_may_win_is_called_often_enough_to_know_its_p99() -> None:
    few = make.trial("thread", (700, 710), workers=4, calls=36, latency_p50_s=0.01)
    asked = enough_calls(known(SERIAL, few, max_p99_s=0.05))
    assert asked is not None
    assert asked.trials == (1,)
    assert asked.round_s == pytest.approx(0.68)
    assert enough_calls(known(SERIAL, few)) is None
    assert enough_calls(known(SERIAL, few, max_p99_s=0.05, steps=(asked,) * 3)) is None
    assert enough_calls(known(few_alone := make.trial("serial", (10.0,), calls=10), few, max_p99_s=0.05)) == asked
    assert enough_calls(known(few_alone, max_p99_s=0.05)) is not None
    long = Tried(few, expected_per_s=15.0)  # 4.5 s of the 8.5 that are left
    assert enough_calls(make.measured(Tried(SERIAL), long, options=Options(max_p99_s=0.05))) is None
