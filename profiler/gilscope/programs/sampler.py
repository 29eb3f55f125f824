"""Sampling a whole program: the moments of which everything that is told of it is made."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Final

from gilscope.observers.pacing import Pace
from gilscope.observers.sampling_quality import HOLDER, SamplingQuality
from gilscope.observers.short_turns import short_turns
from gilscope.programs.chosen_threads import ALL_THREADS, ChosenThreads
from gilscope.programs.moments import ProcessMoment, ThreadLook
from gilscope.programs.process import THREADS_PER_MOMENT, ProgramProcess
from gilscope.programs.seen import SeenProcess
from gilscope.programs.tree import ProcessTree

__all__ = ["DEFAULT_OVERHEAD", "DEFAULT_RATE_HZ", "ProgramSampler"]

DEFAULT_RATE_HZ: Final = 100.0
#: CPU that sampling may take from the program, as a share of all CPUs.
DEFAULT_OVERHEAD: Final = 0.01
#: CPU that it may use altogether, where there is some to spare, as a multiple of that, as a share of one CPU.
OWN_SHARE_FACTOR: Final = 4.0
#: Processes looked at per moment, or as many more as have together no more threads than are looked at in one; of more,
#: different ones at each.
PROCESSES_PER_MOMENT: Final = 2


class ProgramSampler:
    """Looks at a program, a process and all that it starts, at random moments: without a pause, and within a budget.

    :param rate_hz: how often each process is looked at, at most
    :param overhead: CPU that may be taken from the program, as a share of all CPUs
    :param follow: whether the processes that it starts are looked at too
    :param chosen: the threads that moments tell of; who holds a GIL is told of all
    :param just_started: whether it is only starting: that it cannot be seen into yet is no refusal
    :param memory: whether its memory is read; without, only what the kernel tells is told
    :raises AttachError: when the first process cannot be seen into
    """

    def __init__(
        self,
        pid: int,
        *,
        rate_hz: float = DEFAULT_RATE_HZ,
        overhead: float = DEFAULT_OVERHEAD,
        follow: bool = True,
        chosen: ChosenThreads = ALL_THREADS,
        just_started: bool = False,
        memory: bool = True,
        rng: random.Random | None = None,
    ) -> None:
        self._rng = rng or random.Random()
        self._chosen = chosen
        self._cpus = len(os.sched_getaffinity(0))
        self.quality = SamplingQuality(rate_hz)
        self._tree = ProcessTree(pid, self._rng, follow, just_started, memory)
        self._pace = Pace(self.quality, self._rng, overhead * self._cpus, overhead * OWN_SHARE_FACTOR)

    def moments(self, wait: Callable[[float], bool]) -> Iterator[ProcessMoment]:
        """Sample until ``wait(seconds)``, which waits at most so long, says that it is over, or the program has ended.

        Where looking costs more than the budget, moments are further apart, and stand for more; those that came too
        late are missed. `quality` tells how many.
        """
        with short_turns():
            for _ in self._pace.moments(lambda seconds: wait(seconds) or self._tree.ended):
                self._pace.own.wake()
                yield from self._look()
                began_s = time.thread_time()
                self._tree.scan()
                self._pace.leave_out(time.thread_time() - began_s)
        self._tree.finish()

    def _look(self) -> list[ProcessMoment]:
        processes = list(self._tree.sampled.values())
        threads = sum(min(process.alive, THREADS_PER_MOMENT) for process in processes)
        most = max(PROCESSES_PER_MOMENT, len(processes) * THREADS_PER_MOMENT // max(threads, 1))
        chosen = processes if len(processes) <= most else self._rng.sample(processes, most)
        span_s = self._pace.slot_s * len(processes) / max(len(chosen), 1)
        looks = {process: self._look_at(process, span_s) for process in chosen}
        moments = [moment for moment in looks.values() if moment is not None]
        runnable = sum(look.weight for moment in moments for look in moment.threads if look.wait is None)
        saturated = runnable * len(processes) >= self._cpus * max(len(chosen), 1)
        self._pace.saturated = saturated
        return [
            replace(moment, cpus_saturated=saturated, threads=self._told_of(process, moment.threads))
            for process, moment in looks.items()
            if moment is not None
        ]

    def _told_of(self, process: ProgramProcess, threads: tuple[ThreadLook, ...]) -> tuple[ThreadLook, ...]:
        """All are looked at, for whether every CPU is busy is judged by all."""
        if not self._chosen.patterns:
            return threads
        return tuple(look for look in threads if self._chosen.has(process.name_of(look.tid)))

    def _look_at(self, process: ProgramProcess, span_s: float) -> ProcessMoment | None:
        self.quality.moments += 1
        self.quality.readings[HOLDER].tried += 1
        try:
            return process.moment(span_s, self._pace.own)
        except OSError as error:
            self.quality.note(HOLDER, error)
            self._tree.lost(process)
            return None

    @property
    def torn(self) -> int:
        """Stacks that changed while they were read, and were dropped."""
        return self._tree.torn + sum(process.torn for process in self._tree.sampled.values())

    def seen(self) -> tuple[SeenProcess, ...]:
        """The processes so far with their threads and exact totals, those that have ended first."""
        return self._tree.seen()

    @property
    def saturated(self) -> bool:
        """Whether every CPU was busy at the last moment."""
        return self._pace.saturated

    def count(self) -> None:
        """Bring the totals up to date."""
        self._tree.finish()

    def fold(self) -> Iterator[tuple[int, Mapping[int, int]]]:
        """Tell ended threads of a crowd together: of each process where that was due, by number, the number that each
        is told under from now on."""
        for process in self._tree.sampled.values():
            folded = process.ended.fold(self._chosen)
            if folded:
                yield process.pid, folded

    def forget(self, until_s: float) -> None:
        """Forget the processes and threads that had ended by then (`time.monotonic`)."""
        self._tree.forget(until_s)

    def close(self) -> None:
        """Close every file."""
        self._pace.close()
        self._tree.close()
