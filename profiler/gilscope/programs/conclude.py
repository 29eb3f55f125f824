"""The record of a program, from what was seen of it. Pure."""

from __future__ import annotations

import shlex
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import msgspec

from gilscope.decide.program_advice import advice_on, verdict_of
from gilscope.decide.program_limit import ENOUGH, limit_of
from gilscope.programs import tables
from gilscope.programs.accounts import ledgers_of, summed
from gilscope.programs.chosen_threads import ALL_THREADS, ChosenThreads
from gilscope.programs.course import Course
from gilscope.programs.gil_tracks import gil_tracks
from gilscope.programs.lanes import timeline
from gilscope.programs.places import is_library, is_started_module
from gilscope.programs.seen import SeenProcess, SeenThread
from gilscope.programs.tally import Seconds, largest
from gilscope.programs.views import ProcessViews, Views
from gilscope.records import Environment, Ledger
from gilscope.records.programs import (
    GilShare,
    Period,
    ProcessAccount,
    ProgramRecord,
    Sampling,
    StateStack,
    ThreadAccount,
)

__all__ = ["Watched", "conclude"]

MOST_THREADS: Final = 500
MOST_STACKS: Final = 1_000


@dataclass(frozen=True)
class Watched:
    """What a program was watched for, and how that ended."""

    created: str
    """ISO 8601, UTC."""
    command: str
    environment: Environment
    began_s: float
    """By `time.monotonic`."""
    watched_s: float
    sampling: Sampling
    exit_status: int | None = None
    interrupted: bool = False
    settings: Mapping[str, str | float | None] | None = None
    roots: tuple[str, ...] = ()
    """Folders that the program imports modules from."""
    chosen: ChosenThreads = ALL_THREADS
    """The threads that are told of."""
    argv: tuple[str, ...] = ()
    """The command, word by word."""


@dataclass(frozen=True)
class _Part:
    """One process: what was seen of it, and what that comes to."""

    process: SeenProcess
    views: ProcessViews
    threads: tuple[tuple[SeenThread, Ledger], ...]
    ledger: Ledger
    factors: Mapping[str, float]


def conclude(watched: Watched, processes: Sequence[SeenProcess], views: Views) -> ProgramRecord:
    """Everything that the moments and the kernel's totals tell."""
    views.finish()
    read = {process.pid for process in processes if process.threads}
    parts = [
        _part(process, views.processes.get(process.pid) or ProcessViews(watched.began_s), watched.chosen)
        for process in processes
        if process.threads or process.pid not in read  # one that was only starting is told of once
    ]
    scaled = [(part.views, part.factors) for part in parts]
    threads = _threads(parts)
    account = _whole(parts)
    holds = tables.holds(scaled, watched.began_s)
    loops = tuple(
        loop for part in parts for loop in tables.loops(part.process.pid, (part.views, part.factors), _names(part))
    )
    locks = tuple(lock for part in parts for lock in tables.locks(part.process, part.views, part.factors))
    accounts = tuple(_process(part, watched.began_s) for part in parts)
    courses = {part.process.pid: part.views.course for part in parts}
    gils, holders = gil_tracks(courses)
    limited = limit_of(account, accounts, threads, watched.watched_s, watched.environment.cpus_usable, loops)
    enough = account.samples >= ENOUGH
    waits = tables.waits(scaled)
    places = (*(hold.place for hold in holds), *(block.place for loop in loops for block in loop.blocked))
    libraries = frozenset(
        place for place in places if is_library(place.file) and not is_started_module(place.file, watched.argv)
    )
    found = advice_on(account, watched.watched_s, limited, holds, loops, locks, waits, watched.roots, libraries)
    advice = tuple(found) if enough else ()
    return ProgramRecord(
        created=watched.created,
        command=watched.command,
        argv=watched.argv,
        environment=watched.environment,
        watched_s=watched.watched_s,
        exit_status=watched.exit_status,
        interrupted=watched.interrupted,
        settings=dict(watched.settings or {}),
        account=account,
        processes=accounts,
        threads=threads[:MOST_THREADS],
        threads_left_out=sum(thread.threads for thread in threads[MOST_THREADS:]),
        functions=tables.functions(scaled, any(process.gil_enabled for process in processes if process.threads)),
        blame=tables.blame(scaled),
        holds=holds,
        loops=loops,
        locks=tuple(sorted(locks, key=lambda lock: lock.waited_s, reverse=True)),
        periods=_periods(list(courses.values())),
        timeline=timeline(courses, watched.watched_s),
        gils=gils,
        holders=holders,
        stacks=_stacks(parts),
        sampling=_noted(watched.sampling, watched.chosen.told(processes)),
        verdict=verdict_of(limited, advice),
    )


def _whole(parts: Sequence[_Part]) -> Ledger:
    """All processes that can be seen into together; beside it, the CPU of the others."""
    read = [part.ledger for part in parts if part.process.threads]
    others = [part.process.cpu_s for part in parts if not part.process.threads]
    held = [ledger for ledger in read if ledger.gil_held_s is not None]
    figures = {
        "children_cpu_s": sum(others),
        "gil_held_s": sum(ledger.gil_held_s or 0.0 for ledger in held) if held else None,
        "gil_observed_s": sum(ledger.gil_observed_s or 0.0 for ledger in held) if held else None,
        "longest_hold_s": max((ledger.longest_hold_s or 0.0 for ledger in held), default=None),
    }
    return summed(read, figures)


def _noted(sampling: Sampling, note: str | None) -> Sampling:
    return sampling if note is None else msgspec.structs.replace(sampling, notes=(*sampling.notes, note))


def _part(process: SeenProcess, views: ProcessViews, chosen: ChosenThreads) -> _Part:
    if not process.threads:
        return _Part(process, views, (), _undivided(process), {})
    threads = tuple(ledgers_of(replace(process, threads=chosen.of(process)), views.counts))
    holds = views.holds
    known = holds.observed_s > 0
    watched_s = max(0.0, process.last_s - process.first_s - views.stopped_s)
    gils_s = watched_s * len(holds.by_gil)
    longest_s = max((found.longest_s for found in holds.functions.values()), default=0.0)
    figures = {
        "gil_held_s": gils_s * holds.held_s / holds.observed_s if known else None,
        "gil_observed_s": gils_s if known else None,
        "longest_hold_s": longest_s if known else None,
    }
    ledger = summed((ledger for _, ledger in threads), figures)
    return _Part(process, views, threads, ledger, tables.factors(views, ledger))


def _undivided(process: SeenProcess) -> Ledger:
    """What is known of a process that cannot be seen into: as of one thread, or of as many as its CPU time takes."""
    wall_s = max(process.last_s - process.first_s, process.cpu_s)
    return Ledger(wall_s=wall_s, cpu_s=process.cpu_s, blocked_s=wall_s - process.cpu_s)


def _process(part: _Part, began_s: float) -> ProcessAccount:
    process = part.process
    python = None if process.python is None else ".".join(map(str, process.python))
    gils = {interpreter for thread in process.threads if (interpreter := thread.interpreter) is not None}
    return ProcessAccount(
        pid=process.pid,
        parent=process.parent or None,
        command=shlex.join(process.command),
        python=python,
        gil_enabled=process.gil_enabled if process.python is not None else None,
        interpreters=len(gils),
        gils=tuple(
            GilShare(
                interpreters=seen.interpreters,
                held_ratio=seen.held_s / seen.observed_s,
                switch_interval_s=seen.interval_s,
            )
            for _, seen in sorted(part.views.holds.by_gil.items())
            if seen.observed_s
        ),
        threads=sum(thread.threads for thread in process.threads),
        began_s=max(0.0, process.first_s - began_s),
        watched_s=process.last_s - process.first_s,
        stopped_s=min(part.views.stopped_s, process.last_s - process.first_s),
        short_lived_cpu_s=process.short_lived_cpu_s,
        ended=process.ended,
        account=part.ledger,
        unseen=process.unread or None,
    )


def _threads(parts: Sequence[_Part]) -> tuple[ThreadAccount, ...]:
    """Those that did the most first."""
    found = [
        ThreadAccount(
            pid=thread.pid,
            tid=thread.tid,
            name=thread.name,
            native=thread.interpreter is None,
            began_in=None if thread.began_in is None else tables.place_of(thread.began_in),
            ended=thread.ended,
            threads=thread.threads,
            account=ledger,
        )
        for part in parts
        for thread, ledger in part.threads
    ]
    return tuple(sorted(found, key=lambda each: each.account.wall_s - (each.account.idle_s or 0.0), reverse=True))


def _names(part: _Part) -> dict[int, str]:
    return {thread.tid: thread.name for thread in part.process.threads}


def _stacks(parts: Sequence[_Part]) -> tuple[StateStack, ...]:
    seconds: dict[tuple[tuple[str, ...], str], float] = defaultdict(float)
    for part in parts:
        for frames, state, sampled_s in part.views.stacks.most(MOST_STACKS):
            seconds[frames, state] += sampled_s * part.factors.get(state, 1.0)
    return tuple(
        StateStack(frames=frames, state=state, seconds=s) for (frames, state), s in largest(seconds, MOST_STACKS)
    )


def _periods(courses: Sequence[Course]) -> tuple[Period, ...]:
    """Stretches as long as the longest of the processes' own, which are all powers of two of one length."""
    if not courses:
        return ()
    stretch_s = max(course.stretch_s for course in courses)
    last = max(int((course.last + 0.5) * course.stretch_s / stretch_s) for course in courses)
    return tuple(_period(courses, number, stretch_s) for number in range(last + 1))


def _period(courses: Sequence[Course], number: int, stretch_s: float) -> Period:
    held: list[float] = []
    states: Seconds[str] = defaultdict(float)
    seen_s, threads = 0.0, 0.0
    for course in courses:
        each = round(stretch_s / course.stretch_s)
        alive = alive_s = 0.0
        stretches = range(number * each, (number + 1) * each)
        held += _held_in(course, stretches)
        for stretch in stretches:
            for state, seconds in course.state_s(stretch).items():
                states[state] += seconds
            alive, alive_s = alive + course.alive.of(stretch)[0], alive_s + course.alive.of(stretch)[1]
        threads += alive / alive_s if alive_s else 0.0
        seen_s = max(seen_s, alive_s)
    return Period(
        at_s=number * stretch_s,
        lasted_s=stretch_s,
        gil_held_ratio=max(held, default=None),
        gil_waiting=states["gil_wait"] / seen_s if seen_s and held else None,
        cpus_used=(states["cpu_gil"] + states["cpu_free"]) / seen_s if seen_s else None,
        runqueue=states["runqueue"] / seen_s if seen_s else None,
        threads=round(threads),
    )


def _held_in(course: Course, stretches: Iterable[int]) -> Iterator[float]:
    """Of each GIL that was looked at, the part of the time in which it was held."""
    for series in course.gils.values():
        held_s, seen_s = map(sum, zip(*(series.of(stretch) for stretch in stretches), strict=True))
        if seen_s:
            yield held_s / seen_s
