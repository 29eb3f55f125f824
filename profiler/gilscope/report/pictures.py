"""The pictures of a document: what each shows, in plain figures. How it looks is the business of a format."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from gilscope.report.document import Picture, Table
from gilscope.report.palette import STATE_STYLES
from gilscope.units import percent

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from gilscope.records import Lane

__all__ = [
    "Band",
    "Curve",
    "CurveChart",
    "FlameFrame",
    "FlameGraph",
    "IntervalBar",
    "IntervalChart",
    "LatencyChart",
    "LatencyRow",
    "LedgerBar",
    "LedgerChart",
    "Matrix",
    "Point",
    "Slice",
    "Strip",
    "TimelineChart",
    "Track",
    "best_of_each",
    "states_of",
]


@dataclass(frozen=True)
class IntervalBar:
    """A figure with its interval."""

    value: float
    low: float | None
    """None where the interval is unknown."""
    high: float | None


@dataclass(frozen=True)
class Band:
    """From where to where a figure is as good as another."""

    low: float
    high: float
    told: str


@dataclass(frozen=True, kw_only=True)
class IntervalChart(Picture):
    """A table with a figure of each row drawn beside its name: all on one scale from zero."""

    table: Table
    title: str
    """What is drawn."""
    bars: tuple[IntervalBar | None, ...]
    """One for each row; None where the figure is unknown."""
    band: Band | None = None

    @property
    def scale(self) -> float:
        """As long as the longest, with its interval: but for intervals that would leave bars too short to be told from
        each other, whose ends are beyond the scale."""
        longest = max((bar.value for bar in self.bars if bar), default=1.0)
        return min(max((max(bar.value, bar.high or 0.0) for bar in self.bars if bar), default=1.0), 2 * longest)


@dataclass(frozen=True)
class Slice:
    """A state's part of a wall clock. The shares of a bar's slices sum to 1."""

    state: str
    """A key of `gilscope.report.palette.STATE_STYLES`."""
    seconds: float
    share: float


@dataclass(frozen=True)
class LedgerBar:
    """A wall clock, divided."""

    name: str
    chosen: bool
    told: str
    """How long it was, and whose."""
    slices: tuple[Slice, ...]


@dataclass(frozen=True)
class LedgerChart(Picture):
    """Wall clocks side by side, each as long as the others."""

    bars: tuple[LedgerBar, ...]

    @property
    def states(self) -> tuple[str, ...]:
        """The legend."""
        return states_of(bar.slices for bar in self.bars)


def states_of(bars: Iterable[Sequence[Slice]]) -> tuple[str, ...]:
    """The states that occur, in the order of the palette."""
    present = {part.state for slices in bars for part in slices}
    return tuple(state for state in STATE_STYLES if state in present)


@dataclass(frozen=True)
class Point:
    """A figure at a number of workers."""

    name: str
    workers: int
    value: float
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Curve:
    """Figures against workers."""

    name: str
    points: tuple[Point, ...]
    """By their workers."""
    model: tuple[tuple[int, float], ...] = ()
    """What is expected with so many workers; joined by straight lines."""
    knee: Point | None = None
    """Where more workers gain nothing worth having; None while they still do."""


def best_of_each(points: Iterable[Point]) -> tuple[Point, ...]:
    """The best point of each number of workers."""
    best: dict[int, Point] = {}
    for point in points:
        if point.workers not in best or point.value > best[point.workers].value:
            best[point.workers] = point
    return tuple(best.values())


@dataclass(frozen=True)
class CurveChart(Picture):
    """Curves on one logarithmic axis of workers."""

    curves: tuple[Curve, ...]
    unit: str
    """Of the vertical axis, in words."""
    is_time: bool = False
    """Whether the figures are seconds; otherwise they are rates."""


@dataclass(frozen=True)
class TimelineChart(Picture):
    """A lane for each worker, coloured by what it did."""

    name: str
    told: str
    wall_s: float
    lanes: tuple[Lane, ...]
    states: tuple[str, ...]
    """The legend."""
    aside: bool = False
    """Whether it is one of several that tell less than the first: folded."""
    names: tuple[str, ...] = ()
    """Of the lanes; they are numbered as workers where these are not told."""
    strips: tuple[Strip, ...] = ()
    """Above the lanes, on the same time."""
    tracks: tuple[Track, ...] = ()
    """Between the two."""
    holders: tuple[str, ...] = ()
    """The tracks' legend."""
    holders_are: str = ""
    """What the legend is of."""


@dataclass(frozen=True)
class Strip:
    """A figure over time."""

    name: str
    told: str
    """From where to where it reaches."""
    most: float
    colour: str
    steps: tuple[tuple[float, float, float | None], ...]
    """From when to when it was so much, in seconds; None where it is unknown."""


@dataclass(frozen=True)
class Track:
    """Who had a thing that only one can have, from one moment to the next."""

    name: str
    edges_s: tuple[float, ...]
    holders: tuple[int | None, ...]
    """Numbers in the chart's `TimelineChart.holders`; None where nobody had it, or it is unknown who."""


@dataclass(frozen=True)
class Matrix(Picture):
    """Figures of pairs, shaded as they are large."""

    corner: str
    """What the rows and the columns are."""
    columns: tuple[str, ...]
    rows: tuple[tuple[str, tuple[float | None, ...], float], ...]
    """Each with its figures and their sum; None where there is none."""
    sums: tuple[float, ...]
    """Of the columns."""
    row_sum: str
    """What the sum of a row is."""
    column_sum: str

    @property
    def most(self) -> float:
        """The largest figure."""
        return max((value or 0.0 for _, values, _ in self.rows for value in values), default=0.0) or 1.0


@dataclass(frozen=True)
class LatencyRow:
    """A histogram: how often calls took how long. Places are fractions of the axis."""

    name: str
    chosen: bool
    told: str
    steps: tuple[tuple[float, float, float], ...]
    """Of each bar the place where it begins, its width, and its height as a fraction of the highest."""
    marks: tuple[float, ...]


@dataclass(frozen=True)
class LatencyChart(Picture):
    """Histograms above one another on one axis."""

    rows: tuple[LatencyRow, ...]
    ticks: tuple[tuple[float, str, bool], ...]
    """The place of each, its text, and whether a narrow axis shows it too."""
    told: str
    """What the words beside each row are."""


@dataclass(frozen=True)
class FlameFrame:
    """A call on a stack, with all that it called below it. Places are fractions of the whole."""

    name: str
    depth: int
    left: float
    width: float
    gil_share: float | None
    """The fraction of its own samples in which the GIL was held; None when unknown."""

    @property
    def told(self) -> str:
        """What is told of it beside its name."""
        held = "" if self.gil_share is None else f", holding the GIL in {percent(self.gil_share)} of them"
        return f"{percent(self.width)} of the samples{held}"


@dataclass(frozen=True)
class FlameGraph(Picture):
    """Stacks merged from the outermost call inwards; each frame after the one that called it."""

    frames: tuple[FlameFrame, ...]
    left_out: int
    """Frames too narrow, too deep or too many to be drawn."""
    title: str = ""
    """Which of several it is."""
    aside: bool = False
    """Whether it tells less than the others: folded."""

    @property
    def depth(self) -> int:
        """Rows needed."""
        return max((frame.depth for frame in self.frames), default=-1) + 1
