"""Tables of a program for pandas, tidy: one thing a row, units in the names. Unknown is missing, never zero."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd

from gilscope.records import STATES, Account
from gilscope.records.programs import BlockedLoop, Place, ProgramRecord

__all__ = [
    "blame_frame",
    "every_frame",
    "functions_frame",
    "functions_rows",
    "holds_frame",
    "locks_frame",
    "loops_frame",
    "moments_frame",
    "processes_frame",
    "threads_frame",
]

_TEXT = "str"


def _frame(rows: Iterable[Mapping[str, Any]], columns: Mapping[str, str]) -> pd.DataFrame:
    """Of these columns and types, whatever the rows hold."""
    made = pd.DataFrame(list(rows), columns=list(columns))
    return made.astype({name: kind for name, kind in columns.items() if kind != _TEXT})


_SECONDS = {f"{state}_s": "float64" for state in STATES}
_OWN, _TOTAL = (
    {f"{prefix}_{name}": "float64" for name in ("wall_s", "cpu_s", *_SECONDS)} for prefix in ("self", "total")
)


def _account(account: Account, prefix: str = "") -> dict[str, float | None]:
    return {f"{prefix}{name}": getattr(account, name) for name in ("wall_s", "cpu_s", *_SECONDS)}


def processes_frame(record: ProgramRecord) -> pd.DataFrame:
    """One row per process: its seconds of all threads by state. ``wall_s`` is thread-seconds; ``watched_s`` its
    time."""
    columns = {"pid": "int64", "parent": "Int64", "command": _TEXT, "python": _TEXT, "threads": "int64"}
    figures = {"watched_s": "float64", "wall_s": "float64", "cpu_s": "float64", **_SECONDS, "gil_held_ratio": "float64"}
    rows = (
        {
            "pid": each.pid,
            "parent": each.parent,
            "command": each.command,
            "python": each.python,
            "threads": each.threads,
            "watched_s": each.watched_s,
            **_account(each.account),
            "gil_held_ratio": each.account.gil_held_ratio,
        }
        for each in record.processes
    )
    return _frame(rows, columns | figures)


def threads_frame(record: ProgramRecord) -> pd.DataFrame:
    """One row per thread: its wall clock by state. Of thousands that have ended, one for each kind, with how many they
    are (``threads``) and a number below 0."""
    columns = {"pid": "int64", "thread": "int64", "name": _TEXT, "began_in": _TEXT, "native": "bool", "ended": "bool"}
    rows = (
        {
            "pid": each.pid,
            "thread": each.tid,
            "name": each.name,
            "began_in": None if each.began_in is None else each.began_in.shown,
            "native": each.native,
            "ended": each.ended,
            "threads": each.threads,
            "samples": each.account.samples,
            **_account(each.account),
        }
        for each in record.threads
    )
    return _frame(
        rows, columns | {"threads": "int64", "samples": "int64", "wall_s": "float64", "cpu_s": "float64", **_SECONDS}
    )


def functions_rows(record: ProgramRecord) -> list[dict[str, Any]]:
    """Of `functions_frame`."""
    return [
        {
            **_place(each.place),
            "label": None if each.classification is None else each.classification.label,
            "subtype": None if each.classification is None else each.classification.subtype,
            "samples": each.samples,
            "made_wait_s": each.made_wait_s,
            **_account(each.own, "self_"),
            **_account(each.total, "total_"),
        }
        for each in record.functions
    ]


def functions_frame(record: ProgramRecord) -> pd.DataFrame:
    """One row per function: thread-seconds by state, its own and with what it calls."""
    columns = {"function": _TEXT, "file": _TEXT, "line": "int64", "label": _TEXT, "subtype": _TEXT}
    figures = {"samples": "int64", "made_wait_s": "float64", **_OWN, **_TOTAL}
    return _frame(functions_rows(record), columns | figures)


def _place(place: Place | None, prefix: str = "") -> dict[str, Any]:
    if place is None:
        return {f"{prefix}function": None, f"{prefix}file": None, f"{prefix}line": None}
    return {f"{prefix}function": place.shown, f"{prefix}file": place.file, f"{prefix}line": place.line}


def blame_frame(record: ProgramRecord) -> pd.DataFrame:
    """One row per pair: thread-seconds in which the one waited for the GIL while the other held it."""
    columns = {f"{role}_{part}": kind for role in ("waiting", "holding") for part, kind in _PLACE.items()}
    rows = (
        {
            **_place(each.waiting, "waiting_"),
            **_place(each.holding, "holding_"),
            "waited_s": each.waited_s,
            "waited_low_s": each.low_s,
            "waited_high_s": each.high_s,
            "threads": each.threads,
        }
        for each in record.blame
    )
    figures = {"waited_s": "float64", "waited_low_s": "float64", "waited_high_s": "float64", "threads": "int64"}
    return _frame(rows, columns | figures)


_PLACE = {"function": _TEXT, "file": _TEXT, "line": "Int64"}


def holds_frame(record: ProgramRecord) -> pd.DataFrame:
    """One row per function that held the GIL."""
    seconds = ("held_s", "p50_s", "p99_s", "longest_s", "longest_at_s", "made_wait_s", "blocked_s")
    rows = (
        {
            **_place(each.place),
            "count": each.count,
            **{name: getattr(each, name) for name in seconds},
            "blocked_in": each.blocked_in,
        }
        for each in record.holds
    )
    return _frame(rows, {**_PLACE, "count": "int64", **dict.fromkeys(seconds, "float64"), "blocked_in": _TEXT})


def loops_frame(record: ProgramRecord) -> pd.DataFrame:
    """One row per event loop and function that kept it; of a loop that nothing kept, one without a function."""
    lags = ("observed_s", "running_s", "lag_p50_s", "lag_p99_s", "lag_longest_s")
    columns = {"pid": "int64", "thread": "int64", **_PLACE, "callback": _TEXT, "state": _TEXT, "count": "int64"}
    rows = (
        {
            "pid": loop.pid,
            "thread": loop.tid,
            **_block(block),
            **{name: getattr(loop, name) for name in lags},
        }
        for loop in record.loops
        for block in loop.blocked or (None,)
    )
    return _frame(rows, columns | dict.fromkeys(("longest_s", "total_s", *lags), "float64"))


def _block(block: BlockedLoop | None) -> dict[str, Any]:
    if block is None:
        return {**_place(None), "callback": None, "state": None, "count": 0, "longest_s": 0.0, "total_s": 0.0}
    return {
        **_place(block.place),
        "line": block.line,
        "callback": block.callback.shown,
        "state": block.state,
        "count": block.count,
        "longest_s": block.longest_s,
        "total_s": block.total_s,
    }


def locks_frame(record: ProgramRecord) -> pd.DataFrame:
    """One row per lock and place where it is waited for."""
    columns = {"pid": "int64", "address": "UInt64", "threads": "int64", **_PLACE, "waited_s": "float64"}
    rows = (
        {"pid": lock.pid, "address": lock.address, "threads": lock.threads, **_place(place), "waited_s": seconds}
        for lock in record.locks
        for place, seconds in (lock.waiting or ((None, lock.waited_s),))
    )
    return _frame(rows, columns)


def moments_frame(record: ProgramRecord) -> pd.DataFrame:
    """One row per stretch of the program's time."""
    figures = ("at_s", "lasted_s", "gil_held_ratio", "gil_waiting", "cpus_used", "runqueue")
    rows = ({**{name: getattr(each, name) for name in figures}, "threads": each.threads} for each in record.periods)
    return _frame(rows, dict.fromkeys(figures, "float64") | {"threads": "int64"})


_FRAMES = {
    "processes": processes_frame,
    "threads": threads_frame,
    "functions": functions_frame,
    "blame": blame_frame,
    "holds": holds_frame,
    "loops": loops_frame,
    "locks": locks_frame,
    "moments": moments_frame,
}


def every_frame(record: ProgramRecord) -> pd.DataFrame:
    """The rows of all of them, one after the other, with a first column that says of which each is."""
    frames = [make(record).astype("object") for make in _FRAMES.values()]
    columns = dict.fromkeys(column for frame in frames for column in frame.columns)
    named = (
        frame.reindex(columns=list(columns)).assign(table=name) for name, frame in zip(_FRAMES, frames, strict=True)
    )
    whole = pd.concat([frame for frame in named if len(frame)] or [pd.DataFrame(columns=[*columns, "table"])])
    return whole[["table", *columns]].reset_index(drop=True)
