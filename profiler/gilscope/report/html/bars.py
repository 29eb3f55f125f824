"""Pictures made of boxes, their places in percent: throughputs with their intervals, ledgers, flames."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import accumulate
from typing import TYPE_CHECKING, Final

from gilscope.report.palette import STATE_STYLES
from gilscope.report.verdicts import is_chosen
from gilscope.units import duration, interval, percent, rate

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gilscope.records import ResultRecord, Trial
    from gilscope.report.ledgers import LedgerBar, Slice

__all__ = ["BarPart", "IntervalBar", "StackedBar", "inks", "intervals", "parts", "stacked"]


@dataclass(frozen=True)
class IntervalBar:
    """A trial's throughput on a scale that all trials of a result share; positions in percent of it."""

    name: str
    chosen: bool
    value: str
    median: float
    low: float
    high: float


@dataclass(frozen=True)
class BarPart:
    """A state's rectangle in a stacked bar, in percent of the bar."""

    state: str
    left: float
    width: float
    caption: str
    """What is written on it, where there is room."""
    hint: str


@dataclass(frozen=True)
class StackedBar:
    """A trial's ledger."""

    name: str
    chosen: bool
    wall: str
    parts: tuple[BarPart, ...]


def intervals(result: ResultRecord) -> Iterator[IntervalBar]:
    """A bar for each trial that has a throughput."""
    measured = [(trial, trial.throughput_per_s) for trial in result.trials if trial.throughput_per_s]
    scale = max((max(_ends(trial, median)) for trial, median in measured), default=1.0)
    for trial, median in measured:
        low, high = _ends(trial, median)
        known = interval(trial.throughput_low, trial.throughput_high)
        places = [100 * value / scale for value in (median, low, high)]
        yield IntervalBar(trial.name, is_chosen(trial, result.recommendation), f"{rate(median)} ({known})", *places)


def _ends(trial: Trial, median: float) -> tuple[float, float]:
    """The interval, shrunk to the median where an end is unknown."""
    low, high = trial.throughput_low, trial.throughput_high
    return (median if low is None else low, median if high is None else high)


#: The least share, in percent, on which its letter and figure can be read.
_READABLE: Final = 7.0


def stacked(bar: LedgerBar) -> StackedBar:
    """A trial's ledger as it is drawn."""
    workers = f"{bar.ledger.threads} worker thread{'' if bar.ledger.threads == 1 else 's'}"
    return StackedBar(bar.name, bar.chosen, f"{duration(bar.ledger.wall_s)} of {workers}", parts(bar.slices))


def parts(slices: tuple[Slice, ...]) -> tuple[BarPart, ...]:
    """Slices side by side."""
    lefts = accumulate((100 * part.share for part in slices), initial=0.0)
    return tuple(
        BarPart(
            state=part.state,
            left=left,
            width=100 * part.share,
            caption=percent(part.share) if 100 * part.share >= _READABLE else "",
            hint=f"{part.style.title}: {percent(part.share)}, {duration(part.seconds)}",
        )
        for part, left in zip(slices, lefts, strict=False)
    )


def inks() -> dict[str, str]:
    """What is written on each state's colour in: the one of black and white that stands out more."""
    return {state: "#fff" if _luminance(style.colour) < _EVEN else "#000" for state, style in STATE_STYLES.items()}


#: The luminance that stands out as much against white as against black: √(1.05 · 0.05) − 0.05 (WCAG 2, contrast ratio).
_EVEN: Final = 0.179


def _luminance(colour: str) -> float:
    """Relative luminance of an sRGB colour (WCAG 2)."""
    levels = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    red, green, blue = (level / 12.92 if level <= 0.03928 else ((level + 0.055) / 1.055) ** 2.4 for level in levels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
