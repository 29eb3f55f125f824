"""A timeline so coarse that it can be drawn."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gilscope.programs.lanes import coarsened
from gilscope.records import Lane


def test_each_stretch_is_in_the_state_in_which_it_mostly_was() -> None:
    lane = Lane(pid=1, tid=1, edges_s=(0.0, 0.1, 0.4, 1.0, 2.0), states=("sleep", "cpu_gil", "sleep", "gil_wait"))
    coarse = coarsened(lane, 0.5)
    assert coarse.states == ("cpu_gil", "sleep", "gil_wait")
    assert coarse.edges_s == pytest.approx((0.0, 0.5, 1.0, 2.0))


@given(st.lists(st.floats(0.001, 3.0), min_size=1, max_size=40), st.floats(0.01, 2.0))
def test_a_coarse_lane_begins_and_ends_as_the_fine_one_and_its_edges_rise(
    lengths: list[float], stretch_s: float
) -> None:
    edges = [0.0]
    for length in lengths:
        edges.append(edges[-1] + length)
    lane = Lane(pid=1, tid=1, edges_s=tuple(edges), states=tuple("ab"[at % 2] for at in range(len(lengths))))
    coarse = coarsened(lane, stretch_s)
    assert (coarse.edges_s[0], coarse.edges_s[-1]) == (edges[0], edges[-1])
    assert list(coarse.edges_s) == sorted(coarse.edges_s)
    assert len(coarse.edges_s) == len(coarse.states) + 1 <= edges[-1] / stretch_s + 3
