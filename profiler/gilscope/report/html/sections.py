"""Everything a page says about one result."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from gilscope.report import facts, flames, foresight, latencies, plans, tables, timelines
from gilscope.report.charts import plots
from gilscope.report.curves import Curve, curves
from gilscope.report.html.bars import IntervalBar, StackedBar, intervals, stacked
from gilscope.report.html.bounds import bounded
from gilscope.report.ledgers import ledger_bars, states_shown
from gilscope.report.palette import STATE_STYLES, StateStyle
from gilscope.report.tables import Column, Row, Table
from gilscope.report.verdicts import grounds, label, sentence, short_name, verdict_sentence
from gilscope.units import confidence, duration, percent, times

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gilscope.records import Failure, Finding, ResultRecord, Timeline, Trial

__all__ = ["Section", "TimelineView", "section"]

Facts = list[tuple[str, str]]
Legend = tuple[tuple[str, StateStyle], ...]


@dataclass(frozen=True)
class Throughput:
    """The picture of throughput against workers."""

    plot: plots.Plot
    legend: tuple[tuple[str, plots.BackendStyle], ...]
    knees: str


@dataclass(frozen=True)
class TimelineView:
    """The picture of an observed round."""

    trial: str
    plot: plots.Plot
    legend: Legend
    told: str
    lanes: Table


@dataclass(frozen=True)
class FleetView:
    """What it takes to do as much as is wanted."""

    answer: str
    options: Table
    throughput: plots.Plot | None
    latency: plots.Plot | None
    legend: tuple[tuple[str, plots.BackendStyle], ...]
    curves: Table


@dataclass(frozen=True)
class Section:
    """A result in words, tables and pictures."""

    anchor: str
    name: str
    spec: str
    context: str
    """Where and when, in a line."""
    sure: bool
    verdict: str
    confidence: str
    gain: str
    gain_interval: str
    reason: str
    evidence: str
    remarks: list[str]
    headline: Facts
    codes: Facts
    throughput: Throughput | None
    configurations: Table
    notes: Facts
    intervals: tuple[IntervalBar, ...]
    ledgers: tuple[StackedBar, ...]
    ledger_table: Table
    legend: Legend
    timelines: tuple[TimelineView, ...]
    hot: Table
    flame: flames.Flame
    functions: Table
    latencies: latencies.Axis
    latency_table: Table
    alternatives: Facts
    groups: Table
    noise: str
    break_even: Table
    predictions: Table
    elsewhere: Table
    fleet: FleetView | None
    queue_costs: Table
    queue_settings: Table
    queue_programs: Facts
    findings: tuple[Finding, ...]
    failure: Failure | None
    output: str
    target: Facts
    environment: Facts
    instrument: Facts


def section(anchor: str, whole: ResultRecord) -> Section:
    """The view of ``whole``, bounded."""
    result, left_out = bounded(whole)
    advice, bars, spreads = result.recommendation, ledger_bars(result), latencies.spreads(result)
    gain, _, interval = times(advice.speedup, advice.speedup_low, advice.speedup_high).partition(" (")
    return Section(
        anchor=anchor,
        name=short_name(result.target.spec),
        spec=result.target.spec,
        context=_context(result),
        sure=advice.backend is not None,
        verdict=verdict_sentence(result),
        confidence=confidence(advice.confidence),
        gain=gain,
        gain_interval=interval.removesuffix(")"),
        reason=grounds(result),
        evidence=f"{sentence(result.classification.reason)} {facts.solo_sentence(result)}",
        remarks=[*facts.remarks(result), *left_out],
        headline=_headline(result),
        codes=facts.codes(result),
        throughput=_throughput(curves(result)),
        configurations=tables.configurations(result),
        notes=tables.trial_notes(result),
        intervals=tuple(intervals(result)),
        ledgers=tuple(stacked(bar) for bar in bars),
        ledger_table=tables.ledger_shares(bars),
        legend=_legend(states_shown(bars)),
        timelines=tuple(_timelines(result)),
        hot=tables.hot_lines(result, with_source=True),
        flame=flames.flame(result.stacks),
        functions=flames.functions(result.stacks),
        latencies=spreads,
        latency_table=latencies.table(spreads),
        alternatives=tables.alternatives(result),
        groups=foresight.groups(result),
        noise=foresight.noise(result),
        break_even=foresight.break_even(result),
        predictions=foresight.predictions(result),
        elsewhere=foresight.elsewhere(result),
        fleet=_fleet(result),
        queue_costs=plans.costs(result),
        queue_settings=plans.queue_settings(result),
        queue_programs=[(program.engine, program.code) for program in result.queue_programs],
        findings=result.findings,
        failure=result.failure,
        output=result.output.rstrip(),
        target=facts.target_facts(result),
        environment=facts.environment(result.environment),
        instrument=facts.instrument(result.instrument),
    )


def _context(result: ResultRecord) -> str:
    where = result.environment
    cpus = f"{where.cpus_usable:g} CPU{'' if where.cpus_usable == 1 else 's'}"
    gil = "" if where.gil_enabled else " without the GIL"
    return f"{where.implementation} {where.python}{gil}, {cpus}, {where.platform}, {result.created[:10]}"


def _headline(result: ResultRecord) -> Facts:
    kind = result.classification
    return [
        ("kind of work", label(result)),
        ("a call alone takes", duration(result.demands.wall_s if result.demands else None)),
        ("CPU utilization", percent(kind.cpu_utilization)),
        ("waiting", percent(kind.wait_ratio)),
        ("GIL held", percent(kind.gil_held_ratio)),
    ]


def _legend(states: tuple[str, ...]) -> Legend:
    return tuple((state, STATE_STYLES[state]) for state in states)


# ---- throughput ----


def _throughput(found: tuple[Curve, ...]) -> Throughput | None:
    if not found:
        return None
    legend = tuple((curve.backend, plots.backend_style(curve.backend, at)) for at, curve in enumerate(found))
    return Throughput(plots.throughput(found), legend, _knees(found))


def _knees(found: tuple[Curve, ...]) -> str:
    knees = [curve.knee.name for curve in found if curve.knee is not None]
    if not knees:
        return ""
    return f"The ring marks the knee, from which on more workers gain less than 5%: {', '.join(knees)}."


# ---- fleets ----


def _fleet(result: ResultRecord) -> FleetView | None:
    if result.capacity is None:
        return None
    rates, times = plans.throughputs(result), plans.latencies(result)
    return FleetView(
        answer=plans.plan(result),
        options=plans.fleets(result),
        throughput=plots.throughput(rates, "fleet") if rates else None,
        latency=plots.throughput(times, "fleet-latency", "seconds a task", duration) if times else None,
        legend=tuple((curve.backend, plots.backend_style(curve.backend, at)) for at, curve in enumerate(rates)),
        curves=plans.curves(result),
    )


# ---- timelines ----


def _timelines(result: ResultRecord) -> Iterator[TimelineView]:
    for at, trial in enumerate(timelines.telling(result), start=1):
        if trial.timeline is not None:
            yield _timeline(f"timeline-{at}", trial, trial.timeline)


def _timeline(name: str, trial: Trial, drawn: Timeline) -> TimelineView:
    count = len(drawn.lanes)
    workers = f"{count} worker thread{'' if count == 1 else 's'}"
    if trial.ledger is not None and trial.ledger.threads > count:
        workers = f"{count} of {trial.ledger.threads} worker threads"
    return TimelineView(
        trial=trial.name,
        plot=plots.timeline(name, drawn),
        legend=_legend(tuple(timelines.seconds(drawn.lanes))),
        told=f"The first {duration(drawn.wall_s)} of an observed round of {trial.name}, a lane for each of {workers}.",
        lanes=_lanes(drawn),
    )


def _lanes(drawn: Timeline) -> Table:
    states = tuple(timelines.seconds(drawn.lanes))
    titles = ("worker", "process", "thread", *(STATE_STYLES[state].title for state in states))
    rows = []
    for at, lane in enumerate(drawn.lanes, start=1):
        spent = timelines.seconds([lane])
        whole = sum(spent.values())
        shares = (percent(spent.get(state, 0.0) / whole if whole > 0 else None) for state in states)
        rows.append(Row((str(at), str(lane.pid), str(lane.tid), *shares)))
    return Table(tuple(map(Column, titles)), tuple(rows))
