"""What a program was watched for, and what is in no account of it."""

from __future__ import annotations

from collections.abc import Iterator

from gilscope.programs.moments import SWITCH_INTERVAL_S
from gilscope.records.programs import ProgramRecord
from gilscope.report.document import Paragraph
from gilscope.report.programs.names import NO_GIL
from gilscope.units import average, counted, duration, exact, percent

__all__ = ["figures", "remarks", "watched"]

#: CPU time in no account, and its share of what is, below which it is not told: each thread's last reading is up to a
#: tick old.
NOTABLE_S, NOTABLE_SHARE = 0.05, 0.05


def watched(record: ProgramRecord, command: str) -> Paragraph:
    """How much of it, for how long.

    :param command: the program's, as it is to be told
    """
    account, watched_s = record.account, record.watched_s
    seen = f"{counted(len(record.processes), 'process', 'es')}, {counted(account.threads, 'thread')}"
    cpus = average(_cpus_used(record))
    ended = "" if record.exit_status is None else f"; it ended with status {record.exit_status}"
    used = f"{cpus} CPUs used of {exact(record.environment.cpus_usable)}"
    return Paragraph(f"{command}: {seen}, watched for {duration(watched_s)}; {used}{ended}.", "soft")


def remarks(record: ProgramRecord) -> Iterator[Paragraph]:
    """What a reader must know before trusting the rest."""
    if record.interrupted:
        yield Paragraph("Interrupted: this is what was seen until then.", "warning")
    for process in record.processes:
        if process.unseen is not None and (process.python is not None or process.parent is None):
            yield Paragraph(f"Process {process.pid}: {process.unseen}", "warning")
    yield from _left_out(record)


def _left_out(record: ProgramRecord) -> Iterator[Paragraph]:
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


def figures(record: ProgramRecord) -> Iterator[tuple[str, str]]:
    """Names and values of the whole."""
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
