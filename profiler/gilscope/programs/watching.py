"""Watching a program for a while: moments as long as it takes, then the record of it."""

from __future__ import annotations

import os
import select
import shlex
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import Final

from gilscope.observers.cpus import usable_cpus
from gilscope.observers.environment import describe_environment
from gilscope.observers.sampling_quality import SamplingQuality
from gilscope.programs.chosen_threads import ChosenThreads
from gilscope.programs.conclude import Watched, conclude
from gilscope.programs.definitions import as_defined
from gilscope.programs.roots import package_roots, roots_of, script_folder, working_folder
from gilscope.programs.sampler import DEFAULT_OVERHEAD, DEFAULT_RATE_HZ, ProgramSampler
from gilscope.programs.views import Views
from gilscope.records import Environment
from gilscope.records.programs import ProgramRecord, Sampling

__all__ = ["Ending", "Settings", "Watching", "until_it_ends"]

#: Shorter waits than this poll(2) rounds up to.
_TICK_S: Final = 0.001


@dataclass(frozen=True)
class Settings:
    """How a program is to be watched."""

    rate_hz: float = DEFAULT_RATE_HZ
    overhead: float = DEFAULT_OVERHEAD
    """CPU that sampling may take from the program, as a share of all CPUs."""
    follow: bool = True
    """Whether the processes that it starts are watched too."""
    memory: bool = True
    """Whether its memory is read; without, only what the kernel tells is told, of any process."""
    threads: tuple[str, ...] = ()
    """Patterns of the names of the threads that are told of (`gilscope.programs.chosen_threads`); none of all."""

    @property
    def chosen(self) -> ChosenThreads:
        """The threads that are told of."""
        return ChosenThreads(self.threads)

    @property
    def told(self) -> dict[str, str | float | None]:
        """As records have them."""
        threads = {"threads": ", ".join(self.threads)} if self.threads else {}
        return {"sampling_hz": self.rate_hz, "overhead": self.overhead, **threads}


@dataclass(frozen=True)
class Ending:
    """How the watching ended."""

    exit_status: int | None = None
    interrupted: bool = False


class Watching:
    """A program that is watched.

    :param just_started: whether it is only starting: that it cannot be seen into yet is no refusal
    :raises AttachError: when it cannot be seen into
    """

    def __init__(self, pid: int, settings: Settings, *, just_started: bool = False) -> None:
        self._created = datetime.now(UTC).isoformat(timespec="seconds")
        self._settings = settings
        self._began_s = time.monotonic()
        self._roots = roots_of(pid)
        self._folder, self._scripts = working_folder(pid), script_folder(pid)
        self._sampler = ProgramSampler(
            pid,
            rate_hz=settings.rate_hz,
            overhead=settings.overhead,
            follow=settings.follow,
            chosen=settings.chosen,
            just_started=just_started,
            memory=settings.memory,
        )
        self._views = Views(self._began_s)

    @cached_property
    def _environment(self) -> Environment:
        """Once is enough: to ask for it takes longer than all the rest of a record."""
        return describe_environment(usable_cpus(None))

    def watch(self, wait: Callable[[float], bool]) -> None:
        """Watch until ``wait(seconds)``, which waits at most so long, says that it is over, or the program has
        ended."""
        for moment in self._sampler.moments(wait):
            self._views.see(moment)
            for pid, folded in self._sampler.fold():
                self._views.fold(pid, folded)

    def record(self, ending: Ending, command: Sequence[str] = ()) -> ProgramRecord:
        """What was seen until now.

        :param command: as it was typed; that of the first process, where none is given
        """
        processes = self._sampler.seen()
        first = min(processes, key=lambda each: each.first_s, default=None)
        typed = command or (() if first is None else first.command)
        watched = Watched(
            created=self._created,
            command=" ".join(shlex.join(typed).split()),
            argv=tuple(typed),
            environment=self._environment,
            began_s=self._began_s,
            watched_s=time.monotonic() - self._began_s,
            sampling=_told(self._sampler.quality, self._sampler.torn, self._views),
            exit_status=ending.exit_status,
            interrupted=ending.interrupted,
            settings=self._settings.told,
            chosen=self._settings.chosen,
            roots=(*self._roots, *package_roots(self._views)),
        )
        return as_defined(conclude(watched, processes, self._views), self._folder, self._scripts)

    def close(self) -> None:
        """Let go of the program, which goes on."""
        self._sampler.close()


def _told(quality: SamplingQuality, torn: int, views: Views) -> Sampling:
    return Sampling(
        moments=quality.moments,
        asked_hz=quality.asked_hz,
        achieved_hz=quality.moments / quality.elapsed_s if quality.elapsed_s > 0 else None,
        missed=quality.missed,
        dropped=sum(each.waits.dropped for each in views.processes.values()),
        torn=torn,
        errors={what: readings.failed for what, readings in quality.readings.items() if readings.failed},
        cpu_s=quality.cpu_s,
    )


@contextmanager
def until_it_ends(pid: int, duration_s: float | None = None) -> Iterator[Callable[[float], bool]]:
    """A function that waits for the end of a process, at most so many seconds, and says whether it has come: its own,
    or that of ``duration_s`` seconds from now.

    :raises ProcessLookupError: when there is no such process
    """
    ends_s = None if duration_s is None else time.monotonic() + duration_s
    descriptor = os.pidfd_open(pid)
    try:
        poll = select.poll()
        poll.register(descriptor, select.POLLIN)
        yield lambda seconds: _wait(poll, seconds, ends_s)
    finally:
        os.close(descriptor)


def _wait(poll: select.poll, seconds: float, ends_s: float | None) -> bool:
    now_s = time.monotonic()
    if ends_s is not None and now_s >= ends_s:
        return True
    until_s = now_s + seconds if ends_s is None else min(now_s + seconds, ends_s)
    if poll.poll(max(0, int((until_s - now_s - _TICK_S) * 1000))):
        return True
    time.sleep(max(0.0, until_s - time.monotonic()))
    return ends_s is not None and time.monotonic() >= ends_s
