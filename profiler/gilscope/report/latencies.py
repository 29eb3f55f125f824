"""How long calls took, configuration by configuration, on one logarithmic axis."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from gilscope.report.tables import Column, Row, Table
from gilscope.report.verdicts import is_chosen
from gilscope.units import duration

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gilscope.records import ResultRecord, Trial

__all__ = ["Axis", "Spread", "Step", "Tick", "spreads", "table"]

_MOST_TRIALS: Final = 12
_FEW_DECADES: Final = 3
#: What no clock sees, and nobody waits for.
_SHORTEST_S, _LONGEST_S = 1e-9, 1e12


@dataclass(frozen=True)
class Step:
    """A bar of a histogram: its place as fractions of the axis, its height as one of the highest."""

    left: float
    width: float
    height: float


@dataclass(frozen=True)
class Spread:
    """The latencies of a trial."""

    trial: Trial
    chosen: bool
    calls: int
    low_s: float
    high_s: float
    steps: tuple[Step, ...]
    p50: float | None
    """Its place on the axis; None when unknown."""
    p99: float | None

    @property
    def told(self) -> str:
        """Half of the calls took no longer than the first, all but one in a hundred no longer than the second."""
        return f"{duration(self.trial.latency_p50_s)} · {duration(self.trial.latency_p99_s)}"


@dataclass(frozen=True)
class Tick:
    """A mark on the axis, its place a fraction of it."""

    place: float
    text: str
    decade: bool
    """Whether a narrow axis shows it too."""


@dataclass(frozen=True)
class Axis:
    """The spreads that are drawn, and the ticks of the axis they share."""

    spreads: tuple[Spread, ...]
    ticks: tuple[Tick, ...]


_Bar = tuple[float, float, int]


def spreads(result: ResultRecord) -> Axis:
    """Of the recommended configuration, the serial one, and the fastest of the others."""
    drawn = [(trial, bars) for trial in _first(result) if (bars := _bars(trial))]
    if not drawn:
        return Axis((), ())
    low = min(bars[0][0] for _, bars in drawn)
    high = max(max(bars[-1][1] for _, bars in drawn), low * 2)
    advice = result.recommendation
    rows = tuple(_spread(trial, is_chosen(trial, advice), bars, (low, high)) for trial, bars in drawn)
    return Axis(rows, tuple(_ticks(low, high)))


def _first(result: ResultRecord) -> list[Trial]:
    def rank(trial: Trial) -> tuple[bool, bool, float]:
        fast = trial.throughput_per_s or 0.0
        return (not is_chosen(trial, result.recommendation), trial.backend != "serial", -fast)

    kept = sorted((trial for trial in result.trials if trial.latencies is not None), key=rank)[:_MOST_TRIALS]
    return [trial for trial in result.trials if any(trial is one for one in kept)]


def _bars(trial: Trial) -> list[_Bar]:
    """From, to and how many, where there are any; what reaches down to 0 begins at half its end."""
    found = trial.latencies
    edges, counts = (found.edges_s, found.counts) if found else ((), ())
    return [
        (max(start or end / 2, _SHORTEST_S), end, count)
        for start, end, count in zip(edges, edges[1:], counts, strict=False)
        if count > 0 and end > start >= 0 and _SHORTEST_S < end < _LONGEST_S
    ]


def _spread(trial: Trial, chosen: bool, bars: list[_Bar], ends: tuple[float, float]) -> Spread:
    # As high as calls per logarithm of time, so that bars of any width compare by their area.
    heights = [count / math.log(end / start) for start, end, count in bars]
    lefts = [_place(start, ends) for start, _, _ in bars]
    rights = [_place(end, ends) for _, end, _ in bars]
    return Spread(
        trial=trial,
        chosen=chosen,
        calls=sum(count for _, _, count in bars),
        low_s=bars[0][0],
        high_s=bars[-1][1],
        steps=tuple(
            Step(left, right - left, height / max(heights))
            for left, right, height in zip(lefts, rights, heights, strict=True)
        ),
        p50=_within(trial.latency_p50_s, ends),
        p99=_within(trial.latency_p99_s, ends),
    )


def _place(seconds: float, ends: tuple[float, float]) -> float:
    low, high = ends
    return math.log(seconds / low) / math.log(high / low)


def _within(seconds: float | None, ends: tuple[float, float]) -> float | None:
    return _place(seconds, ends) if seconds and ends[0] <= seconds <= ends[1] else None


def _ticks(low: float, high: float) -> Iterator[Tick]:
    """The powers of ten; with few of them also 2 and 5 times them."""
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    factors = (1,) if last - first > _FEW_DECADES else (1, 2, 5)
    for power in range(first, last + 1):
        for factor in factors:
            seconds = factor * 10.0**power
            if low <= seconds <= high:
                yield Tick(_place(seconds, (low, high)), duration(seconds), factor == 1)


def table(axis: Axis) -> Table:
    """The figures beside the picture."""
    titles = ("configuration", "calls", "from", "p50", "p99", "up to")
    columns = tuple(Column(title, numeric=title != "configuration") for title in titles)
    return Table(columns, tuple(_row(spread) for spread in axis.spreads))


def _row(spread: Spread) -> Row:
    trial = spread.trial
    figures = (spread.low_s, trial.latency_p50_s, trial.latency_p99_s, spread.high_s)
    return Row((trial.name, f"{spread.calls:,}", *(duration(seconds) for seconds in figures)), spread.chosen)
