"""Recorded profiles as sheets: what each function is, and which of them deserve a full analysis."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, Final

from gilscope.decide.stats import NORMAL_QUANTILE
from gilscope.production.blocking import blocking
from gilscope.production.collection import row
from gilscope.production.on_loops import NOTICED_S
from gilscope.records import ENOUGH_FOR_P50, ENOUGH_FOR_P99
from gilscope.report.blocked_loops import blocked_loops, lag_row, lag_told
from gilscope.report.document import (
    NOT_APPLICABLE,
    NOTHING,
    Column,
    Detail,
    Row,
    Section,
    Table,
    headed,
    known_quantile,
    or_dash,
)
from gilscope.report.front_bars import saving_bars
from gilscope.report.pictures import LedgerBar, LedgerChart
from gilscope.report.profile_states import states_table
from gilscope.report.recorded import recorded_remarks, recorded_rows, recorded_sections
from gilscope.report.sections.ledgers import slices
from gilscope.report.sheet import Sheet, notes, tabled
from gilscope.report.verdicts import kind_of_work, sentence, short_name
from gilscope.units import confidence, counted, duration, give_or_take, percent, thousands

if TYPE_CHECKING:
    from gilscope.production.files import Loaded
    from gilscope.production.opportunities import Opportunity
    from gilscope.production.profile import Profile

__all__ = ["names", "opportunities_sheet", "profiles_sheet"]

#: From this share of the wall clock in the run queue on, it is told in words.
NOTABLE_QUEUE = 0.1

#: From this share of the wall clock on, the half width of the CPU's interval is told.
NOTABLE_ERROR = 0.02


#: Columns, and what their cells say of a function.
_FIGURES: Final[tuple[tuple[Column, Callable[[Profile], str]], ...]] = (
    (Column("calls"), lambda profile: thousands(profile.calls)),
    (Column("wall"), lambda profile: duration(profile.wall_s)),
    (Column("mean"), lambda profile: duration(profile.mean_s)),
    (Column("p50"), lambda profile: known_quantile(profile.quantile_s(0.5), profile.timed_calls, ENOUGH_FOR_P50)),
    (Column("p99"), lambda profile: known_quantile(profile.quantile_s(0.99), profile.timed_calls, ENOUGH_FOR_P99)),
    (Column("CPU"), lambda profile: _cpu(profile)),
    (Column("run queue"), lambda profile: percent(_part(profile.runqueue_s, profile))),
    (Column("blocked"), lambda profile: percent(_part(profile.blocked_s, profile))),
    (Column("longest block of the loop", brief=False), lambda profile: or_dash(duration, profile.longest_block_s)),
    (Column("errors", brief=False), lambda profile: _errors(profile)),
    (Column("kind of work", numeric=False, brief=False), lambda profile: kind_of_work(profile.classification)),
)


def profiles_sheet(loaded: Loaded) -> Sheet:
    """What the calls of each function have shown."""
    profiles = loaded.profiles
    shown = names(profiles)
    return Sheet(
        document=tabled(
            f"{counted(len(profiles), 'function')}, recorded by {counted(loaded.processes, 'process', 'es')}",
            (
                "The wall clock is summed over calls, also over those that overlap in time.",
                *recorded_remarks(loaded.recorded),
                *lag_told(loaded.loop_lag),
            ),
            _table([column for column, _ in _FIGURES], list(map(_row_of, shown, profiles))),
            *_states(shown, profiles),
            *notes("What each is, and what to do", zip(shown, map(_verdict, profiles), strict=True)),
            *recorded_sections(loaded),
            first=(*blocked_loops(shown, profiles, loaded.blocked_at), *_bars(shown, profiles)),
        ),
        schema="gilscope.functions/1",
        about={
            "processes": loaded.processes,
            "recorded": recorded_rows(loaded),
            "skipped": [skipped.path for skipped in loaded.skipped],
            "loop_lag": lag_row(loaded.loop_lag),
        },
        rows=tuple(_row(profile) for profile in loaded.profiles),
    )


def opportunities_sheet(found: Sequence[Opportunity], cpus: float) -> Sheet:
    """What could be saved, most first."""
    shown = names([opportunity.profile for opportunity in found])
    titles = ("could save", "of it waiting", "of it computing", "calls", "kind of work")
    columns = headed(titles, texts=("kind of work",))
    deserving = sum(opportunity.deserving for opportunity in found)
    return Sheet(
        document=tabled(
            f"Worth a full analysis: {deserving} of {counted(len(found), 'function')}",
            (
                f"Seconds that calls side by side could save at most, on {counted(cpus, 'CPU')}, over all recorded "
                "calls. What their program saves already by running them so is in it. Nothing was run for this.",
                *(_IN_BRACKETS if any(opportunity.within for opportunity in found) else ()),
            ),
            _table(columns, list(map(_opportunity, shown, found))),
            *notes("Why, and what to run", zip(shown, map(_why, found), strict=True)),
            first=(
                *blocked_loops(shown, [opportunity.profile for opportunity in found]),
                *saving_bars(shown, found),
            ),
        ),
        schema="gilscope.prospects/1",
        about={"cpus": cpus},
        rows=tuple(_opportunity_row(opportunity) for opportunity in found),
    )


def names(profiles: Sequence[Profile]) -> list[str]:
    """What each is called: the shortest that only one of them is."""
    choices = [_names(profile) for profile in profiles]
    times = Counter(name for names in choices for name in set(names))
    return [next((name for name in names if times[name] == 1), names[-1]) for names in choices]


def _names(profile: Profile) -> tuple[str, ...]:
    """Shortest first."""
    place = f"{profile.name} ({PurePath(profile.file or '').name}:{profile.line})"
    return (*([short_name(profile.spec)] if profile.name == profile.spec else []), profile.name, place)


def _table(columns: Sequence[Column], rows: Sequence[Row]) -> Table:
    functions = Column("function", numeric=False)
    return Table((functions, *columns), tuple(rows), about="the functions").telling()


def _row_of(name: str, profile: Profile) -> Row:
    return Row((name, *(show(profile) for _, show in _FIGURES)))


# ---- what each is ----


def _errors(profile: Profile) -> str:
    """Without a call nobody knows of any."""
    if not profile.calls:
        return NOT_APPLICABLE
    return thousands(profile.errors) if profile.errors else NOTHING


def _part(seconds: float | None, profile: Profile) -> float | None:
    """Of its wall clock."""
    return seconds / profile.wall_s if seconds is not None and profile.wall_s else None


def _cpu(profile: Profile) -> str:
    """With the half width of its interval, where that is notable."""
    half = NORMAL_QUANTILE * (profile.cpu_error_s or 0.0) / (profile.wall_s or math.inf)
    return percent(_part(profile.cpu_s, profile)) + (f" {give_or_take(half)}" if half >= NOTABLE_ERROR else "")


def _verdict(profile: Profile) -> str:
    verdict = profile.classification
    sure = "" if verdict.label == "inconclusive" else f" ({confidence(verdict.confidence)})"
    kind = f"{kind_of_work(verdict)}{sure}."
    waits = f"{_queue_wait(profile)}{_queued(profile)}{_limited(profile)}"
    if blocking(profile):
        return f"{kind} It blocks its event loop, as told above.{waits}"
    block = profile.longest_block_s
    blocks = "" if block is None else f" It kept its event loop busy for {duration(block)} at most."
    return f"{kind} {profile.advice}{blocks}{waits}"


def _queue_wait(profile: Profile) -> str:
    waits = profile.queue_waits
    if waits is None or (waits.mean_s or 0.0) < NOTICED_S:
        return ""
    most = f"{duration(waits.longest_s)} at most ({counted(waits.count, 'probe')})"
    return (
        f" Before a call begins it waits {duration(waits.mean_s)} for a thread of its pool, {most}: the pool has too "
        "few threads, or its calls take too long."
    )


def _queued(profile: Profile) -> str:
    share = profile.runqueue_s / profile.wall_s if profile.runqueue_s is not None and profile.wall_s else 0.0
    if share < NOTABLE_QUEUE:
        return ""
    return (
        f" {percent(share)} of its wall clock it was ready and given no CPU: the machine is busy, or its CPU limit low."
    )


def _limited(profile: Profile) -> str:
    if profile.cpu_limit_s is None:
        return ""
    return f" It is called by {short_name(profile.only_caller or '')} alone, so its CPU is told as that one's at most."


def _bars(names: Sequence[str], profiles: Sequence[Profile]) -> tuple[Section, ...]:
    told = zip(names, profiles, strict=True)
    bars = [(name, each, slices(each.demands)) for name, each in told if each.demands is not None]
    drawn = tuple(LedgerBar(name, False, duration(each.wall_s), parts) for name, each, parts in bars if parts)
    chart = LedgerChart(drawn, about="The wall clock of each function's calls as a bar, divided by state.")
    subtitle = "each bar is the wall clock of a function's calls"
    return (Section("Where the time went", (chart,), subtitle, Detail.FULL),) if drawn else ()


def _states(names: Sequence[str], profiles: Sequence[Profile]) -> tuple[Section, ...]:
    table = states_table(names, profiles)
    return () if table is None else (Section("Time by state", (table,), "shares of the wall clock, as observed"),)


def _row(profile: Profile) -> dict[str, Any]:
    place = {"reason": profile.classification.reason, "file": profile.file, "line": profile.line}
    return row(profile) | place


# ---- what deserves an analysis ----

_IN_BRACKETS: Final = ("In brackets: a part of what the function above could save, since nothing else calls this one.",)


def _opportunity(name: str, opportunity: Opportunity) -> Row:
    parts, calls = (opportunity.saving_s, opportunity.waiting_s, opportunity.computing_s), opportunity.profile.calls
    seconds = (f"({duration(part)})" if opportunity.within else duration(part) for part in parts)
    cells = (name, *seconds, thousands(calls), kind_of_work(opportunity.classification))
    return Row(cells)


def _why(opportunity: Opportunity) -> str:
    return " ".join([sentence(opportunity.reason), *([f"Run: {opportunity.command}"] if opportunity.command else [])])


def _opportunity_row(opportunity: Opportunity) -> dict[str, Any]:
    profile, verdict = opportunity.profile, opportunity.classification
    return {
        "name": profile.name,
        "spec": profile.spec,
        "target": opportunity.target,
        "deserving": opportunity.deserving,
        "within": opportunity.within,
        "needs_inputs": profile.needs_inputs,
        "saving_s": opportunity.saving_s,
        "waiting_s": opportunity.waiting_s,
        "computing_s": opportunity.computing_s,
        "calls": profile.calls,
        "wall_s": profile.wall_s,
        "label": verdict.label,
        "subtype": verdict.subtype,
        "confidence": verdict.confidence,
        "reason": opportunity.reason,
    }
