"""What changed between two analyses of one function, and what of it is shown.

A change is *shown* when its whole interval lies on one side. Rounds tell how much one process varies, not how much one
process differs from the next: the intervals of their ratios are widened by the noise floor of either analysis
(`gilscope.decide.noise`), so that an analysis compared with a repetition of itself shows nothing.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Final, Literal

from gilscope.decide.noise import floor_of
from gilscope.decide.stats import NORMAL_QUANTILE, Estimate, ratio_interval, share_difference
from gilscope.decide.throughput import round_rates, telling_rounds
from gilscope.records import ResultRecord, Trial

__all__ = [
    "ALONE",
    "ASSUMED_ERROR",
    "FIGURES",
    "Change",
    "Figure",
    "Rated",
    "alone",
    "compared",
    "rated",
    "widened",
]

Word = Literal["faster", "slower", "less", "more", "not shown", "unknown"]
Unit = Literal["per_s", "s", "bytes", "share"]

#: Where the figures of the solo run stand.
ALONE: Final = "alone"
#: The standard error of the logarithm of a ratio that is assumed of what an analysis measures once: so repetitions on
#: a busy machine differed (the CPU of a call that mostly waits by up to a third, memory by a few percent).
ASSUMED_ERROR: Final = {"cpu": 0.20, "memory": 0.05}
#: No figure is greater, in any unit, nor its inverse.
_MOST: Final = 1e18


@dataclass(frozen=True)
class Figure:
    """What is compared, and what to call it when there is shown to be more or less of it."""

    unit: Unit
    less: Word
    more: Word

    @property
    def is_share(self) -> bool:
        """Whether it is compared by difference; everything else is by ratio."""
        return self.unit == "share"


FIGURES: Final = {
    "throughput": Figure("per_s", "slower", "faster"),
    "latency_p50": Figure("s", "faster", "slower"),
    "latency_p99": Figure("s", "faster", "slower"),
    "wall": Figure("s", "faster", "slower"),
    "cpu": Figure("s", "less", "more"),
    "memory": Figure("bytes", "less", "more"),
    "gil_held": Figure("share", "less", "more"),
    "wait": Figure("share", "less", "more"),
    "errors": Figure("share", "less", "more"),
}


@dataclass(frozen=True)
class Change:
    """One figure then and now."""

    figure: str
    """Of `FIGURES`."""
    where: str
    """The configuration, or `ALONE`."""
    old: float | None
    new: float | None
    gap: Estimate | None = None
    """New over old, or of a share new less old; None when either is unknown, or a ratio to nothing. Without bounds
    where there was too little to judge the noise by."""

    @property
    def word(self) -> Word:
        """What is shown of it."""
        if self.gap is None:
            return "unknown"
        figure = FIGURES[self.figure]
        same = 0.0 if figure.is_share else 1.0
        if self.gap.low is not None and self.gap.low > same:
            return figure.more
        return figure.less if self.gap.high is not None and self.gap.high < same else "not shown"


@dataclass(frozen=True)
class Rated:
    """A trial with its calls of average cost per second in each round that counts."""

    trial: Trial
    rates: tuple[float, ...]


def rated(result: ResultRecord) -> list[Rated]:
    """The trials that went well.

    The rates of each are scaled to the throughput that its analysis told: only the analysis knew the cost of an average
    call, in whose unit they are.
    """
    rates = round_rates(result.trials)
    return [
        Rated(trial, _scaled(_positive(own), trial.throughput_per_s))
        for trial, own in zip(result.trials, rates, strict=True)
        if trial.status == "ok"
    ]


def _scaled(rates: tuple[float, ...], to: float | None) -> tuple[float, ...]:
    if not rates or to is None or not _positive([to]):
        return ()
    middle = median(rates)
    return _positive([rate / middle * to for rate in rates])


def _positive(values: Sequence[float | None]) -> tuple[float, ...]:
    """Those that can be divided by each other: of a damaged file, the figures may be anything."""
    return tuple(value for value in values if value is not None and 1 / _MOST < value < _MOST)


def compared(old: Rated, new: Rated, where: str, floor: float) -> tuple[Change, ...]:
    """Throughput, latencies and, of what is not the solo run, memory under one configuration."""
    was, now = old.trial, new.trial
    timed = (
        _by_rounds("throughput", where, old.rates, new.rates, floor),
        _by_rounds("latency_p50", where, _latencies(was, "p50"), _latencies(now, "p50"), floor),
        _by_rounds("latency_p99", where, _latencies(was, "p99"), _latencies(now, "p99"), floor),
    )
    if was.backend == now.backend == "serial":
        return timed
    return (*timed, _measured_once("memory", where, was.memory_per_worker_bytes, now.memory_per_worker_bytes))


def _latencies(trial: Trial, which: str) -> tuple[float, ...]:
    return _positive([getattr(timed, f"latency_{which}_s") for timed in telling_rounds(trial)])


def alone(old: ResultRecord, new: ResultRecord) -> tuple[Change, ...]:
    """What a call asks for when it runs alone: wall clock, CPU, the shares in which it holds the GIL and waits, memory;
    and of all calls, which part of them raised."""
    was, now = old.classification, new.classification
    solo, again = _solo(old), _solo(new)
    samples = (_samples(solo), _samples(again))
    return (
        _by_rounds("wall", ALONE, _walls(solo), _walls(again), floor_of(old.noise, new.noise)),
        _measured_once("cpu", ALONE, _cpu_s(old), _cpu_s(new)),
        _sampled("gil_held", ALONE, was.gil_held_ratio, now.gil_held_ratio, samples),
        _sampled("wait", ALONE, was.wait_ratio, now.wait_ratio, samples),
        _measured_once("memory", ALONE, _memory(solo), _memory(again)),
        _sampled("errors", "all calls", _raised(old), _raised(new), (_calls(old), _calls(new))),
    )


def _solo(result: ResultRecord) -> Rated | None:
    return next((each for each in rated(result) if each.trial.backend == "serial"), None)


def _walls(solo: Rated | None) -> tuple[float, ...]:
    return tuple(1 / rate for rate in solo.rates) if solo else ()


def _cpu_s(result: ResultRecord) -> float | None:
    return result.demands.cpu_s if result.demands else None


def _memory(solo: Rated | None) -> int | None:
    return solo.trial.memory_per_worker_bytes if solo else None


def _samples(solo: Rated | None) -> int:
    """What the shares of the solo run rest on."""
    return solo.trial.ledger.samples if solo and solo.trial.ledger else 0


def _calls(result: ResultRecord) -> int:
    return sum(trial.calls for trial in result.trials)


def _raised(result: ResultRecord) -> float | None:
    calls = _calls(result)
    return sum(trial.errors for trial in result.trials) / calls if calls else None


# ---- the three sorts of interval ----


def _by_rounds(figure: str, where: str, old: Sequence[float], new: Sequence[float], floor: float) -> Change:
    if not old or not new:
        return Change(figure, where, median(old) if old else None, median(new) if new else None)
    gap = ratio_interval(new, old)
    return Change(figure, where, median(old), median(new), widened(gap, floor))


def widened(gap: Estimate, floor: float) -> Estimate:
    """The interval with what starts differ by: a ``floor`` of 5% is a ratio of 0.95 either way. Where they differ
    by as much as all of it, there is none."""
    if gap.low is None or gap.high is None or floor >= 1:
        return Estimate(gap.value)
    return Estimate(gap.value, gap.low * (1 - floor), gap.high / (1 - floor))


def _measured_once(figure: str, where: str, old: float | None, new: float | None) -> Change:
    if old is None or new is None or len(_positive([old, new])) < 2:
        return Change(figure, where, old, new)
    factor = math.exp(NORMAL_QUANTILE * ASSUMED_ERROR[figure])
    ratio = new / old
    return Change(figure, where, old, new, Estimate(ratio, ratio / factor, ratio * factor))


def _sampled(figure: str, where: str, old: float | None, new: float | None, samples: tuple[int, int]) -> Change:
    was, now = _share(old), _share(new)
    if was is None or now is None:
        return Change(figure, where, was, now)
    if min(samples) < 1:
        return Change(figure, where, was, now, Estimate(now - was))
    return Change(figure, where, was, now, share_difference(now, samples[1], was, samples[0]))


def _share(value: float | None) -> float | None:
    """A quotient of two clocks may exceed 1 by their grain; what exceeds it by more is no share."""
    return None if value is None or not 0 <= value <= 1.01 else min(value, 1.0)
