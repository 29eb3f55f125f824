from __future__ import annotations

import itertools
import random
from types import SimpleNamespace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gilscope.observers import own_schedule, pacing, sampler
from gilscope.observers.pacing import LATE_S
from gilscope.observers.sampler import Sampler
from gilscope.observers.sampling_quality import SamplingQuality


class Clock:
    """A clock that moves when it is waited on, ``late_s`` later than asked."""

    def __init__(self, patch: pytest.MonkeyPatch, duration_s: float, late_s: list[float]) -> None:
        self.now = 100.0
        self.ends = self.now + duration_s
        self.late_s = itertools.chain(late_s, itertools.repeat(0.0))
        self.woken: list[float] = []
        self.spent = 0.0
        clocks = SimpleNamespace(perf_counter=lambda: self.now, thread_time=lambda: self.spent)
        patch.setattr(pacing, "time", clocks)
        patch.setattr(sampler, "time", clocks)
        patch.setattr(own_schedule, "time", clocks)

    def spend(self, seconds: float) -> int:
        """Use the CPU; the GIL is free meanwhile."""
        self.now += seconds
        self.spent += seconds
        return 0

    def wait(self, seconds: float) -> bool:
        self.now += max(0.0, seconds) + next(self.late_s)
        if self.now >= self.ends:
            return True
        self.woken.append(self.now - 100.0)
        return False


def paced(duration_s: float, rate_hz: float, late_s: list[float], seed: int = 0) -> tuple[SamplingQuality, Clock]:
    with pytest.MonkeyPatch.context() as patch:
        clock = Clock(patch, duration_s, late_s)
        made = Sampler([], None, rate_hz, random.Random(seed))
        assert sum(1 for _ in made.moments(clock.wait)) == made.quality.moments
        return made.quality, clock


@given(duration_s=st.floats(0.01, 2.0), rate_hz=st.floats(10, 1000), seed=st.integers(0, 99))
def test_in_time_there_is_one_moment_in_every_slot(duration_s: float, rate_hz: float, seed: int) -> None:
    quality, clock = paced(duration_s, rate_hz, [], seed)
    slots = [int(at_s * rate_hz * (1 + 1e-12)) for at_s in clock.woken]
    assert slots == list(range(len(slots)))
    assert abs(quality.moments - duration_s * rate_hz) <= 1
    assert quality.missed == 0


def test_moments_lie_anywhere_in_their_slots() -> None:
    _, clock = paced(20.0, 100, [])
    within = [at_s * 100 % 1 for at_s in clock.woken]
    assert [sum(low <= part < low + 0.25 for part in within) / len(within) for low in (0, 0.25, 0.5, 0.75)] == (
        pytest.approx([0.25] * 4, abs=0.05)
    )


lateness = st.one_of(st.floats(0, 0.9 * LATE_S), st.floats(1.1 * LATE_S, 0.5))


@given(rate_hz=st.floats(10, 1000), late_s=st.lists(lateness, max_size=20), seed=st.integers(0, 99))
@example(rate_hz=199.0, late_s=[0.88 * LATE_S] * 2, seed=52)
def test_late_or_not_every_slot_is_a_moment_or_missed(rate_hz: float, late_s: list[float], seed: int) -> None:
    quality, clock = paced(2.0, rate_hz, late_s, seed)
    slots = clock.woken[-1] * rate_hz if clock.woken else 0.0
    assert abs(quality.moments + quality.missed - slots) <= 1 + 1e-6
    # Waking late can make one miss the next moment too; and where two follow each other closely, both delays add up.
    late = sum(late > LATE_S / 2 for late in late_s)
    assert len(clock.woken) - 2 * late <= quality.moments <= len(clock.woken)


def test_a_moment_is_missed_rather_than_taken_late() -> None:
    quality, clock = paced(1.0, 100, [0.0, 2 * LATE_S, LATE_S / 2, 0.0])
    assert len(clock.woken) == pytest.approx(100, abs=1)
    assert quality.moments == len(clock.woken) - 1
    assert quality.missed == 1


def test_the_rate_falls_by_what_is_missed() -> None:
    quality, _ = paced(2.0, 100, [0.5])
    assert quality.elapsed_s == pytest.approx(2.0, abs=0.1)
    assert quality.moments + quality.missed == pytest.approx(200, abs=2)
    assert quality.moments / quality.elapsed_s < 90
