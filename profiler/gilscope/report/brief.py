"""What a reader gets who did not ask for more: the verdict, the figures behind it, and what warns. A terminal shows it
in twenty lines, a page begins with it, drawn."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

from gilscope.decide.noise import floor_of
from gilscope.decide.recommended import recommended
from gilscope.records import Finding, ResultRecord, Trial
from gilscope.report.consequences import consequences, enough
from gilscope.report.document import Block, Detail, Document, Items, Notice, Paragraph, Section, Table, or_dash
from gilscope.report.pictures import Band, IntervalChart
from gilscope.report.sections.throughput import bars, configurations, noise
from gilscope.units import byte_size, duration, thousands

__all__ = ["MOST_LINES", "REST", "REST_OF_SEVERAL", "brief_document", "front", "front_figures"]

MOST_LINES: Final = 20
"""Of a terminal of 80 columns."""
REST: Final = "More: -v and -vv; --code, the program to paste; -o report.html, a page."
REST_OF_SEVERAL: Final = "More: -v and -vv, of each function; -o report.html, a page."

_COLUMNS: Final = ("configuration", "calls/s", "speed-up", "p50", "p99", "memory", "errors")
#: Configurations, things that warn, and configurations that could not be measured.
_MOST_TRIALS, _MOST_WARNINGS, _MOST_REASONS = 6, 2, 2
#: Characters of the reason why one could not be.
_MOST_REASON: Final = 60


def brief_document(head: Document, result: ResultRecord, remarks: Sequence[Block] = ()) -> Document:
    """The short document on a result that has this head.

    :param remarks: what a reader must know before trusting the rest
    """
    verdict = head.verdict and replace(head.verdict, consequences=consequences(result, counting=False))
    blocks = (*_warnings(result.findings), *_figures(result))
    wanted = [Paragraph(enough(result.capacity), "strong")] if result.capacity else []
    return replace(head, verdict=verdict, lead=(*wanted, *remarks), sections=(Section("", blocks),) if blocks else ())


def front(result: ResultRecord) -> Section:
    """The same for a page, which has the rest below it."""
    warnings = (Notice(finding, named=True) for finding in result.findings if finding.severity != "info")
    return Section("", (*warnings, *_figures(result, drawn=True)), detail=Detail.FULL, front=True)


def front_figures(result: ResultRecord) -> Iterator[tuple[str, str]]:
    """What following the recommendation takes, and what giving it took."""
    chosen = recommended(result.recommendation, result.trials)
    if chosen is not None:
        yield "a call takes" if chosen.known_p50_s is None else "a call takes (p50)", duration(chosen.latency_p50_s)
        yield "99 of 100 take at most (p99)", or_dash(duration, chosen.known_p99_s)
        yield "memory of all processes", byte_size(chosen.memory_bytes)
    if result.calls_made is not None:
        yield "calls made to know it", thousands(result.calls_made)
    yield "time to this verdict", duration(result.elapsed_s)


def _figures(result: ResultRecord, *, drawn: bool = False) -> Iterator[Block]:
    if shown := _telling(result, [trial for trial in result.trials if trial.status == "ok"]):
        table = configurations(result, shown)
        yield _drawn(result, shown, table.only((*_COLUMNS, "interval"))) if drawn else table.only(_COLUMNS)
    if reasons := [(trial.name, _reason(trial)) for trial in result.trials if trial.status != "ok"]:
        yield Items(tuple(reasons[:_MOST_REASONS]))
    if told := noise(result, brief=True):
        yield Paragraph(told, "soft")


def _drawn(result: ResultRecord, shown: Sequence[Trial], table: Table) -> IntervalChart:
    """With the throughputs as bars, their intervals, and what is a tie with the recommended one."""
    return IntervalChart(
        title="calls per second, with their interval",
        bars=bars(shown),
        band=_ties(result) if len(shown) > 1 else None,
        table=table,
        about="Throughput of each configuration, with its interval.",
    )


def _ties(result: ResultRecord) -> Band | None:
    """Gaps are fractions of the faster."""
    chosen, floor = recommended(result.recommendation, result.trials), floor_of(result.noise)
    if chosen is None or not chosen.throughput_per_s or floor >= 1:
        return None
    per_s = chosen.throughput_per_s
    return Band(per_s * (1 - floor), per_s / (1 - floor), f"a tie with {chosen.name}")


def _telling(result: ResultRecord, ran: Sequence[Trial]) -> list[Trial]:
    """The recommended one, then the serial one and the fastest in the order they were measured."""
    chosen = recommended(result.recommendation, result.trials)

    def rank(trial: Trial) -> tuple[bool, bool, float]:
        return (trial is not chosen, trial.backend != "serial", -(trial.throughput_per_s or 0.0))

    kept = {id(trial) for trial in sorted(ran, key=rank)[:_MOST_TRIALS]}
    return sorted((trial for trial in ran if id(trial) in kept), key=lambda trial: trial is not chosen)


def _reason(trial: Trial) -> str:
    told = f"{trial.status}: {trial.reason or 'reason unknown'}"
    return told if len(told) <= _MOST_REASON else f"{told[: _MOST_REASON - 1]}…"


def _warnings(findings: Sequence[Finding]) -> Iterator[Block]:
    """Only what they are called: what each means stands in the rest, and on its page."""
    found = [finding for finding in findings if finding.severity != "info"]
    if not found:
        return
    more = len(found) - _MOST_WARNINGS
    pairs = [(finding.severity, finding.title) for finding in found[:_MOST_WARNINGS]]
    yield Items((*pairs, *([("more warnings", thousands(more))] if more > 0 else [])))
