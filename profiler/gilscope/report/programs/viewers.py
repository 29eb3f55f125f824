"""A program for viewers of others: collapsed stacks, speedscope's format, Chrome's trace events."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any, Final

import msgspec

from gilscope.errors import OutputError
from gilscope.records.programs import ProgramRecord, StateStack
from gilscope.report.clean import printable
from gilscope.report.palette import STATE_STYLES
from gilscope.report.stacks import parsed

__all__ = ["collapsed", "perfetto", "speedscope"]

#: What separates frames, and what ends a line, cannot stand in a name.
_SEPARATORS: Final = str.maketrans(";\n\t", ":  ")
#: Collapsed stacks have whole numbers: microseconds.
_MICROSECONDS: Final = 1e6


def _title(state: str) -> str:
    return STATE_STYLES[state].title if state in STATE_STYLES else state


def _stacks(record: ProgramRecord) -> Sequence[StateStack]:
    if not record.stacks:
        raise OutputError(
            f"{printable(record.command)!r} has no stacks to export: no thread of it was seen in Python code"
        )
    return [printable(stack) for stack in record.stacks]


def collapsed(record: ProgramRecord) -> str:
    """A line for each stack and state, the state being the outermost frame; microseconds of its threads.

    :raises OutputError: when there is no stack
    """
    return "".join(_line(stack) for stack in _stacks(record))


def _line(stack: StateStack) -> str:
    frames = (f"[{_title(stack.state)}]", *stack.frames)
    joined = ";".join(frame.translate(_SEPARATORS).strip() for frame in frames)
    return f"{joined} {round(stack.seconds * _MICROSECONDS)}\n"


def speedscope(record: ProgramRecord) -> str:
    """A profile for each state, its weights thread-seconds; the frames are shared
    (https://www.speedscope.app/file-format-schema.json).

    :raises OutputError: when there is no stack
    """
    from gilscope.version import __version__

    by_state: defaultdict[str, list[StateStack]] = defaultdict(list)
    for stack in _stacks(record):
        by_state[stack.state].append(stack)
    frames: dict[str, int] = {}
    profiles = [_profile(_title(state), stacks, frames) for state, stacks in by_state.items()]
    document = {
        "$schema": "https://www.speedscope.app/file-format-schema.json",
        "exporter": f"gilscope {__version__}",
        "name": printable(record.command),
        "activeProfileIndex": 0,
        "profiles": profiles,
        "shared": {"frames": [_frame(text) for text in frames]},
    }
    return msgspec.json.encode(document).decode() + "\n"


def _frame(text: str) -> dict[str, Any]:
    function, file, line = parsed(text)
    known = {"file": file, "line": line}
    return {"name": function} | {name: value for name, value in known.items() if value is not None}


def _profile(name: str, stacks: Sequence[StateStack], frames: dict[str, int]) -> dict[str, Any]:
    return {
        "type": "sampled",
        "name": name,
        "unit": "seconds",
        "startValue": 0,
        "endValue": sum(stack.seconds for stack in stacks),
        "samples": [[frames.setdefault(text, len(frames)) for text in stack.frames] for stack in stacks],
        "weights": [stack.seconds for stack in stacks],
    }


def perfetto(record: ProgramRecord) -> str:
    """Lanes of all threads by state, the longest holds of the GIL as slices of a track of their own with their stacks,
    and counters over time, as Chrome's trace events.

    :raises OutputError: when no thread was seen
    """
    from gilscope.version import __version__

    if record.timeline is None or not record.timeline.lanes:
        raise OutputError(f"{printable(record.command)!r} has no timeline to export: no thread of it was sampled")
    events = [*_processes(record), *_lanes(record), *_holders(record), *_counters(record)]
    about = {"exporter": f"gilscope {__version__}", "program": printable(record.command)}
    document = {"traceEvents": events, "displayTimeUnit": "ms", "otherData": about}
    return msgspec.json.encode(document).decode() + "\n"


def _named(what: str, pid: int, tid: int, name: str) -> dict[str, Any]:
    return {"ph": "M", "name": f"{what}_name", "pid": pid, "tid": tid, "args": {"name": printable(name)}}


def _processes(record: ProgramRecord) -> Iterator[dict[str, Any]]:
    for process in record.processes:
        yield _named("process", process.pid, 0, process.command)
    for thread in record.threads:
        yield _named("thread", thread.pid, thread.tid, thread.name or f"thread {thread.tid}")


def _lanes(record: ProgramRecord) -> Iterator[dict[str, Any]]:
    for lane in record.timeline.lanes if record.timeline else ():
        for (start, end), state in zip(pairwise(lane.edges_s), lane.states, strict=True):
            at = round(start * _MICROSECONDS)
            lasted = round(end * _MICROSECONDS) - at
            where = {"pid": lane.pid, "tid": lane.tid, "ts": at, "dur": lasted}
            yield {"ph": "X", "name": _title(state), "cat": state, **where}


def _holders(record: ProgramRecord) -> Iterator[dict[str, Any]]:
    """The longest hold by each function; they may overlap where there are several processes, so each has a row."""
    yield _named("process", 0, 0, "longest holds of the GIL")
    for row, hold in enumerate((hold for hold in record.holds if hold.longest_s > 0), 1):
        where = {"pid": 0, "tid": row, "ts": round(hold.longest_at_s * _MICROSECONDS)}
        stack = {str(depth): printable(frame) for depth, frame in enumerate(hold.stack)}
        lasted = round(hold.longest_s * _MICROSECONDS)
        yield {"ph": "X", "name": printable(hold.place.function), "cat": "hold", **where, "dur": lasted, "args": stack}


def _counters(record: ProgramRecord) -> Iterator[dict[str, Any]]:
    for period in record.periods:
        figures = {
            "GIL held": period.gil_held_ratio,
            "threads waiting for the GIL": period.gil_waiting,
            "CPUs used": period.cpus_used,
        }
        for name, value in figures.items():
            if value is not None:
                at = round(period.at_s * _MICROSECONDS)
                yield {"ph": "C", "name": name, "pid": 0, "tid": 0, "ts": at, "args": {"value": value}}
