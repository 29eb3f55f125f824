"""A program over time: what its threads did, who held the GIL, and what that came to; so coarse that it is drawn at
once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from typing import Final

from gilscope.programs.lanes import coarsened, mostly
from gilscope.records import Lane
from gilscope.records.programs import GilTrack, Period, ProgramRecord
from gilscope.report.document import Detail, Row, Section, Table, headed
from gilscope.report.palette import HOLDERS, STATE_STYLES
from gilscope.report.pictures import Strip, TimelineChart, Track
from gilscope.report.programs.names import called, thread_name
from gilscope.report.programs.tree import tree
from gilscope.report.sections.timelines import seconds
from gilscope.units import DASH, average, counted, duration, exact, interval, percent, thousands

__all__ = ["moments", "timeline_chart"]

#: Stretches of a lane that can be told apart on a screen, those of all lanes that a page has room for, and lanes.
_FINEST, _MOST_SPANS, _MOST_LANES = 400, 60_000, 200
_LOOKS: Final = 2
_MOST_TRACKS: Final = 32
_MOST_ROWS: Final = 20
_OTHERS: Final = "others"
#: Of a GIL's holders: nobody.
_FREE: Final = -1

_Figure = Callable[[Period], float | None]


def moments(record: ProgramRecord) -> Section | None:
    """The course of time as a picture and as figures."""
    table = (_table(record.periods),) if record.periods else ()
    drawn = record.timeline is not None and record.timeline.lanes
    blocks = (timeline_chart(record, *table),) if drawn else table
    return Section("Over time", blocks, detail=Detail.FULL, name="moments") if blocks else None


def timeline_chart(record: ProgramRecord, table: Table | None = None) -> TimelineChart:
    """A lane for each thread, below who held the GIL and how much of it, of others and of the CPUs was used.

    :param table: the same in figures
    """
    assert record.timeline is not None
    wall_s = record.timeline.wall_s
    lanes, names = _lanes(record, record.timeline.lanes)
    stretch_s = _stretch_s(record, wall_s, len(lanes))
    drawn = tuple(coarsened(lane, stretch_s) for lane in lanes)
    holders, tracks = _tracks(record, stretch_s)
    every = len(record.timeline.lanes)
    shown = counted(len(drawn), "thread") + ("" if len(drawn) == every else f" of {thousands(every)}")
    return TimelineChart(
        name="threads",
        told=f"What each of {shown} mostly did, stretch by stretch, in {duration(wall_s)}.",
        wall_s=wall_s,
        lanes=drawn,
        states=tuple(seconds(drawn)),
        names=names,
        strips=tuple(_strips(record, max(1, round(wall_s / stretch_s)) if stretch_s > 0 else 1)),
        tracks=tracks,
        holders=holders,
        holders_are="Who held the GIL:",
        about="A lane for each thread, coloured by state; above, who held the GIL, and figures over time.",
        table=table,
        detail=Detail.FULL,
    )


def _stretch_s(record: ProgramRecord, wall_s: float, lanes: int) -> float:
    """So short that it can be told apart, and so long that there are looks in it at each process."""
    looks = record.sampling.moments / max(1, len(record.processes))
    return wall_s / max(1.0, min(_FINEST, _MOST_SPANS / max(1, lanes), looks / _LOOKS if looks else _FINEST))


def _lanes(record: ProgramRecord, lanes: Sequence[Lane]) -> tuple[tuple[Lane, ...], tuple[str, ...]]:
    """Process by process, in each those that did the most first; and what they are called."""
    processes = _order(record)
    threads = {(thread.pid, thread.tid): (at, thread) for at, thread in enumerate(record.threads)}
    last = len(threads)

    def rank(lane: Lane) -> tuple[int, int]:
        known = threads.get((lane.pid, lane.tid))
        return processes.get(lane.pid, len(processes)), known[0] if known else last

    ordered = tuple(sorted(lanes, key=rank)[:_MOST_LANES])
    found = (threads.get((lane.pid, lane.tid)) for lane in ordered)
    names = (
        thread_name(each[1]) if each else f"thread ({lane.tid})" for lane, each in zip(ordered, found, strict=True)
    )
    return ordered, tuple(names)


def _order(record: ProgramRecord) -> dict[int, int]:
    return {process.pid: at for at, (_, process) in enumerate(tree(record.processes))}


# ---- who held it ----


def _tracks(record: ProgramRecord, stretch_s: float) -> tuple[tuple[str, ...], tuple[Track, ...]]:
    """The functions that held a GIL for the longest, those with a colour of their own, and when each did."""
    names = [called(holder.place) for holder in record.holders]
    held = Counter[str]()
    for track in record.gils:
        for holder, (start, end) in zip(track.holders, pairwise(track.edges_s), strict=True):
            if holder is not None and holder >= 0:
                held[names[holder]] += end - start  # type: ignore[assignment]
    most = [name for name, _ in held.most_common(len(HOLDERS) - 1)]
    legend = (*most, *([_OTHERS] if len(held) > len(most) else []))
    numbers = [most.index(name) if name in most else len(most) for name in names]
    order = _order(record)
    tracks = sorted(record.gils, key=lambda track: (order.get(track.pid, len(order)), track.interpreters))
    several = len({track.pid for track in record.gils}) < len(record.gils)
    return legend, tuple(_track(track, numbers, several, stretch_s) for track in tracks[:_MOST_TRACKS])


def _track(track: GilTrack, numbers: Sequence[int], several: bool, stretch_s: float) -> Track:
    which = f"GIL {track.interpreters[0]}" if several and track.interpreters else "GIL"
    told = [holder if holder is None or holder < 0 else numbers[holder] for holder in track.holders]
    edges, holders = mostly(track.edges_s, told, stretch_s, None)
    return Track(f"{which} of {track.pid}", edges, tuple(None if holder == _FREE else holder for holder in holders))


# ---- figures over time ----


def _strips(record: ProgramRecord, stretches: int) -> Iterator[Strip]:
    periods = _merged(record.periods, stretches)
    cpus = float(record.environment.cpus_usable)
    waiting = max((period.gil_waiting or 0.0 for period in periods), default=0.0)
    told = f"{interval(0, waiting)} threads"
    yield from _strip("GIL held", "0–100%", 1.0, "cpu_gil", periods, lambda period: period.gil_held_ratio)
    yield from _strip("GIL wait", told, waiting, "gil_wait", periods, lambda period: period.gil_waiting)
    yield from _strip(
        "CPUs used", f"{DASH.join((exact(0), exact(cpus)))}", cpus, "cpu_free", periods, lambda period: period.cpus_used
    )


def _strip(
    name: str, told: str, most: float, state: str, periods: Sequence[Period], figure: _Figure
) -> Iterator[Strip]:
    """None where it is unknown all the time."""
    steps = tuple((period.at_s, period.at_s + period.lasted_s, figure(period)) for period in periods)
    if any(value is not None for _, _, value in steps):
        yield Strip(name, told, most or 1.0, STATE_STYLES[state].colour, steps)


def _table(periods: Sequence[Period]) -> Table:
    titles = ("from", "GIL held", "waiting for the GIL", "CPUs used", "run queue", "threads")
    rows = tuple(map(_row, _merged(periods)))
    return Table(headed(titles), rows, about="over time: threads and CPUs on average of each stretch")


def _row(period: Period) -> Row:
    figures = (period.gil_waiting, period.cpus_used, period.runqueue)
    cells = (duration(period.at_s), percent(period.gil_held_ratio), *map(average, figures), thousands(period.threads))
    return Row(cells)


def _merged(periods: Sequence[Period], most: int = _MOST_ROWS) -> list[Period]:
    """So few of them that one can read them."""
    each = -(-len(periods) // most)
    groups = [periods[at : at + each] for at in range(0, len(periods), each)]
    return [_together(group) for group in groups]


def _together(group: Sequence[Period]) -> Period:
    def mean(figure: _Figure) -> float | None:
        known = [value for period in group if (value := figure(period)) is not None]
        return sum(known) / len(known) if known else None

    return Period(
        at_s=group[0].at_s,
        lasted_s=sum(period.lasted_s for period in group),
        gil_held_ratio=mean(lambda period: period.gil_held_ratio),
        gil_waiting=mean(lambda period: period.gil_waiting),
        cpus_used=mean(lambda period: period.cpus_used),
        runqueue=mean(lambda period: period.runqueue),
        threads=max(period.threads for period in group),
    )
