"""From a trial that was live to the record of it, on trials made by hand."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gilscope.analysis.conclude import MOST_EDGES_IN_ALL, with_bounded_timelines
from gilscope.backends.base import Configuration
from gilscope.measure.histogram import counted
from gilscope.measure.messages import RoundDone
from gilscope.measure.record import costs_of, ledgers_of, trial_record
from gilscope.measure.trial_account import TimedRound, TrialAccount
from gilscope.observers.proc import BytesRead
from gilscope.observers.timeline import edges_in
from gilscope.records import Histogram, Lane, Ledger, Timeline, Trial

THREADS = Configuration("thread", 2)


def done(calls: int = 10, wall_s: float = 1.0, **changes: Any) -> RoundDone:
    unknown = "latency_p50_s latency_p99_s queue_wait_p50_s loop_lag_p50_s loop_lag_p99_s loop_lag_max_s error".split()
    fields = {**dict.fromkeys(unknown), "errors": 0, "costs_s": {}, **changes}
    return RoundDone(calls=calls, wall_s=wall_s, **fields)


def timed(
    first: int = 0,
    observed: bool = False,
    ledger: Ledger | None = None,
    timeline: Timeline | None = None,
    **changes: Any,
) -> TimedRound:
    return TimedRound(first, 4, observed, done(**changes), ledger, timeline=timeline)


def account(*rounds: TimedRound, to: Configuration = THREADS, **known: Any) -> TrialAccount:
    made = TrialAccount.of(to)
    made.rounds.extend(rounds)
    made.note(**known)
    return made


COSTS = {0: 1.0, 1: 2.0, 2: 3.0, 3: 4.0}


def test_an_inputs_cost_is_the_mean_over_the_rounds() -> None:
    rounds = [timed(costs_s={0: 1.0, 1: 5.0}), timed(costs_s={0: 3.0}), timed()]
    assert costs_of(account(*rounds)) == {0: 2.0, 1: 5.0}


def test_only_observed_rounds_have_ledgers() -> None:
    ledger = Ledger(wall_s=1.0)
    assert ledgers_of(account(timed(), timed(observed=True, ledger=ledger), timed(observed=True))) == [ledger]


@pytest.mark.parametrize(
    ("first", "calls", "work_s"),
    [(0, 4, 10.0), (0, 3, 6.0), (3, 1, 4.0), (3, 3, 7.0), (2, 4, 10.0), (1, 6, 15.0), (0, 8, 20.0), (0, 0, 0.0)],
)
def test_a_rounds_work_is_what_its_calls_take_alone(first: int, calls: int, work_s: float) -> None:
    (made,) = trial_record(account(timed(first, calls=calls)), COSTS, None).rounds
    assert made.work_s == pytest.approx(work_s)


@given(first=st.integers(0, 3), calls=st.integers(0, 50))
def test_work_counted_call_by_call(first: int, calls: int) -> None:
    (made,) = trial_record(account(timed(first, calls=calls)), COSTS, None).rounds
    assert made.work_s == pytest.approx(sum(COSTS[(first + number) % 4] for number in range(calls)))


def test_work_is_unknown_where_an_input_was_never_run_alone() -> None:
    costs = {0: 1.0, 1: 2.0}
    rounds = trial_record(account(timed(0, calls=2), timed(2, calls=1), timed(0, calls=4)), costs, None).rounds
    assert [made.work_s for made in rounds] == [3.0, None, None]


def test_calls_and_errors_are_summed_over_the_rounds() -> None:
    record = trial_record(account(timed(calls=4, errors=1), timed(calls=8, errors=2)), COSTS, None)
    assert (record.calls, record.errors) == (12, 3)
    assert [made.index for made in record.rounds] == [0, 1]


def test_latencies_are_the_median_of_clean_rounds() -> None:
    rounds = [timed(latency_p50_s=value) for value in (0.1, 0.3, 0.2)]
    observed = timed(observed=True, latency_p50_s=9.0)
    assert trial_record(account(*rounds, observed), COSTS, None).latency_p50_s == 0.2
    assert trial_record(account(observed), COSTS, None).latency_p50_s == 9.0
    assert trial_record(account(timed()), COSTS, None).latency_p50_s is None


def test_the_histogram_is_of_the_clean_rounds_together() -> None:
    rounds = [timed(latencies={21: 1}), timed(latencies={21: 2, 23: 1}), timed(observed=True, latencies={21: 9})]
    made = trial_record(account(*rounds), COSTS, None).latencies
    assert made == Histogram(edges_s=(1e-6, 1.12e-6, 1.25e-6, 1.4e-6), counts=(3, 0, 1))
    assert trial_record(account(rounds[2], timed()), COSTS, None).latencies is None


def test_the_p99_of_rounds_with_few_calls_is_that_of_all_their_calls() -> None:
    usual, slow = counted([10_000_000] * 40), counted([1_000_000_000])
    few = [timed(calls=40, latency_p99_s=0.01, latencies=usual) for _ in range(3)]
    unlucky = timed(calls=1, latency_p99_s=1.0, latencies=slow)
    record = trial_record(account(*few, unlucky, unlucky, unlucky, unlucky), COSTS, None)
    assert record.latency_p99_s == pytest.approx(1.0, rel=0.07)  # 4 of 124 calls
    assert record.known_p99_s == record.latency_p99_s
    many = [timed(calls=100, latency_p99_s=value, latencies=usual) for value in (0.01, 0.012, 9.0)]
    assert trial_record(account(*many), COSTS, None).latency_p99_s == 0.012


def test_of_fewer_than_a_hundred_calls_no_p99_is_known() -> None:
    few = timed(calls=99, latency_p99_s=0.01, latencies=counted([10_000_000] * 99))
    assert trial_record(account(few), COSTS, None).known_p99_s is None
    one_more = timed(calls=1, latency_p99_s=0.01, latencies=counted([10_000_000]))
    assert trial_record(account(few, one_more), COSTS, None).known_p99_s == pytest.approx(0.01, rel=0.07)


def test_the_timeline_is_of_the_last_round_that_has_one() -> None:
    first, last = Timeline(wall_s=1.0), Timeline(wall_s=2.0)
    rounds = [timed(observed=True, timeline=first), timed(observed=True, timeline=last), timed(observed=True), timed()]
    assert trial_record(account(*rounds), COSTS, None).timeline is last
    assert trial_record(account(timed()), COSTS, None).timeline is None


@pytest.mark.parametrize("trials", [1, 20])
def test_the_timelines_of_a_result_are_bounded_together(trials: int) -> None:
    edges = tuple(float(number) for number in range(1001))
    lane = Lane(pid=1, tid=1, edges_s=edges, states=("sleep", "idle") * 500)
    made = Trial(backend="thread", workers=1, timeline=Timeline(wall_s=1000.0, lanes=(lane,)))
    bounded = [
        trial.timeline for trial in with_bounded_timelines([made] * trials + [Trial(backend="serial", workers=1)])
    ]
    assert bounded.pop() is None
    assert {edges_in(timeline) for timeline in bounded if timeline} == {min(1001, MOST_EDGES_IN_ALL // trials)}


def test_the_largest_lag_is_of_all_rounds() -> None:
    rounds = [timed(loop_lag_max_s=0.01), timed(observed=True, loop_lag_max_s=0.5), timed()]
    assert trial_record(account(*rounds), COSTS, None).loop_lag_max_s == 0.5
    assert trial_record(account(timed()), COSTS, None).loop_lag_max_s is None


def test_the_observers_slowdown_compares_rates_of_work() -> None:
    """The observed round made the dearer half of the calls: by the number of calls it would look slowed."""
    clean, observed = timed(0, calls=2, wall_s=3.0), timed(2, True, calls=2, wall_s=7.0)
    assert trial_record(account(clean, observed), COSTS, None).observer_slowdown == pytest.approx(1.0)
    slowed = timed(2, True, calls=2, wall_s=14.0)
    assert trial_record(account(clean, slowed), COSTS, None).observer_slowdown == pytest.approx(2.0)


@pytest.mark.parametrize("observed", [True, False])
def test_without_rounds_of_both_sorts_the_slowdown_is_unknown(observed: bool) -> None:
    assert trial_record(account(timed(observed=observed, calls=4)), COSTS, None).observer_slowdown is None


def test_what_the_trial_knew_is_recorded() -> None:
    trial = account(
        timed(calls=4),
        to=Configuration("process", 4, 8, "forkserver"),
        status="timeout",
        reason="still running 4 calls after 2.0 s",
        startup_s=0.2,
        import_s=0.1,
        memory_per_worker_bytes=1 << 20,
    )
    ledger = Ledger(wall_s=2.0)
    record = trial_record(trial, COSTS, ledger)
    assert record.name == "process × 4, chunksize 8, forkserver"
    assert (record.status, record.reason) == ("timeout", "still running 4 calls after 2.0 s")
    assert (record.startup_s, record.import_s, record.memory_per_worker_bytes) == (0.2, 0.1, 1 << 20)
    assert record.ledger is ledger
    assert record.throughput_per_s is record.speedup is None  # told by comparing it with others


def test_a_trial_that_never_ran_has_an_empty_record() -> None:
    record = trial_record(account(status="refused", reason="the function cannot be pickled"), {}, None)
    assert (record.calls, record.rounds, record.latency_p50_s) == (0, (), None)


def test_the_bytes_read_are_a_calls_where_they_are_known() -> None:
    rounds = [TimedRound(0, 4, False, done(calls), read=read) for calls, read in READ]
    record = trial_record(account(*rounds), COSTS, None)
    assert (record.read_bytes, record.storage_read_bytes) == (25, 5)
    unknown = trial_record(account(timed()), COSTS, None)
    assert (unknown.read_bytes, unknown.storage_read_bytes) == (None, None)


READ = [(10, BytesRead(400, 100)), (10, BytesRead(100, 0)), (10, None)]
