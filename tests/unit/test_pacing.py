"""Looks come at random moments of their slots, and as seldom as keeps them within their budget."""

from __future__ import annotations

import random
from types import SimpleNamespace

import pytest

from gilscope.observers import own_schedule, pacing
from gilscope.observers.pacing import LATE_S, Pace
from gilscope.observers.sampling_quality import SamplingQuality


class Clock:
    """Moves when it is waited on, and as time is spent."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.now = self.spent = 0.0
        self.late_s = 0.0
        clocks = SimpleNamespace(perf_counter=lambda: self.now, thread_time=lambda: self.spent)
        patch.setattr(pacing, "time", clocks)
        patch.setattr(own_schedule, "time", clocks)

    def until(self, ends: float):  # type: ignore[no-untyped-def]
        def wait(seconds: float) -> bool:
            self.now += max(0.0, seconds) + self.late_s
            return self.now >= ends

        return wait

    def spend(self, seconds: float) -> None:
        self.now += seconds
        self.spent += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


def paced(rate_hz: float = 100.0, from_watched: float = 0.02, in_all: float = 0.05) -> tuple[Pace, SamplingQuality]:
    quality = SamplingQuality(rate_hz)
    return Pace(quality, random.Random(1), from_watched, in_all), quality


def test_there_is_one_moment_in_each_slot_anywhere_in_it(clock: Clock) -> None:
    pace, quality = paced()
    found = [clock.now for _ in pace.moments(clock.until(10.0))]
    assert [int(at_s * 100) for at_s in found] == list(range(len(found)))
    assert len(found) == pytest.approx(1000, abs=1)
    within = [at_s * 100 % 1 for at_s in found]
    assert sum(part < 0.5 for part in within) == pytest.approx(500, abs=60)
    assert quality.missed == 0


def test_a_moment_that_comes_late_is_missed_and_counted(clock: Clock) -> None:
    pace, quality = paced()
    clock.late_s = 2 * LATE_S
    assert list(pace.moments(clock.until(1.0))) == []
    assert quality.missed == pytest.approx(100, abs=2)


@pytest.mark.parametrize(("saturated", "share"), [(True, 0.02), (False, 0.05)])
def test_what_looking_takes_stays_within_its_bound(clock: Clock, saturated: bool, share: float) -> None:
    """The smaller one where every CPU is busy, for it is then taken from the program."""
    pace, quality = paced()
    pace.saturated = saturated
    for _ in pace.moments(clock.until(60.0)):
        clock.spend(0.002)
    assert quality.cpu_s / quality.elapsed_s == pytest.approx(share, rel=0.1)


def test_what_is_left_out_makes_no_moment_rarer(clock: Clock) -> None:
    pace, _ = paced()
    for count, _ in enumerate(pace.moments(clock.until(10.0))):
        clock.spend(0.0001)
        if count % 50 == 0:  # as looking for processes is
            clock.spend(0.1)
            pace.leave_out(0.1)
    assert pace.slot_s == 0.01
