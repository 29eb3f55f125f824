"""Tables for pandas, tidy: one thing a row. What the columns mean and of what type they are: `gilscope.report.columns`.

Unknown is missing, never zero. `gilscope.report.csv.read_csv` gives back the frame that was written, and so does
``pandas.read_parquet``, but that a Parquet file without rows has no categories.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain
from typing import TYPE_CHECKING, Any, TypeAlias

import pandas as pd

from gilscope.choosing import require_kind
from gilscope.errors import UsageError
from gilscope.records import (
    Classification,
    Environment,
    Finding,
    Lane,
    Ledger,
    Record,
    ResultRecord,
    Round,
    Target,
    Trial,
)
from gilscope.report.columns import FRAMES, FrameColumn, columns, series

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["columns", "findings_frame", "frame", "ledger_frame", "rounds_frame", "timeline_frame", "trials_frame"]

#: What a row tells of: records by their type, what else it tells by the name of its column.
_Row: TypeAlias = "dict[type[Record] | str, Any]"


def trials_frame(result: ResultRecord) -> pd.DataFrame:
    """One row per trial, whatever became of it."""
    return _frame("trials_frame", list(_trials(result)))


def rounds_frame(result: ResultRecord) -> pd.DataFrame:
    """One row per trial and round; ``throughput_per_s`` is the round's own calls over its wall clock."""
    return _frame("rounds_frame", [row | _round(timed) for row in _trials(result) for timed in row[Trial].rounds])


def ledger_frame(result: ResultRecord) -> pd.DataFrame:
    """One row per trial with a ledger: seconds by state and wall clock, summed over the worker threads."""
    return _frame("ledger_frame", [row for row in _trials(result) if row[Ledger]])


def timeline_frame(result: ResultRecord) -> pd.DataFrame:
    """One row per trial, lane (a worker thread) and stretch of time that it spent in one state."""
    found = [row | {Lane: lane, "lane": at} for row in _trials(result) for at, lane in enumerate(_lanes(row[Trial]))]
    rows = [row for row in found if _stretches(row[Lane])]
    lanes = [row[Lane] for row in rows]
    every = FRAMES["timeline_frame"]
    of_lane, of_stretch = every[:-3], every[-3:]
    repeated = _built(of_lane, rows).loc[lambda whole: whole.index.repeat([_stretches(lane) for lane in lanes])]
    stretches = zip(of_stretch, _edges_and_states(lanes), strict=True)
    told = {column.name: series(column.name, column.dtype, values) for column, values in stretches}
    return pd.concat([repeated.reset_index(drop=True), pd.DataFrame(told)], axis="columns")


def findings_frame(result: ResultRecord) -> pd.DataFrame:
    """One row per finding."""
    return _frame("findings_frame", [{Target: result.target, Finding: finding} for finding in result.findings])


def frame(results: Iterable[ResultRecord]) -> pd.DataFrame:
    """One row per result, trial and round. A trial without rounds keeps one row, so that its status is told.

    What belongs to the whole trial, repeated in each of its rows, has the prefix ``trial_`` or ``ledger_``.

    :raises UsageError: when something else than results is given
    """
    return _frame("frame", [row for at, result in enumerate(_checked(results)) for row in _long_rows(at, result)])


def _checked(results: Iterable[ResultRecord]) -> Iterator[ResultRecord]:
    if isinstance(results, ResultRecord | str):
        raise UsageError("gilscope.frame takes several results: put them in a list; gilscope.load(path) reads one")
    require_kind("results", results, Iterable, "list of results")
    for result in results:
        if not isinstance(result, ResultRecord):
            raise UsageError(f"gilscope.frame takes results, not {result!r:.80}; gilscope.load(path) reads one")
        yield result


def _long_rows(at: int, result: ResultRecord) -> Iterator[_Row]:
    origin: _Row = {
        "result": at,
        ResultRecord: result,
        Environment: result.environment,
        Classification: result.classification,
    }
    for row in _trials(result):
        whole: _Row = {**origin, **row}
        yield from [whole | _round(timed) for timed in row[Trial].rounds] or [whole]


def _trials(result: ResultRecord) -> Iterator[_Row]:
    for at, trial in enumerate(result.trials):
        yield {Target: result.target, "trial": at, Trial: trial, Ledger: trial.ledger}


def _round(timed: Round) -> _Row:
    return {Round: timed, "throughput_per_s": timed.calls / timed.paced_s if timed.wall_s > 0 else None}


def _lanes(trial: Trial) -> Sequence[Lane]:
    return trial.timeline.lanes if trial.timeline else ()


def _stretches(lane: Lane) -> int:
    """As many as have both ends and a state."""
    return max(0, min(len(lane.states), len(lane.edges_s) - 1))


def _edges_and_states(lanes: Sequence[Lane]) -> Iterator[list[Any]]:
    """The three columns of the stretches: where each starts, where it ends, and what it is."""
    sizes = [_stretches(lane) for lane in lanes]
    yield list(chain.from_iterable(lane.edges_s[:size] for lane, size in zip(lanes, sizes, strict=True)))
    yield list(chain.from_iterable(lane.edges_s[1 : size + 1] for lane, size in zip(lanes, sizes, strict=True)))
    yield list(chain.from_iterable(lane.states[:size] for lane, size in zip(lanes, sizes, strict=True)))


def _frame(name: str, rows: Sequence[_Row]) -> pd.DataFrame:
    return _built(FRAMES[name], rows)


def _built(wanted: Sequence[FrameColumn], rows: Sequence[_Row]) -> pd.DataFrame:
    return pd.DataFrame({column.name: series(column.name, column.dtype, _values(column, rows)) for column in wanted})


def _values(column: FrameColumn, rows: Sequence[_Row]) -> list[Any]:
    if column.home is None:
        return [row.get(column.name) for row in rows]
    return [getattr(row.get(column.home), column.field, None) for row in rows]
