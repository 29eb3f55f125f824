"""The sections of a report on a program, in order."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from gilscope.records.programs import ProgramRecord
from gilscope.report.document import NOTHING, Detail, Facts, Paragraph, Section
from gilscope.report.programs import course, waits, whereabouts
from gilscope.report.programs.captured import captured_calls
from gilscope.report.programs.flames import flames
from gilscope.units import UNKNOWN, percent, rate, thousands

__all__ = ["WHOLE", "program_sections"]

#: Sections of which a terminal that is asked for more tells all, by name.
WHOLE: Final = (
    *("advice", "captured", "blame", "holds", "loops", "functions", "locks", "processes", "threads", "moments"),
    "sampling",
)


def program_sections(record: ProgramRecord) -> Iterator[Section]:
    """All that there is to say of it but what to do. A terminal shows of the first what it has room for."""
    makers: tuple[Callable[[ProgramRecord], Section | None], ...] = (
        captured_calls,
        course.moments,
        waits.blame,
        waits.loops,
        waits.holds,
        whereabouts.functions,
        _flames,
        waits.locks,
        whereabouts.processes,
        whereabouts.threads,
        _sampling,
    )
    made = (make(record) for make in makers)
    return (section for section in made if section is not None)


def _flames(record: ProgramRecord) -> Section | None:
    graphs = tuple(flames(record.stacks))
    told = (
        "callers above, what they call below; as wide as their share of the thread-seconds, blue as they held the GIL"
    )
    return Section("Flame graphs by state", graphs, told, Detail.FULL, name="stacks") if graphs else None


def _sampling(record: ProgramRecord) -> Section:
    seen = record.sampling
    cost = (
        UNKNOWN if seen.cpu_s is None or record.watched_s <= 0 else f"{percent(seen.cpu_s / record.watched_s)} of a CPU"
    )
    pairs = (
        ("moments", f"{thousands(seen.moments)} ({rate(seen.achieved_hz)} of {rate(seen.asked_hz)} asked for)"),
        ("missed", thousands(seen.missed)),
        ("dropped: the GIL changed hands", thousands(seen.dropped)),
        ("dropped: a stack changed", thousands(seen.torn)),
        (
            "readings that failed",
            ", ".join(f"{what}: {thousands(count)}" for what, count in seen.errors.items()) or NOTHING,
        ),
        ("gilscope itself used", cost),
    )
    notes = tuple(Paragraph(note, "warning") for note in seen.notes)
    return Section("How it was watched", (*notes, Facts(pairs, detail=Detail.FULL)), name="sampling")
