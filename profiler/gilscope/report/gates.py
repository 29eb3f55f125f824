"""Gates as sheets: each condition, and whether it lets the new results pass."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from gilscope.decide.gate import passes
from gilscope.report.changes import ORIGIN, cells, figures, left_out, lists, named, objected, prefix, table
from gilscope.report.sheet import Sheet, notes, tabled
from gilscope.report.verdicts import sentence, short_name
from gilscope.units import UNKNOWN

if TYPE_CHECKING:
    from gilscope.decide.comparable import Matched
    from gilscope.decide.gate import Judged
    from gilscope.decide.regress import Comparison

__all__ = ["gate_sheet"]

#: What a reader has to do something about comes first.
_ORDER: Final = ("failed", "unknown", "not significant", "passed")
_MISSING: Final = "in the baseline, and not among the new results: analyze it too, or take it out of the baseline"


def gate_sheet(
    judged: Sequence[tuple[Comparison, Judged]], found: Matched, objections: Sequence[tuple[str, str]]
) -> Sheet:
    """Every condition, and whether it lets the new results pass."""
    comparisons = list({id(each): each for each, _ in judged}.values())
    names = dict(zip(map(id, comparisons), named(comparisons), strict=True))
    lines = sorted(
        ((names[id(each)], found_out) for each, found_out in judged), key=lambda line: _ORDER.index(_outcome(line[1]))
    )
    missing = [(short_name(spec), _MISSING) for spec in found.only_old]
    return Sheet(
        document=tabled(
            _gate_title([found_out for _, found_out in judged], found),
            (*objected(objections), *left_out(found)),
            table(
                ("condition", "old", "new", "change", "outcome"),
                [(name, (str(each.condition), *_judged_cells(each), _outcome(each))) for name, each in lines],
            ),
            *notes("Why", [*(_why(name, each, [*names.values()]) for name, each in lines), *missing]),
        ),
        schema="gilscope.check/1",
        about={"passed": passes([each for _, each in judged], found)}
        | {"incomparable": [f"{spec}: {what}" for spec, what in objections], **lists(found)},
        rows=tuple(_judged_row(each, found_out) for each, found_out in judged),
        rows_name="conditions",
        **ORIGIN,
    )


def _gate_title(judged: Sequence[Judged], found: Matched) -> str:
    counts = Counter(map(_outcome, judged))
    told = ", ".join(f"{counts[word]} {word}" for word in _ORDER if counts[word])
    gone = f"; of the baseline's functions {len(found.only_old)} missing" if found.only_old else ""
    return f"{'Passed' if passes(judged, found) else 'Failed'}: {told}{gone}"


def _outcome(each: Judged) -> str:
    return "not significant" if each.outcome == "not shown" else each.outcome


def _judged_cells(each: Judged) -> tuple[str, str, str]:
    if each.change is not None:
        return cells(each.change)
    return each.old or UNKNOWN, each.new or UNKNOWN, ""


def _why(name: str, each: Judged, names: Sequence[str]) -> tuple[str, str]:
    where = f" ({each.change.where})" if each.change else ""
    return f"{prefix(name, names)}{each.condition}{where}", sentence(f"{_outcome(each)}: {each.evidence}")


def _judged_row(compared: Comparison, each: Judged) -> dict[str, Any]:
    words = {} if each.change else {"old": each.old, "new": each.new}
    return {
        "function": compared.new.target.spec,
        "condition": str(each.condition),
        "outcome": each.outcome,
        "configuration": each.change.where if each.change else None,
        **(figures(each.change) | words),
        "evidence": each.evidence,
    }
