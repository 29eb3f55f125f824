"""From the measured calls to all: made-up calls, measured as often as real ones of their length would be."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from statistics import fmean

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gilscope.production import clocks
from gilscope.production.cell import Cell
from gilscope.production.profile import Profile, profile_of
from gilscope.production.rate import AdaptiveRate

MS = 1_000_000
#: What one call took on a CPU, in the run queue, and blocked: nanoseconds.
Call = tuple[int, int, int]


@pytest.fixture(autouse=True)
def _reading_clocks_takes_as_long_everywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clocks, "cost_ns", lambda: (7_000, 1_000))


def recorded(calls: list[Call]) -> tuple[Profile, float]:
    """What is told of them, and the CPU seconds that they took in truth."""
    cell = Cell(AdaptiveRate())
    for cpu_ns, queue_ns, blocked_ns in calls:
        wall_ns = cpu_ns + queue_ns + blocked_ns
        cell.calls += 1
        if weight := cell.weigh():
            if clocked := cell.weigh_clocks(weight):
                cell.add_clocked(clocked, (wall_ns, cpu_ns, queue_ns, 0), alone=True)
                cell._rate.clocked(cpu_ns)
            cell.add_timed(weight, wall_ns)
    cell.timed_excess += cell.recent_excess()
    return profile_of(cell, "m:f", "m:f", "sync", None), sum(cpu_ns for cpu_ns, _, _ in calls) / 1e9


def on_a_machine_that_gets_busy(rng: random.Random) -> Iterator[Call]:
    """The same work each time; in the second half every other call waits for a CPU, once for long."""
    for number in range(600):
        yield MS, int(rng.expovariate(0.1) * MS) if number >= 300 and rng.random() < 0.5 else 0, 0


def seldom_given_no_cpu(rng: random.Random) -> Iterator[Call]:
    """The same work each time; one call in a hundred waits for a CPU, for so long that most of the time is that."""
    for _ in range(3000):
        yield MS // 8 + rng.randrange(5_000), 25 * MS if rng.random() < 0.01 else 0, 0


def of_any_length(rng: random.Random) -> Iterator[Call]:
    for _ in range(2000):
        yield int(rng.lognormvariate(0, 1) * MS / 10), 0, 0


def cached_or_not(rng: random.Random) -> Iterator[Call]:
    """Short ones that compute, long ones that wait."""
    for _ in range(10_000):
        yield (20_000, 0, 0) if rng.random() < 0.95 else (MS // 2, 0, 9 * MS // 2)


KINDS = (on_a_machine_that_gets_busy, of_any_length, cached_or_not)


def test_a_machine_that_makes_calls_longer_makes_them_compute_no_more() -> None:
    for seed in range(40):
        found, truth_s = recorded(list(on_a_machine_that_gets_busy(random.Random(seed))))
        assert found.clocked_calls < 0.8 * found.calls
        assert found.cpu_s == pytest.approx(truth_s, rel=0.02)
        assert found.runqueue_s == pytest.approx((found.wall_s or 0.0) - truth_s, rel=0.05)


def test_calls_that_are_seldom_given_no_cpu_compute_no_more() -> None:
    """Though none of those that were clocked was one of them."""
    for seed in range(40):
        found, truth_s = recorded(list(seldom_given_no_cpu(random.Random(seed))))
        assert found.clocked_calls < 0.5 * found.calls
        assert found.cpu_s == pytest.approx(truth_s, rel=0.02)
        assert found.runqueue_s == pytest.approx((found.wall_s or 0.0) - truth_s, rel=0.1, abs=0.01)


def test_calls_of_any_length_are_told_better_than_by_their_number_alone() -> None:
    by_number, found_s = [], []
    for seed in range(40):
        found, truth_s = recorded(list(of_any_length(random.Random(seed))))
        assert found.cpu_s is not None
        found_s.append((found.cpu_s / truth_s - 1) ** 2)
        by_number.append((found.calls * found.clocked_cpu_s / found.clocked_weight / truth_s - 1) ** 2)
    assert fmean(found_s) < fmean(by_number) / 4


@pytest.mark.parametrize("kind", KINDS)
def test_the_error_tells_how_far_off_it_is(kind: object) -> None:
    assert callable(kind)
    within, tries = 0, 200  # so many that 95% are not mistaken for less than 85%: which calls are measured is chance
    for seed in range(tries):
        found, truth_s = recorded(list(kind(random.Random(seed))))
        assert found.cpu_s is not None
        assert found.cpu_error_s is not None
        within += abs(found.cpu_s - truth_s) <= 2 * found.cpu_error_s + 1e-6 * truth_s
    assert within >= 0.85 * tries


def test_where_every_call_was_measured_nothing_is_estimated() -> None:
    found, truth_s = recorded([(MS, 0, 9 * MS), (2 * MS, MS, 0), (MS, 0, 0)])
    assert found.cpu_s == pytest.approx(truth_s)
    assert (found.cpu_error_s, found.wall_error_s) == (0.0, 0.0)


def test_an_error_of_which_too_few_calls_tell_is_unknown() -> None:
    found, _ = recorded([(MS, 0, 9 * MS), (2 * MS, MS, 0)])
    assert found.cpu_error_s == 0.0
    assert (
        Profile(**{name: getattr(found, name) for name in found.__struct_fields__} | {"calls": 9}).cpu_error_s is None
    )


@given(st.lists(st.tuples(*[st.integers(0, 50 * MS)] * 3), min_size=1, max_size=200))
def test_the_parts_add_up_to_the_wall_clock(calls: list[Call]) -> None:
    found, _ = recorded(calls)
    parts = (found.cpu_s, found.runqueue_s, found.blocked_s)
    if found.wall_s:
        assert all(part is not None and part >= 0 for part in parts)
        assert sum(part or 0.0 for part in parts) == pytest.approx(found.wall_s)
        assert math.isfinite(found.cpu_error_s or 0.0)
