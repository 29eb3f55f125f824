"""Counting latencies in bins."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from gilscope.measure.histogram import EDGES_NS, counted, histogram

latencies = st.lists(st.integers(0, 10**15 - 1), max_size=30)


def test_twenty_bins_to_the_decade_up_to_eleven_days() -> None:
    assert all(low < high for low, high in pairwise(EDGES_NS))
    assert [EDGES_NS.index(10**power) for power in (2, 3, 9)] == [1, 21, 141]
    assert all(high / low < 1.15 for low, high in pairwise(EDGES_NS[1:]))


def test_a_latency_counts_between_its_edges() -> None:
    made = histogram([counted([1_000_000, 1_119_999, 1_120_000, 1_600_000])])
    assert made is not None
    assert made.edges_s == (0.001, 0.00112, 0.00125, 0.0014, 0.0016, 0.0018)
    assert made.counts == (2, 1, 0, 0, 1)


def test_what_is_shorter_than_the_first_or_longer_than_the_last_is_not_lost() -> None:
    made = histogram([counted([0, 99, 10**17])])
    assert made is not None
    assert (made.edges_s[:2], made.counts[0]) == ((0.0, 1e-7), 2)
    assert (made.edges_s[-1], made.counts[-1]) == (1e6, 1)


def test_nothing_timed_is_unknown() -> None:
    assert histogram([]) is histogram([{}, {}]) is None


@given(latencies, latencies)
def test_rounds_add_up(one: list[int], other: list[int]) -> None:
    assert histogram([counted(one), counted(other)]) == histogram([counted(one + other)])


@given(latencies.filter(bool))
def test_every_call_is_counted_between_edges_that_rise(seen: list[int]) -> None:
    made = histogram([counted(seen)])
    assert made is not None
    assert sum(made.counts) == len(seen)
    assert len(made.edges_s) == len(made.counts) + 1
    assert all(low < high for low, high in pairwise(made.edges_s))
    assert made.edges_s[0] <= min(seen) / 1e9
    assert max(seen) / 1e9 < made.edges_s[-1]
