"""The observed rounds as Chrome's trace events in JSON, which ui.perfetto.dev, chrome://tracing and speedscope open:
after Google's "Trace Event Format" (https://docs.google.com/document/d/1CvAClvFfyA5R-PhYUmn5OOQtYMH4h6I0nSsKchNAySU).

A trial is a process, and a worker thread a lane in it. All rounds begin at 0, so that they lie above one another. A
counter beside the lanes tells which of them holds the GIL.
"""

from __future__ import annotations

from itertools import count, groupby, pairwise
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeAlias

import msgspec

from gilscope.errors import OutputError
from gilscope.report.clean import printable
from gilscope.report.palette import STATE_STYLES
from gilscope.report.verdicts import short_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from gilscope.records import Lane, ResultRecord, Trial

__all__ = ["render"]

_Event: TypeAlias = "dict[str, Any]"

#: What the counter says where no lane holds the GIL, and where it is not known of each.
_NOBODY, _UNKNOWN = 0, -1
_ABOUT: Final = "worker: the number of the lane that holds the GIL; 0: none of them; -1: unknown"


def render(results: Sequence[ResultRecord]) -> str:
    """Every trial that has a timeline, of each result in turn; times in whole microseconds.

    :raises OutputError: when no trial has one
    """
    from gilscope.version import __version__

    told = [(printable(result.target.spec), trial) for result in results for trial in result.trials if _lanes(trial)]
    if not told:
        raise OutputError(_nothing(results))
    numbers = count(1)  # of processes and of threads alike: Perfetto takes a thread's number to be unique
    events = [event for spec, trial in told for event in _trial(short_name(spec), trial, numbers)]
    about = {"exporter": f"gilscope {__version__}", "targets": sorted({spec for spec, _ in told}), "GIL holder": _ABOUT}
    document = {"traceEvents": events, "displayTimeUnit": "ms", "otherData": about}
    return msgspec.json.encode(document).decode() + "\n"


def _lanes(trial: Trial) -> tuple[Lane, ...]:
    return trial.timeline.lanes if trial.timeline else ()


def _nothing(results: Sequence[ResultRecord]) -> str:
    if not results:
        return "there is no result to export the timelines of"
    tool = results[0].instrument
    why = "no round of it was observed, or an earlier gilscope saved it"
    if tool.ledger_source != "proc":
        why = tool.reason or "it was measured where threads cannot be sampled"
    spec = printable(results[0].target.spec)
    return f"{spec!r} has no timeline to export: {why}; analyze it again on Linux, or export another format"


class _Stretch(NamedTuple):
    """A state from one moment to another, in microseconds."""

    start: int
    end: int
    state: str


class _Row(NamedTuple):
    """A lane as it is drawn."""

    number: int
    """Among the workers of its trial, from 1."""
    lane: Lane
    stretches: list[_Stretch]


def _trial(name: str, trial: Trial, numbers: Iterator[int]) -> Iterator[_Event]:
    pid = next(numbers)
    rows = [_Row(number, lane, _stretches(lane)) for number, lane in enumerate(_lanes(trial), start=1)]
    yield _named("process", pid, 0, f"{name}: {printable(trial.name)}")
    yield {"ph": "M", "name": "process_sort_index", "pid": pid, "tid": 0, "args": {"sort_index": pid}}
    for row in rows:
        yield from _lane(row, pid, next(numbers))
    yield from _counters(trial, rows, pid)


def _named(what: str, pid: int, tid: int, name: str) -> _Event:
    return {"ph": "M", "name": f"{what}_name", "pid": pid, "tid": tid, "args": {"name": name}}


def _lane(row: _Row, pid: int, tid: int) -> Iterator[_Event]:
    yield _named("thread", pid, tid, f"worker {row.number} (process {row.lane.pid}, thread {row.lane.tid})")
    yield {"ph": "M", "name": "thread_sort_index", "pid": pid, "tid": tid, "args": {"sort_index": row.number}}
    for start, end, state in row.stretches:
        title = STATE_STYLES[state].title if state in STATE_STYLES else printable(state)
        yield {"ph": "X", "name": title, "cat": state, "pid": pid, "tid": tid, "ts": start, "dur": end - start}


def _stretches(lane: Lane) -> list[_Stretch]:
    """Alike neighbours made one, and what is shorter than a microsecond left out: none overlaps the next."""
    edges = [round(edge_s * 1e6) for edge_s in lane.edges_s]
    each = [_Stretch(*ends, state) for ends, state in zip(pairwise(edges), lane.states, strict=False)]
    alike = (list(group) for _, group in groupby(each, key=lambda stretch: stretch.state))
    joined = (_Stretch(group[0].start, group[-1].end, group[0].state) for group in alike)
    return [stretch for stretch in joined if stretch.end > stretch.start]


def _counters(trial: Trial, rows: Sequence[_Row], pid: int) -> Iterator[_Event]:
    """A counter for each GIL that was seen held: one a process, or one an interpreter where these are the workers."""

    def gil_of(row: _Row) -> tuple[int, int]:
        return (row.lane.pid, row.lane.tid if trial.backend == "interpreter" else 0)

    for _, shared in groupby(sorted(rows, key=gil_of), key=gil_of):
        sharing = list(shared)
        name = "GIL holder" if len(sharing) == len(rows) else f"GIL holder, worker {sharing[0].number}"
        for at, holder in _holders(sharing):
            yield {"ph": "C", "name": name, "pid": pid, "tid": 0, "ts": at, "args": {"worker": holder}}


def _holders(rows: Sequence[_Row]) -> Iterator[tuple[int, int]]:
    """When the holder changes, and to what; nothing where nobody was ever seen to hold it."""
    if not any(stretch.state == "cpu_gil" for row in rows for stretch in row.stretches):
        return
    now: dict[int, str] = {}
    told = None
    for at, changed in groupby(sorted(_changes(rows)), key=lambda change: change[0]):
        now |= {number: state for _, number, state in changed}
        holder = _holder(now)
        if holder != told:
            yield at, holder
        told = holder


def _changes(rows: Iterable[_Row]) -> Iterator[tuple[int, int, str]]:
    """Moment, lane and its state from then on. A lane's end sorts before a beginning at the same moment."""
    for row in rows:
        for start, end, state in row.stretches:
            yield start, row.number, state
            yield end, row.number, ""


def _holder(states: dict[int, str]) -> int:
    holding = next((number for number, state in states.items() if state == "cpu_gil"), None)
    return holding or (_UNKNOWN if "unknown" in states.values() else _NOBODY)
