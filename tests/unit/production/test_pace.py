"""How often a function is measured, by the length of its calls."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gilscope.production.pace import EVERY_CALL_NS, MAX_BLOCK, MAX_CLOCK_BLOCK, WARM_UP, Pace


def paced(wall_ns: int, cpu_ns: int) -> Pace:
    pace = Pace()
    for _ in range(20):
        pace.clocked(cpu_ns)
        pace.timed(WARM_UP // 2, wall_ns * WARM_UP // 2)
    return pace


def test_the_first_calls_are_all_measured() -> None:
    pace = Pace()
    pace.clocked(100)
    pace.timed(WARM_UP - 1, 100 * (WARM_UP - 1))
    assert (pace.block, pace.clock_block) == (1, 1)
    pace.timed(1, 100)
    assert pace.block == MAX_BLOCK


@given(st.integers(min_value=EVERY_CALL_NS + 1, max_value=10**12))
def test_every_long_call_is_timed(wall_ns: int) -> None:
    assert paced(wall_ns, wall_ns).block == 1


@given(st.integers(min_value=0, max_value=10**12), st.integers(min_value=0, max_value=10**12))
def test_the_blocks_are_bounded(wall_ns: int, cpu_ns: int) -> None:
    pace = paced(wall_ns, cpu_ns)
    assert 1 <= pace.block <= MAX_BLOCK
    assert 1 <= pace.block * pace.clock_block <= MAX_CLOCK_BLOCK


def test_shorter_calls_are_measured_less_often() -> None:
    lengths = [paced(wall_ns, wall_ns) for wall_ns in (10**9, 10**5, 10**4, 10**3)]
    blocks = [pace.block * pace.clock_block for pace in lengths]
    assert blocks == sorted(blocks)
    assert blocks[0] == 1


def test_a_call_that_waits_is_not_measured_at_the_expense_of_others() -> None:
    """Ten milliseconds of waiting have room for reading clocks; the microsecond of computing does not."""
    assert paced(10**7, 10**3).clock_block > paced(10**7, 10**7).clock_block


def test_a_change_is_followed() -> None:
    pace = paced(10**9, 10**9)
    for _ in range(100):
        pace.timed(16, 16 * 1000)
    assert pace.block == MAX_BLOCK


@pytest.mark.parametrize("wall_ns", [0, 1])
def test_calls_too_short_for_the_clock_are_no_trouble(wall_ns: int) -> None:
    assert paced(wall_ns, 0).block == MAX_BLOCK
