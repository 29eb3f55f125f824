"""How long calls took, configuration by configuration, on one logarithmic axis."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Final, NamedTuple

from gilscope.decide.recommended import recommended
from gilscope.records import ResultRecord, Trial
from gilscope.report.document import Detail, Row, Section, Table, headed, or_dash
from gilscope.report.pictures import LatencyChart, LatencyRow
from gilscope.units import duration, thousands

__all__ = ["latencies"]

_MOST_TRIALS: Final = 12
_FEW_DECADES: Final = 3
#: What no clock sees, and nobody waits for.
_SHORTEST_S, _LONGEST_S = 1e-9, 1e12


class _Axis(NamedTuple):
    """From one duration to another, logarithmic."""

    low_s: float
    high_s: float

    def place(self, seconds: float) -> float:
        """A fraction of the axis."""
        return math.log(seconds / self.low_s) / math.log(self.high_s / self.low_s)

    def ticks(self) -> Iterator[tuple[float, str, bool]]:
        """The powers of ten, which a narrow axis shows too; with few of them also 2 and 5 times them."""
        first, last = math.floor(math.log10(self.low_s)), math.ceil(math.log10(self.high_s))
        factors = (1,) if last - first > _FEW_DECADES else (1, 2, 5)
        for power in range(first, last + 1):
            for factor in factors:
                seconds = factor * 10.0**power
                if self.low_s <= seconds <= self.high_s:
                    yield self.place(seconds), duration(seconds), factor == 1


class _Bar(NamedTuple):
    start_s: float
    end_s: float
    calls: int


def latencies(result: ResultRecord) -> Section | None:
    """Of the recommended configuration, the serial one, and the fastest of the others."""
    drawn = [(trial, bars) for trial in _first(result) if (bars := _bars(trial))]
    if not drawn:
        return None
    low_s = min(bars[0].start_s for _, bars in drawn)
    axis = _Axis(low_s, max(max(bars[-1].end_s for _, bars in drawn), low_s * 2))
    chosen = recommended(result.recommendation, result.trials)
    rows = tuple(_row(trial, trial is chosen, bars, axis) for trial, bars in drawn)
    about = "How many calls took how long, a row for each configuration on one logarithmic axis."
    chart = LatencyChart(rows, tuple(axis.ticks()), "p50 · p99", about=about, table=_table(rows, drawn))
    subtitle = "in the clean rounds; the axis is logarithmic, the dashes mark p50 and p99"
    return Section("How long calls took", (chart,), subtitle, Detail.FULL)


def _first(result: ResultRecord) -> list[Trial]:
    chosen = recommended(result.recommendation, result.trials)

    def rank(trial: Trial) -> tuple[bool, bool, float]:
        fast = trial.throughput_per_s or 0.0
        return (trial is not chosen, trial.backend != "serial", -fast)

    kept = sorted((trial for trial in result.trials if trial.latencies is not None), key=rank)[:_MOST_TRIALS]
    return [trial for trial in result.trials if any(trial is one for one in kept)]


def _bars(trial: Trial) -> list[_Bar]:
    """Those that have calls; what reaches down to 0 begins at half its end."""
    found = trial.latencies
    edges, counts = (found.edges_s, found.counts) if found else ((), ())
    return [
        _Bar(max(start or end / 2, _SHORTEST_S), end, count)
        for start, end, count in zip(edges, edges[1:], counts, strict=False)
        if count > 0 and end > start >= 0 and _SHORTEST_S < end < _LONGEST_S
    ]


def _row(trial: Trial, chosen: bool, bars: list[_Bar], axis: _Axis) -> LatencyRow:
    # As high as calls per logarithm of time, so that bars of any width compare by their area.
    heights = [bar.calls / math.log(bar.end_s / bar.start_s) for bar in bars]
    places = [(axis.place(bar.start_s), axis.place(bar.end_s)) for bar in bars]
    steps = ((left, right - left, high / max(heights)) for (left, right), high in zip(places, heights, strict=True))
    quantiles = (trial.known_p50_s, trial.known_p99_s)
    marks = (axis.place(seconds) for seconds in quantiles if seconds and axis.low_s <= seconds <= axis.high_s)
    return LatencyRow(
        trial.name, chosen, " · ".join(or_dash(duration, each) for each in quantiles), tuple(steps), tuple(marks)
    )


def _table(rows: tuple[LatencyRow, ...], drawn: list[tuple[Trial, list[_Bar]]]) -> Table:
    titles = ("configuration", "calls", "from", "p50", "p99", "up to")
    cells = (_figures(trial, bars) for trial, bars in drawn)
    told = tuple(Row(each, row.chosen) for each, row in zip(cells, rows, strict=True))
    return Table(headed(titles, texts=("configuration",)), told, about="latencies")


def _figures(trial: Trial, bars: list[_Bar]) -> tuple[str, ...]:
    seconds = (bars[0].start_s, trial.known_p50_s, trial.known_p99_s, bars[-1].end_s)
    return (trial.name, thousands(sum(bar.calls for bar in bars)), *(or_dash(duration, each) for each in seconds))
