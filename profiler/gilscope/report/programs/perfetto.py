"""A program over time as Chrome's trace events in JSON, which ui.perfetto.dev and chrome://tracing open: after Google's
"Trace Event Format" (https://docs.google.com/document/d/1CvAClvFfyA5R-PhYUmn5OOQtYMH4h6I0nSsKchNAySU)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import count, pairwise
from typing import Any, Final, TypeAlias

import msgspec

from gilscope.errors import OutputError
from gilscope.records.programs import GilTrack, Holder, ProgramRecord
from gilscope.report.clean import printable
from gilscope.report.programs.names import called, state_title, thread_name
from gilscope.report.programs.tree import tree

__all__ = ["perfetto"]

_Event: TypeAlias = "dict[str, Any]"

_MICROSECONDS: Final = 1e6
#: Numbers that no thread and no process has on Linux (``PID_MAX_LIMIT`` is 2 to the 22nd).
_OUR_OWN: Final = 1 << 23
#: Names of colours that the format reserves; a viewer that heeds none of them colours by title, so that states are told
#: apart all the same.
_COLOURS: Final = {
    "cpu_gil": "rail_response",
    "cpu_free": "thread_state_running",
    "gil_wait": "terrible",
    "runqueue": "rail_idle",
    "network": "detailed_memory_dump",
    "disk": "thread_state_iowait",
    "sleep": "thread_state_runnable",
    "lock": "thread_state_uninterruptible",
    "child": "olive",
    "other": "generic_work",
    "idle": "thread_state_sleeping",
}
_UNKNOWN: Final = "thread_state_unknown"


def perfetto(record: ProgramRecord) -> str:
    """Lanes of all threads by state; above those of a process, who held its GIL, as slices of the holder's stack; the
    longest holds, and figures over time.

    :raises OutputError: when no thread was seen
    """
    from gilscope.version import __version__

    if record.timeline is None or not record.timeline.lanes:
        raise OutputError(f"{printable(record.command)!r} has no timeline to export: no thread of it was sampled")
    numbers = count(_OUR_OWN)
    events = [*_names(record), *_lanes(record), *_tracks(record, numbers), *_holds(record, numbers), *_counters(record)]
    about = {"exporter": f"gilscope {__version__}", "program": printable(record.command)}
    document = {"traceEvents": events, "displayTimeUnit": "ms", "otherData": about}
    return msgspec.json.encode(document).decode() + "\n"


def _about(what: str, pid: int, tid: int, **told: str | int) -> _Event:
    return {"ph": "M", "name": what, "pid": pid, "tid": tid, "args": printable(told)}


def _slice(name: str, start_s: float, end_s: float, pid: int, tid: int, **more: object) -> _Event:
    at = round(start_s * _MICROSECONDS)
    lasted = round(end_s * _MICROSECONDS) - at
    return {"ph": "X", "name": printable(name), "pid": pid, "tid": tid, "ts": at, "dur": lasted, **more}


def _names(record: ProgramRecord) -> Iterator[_Event]:
    for at, (_, process) in enumerate(tree(record.processes)):
        yield _about("process_name", process.pid, process.pid, name=process.command)
        yield _about("process_sort_index", process.pid, process.pid, sort_index=at)
    for at, thread in enumerate((each for each in record.threads if each.threads == 1), 1):
        yield _about("thread_name", thread.pid, thread.tid, name=thread_name(thread))
        yield _about("thread_sort_index", thread.pid, thread.tid, sort_index=at)


def _lanes(record: ProgramRecord) -> Iterator[_Event]:
    for lane in record.timeline.lanes if record.timeline else ():
        for (start, end), state in zip(pairwise(lane.edges_s), lane.states, strict=True):
            colour = _COLOURS.get(state, _UNKNOWN)
            yield _slice(state_title(state), start, end, lane.pid, lane.tid, cat=state, cname=colour)


# ---- who held the GILs ----


def _tracks(record: ProgramRecord, numbers: Iterator[int]) -> Iterator[_Event]:
    for track in record.gils:
        number = next(numbers)
        which = ", ".join(map(str, track.interpreters))
        name = "GIL holder" if which in ("", "0") else f"GIL holder (interpreter {which})"
        yield _about("thread_name", track.pid, number, name=name)
        yield _about("thread_sort_index", track.pid, number, sort_index=-1)
        yield from _stacks(track, record.holders, number)


def _stacks(track: GilTrack, holders: Sequence[Holder], number: int) -> Iterator[_Event]:
    """A slice for each call on the holder's stack, below the one that called it, as long as both go on."""
    begun: list[tuple[str, float]] = []
    stretches = zip(pairwise(track.edges_s), track.holders, strict=True)
    told = [(start, () if held is None or held < 0 else _frames(holders[held])) for (start, _), held in stretches]
    for start, frames in (*told, (track.edges_s[-1], ())):
        alike = next(
            (at for at, (one, (other, _)) in enumerate(zip(frames, begun, strict=False)) if one != other), None
        )
        kept = min(len(frames), len(begun)) if alike is None else alike
        for name, since in begun[kept:]:
            yield _slice(name, since, start, track.pid, number, cat="holder")
        begun = [*begun[:kept], *((frame, start) for frame in frames[kept:])]


def _frames(holder: Holder) -> tuple[str, ...]:
    return holder.stack or (called(holder.place),)


def _holds(record: ProgramRecord, numbers: Iterator[int]) -> Iterator[_Event]:
    """The longest hold by each function; they may overlap where there are several processes, so each has a row."""
    longest = [hold for hold in record.holds if hold.longest_s > 0]
    if not longest:
        return
    pid = next(numbers)
    yield _about("process_name", pid, pid, name="longest holds of the GIL that others wanted")
    for hold in longest:
        row, ends_s = next(numbers), hold.longest_at_s + hold.longest_s
        stack = {f"{depth:02}": printable(frame) for depth, frame in enumerate(hold.stack)}
        yield _about("thread_name", pid, row, name=called(hold.place))
        yield _slice(hold.place.shown, hold.longest_at_s, ends_s, pid, row, cat="hold", args=stack)


# ---- figures over time ----


def _counters(record: ProgramRecord) -> Iterator[_Event]:
    pid = next((process.pid for _, process in tree(record.processes)), 0)
    for period in record.periods:
        figures = {
            "GIL held": period.gil_held_ratio,
            "threads waiting for the GIL": period.gil_waiting,
            "CPUs used": period.cpus_used,
            "threads ready, but given no CPU": period.runqueue,
        }
        for name, value in figures.items():
            if value is not None:
                at = round(period.at_s * _MICROSECONDS)
                yield {"ph": "C", "name": name, "pid": pid, "tid": pid, "ts": at, "args": {"value": value}}
