"""Two recordings compared, as a sheet: how often functions were called, and what changed of a call."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gilscope.decide.comparable import listed
from gilscope.report.changes import cells, figures, said, table, title
from gilscope.report.document import Section
from gilscope.report.profiles import names
from gilscope.report.recorded import recorded_remarks
from gilscope.report.sheet import Sheet, tabled
from gilscope.units import counted, rate, thousands

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gilscope.decide.changes import Change
    from gilscope.production.comparing import Compared
    from gilscope.production.files import Loaded
    from gilscope.production.profile import Profile

__all__ = ["profile_changes_sheet"]


def profile_changes_sheet(
    old: Loaded, new: Loaded, both: Sequence[Compared], only_old: Sequence[Profile], only_new: Sequence[Profile]
) -> Sheet:
    """What changed of each function that both recordings have, and which functions one of them has alone."""
    shown = names([each.new for each in both])
    changes = [(name, each, change) for name, each in zip(shown, both, strict=True) for change in _told(each)]
    lines = [(name, (title(change.figure), *cells(change), said(change.word))) for name, _, change in changes]
    return Sheet(
        document=tabled(
            f"{counted(len(both), 'function')} in both recordings: {_summary(change for *_, change in changes)}",
            (*_remarks(old, new), *_alone(only_old, only_new)),
            table(("figure of a call", "old", "new", "change", "verdict"), lines),
            Section("How often they were called", (_often(shown, both),), "traffic, which is no figure of the code"),
        ),
        schema="gilscope.profile-comparison/1",
        about={"only_old": [each.spec for each in only_old], "only_new": [each.spec for each in only_new]},
        rows=tuple(_row(each, change) for _, each, change in changes),
        rows_name="changes",
        source="recorded profiles",
        motto="compared two recordings",
    )


def _told(each: Compared) -> list[Change]:
    known = [change for change in each.changes if (change.old, change.new) != (None, None)]
    return [change for change in known if change.figure != "errors" or change.old or change.new]


def _summary(changes: Any) -> str:
    words = [change.word for change in changes]
    shown = sum(word not in ("not shown", "unknown") for word in words)
    return f"{counted(shown, 'significant change')}" if shown else "no significant change"


def _remarks(old: Loaded, new: Loaded) -> list[str]:
    dates = [
        f"{name}: {' '.join(recorded_remarks(side.recorded))}"
        for name, side in (("Old", old), ("New", new))
        if side.recorded
    ]
    alone = min(len(old.parts), len(new.parts)) < 2
    basis = (
        "One recording is of a single process: its calls are taken to be independent, so intervals are too narrow."
        if alone
        else "Intervals (90%) come from how much the recorded processes differ."
    )
    return [*dates, f"A change is significant where its whole interval tells it. {basis}"]


def _alone(only_old: Sequence[Profile], only_new: Sequence[Profile]) -> list[str]:
    sides = (("old", only_old), ("new", only_new))
    return [
        f"Only in the {which} recording: {listed([each.name for each in found])}." for which, found in sides if found
    ]


def _often(shown: Sequence[str], both: Sequence[Compared]) -> Any:
    lines = [
        (name, (*(thousands(count.calls) for count in each.counts), *(rate(count.per_s) for count in each.counts)))
        for name, each in zip(shown, both, strict=True)
    ]
    return table(("calls, old", "calls, new", "per second, old", "per second, new"), lines)


def _row(each: Compared, change: Change) -> dict[str, Any]:
    before, after = each.counts
    return {
        "function": each.new.spec,
        "name": each.new.name,
        "figure": change.figure,
        **figures(change),
        "shown": change.word,
        "calls_old": before.calls,
        "calls_new": after.calls,
        "calls_per_s_old": before.per_s,
        "calls_per_s_new": after.per_s,
        "processes_old": before.processes,
        "processes_new": after.processes,
    }
