"""The document on a program: the limit in a sentence, what to do, and all that was seen."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from gilscope.decide.program_limit import ENOUGH
from gilscope.programs.moments import SWITCH_INTERVAL_S
from gilscope.records.programs import Advice, ProgramRecord
from gilscope.report.bounds import fitted
from gilscope.report.document import Block, Detail, Document, Documents, Facts, Items, Paragraph, Section
from gilscope.report.programs.names import NO_GIL
from gilscope.report.programs.next_steps import next_steps
from gilscope.report.programs.sections import program_sections
from gilscope.units import average, counted, duration, exact, percent

__all__ = ["program_document", "program_documents"]

#: CPU time in no account, and its share of what is, below which it is not told: each thread's last reading is up to a
#: tick old.
NOTABLE_S, NOTABLE_SHARE = 0.05, 0.05

#: What a terminal shows that is not asked for all, after the sentence.
_MOST_LINES: Final = 30
_FEW_ADVICES: Final = 3


def program_documents(record: ProgramRecord) -> Documents:
    """It alone, as people read it."""
    document = program_document(record)
    return Documents(
        [document],
        [document],
        motto="watched from outside",
        source="the saved record",
        most_lines=_MOST_LINES,
        rest="The rest: -v, or a page: -o page.html.",
    )


def program_document(record: ProgramRecord) -> Document:
    """All that is drawn of a program."""
    return fitted(
        Document(
            title=record.verdict.sentence,
            name=record.command,
            lead=tuple(_lead(record)),
            sections=(_what_to_do(record), *program_sections(record)),
        )
    )


def _lead(record: ProgramRecord) -> Iterator[Block]:
    yield Paragraph(_watched(record), "soft")
    if record.interrupted:
        yield Paragraph("Interrupted: this is what was seen until then.", "warning")
    for process in record.processes:
        if process.unseen is not None and (process.python is not None or process.parent is None):
            yield Paragraph(f"Process {process.pid}: {process.unseen}", "warning")
    yield from _left_out(record)
    yield Facts(tuple(_figures(record)), detail=Detail.FULL)


def _left_out(record: ProgramRecord) -> Iterator[Block]:
    """What is in no account's states."""
    stopped_s = sum(process.stopped_s for process in record.processes)
    if stopped_s > 0:
        yield Paragraph(f"It was stopped, by a signal or a debugger, for {duration(stopped_s)}: told as idle.", "soft")
    short_s = sum(process.short_lived_cpu_s for process in record.processes)
    if short_s > max(NOTABLE_S, NOTABLE_SHARE * record.account.cpu_s):
        told = f"Threads that came and went between two looks used {duration(short_s)} of CPU time beside that"
        yield Paragraph(f"{told}: which state and which function it was in is unknown.", "warning")


def _cpus_used(record: ProgramRecord) -> float | None:
    """On the average, threads that nobody looked at included."""
    cpu_s = record.account.cpu_s + sum(process.short_lived_cpu_s for process in record.processes)
    return cpu_s / record.watched_s if record.watched_s > 0 else None


def _figures(record: ProgramRecord) -> Iterator[tuple[str, str]]:
    account, watched_s = record.account, record.watched_s
    most = max(record.processes, key=lambda each: (each.account.gil_wait_s or 0.0, each.threads), default=None)
    waiting = None if account.gil_wait_s is None or watched_s <= 0 else account.gil_wait_s / watched_s
    without = most is not None and most.gil_enabled is False
    yield "GIL held", NO_GIL if without else percent(None if most is None else most.most_held_ratio)
    yield "threads waiting for it", average(waiting)
    yield "longest hold that others wanted", duration(account.longest_hold_s)
    yield from _switch_interval(record)
    yield "CPUs used", average(_cpus_used(record))
    if record.loops:
        yield "event loop lag p99", duration(max((loop.lag_p99_s or 0.0 for loop in record.loops), default=None))


def _switch_interval(record: ProgramRecord) -> Iterator[tuple[str, str]]:
    """The longest, where any is not what Python's is."""
    found = [gil.switch_interval_s for process in record.processes for gil in process.gils]
    set_s = [interval_s for interval_s in found if interval_s not in (None, SWITCH_INTERVAL_S)]
    if set_s:
        yield "switch interval (sys.setswitchinterval)", duration(max(filter(None, set_s)))


_NOTHING_TO_WIN: Final = "Nothing: what could be changed in the program would win next to nothing."
_TOO_LITTLE_SEEN: Final = "Too little was seen to say: watch it for longer, or with a larger --overhead."


def _what_to_do(record: ProgramRecord) -> Section:
    advice = record.verdict.advice
    if not advice:
        nothing = Paragraph(_NOTHING_TO_WIN if record.account.samples >= ENOUGH else _TOO_LITTLE_SEEN, "soft")
        return Section("What to do", (nothing,), name="advice", front=True)
    told = tuple((f"{duration(each.to_win_s)} to be won", _advised(each, record)) for each in advice)
    first, others = Items(told[:_FEW_ADVICES]), Items(told[_FEW_ADVICES:], detail=Detail.FULL)
    blocks = (first, *((others,) if others.pairs else ()), *next_steps(record, _FEW_ADVICES))
    return Section("What to do", blocks, "thread-seconds of the time watched, at most", name="advice", front=True)


def _advised(advice: Advice, record: ProgramRecord) -> str:
    alone = record.capture is None or advice.command is None  # without inputs, all commands come together
    return advice.sentence if alone else f"{advice.sentence} Next: {advice.command}"


def _watched(record: ProgramRecord) -> str:
    account, watched_s = record.account, record.watched_s
    seen = f"{counted(len(record.processes), 'process', 'es')}, {counted(account.threads, 'thread')}"
    cpus = average(_cpus_used(record))
    ended = "" if record.exit_status is None else f"; it ended with status {record.exit_status}"
    used = f"{cpus} CPUs used of {exact(record.environment.cpus_usable)}"
    return f"{record.command}: {seen}, watched for {duration(watched_s)}; {used}{ended}."
