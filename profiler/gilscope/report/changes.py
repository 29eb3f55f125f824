"""Changes in words and in tables, for the sheets of comparisons and of gates."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Final

from gilscope.decide.changes import FIGURES
from gilscope.decide.comparable import listed, summed
from gilscope.report.document import Row, Table, headed
from gilscope.report.verdicts import short_name
from gilscope.units import UNKNOWN, byte_size, duration, percent, points, rate, times

if TYPE_CHECKING:
    from gilscope.decide.changes import Change
    from gilscope.decide.comparable import Matched
    from gilscope.decide.regress import Comparison
    from gilscope.decide.stats import Estimate

__all__ = [
    "ORIGIN",
    "cells",
    "factor",
    "figures",
    "left_out",
    "lists",
    "named",
    "objected",
    "prefix",
    "said",
    "table",
    "title",
    "verdict",
]

_SHOWN: Final[dict[str, Callable[[Any], str]]] = {
    "per_s": rate,
    "s": duration,
    "bytes": lambda value: byte_size(None if value is None else round(value)),
    "share": percent,
}
_TITLES: Final = {
    "latency_p50": "p50",
    "latency_p99": "p99",
    "wall": "wall clock",
    "cpu": "CPU",
    "gil_held": "GIL held",
    "wait": "waiting",
}
#: What the sheets of comparisons have in common.
ORIGIN: Final[dict[str, Any]] = {"source": "saved results", "motto": "compared two analyses"}


def named(comparisons: Sequence[Comparison]) -> list[str]:
    """The functions' own names, or their whole specifications where two have the same."""
    specs = [each.new.target.spec for each in comparisons]
    times = Counter(map(short_name, specs))
    return [short_name(spec) if times[short_name(spec)] == 1 else spec for spec in specs]


def prefix(name: str, names: Sequence[str]) -> str:
    """What a note on a function begins with: its name, where there are several."""
    return f"{name}, " if len(names) > 1 else ""


def table(
    titles: Sequence[str],
    lines: Sequence[tuple[str, tuple[str, ...]]],
    chosen: Callable[[int], bool] = lambda at: False,
) -> Table:
    """The cells of each function, with a column for its name where there are several."""
    several = len({name for name, _ in lines}) > 1
    head = ("function", *titles) if several else titles
    texts = [title for title in head if title not in ("old", "new", "change")]
    brief = [title for title in head if title not in ("old", "new") or not several]
    rows = (Row((name, *told) if several else told, chosen(at)) for at, (name, told) in enumerate(lines))
    return Table(headed(head, texts, brief), tuple(rows), about="figures then and now")


# ---- a change in words ----


def said(word: str) -> str:
    """What is said of a change: that it is faster or slower, or that neither can be told."""
    return "no significant change" if word == "not shown" else word


def verdict(word: str) -> str:
    """The same, in the cell of a table."""
    return "not significant" if word == "not shown" else word


def title(figure: str) -> str:
    """What a figure is called."""
    return _TITLES.get(figure, figure)


def cells(change: Change) -> tuple[str, str, str]:
    """Old, new, and the change with its interval."""
    show = _SHOWN[FIGURES[change.figure].unit]
    return show(change.old), show(change.new), _gap(change)


def _gap(change: Change) -> str:
    if change.gap is None:
        return UNKNOWN
    gap = change.gap
    return points(gap.value, gap.low, gap.high) if FIGURES[change.figure].is_share else factor(gap)


def factor(gap: Estimate) -> str:
    """``0.93× (0.88–0.99)``."""
    return times(gap.value, gap.low, gap.high)


def figures(change: Change | None) -> dict[str, Any]:
    """A change for programs, the same fields for any and for none."""
    figure = FIGURES[change.figure] if change else None
    gap = change.gap if change else None
    return {
        "unit": figure.unit if figure else None,
        "old": change.old if change else None,
        "new": change.new if change else None,
        "change_is": None if figure is None else "difference" if figure.is_share else "ratio",
        "change": gap.value if gap else None,
        "change_low": gap.low if gap else None,
        "change_high": gap.high if gap else None,
    }


def objected(objections: Sequence[tuple[str, str]]) -> list[str]:
    """What ought to have forbidden the comparison, by function."""
    if not objections:
        return []
    return [f"Not comparable, and compared all the same: {summed(objections)}. The changes below tell of these too."]


def left_out(found: Matched) -> list[str]:
    """The functions that only one of the files tells of."""
    sides = (("old", found.only_old), ("new", found.only_new))
    return [f"Only in the {which} file: {listed(specs)}." for which, specs in sides if specs]


def lists(found: Matched) -> dict[str, list[str]]:
    """The same, for programs."""
    return {"only_old": list(found.only_old), "only_new": list(found.only_new)}
