"""Summing up a round from handmade chunk reports."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gilscope.backends.base import CallError, ChunkReport
from gilscope.measure.summary import Summary

MS = 1_000_000


def chunk(*latencies_ms: float, submitted_ms: float = 0, started_ms: float = 0, timed: bool = True) -> ChunkReport:
    """A chunk of calls, one after the other without a gap."""
    latencies = tuple(int(latency * MS) for latency in latencies_ms)
    started = int(started_ms * MS)
    ended = started + sum(latencies)
    return ChunkReport(int(submitted_ms * MS), started, ended, len(latencies), 0, latencies if timed else (), None)


def summed(*reports: ChunkReport) -> Summary:
    summary = Summary()
    for report in reports:
        summary.add(report)
    return summary


def test_cpu_seconds_are_told_by_input_where_they_were_taken() -> None:
    reports = [replace(chunk(10, 20), cpu_ns=(4 * MS, 20 * MS)), replace(chunk(30), cpu_ns=(8 * MS,))]
    assert summed(*reports).done(1.0, [], [7, 8, 7]).cpu_costs_s == pytest.approx({7: 0.006, 8: 0.02})
    assert summed(chunk(10)).done(1.0, [], [7]).cpu_costs_s == {}


def test_nothing_done_is_unknown_and_not_zero() -> None:
    done = Summary().done(0.5, [], None)
    assert (done.calls, done.errors, done.wall_s) == (0, 0, 0.5)
    unknown = (done.latency_p50_s, done.latency_p99_s, done.queue_wait_p50_s, done.loop_lag_p50_s, done.loop_lag_max_s)
    assert unknown == (None,) * 5
    assert done.error is None


def test_calls_and_errors_are_summed_and_the_first_error_kept() -> None:
    first, second = (CallError("ValueError", text, "") for text in ("first", "second"))
    done = summed(
        chunk(1, 1),
        ChunkReport(0, 0, 1, calls=3, errors=1, error=first),
        ChunkReport(0, 0, 1, calls=2, errors=2, error=second),
    ).done(1.0, [], None)
    assert (done.calls, done.errors) == (7, 3)
    assert done.error is not None
    assert done.error.message == "first"


def test_latencies_are_of_calls() -> None:
    done = summed(chunk(1, 2, 3), chunk(4, 100)).done(1.0, [], None)
    assert (done.latency_p50_s, done.latency_p99_s) == (0.003, 0.1)


def test_calls_that_were_not_timed_took_the_mean_of_their_chunk() -> None:
    done = summed(chunk(1, 3, timed=False), chunk(50, timed=False)).done(1.0, [], [7, 8, 9])
    assert done.latency_p99_s == 0.05
    assert done.costs_s == pytest.approx(dict.fromkeys((7, 8, 9), 0.018))


def test_only_calls_that_were_timed_are_counted_by_their_latency() -> None:
    done = summed(chunk(1, 1.05, 3), chunk(50, timed=False)).done(1.0, [], None)
    assert sorted(done.latencies.values()) == [1, 2]
    assert summed(chunk(50, timed=False)).done(1.0, [], None).latencies == {}


def test_chunks_without_calls_have_no_latency() -> None:
    done = summed(*[ChunkReport(0, 1, 2, 0, 0)] * 5).done(1.0, [], [])
    assert (done.calls, done.latency_p50_s, done.costs_s) == (0, None, {})


def test_queue_wait_is_from_submitting_to_the_start() -> None:
    reports = [chunk(1, submitted_ms=1, started_ms=1 + wait) for wait in (10, 30, 20)]
    assert summed(*reports).done(1.0, [], None).queue_wait_p50_s == pytest.approx(0.02)


def test_loop_lag() -> None:
    done = Summary().done(1.0, [3 * MS, 1 * MS, 50 * MS, 2 * MS], None)
    assert (done.loop_lag_p50_s, done.loop_lag_p99_s, done.loop_lag_max_s) == (0.003, 0.05, 0.05)


def test_an_input_costs_the_mean_of_its_calls() -> None:
    done = summed(chunk(1, 10), chunk(3, 20)).done(1.0, [], [0, 1, 0, 1])
    assert done.costs_s == pytest.approx({0: 0.002, 1: 0.015})


def test_an_order_that_does_not_fit_the_calls_is_no_order() -> None:
    with pytest.raises(ValueError, match=r"shorter|longer"):
        summed(chunk(1, 2)).done(1.0, [], [0])


@given(st.lists(st.lists(st.integers(0, 1000), min_size=1, max_size=5), min_size=1, max_size=8), st.data())
def test_the_order_of_reports_is_irrelevant(chunks: list[list[int]], data: st.DataObject) -> None:
    shuffled = data.draw(st.permutations(chunks))
    one, other = (summed(*(chunk(*each) for each in order)).done(1.0, [], None) for order in (chunks, shuffled))
    assert one == other
