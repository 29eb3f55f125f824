"""Figures in words, at the edges of their units."""

from __future__ import annotations

import pytest

from gilscope.decide.wording import counted, rate, size, time, times


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        (counted(0, "call"), "0 calls"),
        (counted(1, "call"), "1 call"),
        (counted(2_500, "call"), "2,500 calls"),
        (rate(187_654.3), "188,000/s"),
        (rate(0.0123), "0.0123/s"),
        (size(999), "999 bytes"),
        (size(2_500_000), "2.5 MB"),
        (time(0.0000009), "0.9 µs"),
        (time(0.0123), "12.3 ms"),
        (time(119.0), "119 s"),
        (time(7_199.0), "120 min"),
        (time(200_000.0), "2.31 days"),
        (times(1.934), "1.93×"),
        (times(1.934, 1.85, 2.01), "1.93× (1.85 to 2.01)"),
    ],
)
def test_figures_are_said_so(told: str, expected: str) -> None:
    assert told == expected
