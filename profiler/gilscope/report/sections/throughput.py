"""How fast each configuration was: the curves, the bars, the table, and the noise that tells a gap from a tie."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Final

from gilscope.decide.noise import floor_of
from gilscope.decide.recommended import recommended
from gilscope.decide.warm import is_notable
from gilscope.records import ENOUGH_FOR_P50, ENOUGH_FOR_P99, ColdCost, ResultRecord, Trial
from gilscope.report.document import (
    BLANK,
    NOT_APPLICABLE,
    NOTHING,
    Block,
    Column,
    Detail,
    Items,
    Paragraph,
    Row,
    Section,
    Table,
    known_quantile,
    or_dash,
)
from gilscope.report.pictures import Curve, CurveChart, IntervalBar, Point, best_of_each
from gilscope.report.sections.foresight import is_here
from gilscope.report.verdicts import configuration
from gilscope.units import byte_size, counted, duration, interval, number, percent, slowdown, thousands, times

__all__ = ["bars", "configurations", "curves", "noise", "throughput"]

#: The knee: the fewest workers with this part of the backend's best throughput.
_KNEE_SHARE: Final = 0.95
#: Imports of a first call that are named.
_NAMED_IMPORTS: Final = 3


def throughput(result: ResultRecord) -> Section | None:
    """Every configuration, whatever became of it."""
    if not result.trials:
        return None
    notes, told = tuple(_notes(result)), noise(result)
    blocks = (
        *_curves(result),
        configurations(result),
        *([Items(notes)] if notes else []),
        *([Paragraph(told, "soft")] if told else []),
    )
    return Section("Throughput", blocks, "calls per second: median and interval over the rounds")


def _curves(result: ResultRecord) -> list[Block]:
    found = curves(result)
    if not found:
        return []
    about = "Throughput against workers, a line for each backend, the model's dashed; the figures are in the table."
    knees = ", ".join(curve.knee.name for curve in found if curve.knee is not None)
    told = f"The ring marks the knee, from which on more workers gain less than {percent(1 - _KNEE_SHARE)}: {knees}."
    return [
        CurveChart(found, "calls per second", about=about, detail=Detail.FULL),
        *([Paragraph(told, "soft", detail=Detail.FULL)] if knees else []),
    ]


def bars(trials: Sequence[Trial]) -> tuple[IntervalBar | None, ...]:
    """The throughput of each with its interval."""
    return tuple(
        IntervalBar(trial.throughput_per_s, *_ends(trial)) if trial.throughput_per_s else None for trial in trials
    )


def _ends(trial: Trial) -> tuple[float | None, float | None]:
    return trial.throughput_low, trial.throughput_high


def _interval(trial: Trial) -> str:
    """Empty where one round is all there is."""
    low, high = _ends(trial)
    return "" if low is None or high is None else interval(low, high)


# ---- the table ----

_Show = Callable[[Trial], str]


def _errors(trial: Trial) -> str:
    if not trial.errors:
        return NOTHING
    return percent(trial.errors / trial.calls) if trial.calls else thousands(trial.errors)


def _pickled(trial: Trial) -> str:
    return "shared" if trial.handed_over == "shared" else or_dash(byte_size, trial.pickle_bytes)


#: What is told of a trial that went well.
_FIGURES: Final[tuple[tuple[Column, _Show], ...]] = (
    (Column("calls/s"), lambda trial: number(trial.throughput_per_s)),
    (Column("interval"), lambda trial: _interval(trial) or NOT_APPLICABLE),
    (Column("speed-up"), lambda trial: times(trial.speedup)),
    (Column("status", numeric=False, brief=False), lambda trial: "" if trial.status == "ok" else trial.status),
    (Column("p50"), lambda trial: known_quantile(trial.latency_p50_s, trial.timed_calls, ENOUGH_FOR_P50)),
    (Column("p99", brief=False), lambda trial: known_quantile(trial.latency_p99_s, trial.timed_calls, ENOUGH_FOR_P99)),
    (Column("queue wait p50", brief=False), lambda trial: duration(trial.queue_wait_p50_s)),
    (Column("loop lag p99"), lambda trial: or_dash(duration, trial.loop_lag_p99_s)),
    (Column("start-up", brief=False), lambda trial: duration(trial.startup_s)),
    (Column("first call", brief=False), lambda trial: or_dash(duration, trial.cold.first_s if trial.cold else None)),
    (Column("memory", brief=False), lambda trial: or_dash(byte_size, trial.memory_bytes)),
    (Column("memory/ worker", brief=False), lambda trial: or_dash(byte_size, trial.memory_per_worker_bytes)),
    (Column("pickled/ call", brief=False), _pickled),
    (Column("pickling", brief=False), lambda trial: or_dash(duration, trial.pickle_s)),
    (Column("profiling overhead", brief=False), lambda trial: slowdown(trial.observer_slowdown)),
    (Column("errors"), _errors),
)


def configurations(result: ResultRecord, trials: Sequence[Trial] | None = None) -> Table:
    """Every trial, or these; a figure that a trial never got to is left blank."""
    chosen = recommended(result.recommendation, result.trials)
    shown = result.trials if trials is None else trials
    rows = tuple(Row((trial.name, *_figures(trial)), trial is chosen) for trial in shown)
    columns = (Column("configuration", numeric=False), *(column for column, _ in _FIGURES))
    return Table(columns, rows, about="all configurations").telling()


def _figures(trial: Trial) -> list[str]:
    shown = [show(trial) for _, show in _FIGURES]
    return shown if trial.status == "ok" else ["" if text in BLANK else text for text in shown]


# ---- what is said beside it ----


def _notes(result: ResultRecord) -> Iterator[tuple[str, str]]:
    """Each trial that is not ok, with its status and reason; and what first calls take beside the work, where it is
    much."""
    for trial in result.trials:
        if trial.status != "ok":
            yield trial.name, f"{trial.status}: {trial.reason or 'reason unknown'}"
        elif trial.cold is not None and is_notable(trial.cold):
            yield trial.name, _first_call(trial.cold)


def _first_call(cold: ColdCost) -> str:
    parts = [f"CPU {duration(cold.cpu_s)}"] if cold.cpu_s is not None else []
    parts += [f"importing {each.module} {duration(each.seconds)}" for each in cold.imports[:_NAMED_IMPORTS]]
    parts += [counted(cold.connections, "connection") + " in all"] if cold.connections else []
    whose = "its first call took" if cold.workers == 1 else "the first call of a worker took"
    told = f"{whose} {duration(cold.first_s)}, later ones {duration(cold.warm_s)}"
    return f"{told} ({', '.join(parts)})" if parts else told


_ASSUMED: Final = f"Noise: unknown; gaps of up to {percent(floor_of())} count as ties."
_UNKNOWN_NOISE: Final = (
    "Noise: unknown, since no configuration was measured in a second process. "
    f"Gaps of up to {percent(floor_of())} count as ties."
)


def noise(result: ResultRecord, *, brief: bool = False) -> str:
    """What differs when nothing differs, in a sentence, or that it is unknown, where nothing was measured twice; empty
    where there was nothing to compare. In ``brief``, only up to what gap that makes a tie."""
    found = result.noise
    if found is None:
        raced = [trial for trial in result.trials if trial.throughput_per_s is not None]
        return (_ASSUMED if brief else _UNKNOWN_NOISE) if len(raced) > 1 else ""
    if brief:
        return f"Noise: gaps of up to {percent(found.floor)} are ties."
    spread = (
        f", and the rounds of one configuration spread by {percent(found.round_spread)}" if found.round_spread else ""
    )
    again = configuration(found.backend, found.workers)
    again += f" (one of {found.pairs} pairs)" if found.pairs > 1 else ""
    return (
        f"Noise: {again} in a second process ran at {percent(found.ratio)} of the first{spread}. "
        f"Gaps of up to {percent(found.floor)} are ties."
    )


# ---- curves ----


def curves(result: ResultRecord) -> tuple[Curve, ...]:
    """A curve for each backend with a throughput, in the order they were measured."""
    backends = dict.fromkeys(trial.backend for trial in result.trials)
    found = ((backend, _points(result, backend)) for backend in backends)
    return tuple(Curve(backend, points, _model(result, backend), _knee(points)) for backend, points in found if points)


def _points(result: ResultRecord, backend: str) -> tuple[Point, ...]:
    points = [
        Point(trial.name, trial.workers, per_s, *_ends(trial))
        for trial in result.trials
        if trial.backend == backend and (per_s := trial.throughput_per_s) and trial.workers > 0
    ]
    return tuple(sorted(points, key=lambda point: point.workers))


def _knee(points: Sequence[Point]) -> Point | None:
    """Where more workers gain nothing worth having; None while the throughput still rises."""
    best = best_of_each(points)
    enough = _KNEE_SHARE * max((point.value for point in best), default=0.0)
    knee = next((point for point in best if point.value >= enough), None)
    return None if knee is None or knee is best[-1] else knee


def _model(result: ResultRecord, backend: str) -> tuple[tuple[int, float], ...]:
    """The model gives the solo run the throughput that it had, so every curve begins there."""
    expected = {
        found.workers: found.model_per_s or found.throughput_per_s
        for found in result.predictions
        if found.backend == backend and is_here(found, result) and found.threads_per_process is None
    }
    solo = next((trial.throughput_per_s for trial in result.trials if trial.backend == "serial"), None)
    if backend == "serial" or not expected:
        return ()
    return tuple(sorted(({1: solo} | expected if solo else expected).items()))
