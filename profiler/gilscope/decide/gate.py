"""Whether a new result may pass, held against an old one: each condition with its evidence.

A condition on a figure fails only when it is shown to: when the whole interval of the change lies beyond the limit. An
interval that the limit lies within shows nothing, and passes as *not shown*; so does a word that changed where either
was a best guess. What is unknown fails: a gate that cannot look must not let everything through.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final, Literal

from gilscope.decide.changes import Change
from gilscope.decide.comparable import Matched
from gilscope.decide.conditions import Condition
from gilscope.decide.recommended import UNSURE
from gilscope.decide.regress import Comparison
from gilscope.decide.stats import Estimate
from gilscope.records import ResultRecord
from gilscope.units import exact, percent

__all__ = ["Judged", "Outcome", "judge", "passes"]

Outcome = Literal["passed", "failed", "not shown", "unknown"]


@dataclass(frozen=True)
class Judged:
    """A condition, held against the results of a function."""

    condition: Condition
    outcome: Outcome
    evidence: str
    old: str | None = None
    """The words of a condition on words; None for one on a figure."""
    new: str | None = None
    change: Change | None = None
    """What a condition on a figure was held against."""


def passes(judged: Iterable[Judged], found: Matched) -> bool:
    """Whether the gate lets all of it pass. It does not when a function of the baseline was not measured again."""
    return not found.only_old and not any(each.outcome in ("failed", "unknown") for each in judged)


def judge(condition: Condition, compared: Comparison) -> Judged:
    """Hold one condition against a comparison."""
    if condition.limit is None:
        return _WORDS[condition.name](condition, compared)
    change = compared.change(condition.name)
    if change is None:
        return Judged(condition, "unknown", _unadvised(compared))
    if change.gap is None:
        return Judged(condition, "unknown", _unmeasured(change), change=change)
    outcome, evidence = _beyond(condition, condition.limit, change.gap)
    return Judged(condition, outcome, evidence, change=change)


def _beyond(condition: Condition, limit: float, gap: Estimate) -> tuple[Outcome, str]:
    if gap.low is None or gap.high is None:
        return "not shown", "too little was measured to judge the noise by: give the analysis a larger budget"
    below, above = gap.high < limit, gap.low > limit
    failed, passed = (below, gap.low >= limit) if condition.sign == "<" else (above, gap.high <= limit)
    if failed:
        return "failed", "the whole interval lies beyond the limit"
    if passed:
        return "passed", "the whole interval lies within the limit"
    return "not shown", f"the limit of {exact(limit)} lies within the interval, so that either may be true"


def _unmeasured(change: Change) -> str:
    missing = [name for name, value in (("old", change.old), ("new", change.new)) if value is None]
    if not missing:
        return "there is no ratio to nothing"
    return f"not measured in the {' and the '.join(missing)} result: analyze again, or leave the condition out"


def _unadvised(compared: Comparison) -> str:
    for which, result in (("new", compared.new), ("old", compared.old)):
        if result.recommendation.backend is None:
            return f"the {which} result recommends nothing: {result.recommendation.reason}"
    return "what is recommended was not measured well in either result"


# ---- conditions on words ----


def _label(condition: Condition, compared: Comparison) -> Judged:
    kinds = (compared.old.classification, compared.new.classification)
    told = [(None if kind.label == "inconclusive" else kind.label, kind.confidence) for kind in kinds]
    return _same(condition, told[0], told[1])


def _backend(condition: Condition, compared: Comparison) -> Judged:
    advice = (compared.old.recommendation, compared.new.recommendation)
    told = [(each.backend, each.confidence) for each in advice]
    return _same(condition, told[0], told[1])


def _same(condition: Condition, old: tuple[str | None, float], new: tuple[str | None, float]) -> Judged:
    """A word then and now, each with its confidence; None where there was none."""
    silent = [name for name, (word, _) in (("old", old), ("new", new)) if word is None]
    if silent:
        evidence = f"the {' and the '.join(silent)} result could not tell: analyze again"
        return Judged(condition, "unknown", evidence, old[0], new[0])
    sure = f"was {old[0]} with a confidence of {percent(old[1])}, is {new[0]} with one of {percent(new[1])}"
    if old[0] == new[0]:
        return Judged(condition, "passed", sure, old[0], new[0])
    outcome: Outcome = "failed" if min(old[1], new[1]) >= UNSURE else "not shown"
    return Judged(condition, outcome, sure, old[0], new[0])


def _errors(condition: Condition, compared: Comparison) -> Judged:
    """Any at all where there were none: a call that raises is no noise."""
    change = compared.change("errors")
    if change is None or change.old is None or change.new is None:
        return Judged(condition, "unknown", "no calls were made", change=change)
    if change.new == 0:
        return Judged(condition, "passed", "no call raised", change=change)
    if change.old > 0:
        told = "calls raised before, too: errors+0.05 would limit how many"
        return Judged(condition, "passed", told, change=change)
    return Judged(condition, "failed", _raising(compared.new), change=change)


def _raising(result: ResultRecord) -> str:
    failure = result.failure
    return "calls raise that did not" + (f"; the first {failure.type}: {failure.message}" if failure else "")


_WORDS: Final[dict[str, Callable[[Condition, Comparison], Judged]]] = {
    "label": _label,
    "backend": _backend,
    "errors": _errors,
}
