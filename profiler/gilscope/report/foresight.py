"""What follows from the measurements, as tables of plain strings: the model's predictions, from what length of a call
on a pool pays, the groups of unlike inputs, and the noise that tells a gap from a tie."""

from __future__ import annotations

from gilscope.records import BreakEven, InputGroup, Prediction, ResultRecord
from gilscope.report.tables import NOT_APPLICABLE, Column, Row, Table, or_dash
from gilscope.report.verdicts import configuration
from gilscope.units import UNKNOWN, change, duration, interval, percent, rate, times

__all__ = ["break_even", "elsewhere", "groups", "is_here", "noise", "predictions"]


def predictions(result: ResultRecord) -> Table:
    """What the queueing model expects, beside the measurement where there is one."""
    titles = ("configuration", "CPUs", "predicted", "interval", "measured", "difference", "bottleneck")
    columns = tuple(Column(title, title not in ("configuration", "bottleneck")) for title in titles)
    return Table(columns, tuple(_predicted(found) for found in result.predictions if is_here(found, result))).telling()


def is_here(expected: Prediction, result: ResultRecord) -> bool:
    """Whether it is about the machine and the interpreter that were measured."""
    here = result.environment
    return (expected.cpus, expected.gil_enabled) == (here.cpus_usable, here.gil_enabled)


def _predicted(expected: Prediction) -> Row:
    measured, difference = expected.measured_per_s, NOT_APPLICABLE
    if measured:
        difference = change(expected.throughput_per_s / measured)
    return Row(
        (
            configuration(expected.backend, expected.workers, expected.threads_per_process),
            f"{expected.cpus:g}",
            rate(expected.throughput_per_s),
            interval(expected.throughput_low, expected.throughput_high),
            "not measured" if measured is None else rate(measured),
            difference,
            expected.bottleneck or UNKNOWN,
        )
    )


def elsewhere(result: ResultRecord) -> Table:
    """What the model expects on machines that were not measured: beside the serial throughput of this one."""
    titles = ("machine", "configuration", "predicted", "interval", "times serial here", "bottleneck")
    columns = tuple(Column(title, title not in ("machine", "configuration", "bottleneck")) for title in titles)
    serial = next((trial.throughput_per_s for trial in result.trials if trial.backend == "serial"), None)
    return Table(columns, tuple(_expected(found, serial) for found in result.predictions if not is_here(found, result)))


def _expected(expected: Prediction, serial_per_s: float | None) -> Row:
    cpus = f"{expected.cpus:g} CPU{'' if expected.cpus == 1 else 's'}"
    return Row(
        (
            cpus if expected.gil_enabled else f"{cpus}, no GIL",
            configuration(expected.backend, expected.workers, expected.threads_per_process),
            rate(expected.throughput_per_s),
            interval(expected.throughput_low, expected.throughput_high),
            times(expected.throughput_per_s / serial_per_s if serial_per_s else None),
            expected.bottleneck or UNKNOWN,
        )
    )


def break_even(result: ResultRecord) -> Table:
    """What each pool costs beside the work, and from where on it pays."""
    titles = ("configuration", "hand-over", "pickling", "start-up", "pays from calls of", "start-up repaid by")
    columns = tuple(Column(title, title != "configuration") for title in titles)
    return Table(columns, tuple(_breaking_even(pool, result) for pool in result.break_even)).telling()


def _breaking_even(pool: BreakEven, result: ResultRecord) -> Row:
    trials = [trial for trial in result.trials if (trial.backend, trial.workers) == (pool.backend, pool.workers)]
    best = max(trials, key=lambda trial: trial.throughput_per_s or 0.0, default=None)
    return Row(
        (
            best.name if best else configuration(pool.backend, pool.workers),
            duration(pool.dispatch_s),
            or_dash(duration, pool.pickle_s),
            duration(pool.startup_s),
            "no length" if pool.call_s is None else duration(pool.call_s),
            "never" if pool.calls is None else f"{pool.calls:,} call{'' if pool.calls == 1 else 's'}",
        )
    )


def groups(result: ResultRecord) -> Table:
    """The inputs whose calls differ in kind."""
    titles = ("inputs", "how many", "a call takes", "CPU", "kind of work", "for example")
    columns = tuple(Column(title, title not in ("inputs", "kind of work", "for example")) for title in titles)
    return Table(columns, tuple(_grouped(group) for group in result.groups)).telling()


def _grouped(group: InputGroup) -> Row:
    return Row(
        (
            group.name,
            f"{group.inputs:,}",
            duration(group.call_s),
            percent(group.cpu_share),
            group.label or UNKNOWN,
            f"input {group.example:,}",
        )
    )


def noise(result: ResultRecord) -> str:
    """What differs when nothing differs, in a sentence; empty where that was not measured."""
    found = result.noise
    if found is None:
        return ""
    spread = f", the rounds of one configuration spread by {percent(found.round_spread)}" if found.round_spread else ""
    again = configuration(found.backend, found.workers)
    return (
        f"Noise: {again} in a second process ran at {percent(found.ratio)} of the first{spread}. "
        f"Gaps of up to {percent(found.floor)} are ties."
    )
