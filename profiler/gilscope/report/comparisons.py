"""Comparisons as sheets: what changed between two saved results, and what of it is shown."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from gilscope.decide.comparable import reservations
from gilscope.report.changes import (
    ORIGIN,
    cells,
    factor,
    figures,
    left_out,
    lists,
    named,
    objected,
    prefix,
    said,
    table,
    title,
    verdict,
)
from gilscope.report.document import NOTHING
from gilscope.report.front_bars import change_bars
from gilscope.report.sheet import Sheet, notes, tabled
from gilscope.report.verdicts import configuration, kind_of_work, sentence
from gilscope.units import counted, percent

if TYPE_CHECKING:
    from gilscope.decide.changes import Change
    from gilscope.decide.comparable import Matched
    from gilscope.decide.regress import Comparison
    from gilscope.records import ResultRecord

__all__ = ["comparison_sheet"]

_ORDER: Final = ("slower", "faster", "not shown", "unknown")


def comparison_sheet(comparisons: Sequence[Comparison], found: Matched, objections: Sequence[tuple[str, str]]) -> Sheet:
    """Every figure that both results have, and what is shown of it.

    :param objections: what the two ought not to differ in and do, by function
    """
    names = named(comparisons)
    pairs = list(zip(names, comparisons, strict=True))
    changes = [(name, each, change) for name, each in pairs for change in _told(each)]
    told = [note for name, each in pairs for note in _notes(prefix(name, names), each)]
    return Sheet(
        document=tabled(
            _compared(pairs),
            (*objected(objections), *left_out(found), *_floors(pairs)),
            table(
                ("configuration", "figure", "old", "new", "change", "verdict"),
                [
                    (name, (each.where, title(each.figure), *cells(each), verdict(each.word)))
                    for name, _, each in changes
                ],
                lambda at: changes[at][2] in changes[at][1].advised,
            ),
            *notes("Verdicts, and what else differs", told),
            first=change_bars(pairs),
        ),
        schema="gilscope.comparison/1",
        about={"incomparable": [f"{spec}: {what}" for spec, what in objections], **lists(found)}
        | {"verdicts": [_verdict(each) for each in comparisons]},
        rows=tuple(_row(each, change) for _, each, change in changes),
        rows_name="changes",
        **ORIGIN,
    )


def _told(each: Comparison) -> list[Change]:
    """What is known at least on one side; exceptions where there were any. What is recommended comes first, marked."""
    others = [change for change in each.configurations if change not in each.advised]
    known = [change for change in (*each.advised, *each.alone, *others) if (change.old, change.new) != (None, None)]
    return [change for change in known if change.figure != "errors" or change.old or change.new]


def _row(each: Comparison, change: Change) -> dict[str, Any]:
    return {
        "function": each.new.target.spec,
        "configuration": change.where,
        "figure": change.figure,
        **figures(change),
        "shown": change.word,
        "advised": change in each.advised,
    }


# ---- what is said of the whole ----


def _compared(pairs: Sequence[tuple[str, Comparison]]) -> str:
    if len(pairs) == 1:
        ((name, only),) = pairs
        return f"{name}: {_headline(only)}"
    counts = Counter(_headword(each) for _, each in pairs)
    told = ", ".join(f"{counts[word]} {said(word)}" for word in _ORDER if counts[word])
    return f"{counted(len(pairs), 'function')} compared: {told}"


def _headword(each: Comparison) -> str:
    return next((change.word for change in each.advised if change.figure == "throughput"), "unknown")


def _headline(each: Comparison) -> str:
    """The throughput of what is recommended."""
    change = next((change for change in each.advised if change.figure == "throughput"), None)
    if change is None or change.gap is None:
        return "whether it became faster or slower is unknown, for nothing that is recommended was measured in both"
    return f"{said(change.word)}, {factor(change.gap)} the throughput of the old result, {change.where}"


def _floors(pairs: Sequence[tuple[str, Comparison]]) -> list[str]:
    most = max((each.floor for _, each in pairs), default=0.0)
    return [
        f"A change is significant where its whole interval (90%) tells it. Starts of the same pool differ by up to "
        f"{percent(most)}: that is in the intervals of all that is taken from rounds."
    ]


def _notes(prefix: str, each: Comparison) -> list[tuple[str, str]]:
    old, new = each.old, each.new
    labels = [kind_of_work(result.classification) for result in (old, new)]
    advice = [_advice(result) for result in (old, new)]
    throughput = [("throughput", sentence(_headline(each)))] if prefix else []
    notes = [
        *throughput,
        ("kind of work", _was_and_is(labels[0], labels[1])),
        ("recommendation", _was_and_is(advice[0], advice[1])),
        *each.apart,
        *([("circumstances", sentence("; ".join(told)))] if (told := reservations(old, new)) else []),
    ]
    return [(f"{prefix}{name}", note) for name, note in notes]


def _was_and_is(old: str, new: str) -> str:
    return f"{new}, as before." if old == new else f"changed from {old} to {new}."


def _advice(result: ResultRecord) -> str:
    advice = result.recommendation
    return NOTHING if advice.backend is None else configuration(advice.backend, advice.workers)


def _verdict(each: Comparison) -> dict[str, Any]:
    old, new = each.old, each.new
    return {
        "function": new.target.spec,
        "throughput": _headword(each),
        "label_old": old.classification.label,
        "label_new": new.classification.label,
        "subtype_old": old.classification.subtype,
        "subtype_new": new.classification.subtype,
        "backend_old": old.recommendation.backend,
        "backend_new": new.recommendation.backend,
        "workers_old": old.recommendation.workers,
        "workers_new": new.recommendation.workers,
        "floor": each.floor,
        "apart": dict(each.apart),
        "circumstances": list(reservations(old, new)),
    }
