"""The tables of a report, as plain strings: the text, Markdown and HTML reports draw the same ones."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import compress
from pathlib import PurePath
from typing import Any, Final

from gilscope.records import HotLine, ResultRecord, Trial
from gilscope.report.ledgers import LedgerBar, states_shown
from gilscope.report.palette import STATE_STYLES
from gilscope.report.verdicts import configuration, is_chosen, label, short_name
from gilscope.units import UNKNOWN, byte_size, confidence, duration, interval, number, percent, slowdown, times

__all__ = [
    "NOTHING",
    "NOT_APPLICABLE",
    "Column",
    "Row",
    "Table",
    "alternatives",
    "configurations",
    "hot_lines",
    "ledger_shares",
    "or_dash",
    "summary",
    "trial_notes",
]

NOT_APPLICABLE: Final = "–"
NOTHING: Final = "none"
#: Cells that tell nothing.
_BLANK: Final = frozenset({"", UNKNOWN, NOT_APPLICABLE, NOTHING})


@dataclass(frozen=True)
class Column:
    """A heading, and how its cells are set."""

    title: str
    numeric: bool = True
    brief: bool = True
    """Whether a narrow report shows it too."""


@dataclass(frozen=True)
class Row:
    """The cells of a row."""

    cells: tuple[str, ...]
    chosen: bool = False
    """Whether it is the recommended configuration."""
    keys: tuple[float | None, ...] = ()
    """What to sort by, for each cell; None where the text itself says it. Empty where nobody sorts."""


@dataclass(frozen=True)
class Table:
    """Strings in rows and columns."""

    columns: tuple[Column, ...]
    rows: tuple[Row, ...]

    def brief(self) -> Table:
        """Only the columns for narrow reports."""
        return self._keep([column.brief for column in self.columns])

    def telling(self) -> Table:
        """Without the columns in which no row tells anything."""
        columns = range(len(self.columns))
        return self._keep([not {row.cells[at] for row in self.rows} <= _BLANK for at in columns])

    def _keep(self, wanted: Sequence[bool]) -> Table:
        rows = tuple(
            Row(tuple(compress(row.cells, wanted)), row.chosen, tuple(compress(row.keys, wanted))) for row in self.rows
        )
        return Table(tuple(compress(self.columns, wanted)), rows)


_Show = Callable[[Trial], str]

#: What is told of a trial. A dash is no unknown: where nothing is pickled, there is nothing to measure.
_FIGURES: Final[tuple[tuple[Column, _Show], ...]] = (
    (Column("calls/s"), lambda trial: number(trial.throughput_per_s)),
    (Column("interval"), lambda trial: interval(trial.throughput_low, trial.throughput_high)),
    (Column("speed-up"), lambda trial: times(trial.speedup)),
    (
        Column("status", numeric=False, brief=False),
        lambda trial: "" if trial.status == "ok" else trial.status,
    ),
    (Column("p50"), lambda trial: duration(trial.latency_p50_s)),
    (Column("p99", brief=False), lambda trial: duration(trial.latency_p99_s)),
    (Column("queue wait p50", brief=False), lambda trial: duration(trial.queue_wait_p50_s)),
    (Column("loop lag p99"), lambda trial: or_dash(duration, trial.loop_lag_p99_s)),
    (Column("start-up", brief=False), lambda trial: duration(trial.startup_s)),
    (Column("memory/ worker", brief=False), lambda trial: byte_size(trial.memory_per_worker_bytes)),
    (Column("pickled/ call", brief=False), lambda trial: or_dash(byte_size, trial.pickle_bytes)),
    (Column("pickling", brief=False), lambda trial: or_dash(duration, trial.pickle_s)),
    (Column("observer", brief=False), lambda trial: slowdown(trial.observer_slowdown)),
    (Column("errors"), lambda trial: _errors(trial)),
)


def or_dash(show: Callable[[Any], str], value: float | None) -> str:
    """A figure, or the dash that says there is nothing to measure."""
    return NOT_APPLICABLE if value is None else show(value)


def _errors(trial: Trial) -> str:
    if not trial.errors:
        return NOTHING
    return percent(trial.errors / trial.calls) if trial.calls else f"{trial.errors:,}"


def configurations(result: ResultRecord) -> Table:
    """Every trial, whatever became of it; a figure that a trial never got to is left blank."""
    rows = tuple(
        Row((trial.name, *_figures(trial)), is_chosen(trial, result.recommendation)) for trial in result.trials
    )
    columns = (Column("configuration", numeric=False), *(column for column, _ in _FIGURES))
    return Table(columns, rows).telling()


def _figures(trial: Trial) -> list[str]:
    shown = [show(trial) for _, show in _FIGURES]
    return shown if trial.status == "ok" else ["" if text in _BLANK else text for text in shown]


def trial_notes(result: ResultRecord) -> list[tuple[str, str]]:
    """Each trial that is not ok, with its status and reason."""
    return [
        (trial.name, f"{trial.status}: {trial.reason or 'reason unknown'}")
        for trial in result.trials
        if trial.status != "ok"
    ]


def ledger_shares(bars: tuple[LedgerBar, ...]) -> Table:
    """The figures beside the bars: shares of the workers' wall clock, then what stands beside it."""
    states = states_shown(bars)
    names = ("configuration", "wall", *(STATE_STYLES[state].title for state in states), *_COMPANIONS)
    columns = tuple(Column(name, numeric=name != "configuration") for name in names)
    return Table(columns, tuple(_ledger_row(bar, states) for bar in bars)).telling()


_COMPANIONS: Final = (
    "GIL held by anybody",
    "longest hold",
    "GIL held off CPU",
    "libraries' threads",
    "child processes",
    "driver",
)


def _ledger_row(bar: LedgerBar, states: tuple[str, ...]) -> Row:
    ledger = bar.ledger
    shares = [percent(bar.share(state)) for state in states]
    beside = [
        percent(ledger.gil_held_ratio),
        duration(ledger.longest_hold_s),
        duration(ledger.gil_held_off_cpu_s),
    ]
    cpu = [duration(seconds) for seconds in (ledger.own_threads_cpu_s, ledger.children_cpu_s, ledger.driver_cpu_s)]
    return Row((bar.name, duration(ledger.wall_s), *shares, *beside, *cpu), bar.chosen)


def alternatives(result: ResultRecord) -> list[tuple[str, str]]:
    """Each configuration that was not recommended, with the reason."""
    return [
        (_named(other.backend, other.workers, other.speedup), other.why_not)
        for other in result.recommendation.alternatives
    ]


def _named(backend: str, workers: int | None, ratio: float | None) -> str:
    name = configuration(backend, workers)
    return name if ratio is None else f"{name} ({times(ratio)})"


def hot_lines(result: ResultRecord, *, with_source: bool = False) -> Table:
    """Where the solo run spent its samples; where there is room, with the text of the lines that have one."""
    shares = ("GIL", "CPU", "blocked")
    columns = [Column(title, title in shares) for title in ("function", "line", *shares, "calling")]
    rows = [_hot(line) for line in result.hot]
    if with_source and any(line.source for line in result.hot):
        columns.insert(2, Column("source", numeric=False))
        sources = [line.source or UNKNOWN for line in result.hot]
        rows = [(*row[:2], source, *row[2:]) for row, source in zip(rows, sources, strict=True)]
    return Table(tuple(columns), tuple(map(Row, rows)))


def _hot(line: HotLine) -> tuple[str, ...]:
    place = "/".join(PurePath(line.file).parts[-2:])
    shares = (percent(share) for share in (line.gil_share, line.cpu_share, line.wait_share))
    return (line.function, f"{place}:{line.line}", *shares, line.callee or NOT_APPLICABLE)


def summary(results: Sequence[ResultRecord]) -> Table:
    """One row per target: what it is, and how to run it."""
    titles = ("target", "kind of work", "run it with", "speed-up", "confidence")
    return Table(tuple(Column(title, title == "speed-up") for title in titles), tuple(map(_summed, results)))


def _summed(result: ResultRecord) -> Row:
    advice = result.recommendation
    backend = f"offload to {advice.executor}" if advice.executor else advice.backend
    best = "cannot tell" if backend is None else _named(backend, advice.workers, None)
    gain = times(advice.speedup, advice.speedup_low, advice.speedup_high)
    return Row(
        (short_name(result.target.spec), label(result), best, gain, confidence(advice.confidence)),
        keys=(None, None, None, advice.speedup, advice.confidence),
    )
