"""How often a function is measured, by the length of its calls."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gilscope.production.rate import EVERY_CALL_NS, MAX_BLOCK, MAX_CLOCK_BLOCK, WARM_UP, AdaptiveRate


def adapted(wall_ns: int, cpu_ns: int) -> AdaptiveRate:
    rate = AdaptiveRate()
    for _ in range(20):
        rate.clocked(cpu_ns)
        rate.timed(WARM_UP // 2, wall_ns * WARM_UP // 2)
    return rate


def test_the_first_calls_are_all_measured() -> None:
    rate = AdaptiveRate()
    rate.clocked(100)
    rate.timed(WARM_UP - 1, 100 * (WARM_UP - 1))
    assert (rate.block, rate.clock_block) == (1, 1)
    rate.timed(1, 100)
    assert rate.block == MAX_BLOCK


@given(st.integers(min_value=EVERY_CALL_NS + 1, max_value=10**12))
def test_every_long_call_is_timed(wall_ns: int) -> None:
    assert adapted(wall_ns, wall_ns).block == 1


@given(st.integers(min_value=0, max_value=10**12), st.integers(min_value=0, max_value=10**12))
def test_the_blocks_are_bounded(wall_ns: int, cpu_ns: int) -> None:
    rate = adapted(wall_ns, cpu_ns)
    assert 1 <= rate.block <= MAX_BLOCK
    assert 1 <= rate.block * rate.clock_block <= MAX_CLOCK_BLOCK


def test_shorter_calls_are_measured_less_often() -> None:
    lengths = [adapted(wall_ns, wall_ns) for wall_ns in (10**9, 10**5, 10**4, 10**3)]
    blocks = [rate.block * rate.clock_block for rate in lengths]
    assert blocks == sorted(blocks)
    assert blocks[0] == 1


def test_a_call_that_waits_is_not_measured_at_the_expense_of_others() -> None:
    """Ten milliseconds of waiting have room for reading clocks; the microsecond of computing does not."""
    assert adapted(10**7, 10**3).clock_block > adapted(10**7, 10**7).clock_block


def test_a_change_is_followed() -> None:
    rate = adapted(10**9, 10**9)
    for _ in range(100):
        rate.timed(16, 16 * 1000)
    assert rate.block == MAX_BLOCK


@pytest.mark.parametrize("wall_ns", [0, 1])
def test_calls_too_short_for_the_clock_are_no_trouble(wall_ns: int) -> None:
    assert adapted(wall_ns, 0).block == MAX_BLOCK
