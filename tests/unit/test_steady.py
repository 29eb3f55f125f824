"""The steady part of rounds that are simulated: their workers' pace is known."""

from __future__ import annotations

import heapq
import random
from collections.abc import Callable, Sequence
from dataclasses import replace
from statistics import fmean

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gilscope.backends.base import ChunkReport
from gilscope.decide.throughput import round_rates
from gilscope.measure.steady import steady_s
from gilscope.measure.summary import Summary
from gilscope.records import Round, Trial

MS = 1_000_000
Lengths = Callable[[random.Random], float]

#: What a call takes, in milliseconds: ten in the mean.
CALLS: dict[str, Lengths] = {
    "alike": lambda _: 10.0,
    "uniform": lambda rng: rng.uniform(0, 20),
    "exponential": lambda rng: rng.expovariate(0.1),
    "bimodal": lambda rng: 100.0 if rng.random() < 1 / 19 else 5.0,
}


def served(
    lengths_ms: Sequence[float], workers: int, *, gap_ms: float = 0.0, late_ms: float = 0.0
) -> list[ChunkReport]:
    """A queue of calls before workers that begin ``late_ms`` one after the other, and pause between two calls."""
    free = [number * late_ms for number in range(workers)]
    heapq.heapify(free)
    reports = []
    for length in lengths_ms:
        begun = heapq.heappop(free)
        heapq.heappush(free, begun + length + gap_ms)
        reports.append(ChunkReport(0, int(begun * MS), int((begun + length) * MS), calls=1, errors=0))
    return reports


def shared(works_ms: Sequence[float], workers: int) -> list[ChunkReport]:
    """The same before workers that share one resource alike: alone, each is as many times as fast as there are."""
    waiting, now, reports = list(works_ms), 0.0, []
    running: list[tuple[float, float]] = []  # what is left of a call, and when it began
    while waiting or running:
        new = [(waiting.pop(0), now) for _ in range(min(workers - len(running), len(waiting)))]
        (done, begun), *rest = sorted(running + new)
        now += done * (len(rest) + 1)
        running = [(left - done, since) for left, since in rest]
        reports.append(ChunkReport(0, int(begun * MS), int(now * MS), calls=1, errors=0))
    return reports


def rate(reports: Sequence[ChunkReport], workers: int, alone_ms: float | None = None) -> float:
    """Calls per millisecond in the steady part."""
    seconds = steady_s(reports, workers, alone_ms and alone_ms / 1000)
    assert seconds is not None
    return sum(report.calls for report in reports) / seconds / 1000


@pytest.mark.parametrize("kind", CALLS)
@pytest.mark.parametrize("workers", [1, 2, 4, 16, 64, 256, 1000])
def test_it_goes_at_the_pace_of_its_workers_however_long_calls_are(kind: str, workers: int) -> None:
    rng = random.Random(workers)
    paces, called = [], []
    for _ in range(max(4, 2000 // workers)):  # so many rounds that chance averages out
        lengths = [CALLS[kind](rng) for _ in range(int(3.44 * workers) + 12)]
        paces.append(rate(served(lengths, workers, late_ms=0.001), workers, fmean(lengths)))
        called += lengths
    assert len(paces) / sum(1 / pace for pace in paces) == pytest.approx(workers / fmean(called), rel=0.02)


@pytest.mark.parametrize("waves", [1.44, 2, 2.6, 3, 5.5])
def test_half_a_wave_costs_nothing(waves: float) -> None:
    reports = served([10.0] * round(256 * waves), 256, late_ms=0.01)
    assert rate(reports, 256) == pytest.approx(25.6, rel=0.01)


@pytest.mark.parametrize("kind", CALLS)
def test_what_workers_wait_between_two_calls_counts(kind: str) -> None:
    rng = random.Random(1)
    lengths = [CALLS[kind](rng) for _ in range(4000)]
    assert rate(served(lengths, 8, gap_ms=5.0), 8) == pytest.approx(8 / 15, rel=0.05)


@pytest.mark.parametrize("kind", CALLS)
@pytest.mark.parametrize("workers", [2, 4, 8])
def test_workers_that_share_one_resource_are_not_credited_with_more(kind: str, workers: int) -> None:
    """Towards the end there are fewer, and each is faster."""
    rng = random.Random(2)
    paces = []
    for _ in range(100):
        works = [CALLS[kind](rng) for _ in range(4 * workers)]
        paces.append(rate(shared(works, workers), workers, fmean(works)) * fmean(works))
    assert fmean(paces) == pytest.approx(1, rel=0.08 if kind == "bimodal" else 0.05)


def test_one_wave_of_short_calls_has_no_steady_part() -> None:
    assert steady_s(served([10.0] * 64, 64), 64) is None
    assert steady_s(served([10.0] * 65, 64), 64) is not None
    assert steady_s(served([100.0] * 63, 64), 64) is None, "not every worker had one"
    assert steady_s([], 4) is None


def test_one_wave_of_long_calls_counts_by_their_mean() -> None:
    """Not by the longest of them: with more calls to come nobody would have waited for it."""
    assert rate(served([100.0, 300.0], 2, late_ms=1.0), 2) == pytest.approx(2 / 200, rel=0.01)
    assert rate(served([100.0, 300.0], 2, late_ms=1.0), 2, 200.0) == pytest.approx(2 / 200, rel=0.01)


def test_one_wave_that_shares_a_resource_counts_by_the_wall_clock() -> None:
    assert rate(shared([100.0, 300.0], 2), 2, 200.0) == pytest.approx(2 / 400, rel=0.15)


def test_one_wave_whose_calls_were_never_all_in_flight_tells_nothing() -> None:
    assert steady_s(served([100.0, 100.0], 2, late_ms=150.0), 2) is None


def test_a_worker_that_ends_much_earlier_than_all_others_makes_no_steady_part() -> None:
    assert steady_s(served([1.0, *[40.0] * 8], 8), 8) is None


def test_chunks_that_ran_by_another_clock_tell_nothing() -> None:
    elsewhere = [replace(report, one_clock=False) for report in served([10.0] * 8, 2)]
    assert steady_s(elsewhere, 2) is None


def test_chunks_without_calls_are_not_looked_at() -> None:
    empty = ChunkReport(0, 0, 500 * MS, calls=0, errors=0)
    reports = served([10.0] * 8, 2)
    assert steady_s([*reports, empty], 2) == steady_s(reports, 2)


LENGTHS = st.lists(st.floats(0.01, 1000), min_size=1, max_size=60)


@given(LENGTHS, st.integers(1, 20), st.floats(0, 10), st.floats(0, 10))
def test_never_more_than_all_workers_with_the_shortest_call(
    lengths: list[float], workers: int, gap: float, late: float
) -> None:
    reports = served(lengths, workers, gap_ms=gap, late_ms=late)
    if steady_s(reports, workers) is not None:
        shortest = min(report.ended_ns - report.started_ns for report in reports) / MS
        assert rate(reports, workers) <= workers / shortest * 1.001


@given(LENGTHS, st.integers(1, 20), st.floats(0, 10))
def test_where_nobody_pauses_it_is_no_longer_than_the_wall_clock(
    lengths: list[float], workers: int, late: float
) -> None:
    reports = served(lengths, workers, late_ms=late)
    seconds = steady_s(reports, workers)
    assert seconds is None or seconds <= max(report.ended_ns for report in reports) / 1e9 * 1.001


@given(LENGTHS, st.integers(1, 8), st.integers(0, 10**12), st.randoms(use_true_random=False))
def test_neither_the_order_of_reports_nor_the_hour_matters(
    lengths: list[float], workers: int, later: int, rng: random.Random
) -> None:
    reports = served(lengths, workers)
    moved = [
        replace(each, started_ns=each.started_ns + later, ended_ns=each.ended_ns + later)
        for each in rng.sample(reports, len(reports))
    ]
    assert steady_s(moved, workers) == steady_s(reports, workers)


def test_a_round_is_summed_up_with_it_and_throughput_is_taken_from_it() -> None:
    summary = Summary()
    for report in served([10.0] * 368, 256):
        summary.add(report)
    done = summary.done(0.02, [], None, workers=256)
    assert done.steady_s == pytest.approx(0.0144, rel=0.01)
    timed = Round(index=0, observed=False, calls=368, errors=0, wall_s=0.02, work_s=None, steady_s=done.steady_s)
    (rates,) = round_rates([Trial(backend="thread", workers=256, rounds=(timed,))])
    assert rates == [pytest.approx(25_600, rel=0.01)]


def test_without_one_the_wall_clock_counts() -> None:
    timed = Round(index=0, observed=False, calls=256, errors=0, wall_s=0.01, work_s=None)
    assert round_rates([Trial(backend="thread", workers=256, rounds=(timed,))]) == [[pytest.approx(25_600)]]
