"""What a notebook shows of a result: the verdict, the configurations, the ledgers, the findings and the code.

A fragment of markup without script, style sheet, ids or requests: a few kilobytes that are saved with the notebook, and
that no other output of it can be disturbed by. `Result.to_html` has the rest.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Final

import msgspec
from jinja2 import Environment, PackageLoader, StrictUndefined, Template

from gilscope.report import facts, tables
from gilscope.report.clean import clipped, printable
from gilscope.report.ledgers import LedgerBar, ledger_bars, states_shown
from gilscope.report.palette import STATE_STYLES, StateStyle
from gilscope.report.verdicts import grounds, is_chosen, verdict_sentence
from gilscope.units import confidence, percent

if TYPE_CHECKING:
    from gilscope.records import Failure, Finding, ResultRecord, Trial

__all__ = ["fragment"]

#: What is drawn at most: a notebook keeps every output.
MOST_TRIALS: Final = 20
MOST_FINDINGS: Final = 10
MOST_CHARACTERS: Final = 3000

Facts = list[tuple[str, str]]


@dataclass(frozen=True)
class View:
    """Everything that the fragment says."""

    verdict: str
    confidence: str
    reason: str
    remarks: list[str]
    configurations: tables.Table
    notes: Facts
    bars: tuple[LedgerBar, ...]
    legend: tuple[StateStyle, ...]
    failure: Failure | None
    findings: tuple[Finding, ...]
    alternatives: Facts
    codes: Facts
    trials_left_out: int
    findings_left_out: int


def fragment(result: ResultRecord) -> str:
    """The markup, with everything from the record escaped."""
    return _template().render(view=_view(result))


@cache
def _template() -> Template:
    environment = Environment(
        loader=PackageLoader("gilscope.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["percent"] = percent
    return environment.get_template("notebook.html.j2")


def _view(whole: ResultRecord) -> View:
    result = clipped(printable(_shortened(whole)), MOST_CHARACTERS)
    bars = ledger_bars(result)
    return View(
        verdict=verdict_sentence(result),
        confidence=confidence(result.recommendation.confidence),
        reason=grounds(result),
        remarks=facts.remarks(result),
        configurations=tables.configurations(result).brief(),
        notes=tables.trial_notes(result),
        bars=bars,
        legend=tuple(STATE_STYLES[state] for state in states_shown(bars)),
        failure=result.failure,
        findings=result.findings,
        alternatives=tables.alternatives(result),
        codes=facts.codes(result),
        trials_left_out=len(whole.trials) - len(result.trials),
        findings_left_out=len(whole.findings) - len(result.findings),
    )


def _shortened(result: ResultRecord) -> ResultRecord:
    """The parts that are drawn, and not too many of them."""
    advice = result.recommendation
    first = result.trials[:MOST_TRIALS]
    chosen = [trial for trial in result.trials[MOST_TRIALS:] if is_chosen(trial, advice)]
    return msgspec.structs.replace(
        result,
        trials=tuple(map(_without_course, (*first, *chosen[:1]))),
        recommendation=msgspec.structs.replace(advice, alternatives=advice.alternatives[:MOST_TRIALS]),
        findings=result.findings[:MOST_FINDINGS],
        predictions=(),
        hot=(),
        stacks=(),
        imports=(),
        settings={},
        output="",
    )


def _without_course(trial: Trial) -> Trial:
    """Its figures alone."""
    return msgspec.structs.replace(trial, rounds=(), latencies=None, timeline=None)
