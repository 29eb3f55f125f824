"""The code to paste, what else was weighed, what is worth knowing, and what the function itself said."""

from __future__ import annotations

from typing import Final

from gilscope.records import Context, Finding, ResultRecord
from gilscope.report.document import Code, Detail, Items, Lines, Notice, Section
from gilscope.report.verdicts import configuration
from gilscope.units import counted, thousands, times

__all__ = ["alternatives", "code", "failure", "findings", "output"]

_CALLERS: Final[dict[Context, str]] = {"sync": "for a plain caller", "async": "for a caller that is a coroutine"}


def code(result: ResultRecord) -> Section | None:
    """For the caller that was asked for, then for the other kind, where that is another."""
    advice = result.recommendation
    other: Context = "async" if advice.context == "sync" else "sync"
    told = {advice.other_code: _CALLERS[other], advice.code: _CALLERS[advice.context]}  # alike where there is none
    callers = [(text, caller) for text, caller in reversed(told.items()) if text]
    if not callers:
        return None
    blocks = (Code(text.rstrip(), f"code {caller}", aside=at > 0) for at, (text, caller) in enumerate(callers))
    return Section("Code to paste", tuple(blocks), callers[0][1], Detail.BRIEF)


def alternatives(result: ResultRecord) -> Section | None:
    """Each configuration that was not recommended, with the reason."""
    others = tuple(
        (_named(other.backend, other.workers, other.speedup), other.why_not)
        for other in result.recommendation.alternatives
    )
    return Section("Why not the others", (Items(others),), detail=Detail.BRIEF) if others else None


def _named(backend: str, workers: int | None, speedup: float | None) -> str:
    name = configuration(backend, workers)
    return name if speedup is None else f"{name} ({times(speedup)})"


def findings(result: ResultRecord) -> Section | None:
    """What is worth knowing; even a summary tells what limits the verdict."""
    told = tuple(map(_notice, result.findings))
    return Section("Findings", told, name="findings") if told else None


def _notice(finding: Finding) -> Notice:
    return Notice(finding, detail=Detail.BRIEF if finding.severity == "info" else Detail.SUMMARY)


def failure(result: ResultRecord) -> Section | None:
    """The first exception that a call raised."""
    found = result.failure
    if found is None:
        return None
    lines = Lines(found.traceback or f"{found.type}: {found.message}")
    return Section(
        "First exception", (lines,), f"{thousands(found.count)} of {counted(found.calls, 'call')} raised", Detail.BRIEF
    )


def output(result: ResultRecord) -> Section | None:
    """What the function printed."""
    lines = (Lines(result.output.rstrip(), folded=True),)
    told = "the last lines the function printed"
    return Section("Output", lines, told, Detail.FULL, name="output") if result.output else None
