from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gilscope.decide.code import CodeTarget
from gilscope.decide.confidence import DOUBTFUL
from gilscope.decide.recommend import contenders, recommend
from gilscope.decide.recommended import UNSURE
from gilscope.decide.throughput import round_rates, with_throughput
from gilscope.records import Classification, Context, Kind, Recommendation, Round, Trial

from . import decide_builders as make

PYTHON = make.label("compute-bound", "python")
SERIAL = make.trial("serial", (100, 101, 99))


def judged(
    *trials: Trial,
    classification: Classification = PYTHON,
    kind: Kind = "sync",
    context: Context = "sync",
    target: CodeTarget | None = None,
) -> Recommendation:
    return recommend(
        with_throughput(trials),
        classification,
        kind=kind,
        context=context,
        simplicity=make.SIMPLICITY,
        target=target,
    )


def why(recommendation: Recommendation, backend: str) -> str:
    return next(a.why_not for a in recommendation.alternatives if a.backend == backend)


def test_the_fastest_wins_with_its_interval() -> None:
    verdict = judged(
        SERIAL,
        make.trial("thread", (97, 98, 99), workers=2, ledger=make.ledger(gil=1.0, gil_wait=0.9)),
        make.trial("process", (190, 195, 188), workers=2, chunksize=8, start_method="spawn"),
        target=CodeTarget("mod:func"),
    )
    assert (verdict.backend, verdict.workers, verdict.chunksize, verdict.start_method) == (
        "process",
        2,
        8,
        "spawn",
    )
    assert verdict.speedup == pytest.approx(1.90)
    assert verdict.speedup_low is not None
    assert verdict.speedup_high is not None
    assert 1.7 < verdict.speedup_low < 188 / 101, "processes may differ by more than the rounds of these"
    assert 195 / 99 < verdict.speedup_high < 2.1
    assert verdict.confidence > 0.99
    assert verdict.reason == "process × 2, chunksize 8 was the fastest of what was measured"
    assert "workers = max(1, min(2, len(items)))" in verdict.code
    assert "waited 47% of their time for the GIL" in why(verdict, "thread")
    assert why(verdict, "serial").startswith("0.53×")


def test_no_gain_leaves_it_serial() -> None:
    verdict = judged(SERIAL, make.trial("thread", (101, 103, 100), workers=2), make.trial("process", (60, 61, 62)))
    assert (verdict.backend, verdict.speedup) == ("serial", 1.0)
    assert verdict.reason == "the fastest, thread × 2, is a tie at 1.01× (0.92–1.10)"
    assert "a tie" in why(verdict, "thread")


def test_what_is_faster_and_no_choice_is_not_passed_over_in_silence() -> None:
    offloaded = make.trial("asyncio", (130, 131, 129), workers=2)
    slower = make.trial("thread", (80, 81, 79), workers=2)
    assert judged(SERIAL, slower).reason == "nothing measured was faster than the serial run"
    assert judged(SERIAL, slower, offloaded).reason == "nothing that fits the caller was faster than the serial run"
    tie = make.trial("thread", (101, 103, 100), workers=2)
    assert judged(SERIAL, tie, offloaded).reason.startswith("the fastest that fits the caller, thread × 2, is a tie")
    faster = make.trial("thread", (120, 121, 119), workers=2)
    assert judged(SERIAL, faster, offloaded).reason == "thread × 2 was the fastest that fits the caller"
    wrong = make.trial("process", (200, 201, 199), workers=2, calls=100, errors=90)
    assert judged(SERIAL, slower, wrong).reason.startswith(
        "nothing that is not ruled out was faster than the serial run; process × 2 is ruled out: 90 of its 100 calls"
    )


def test_a_tie_goes_to_the_simpler_backend_and_the_fewer_workers() -> None:
    verdict = judged(
        SERIAL,
        make.trial("process", (400, 405, 396), workers=4),
        make.trial("thread", (398, 402, 395), workers=32),
        make.trial("thread", (396, 400, 392), workers=8),
        make.trial("asyncio", (399, 401, 400), workers=8),
    )
    assert (verdict.backend, verdict.workers) == ("thread", 8)
    assert "less simple" in why(verdict, "process")
    assert "32 workers instead of 8" in why(verdict, "thread")


def test_of_coroutines_that_give_the_same_the_fewest_in_flight_are_taken() -> None:
    verdict = judged(
        SERIAL,
        make.trial("asyncio", (5_000, 5_050, 4_950), workers=64),
        make.trial("asyncio", (9_800, 9_700, 9_900), workers=256, latency_p50_s=0.026),
        make.trial("asyncio", (10_000, 10_100, 9_900), workers=1024, latency_p50_s=0.1),
        kind="coroutine",
    )
    assert (verdict.backend, verdict.workers) == ("asyncio", 256)
    assert "1024 workers instead of 256" in verdict.alternatives[-1].why_not


def test_coroutines_prefer_the_loop_in_a_tie() -> None:
    verdict = judged(
        SERIAL,
        make.trial("thread", (400, 404, 396), workers=8),
        make.trial("asyncio", (398, 402, 396), workers=8),
        kind="coroutine",
    )
    assert (verdict.backend, verdict.executor) == ("asyncio", None)


def test_noisy_rounds_lower_the_confidence_and_say_what_would_settle_it() -> None:
    noisy = judged(SERIAL, make.trial("thread", (104, 60, 210), workers=2))
    quiet = judged(SERIAL, make.trial("thread", (150, 149, 151), workers=2))
    assert (noisy.backend, quiet.backend) == ("serial", "thread")
    assert noisy.confidence < UNSURE < quiet.confidence
    assert "--budget" in noisy.reason
    assert "--budget" not in quiet.reason


def test_a_gap_within_the_noise_of_the_run_is_a_tie() -> None:
    trials = with_throughput([SERIAL, make.trial("thread", (109, 110, 111), workers=2)])
    assert recommend(trials, PYTHON, kind="sync", simplicity=make.SIMPLICITY).backend == "thread"
    noisy = recommend(trials, PYTHON, kind="sync", simplicity=make.SIMPLICITY, floor=0.12)
    assert noisy.backend == "serial"
    assert "a tie" in noisy.reason


def test_what_cannot_be_faster_is_not_recommended_for_its_lucky_rounds() -> None:
    trials = with_throughput([SERIAL, make.trial("thread", (130, 131, 129), workers=2)])
    verdict = recommend(trials, PYTHON, kind="sync", simplicity=make.SIMPLICITY, bounds={"thread": 1.01})
    assert verdict.backend == "serial"
    assert why(verdict, "thread").startswith("by its ledger it can reach 1.01× the serial throughput at most")
    able = recommend(trials, PYTHON, kind="sync", simplicity=make.SIMPLICITY, bounds={"thread": 1.4})
    assert able.backend == "thread"


def test_contenders_are_those_whose_fastest_round_came_near_the_leader() -> None:
    unlucky = make.trial("thread", (40, 170), workers=2)
    leader = make.trial("process", (198, 200, 202), workers=2)
    hopeless = make.trial("process", (90, 95), workers=4)
    trials = with_throughput([SERIAL, unlucky, leader, hopeless])
    near = contenders(trials, PYTHON, kind="sync", share=0.8)
    assert [(t.backend, t.workers) for t in near] == [("process", 2), ("thread", 2)]


def test_nobody_is_given_up_for_one_round_alone_or_for_one_whose_workers_were_cold() -> None:
    leader = make.trial("process", (198, 200, 202), workers=2)
    once = make.trial("thread", (20,), workers=2)
    cold, watched = make.trial("thread", (10, 190), workers=4).rounds
    late = make.trial("thread", workers=4, calls=200)
    late = msgspec.structs.replace(late, rounds=(cold, msgspec.structs.replace(watched, observed=True)))
    given_up = make.trial("thread", (20, 22), workers=8)
    near = contenders(with_throughput([SERIAL, leader, once, late, given_up]), PYTHON, kind="sync", share=0.8)
    assert {trial.workers for trial in near if trial.backend == "thread"} == {2, 4}


def test_what_the_intervals_do_not_tell_apart_is_a_tie() -> None:
    verdict = judged(make.trial("serial", (100, 115, 88, 97)), make.trial("thread", (107, 95, 125, 104), workers=2))
    assert verdict.backend == "serial"
    assert "a tie" in verdict.reason


def test_that_nothing_else_was_measured_is_said_only_where_it_was_not() -> None:
    alone = judged(SERIAL)
    assert "nothing else that fits the caller was measured" in alone.reason
    pool = make.trial("thread", (130, 131, 129), workers=2)
    trials = with_throughput([SERIAL, pool])
    ruled_out = recommend(trials, PYTHON, kind="sync", simplicity=make.SIMPLICITY, bounds={"thread": 1.01})
    assert "was measured" not in ruled_out.reason
    assert ruled_out.reason.startswith("thread × 2 had faster rounds, but by its ledger it cannot be faster")
    assert ruled_out.confidence > UNSURE > alone.confidence
    slow = with_throughput([SERIAL, make.trial("thread", (80, 81, 79), workers=2)])
    agreed = recommend(slow, PYTHON, kind="sync", simplicity=make.SIMPLICITY, bounds={"thread": 1.01})
    assert agreed.confidence > ruled_out.confidence


def test_a_gain_that_one_round_showed_is_not_sure() -> None:
    assert judged(make.trial("serial", (100,)), make.trial("thread", (300,), workers=4)).confidence < 0.9


def test_a_single_round_gives_no_interval_but_a_verdict() -> None:
    verdict = judged(make.trial("serial", (100,)), make.trial("thread", (300,), workers=4))
    assert (verdict.backend, verdict.speedup_low) == ("thread", None)
    assert verdict.speedup == pytest.approx(3.0)


def test_every_failure_is_told() -> None:
    verdict = judged(
        make.trial("serial", (100, 100, 100)),
        make.trial("process", status="refused", reason="cannot pickle a lock"),
        make.trial("thread", status="timeout", reason="no call in 60 s"),
        make.trial("asyncio", status="failed", reason="exit code 3"),
    )
    assert verdict.backend == "serial"
    assert why(verdict, "process") == "refused: cannot pickle a lock"
    assert why(verdict, "thread") == "timed out: no call in 60 s"
    assert why(verdict, "asyncio") == "failed: exit code 3"


def test_what_failed_or_hung_is_said_with_the_verdict_and_what_had_no_time_is_not() -> None:
    verdict = judged(
        SERIAL,
        make.trial("process", workers=2, status="failed", reason="a worker ended; the last it printed: OSError: full"),
        make.trial("thread", workers=8, status="timeout", reason="still running 32 calls after 2.0 s"),
        make.trial("asyncio", workers=2, status="timeout", reason="the budget was used up", ran_out="budget"),
        make.trial("rq", workers=2, status="refused", reason="cannot pickle a lock"),
    )
    assert "process × 2 failed: a worker ended; the last it printed: OSError: full" in verdict.reason
    assert "thread × 8 timed out: still running 32 calls after 2.0 s" in verdict.reason
    assert "budget was used up" not in verdict.reason
    assert "pickle" not in verdict.reason


def test_nothing_measured_recommends_nothing() -> None:
    verdict = judged(
        make.trial("serial", status="failed", reason="segmentation fault"),
        make.trial("thread", (100,), errors=100),
    )
    assert (verdict.backend, verdict.confidence, verdict.speedup) == (None, 0.0, None)
    assert "segmentation fault" in verdict.reason
    assert "all of its 100 calls raised" in verdict.reason


def test_without_a_serial_trial_there_is_no_speedup() -> None:
    verdict = judged(make.trial("thread", (100, 100, 100), workers=4))
    assert (verdict.backend, verdict.speedup) == ("thread", None)


@pytest.mark.parametrize(("fastest", "executor"), [("thread", "thread"), ("asyncio", "thread"), ("process", "process")])
def test_a_caller_that_is_a_coroutine_offloads_to_the_best_executor(fastest: str, executor: str) -> None:
    rates = {
        "thread": (150.0, 151.0, 152.0),
        "asyncio": (149.0, 150.0, 151.0),
        "process": (100.0, 101.0, 102.0),
    }
    rates[fastest] = (300.0, 303.0, 306.0)
    trials = [make.trial(name, values, workers=4) for name, values in rates.items()]
    verdict = judged(SERIAL, *trials, context="async", target=CodeTarget("mod:func"))
    assert (verdict.backend, verdict.executor, verdict.workers) == ("asyncio", executor, 4)
    assert "run_in_executor" in verdict.code


def test_a_coroutine_never_stops_its_loop_even_where_serial_is_faster() -> None:
    verdict = judged(SERIAL, make.trial("asyncio", (90, 91, 92), workers=2), context="async")
    assert (verdict.backend, verdict.executor) == ("asyncio", "thread")
    assert "does not fit the caller" in why(verdict, "serial")


def test_a_coroutine_that_waits_with_the_gil_held_leaves_its_loop_for_processes() -> None:
    keeping = make.trial("serial", (100, 101, 99), ledger=make.ledger(network=1.0, gil_held_off_cpu_s=0.9))
    trials = (make.trial("asyncio", (101, 102, 100), workers=8), make.trial("process", (390, 400, 395), workers=4))
    waiting = make.label("io-bound", "network")
    verdict = judged(keeping, *trials, classification=waiting, kind="coroutine", context="async")
    assert (verdict.backend, verdict.workers, verdict.executor) == ("process", 4, None)
    letting_go = make.trial("serial", (100, 101, 99), ledger=make.ledger(network=1.0, gil_held_off_cpu_s=0.01))
    stays = judged(letting_go, *trials, classification=waiting, kind="coroutine", context="async")
    assert stays.backend == "serial"  # awaited one after the other, for the loop gains nothing


def test_a_coroutine_that_many_at_a_time_gain_nothing_is_awaited_one_after_the_other() -> None:
    computing = make.trial("serial", (100, 101, 99), ledger=make.ledger(gil=1.0))
    full = make.trial("asyncio", (101, 102, 100), workers=8, ledger=make.ledger(gil=0.97, idle=0.03))
    verdict = judged(computing, full, kind="coroutine", context="async", target=CodeTarget("mod:f", kind="coroutine"))
    assert (verdict.backend, verdict.executor, verdict.speedup) == ("serial", None, 1.0)
    assert "return [await f(item) for item in inputs]" in verdict.code
    slower = make.trial("asyncio", (91, 92, 90), workers=8, ledger=full.ledger)
    assert "its one loop computed for 97% of the time" in why(judged(computing, slower, kind="coroutine"), "asyncio")
    eight = msgspec.structs.replace(make.ledger(gil=7.8, idle=0.2), threads=8)
    offloading = make.trial("asyncio", (91, 92, 90), workers=8, ledger=eight)
    assert "loop" not in why(judged(computing, offloading, classification=make.label("mixed")), "asyncio")


def test_a_coroutine_calls_a_tiny_function_directly() -> None:
    tiny = make.label("overhead-bound")
    verdict = judged(SERIAL, make.trial("asyncio", (9, 9, 9), workers=2), classification=tiny, context="async")
    assert (verdict.backend, verdict.executor) == ("serial", None)
    assert "call it directly" in verdict.reason


def test_pickling_starvation_and_the_run_queue_are_named() -> None:
    slow = make.trial(
        "process",
        (50, 51, 52),
        workers=2,
        pickle_bytes=8_000_000,
        pickle_s=0.01,
        ledger=make.ledger(gil=1.0, runqueue=0.5, idle=1.5),
    )
    reason = why(judged(SERIAL, slow), "process")
    assert "pickles 7.63 MiB in 10.0 ms" in reason
    assert "33% of their time for a CPU" in reason
    assert "50% of their time to be handed a call" in reason


def test_rounds_over_different_inputs_count_by_their_cost() -> None:
    """Twice the calls of half the cost is the same throughput."""
    dear = Round(index=0, observed=False, calls=10, errors=0, wall_s=1.0, work_s=1.0)
    cheap = Round(index=0, observed=False, calls=20, errors=0, wall_s=1.0, work_s=1.0)
    watched = Round(index=1, observed=True, calls=99, errors=0, wall_s=1.0, work_s=1.0)
    trials = [
        Trial(backend="serial", workers=1, rounds=(dear, watched)),
        Trial(backend="thread", workers=2, rounds=(cheap,)),
    ]
    assert round_rates(trials, call_s=0.1) == [[10.0], [10.0]]
    unweighted = [
        msgspec.structs.replace(t, rounds=(msgspec.structs.replace(t.rounds[0], work_s=None),)) for t in trials
    ]
    assert round_rates(unweighted, call_s=0.1) == [[10.0], [20.0]]


def test_throughput_and_speedup_are_filled_in_where_rounds_allow() -> None:
    refused = make.trial("process", status="refused")
    serial, thread, untouched = with_throughput([SERIAL, make.trial("thread", (200, 210, 190)), refused])
    assert serial.throughput_per_s == pytest.approx(100)
    assert serial.speedup == 1.0
    assert thread.speedup == pytest.approx(2.0)
    assert thread.throughput_low is not None
    assert thread.throughput_low < 200
    assert untouched == refused


rates = st.lists(st.floats(10, 1000), min_size=1, max_size=5).map(tuple)
contexts = st.sampled_from(["sync", "async"])


@given(st.lists(st.tuples(st.sampled_from(["thread", "process", "asyncio"]), rates), max_size=4), rates, contexts)
def test_a_recommendation_accounts_for_every_trial(
    pools: list[tuple[str, tuple[float, ...]]], serial: tuple[float, ...], context: Context
) -> None:
    trials = [make.trial("serial", serial), *(make.trial(name, values, workers=2) for name, values in pools)]
    verdict = judged(*trials, context=context)
    assert len(verdict.alternatives) == len(trials) - (verdict.backend is not None)
    assert 0 <= verdict.confidence <= 1
    assert all(alternative.why_not for alternative in verdict.alternatives)


@given(
    st.lists(st.tuples(st.sampled_from(["thread", "process"]), st.floats(10, 1000)), max_size=4),
    st.floats(10, 1000),
)
def test_without_noise_the_choice_is_within_what_one_process_leaves_in_doubt(
    pools: list[tuple[str, float]], serial: float
) -> None:
    trials = [make.trial(name, (rate,) * 3, workers=2) for name, rate in [("serial", serial), *pools]]
    verdict = judged(*trials)
    fastest = max([serial, *(rate for _, rate in pools)])
    assert (verdict.speedup or 0) * serial * (1 + DOUBTFUL) >= fastest * (1 - 1e-9)
