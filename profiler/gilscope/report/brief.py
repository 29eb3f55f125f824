"""What a reader gets who did not ask for more: the verdict, the figures behind it, and what warns, in twenty lines."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

from gilscope.decide.recommended import recommended
from gilscope.records import Finding, ResultRecord, Trial
from gilscope.report.consequences import consequences
from gilscope.report.document import Block, Document, Items, Paragraph, Section
from gilscope.report.sections.throughput import configurations, noise
from gilscope.units import counted

__all__ = ["MOST_LINES", "REST", "brief_document"]

MOST_LINES: Final = 17
"""Of a terminal, after the title, which takes three at most of 80 columns."""
REST: Final = "More: -v and -vv; --code, the program to paste; -o report.html, a page."

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
    return replace(head, verdict=verdict, lead=tuple(remarks), sections=(Section("", blocks),) if blocks else ())


def _figures(result: ResultRecord) -> Iterator[Block]:
    ran = [trial for trial in result.trials if trial.status == "ok"]
    if ran:
        yield configurations(result, _telling(result, ran)).only(_COLUMNS)
    if reasons := [(trial.name, _reason(trial)) for trial in result.trials if trial.status != "ok"]:
        yield Items(tuple(reasons[:_MOST_REASONS]))
    if told := noise(result, brief=True):
        yield Paragraph(told, "soft")


def _telling(result: ResultRecord, ran: Sequence[Trial]) -> list[Trial]:
    """The recommended one, the serial one and the fastest, in the order they were measured."""
    chosen = recommended(result.recommendation, result.trials)

    def rank(trial: Trial) -> tuple[bool, bool, float]:
        return (trial is not chosen, trial.backend != "serial", -(trial.throughput_per_s or 0.0))

    kept = {id(trial) for trial in sorted(ran, key=rank)[:_MOST_TRIALS]}
    return [trial for trial in ran if id(trial) in kept]


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
    yield Items((*pairs, *([("and", f"{counted(more, 'warning')} more")] if more > 0 else [])))
