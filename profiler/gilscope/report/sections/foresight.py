"""What follows from the measurements: the groups of unlike inputs, from what length of a call on a pool pays, and what
the queueing model expects here and on other machines."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final, TypeVar

from gilscope.decide.recommended import is_advised
from gilscope.records import BreakEven, InputGroup, Prediction, ResultRecord
from gilscope.report.document import NOT_APPLICABLE, Detail, Paragraph, Row, Section, Table, headed, or_dash
from gilscope.report.verdicts import configuration
from gilscope.units import UNKNOWN, change, counted, duration, exact, interval, percent, rate, thousands, times

__all__ = ["break_even", "elsewhere", "groups", "is_here", "predictions"]

#: What is told of a configuration.
T = TypeVar("T", BreakEven, Prediction)

#: Of a build without a GIL: nothing of it can be seen with one.
LEFT_OUT: Final = (
    "Without a GIL only threads are predicted. These figures leave out that one thread alone is slower there, and that "
    "threads contend for the locks and the reference counts of the objects that they share."
)


def _section(title: str, subtitle: str, table: Table, detail: Detail = Detail.THOROUGH) -> Section | None:
    return Section(title, (table.telling(),), subtitle, detail) if table.rows else None


def _table(titles: tuple[str, ...], texts: tuple[str, ...], rows: list[Row], about: str) -> Table:
    """Columns of figures, but for ``texts``."""
    return Table(headed(titles, texts), tuple(rows), about)


def _advised_first(result: ResultRecord, found: Sequence[T], cells: Callable[[T], tuple[str, ...]]) -> list[Row]:
    """A row for each, that of the recommended configuration marked and before the others."""
    advice = result.recommendation
    rows = [Row(cells(each), chosen=is_advised(advice, each.backend, each.workers)) for each in found]
    return sorted(rows, key=lambda row: not row.chosen)


def groups(result: ResultRecord) -> Section | None:
    """The inputs whose calls differ in kind."""
    titles = ("inputs", "how many", "a call takes", "CPU", "kind of work", "for example")
    rows = [Row(_group(group)) for group in result.groups]
    table = _table(
        titles, ("inputs", "kind of work", "for example"), rows, "groups of inputs whose calls differ in kind"
    )
    subtitle = "the verdict is an average over these groups"
    return _section("Calls differ in kind", subtitle, table, Detail.BRIEF)


def _group(group: InputGroup) -> tuple[str, ...]:
    figures = (thousands(group.inputs), duration(group.call_s), percent(group.cpu_share))
    return (group.name, *figures, group.label or UNKNOWN, f"input {thousands(group.example)}")


def predictions(result: ResultRecord) -> Section | None:
    """What the model expects here, beside the measurement where there is one."""
    titles = ("configuration", "CPUs", "predicted", "interval", "measured", "difference", "bottleneck")
    rows = _advised_first(result, [found for found in result.predictions if is_here(found, result)], _predicted)
    table = _table(titles, ("configuration", "bottleneck"), rows, "predicted beside measured")
    subtitle = "a closed network of GIL, CPUs and delay"
    return _section("Predicted by the queueing model", subtitle, table)


def is_here(expected: Prediction, result: ResultRecord) -> bool:
    """Whether it is about the machine and the interpreter that were measured."""
    here = result.environment
    return (expected.cpus, expected.gil_enabled) == (here.cpus_usable, here.gil_enabled)


def _predicted(expected: Prediction) -> tuple[str, ...]:
    measured = expected.measured_per_s
    return (
        configuration(expected.backend, expected.workers, expected.threads_per_process),
        f"{exact(expected.cpus)}",
        *_expected_rate(expected),
        "not measured" if measured is None else rate(measured),
        change(expected.throughput_per_s / measured) if measured else NOT_APPLICABLE,
        expected.bottleneck or UNKNOWN,
    )


def _expected_rate(expected: Prediction) -> tuple[str, str]:
    low, high = expected.throughput_low, expected.throughput_high
    return rate(expected.throughput_per_s), NOT_APPLICABLE if low is None else interval(low, high)


def elsewhere(result: ResultRecord) -> Section | None:
    """What the model expects on machines that were not measured, beside the serial throughput of this one."""
    titles = ("machine", "configuration", "predicted", "interval", "speed-up", "bottleneck")
    serial = next((trial.throughput_per_s for trial in result.trials if trial.backend == "serial"), None)
    rows = [Row(_elsewhere(found, serial)) for found in result.predictions if not is_here(found, result)]
    table = _table(titles, ("machine", "configuration", "bottleneck"), rows, "predicted throughput on other machines")
    without = any(not found.gil_enabled for found in result.predictions) and result.environment.gil_enabled
    section = _section("On other machines", "predicted, not measured; speed-up over the serial run here", table)
    if section is None or not without:
        return section
    return replace(section, blocks=(*section.blocks, Paragraph(LEFT_OUT, "soft")))


def _elsewhere(expected: Prediction, serial_per_s: float | None) -> tuple[str, ...]:
    cpus = counted(expected.cpus, "CPU")
    return (
        cpus if expected.gil_enabled else f"{cpus}, no GIL",
        configuration(expected.backend, expected.workers, expected.threads_per_process),
        *_expected_rate(expected),
        times(expected.throughput_per_s / serial_per_s if serial_per_s else None),
        expected.bottleneck or UNKNOWN,
    )


def break_even(result: ResultRecord) -> Section | None:
    """What each pool costs beside the work, and from where on it pays."""
    titles = (
        *("configuration", "dispatch overhead", "pickling", "start-up", "first calls"),
        *("pays from calls of", "start-up repaid by"),
    )
    rows = _advised_first(result, result.break_even, lambda pool: _breaking_even(pool, result))
    table = _table(titles, ("configuration",), rows, "costs of each pool, and from where on it pays")
    return _section("How long a call must be for a pool to pay", "by the model, from the costs measured here", table)


def _breaking_even(pool: BreakEven, result: ResultRecord) -> tuple[str, ...]:
    trials = [trial for trial in result.trials if (trial.backend, trial.workers) == (pool.backend, pool.workers)]
    best = max(trials, key=lambda trial: trial.throughput_per_s or 0.0, default=None)
    return (
        best.name if best else configuration(pool.backend, pool.workers),
        duration(pool.dispatch_s),
        or_dash(duration, pool.pickle_s),
        duration(pool.startup_s),
        or_dash(duration, pool.cold_s),
        "never" if pool.call_s is None else duration(pool.call_s),
        "never" if pool.calls is None else counted(pool.calls, "call"),
    )
