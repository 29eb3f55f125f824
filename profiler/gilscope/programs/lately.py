"""Watching a program for as long as somebody looks, and telling of its last seconds whenever that is asked for."""

from __future__ import annotations

import shlex
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Final

from gilscope.observers.cpus import usable_cpus
from gilscope.observers.environment import describe_environment
from gilscope.programs.conclude import Watched, conclude
from gilscope.programs.definitions import as_defined
from gilscope.programs.roots import package_roots, roots_of, script_folder, working_folder
from gilscope.programs.sampler import OWN_SHARE_FACTOR, ProgramSampler
from gilscope.programs.watching import Settings
from gilscope.programs.window import Cut, Totals, Window
from gilscope.records.programs import ProgramRecord, Sampling

__all__ = ["LatelyWatched"]

#: Of what watching may cost, the part of the moments; the other is for telling of them.
FOR_MOMENTS: Final = 0.5


class LatelyWatched:
    """A program whose last seconds are told.

    :param window_s: how many
    :param command: as it was typed; that of the first process, where none is given
    :param just_started: whether it is only starting: that it cannot be seen into yet is no refusal
    :raises AttachError: when it cannot be seen into
    """

    def __init__(
        self, pid: int, settings: Settings, window_s: float, command: Sequence[str] = (), *, just_started: bool = False
    ) -> None:
        self._settings = settings
        self._command = command
        self._roots = roots_of(pid)
        self._folder, self._scripts = working_folder(pid), script_folder(pid)
        self._environment = describe_environment(usable_cpus(None))
        self._began_cpu_s = time.thread_time()
        began_s = time.monotonic()
        self._sampler = ProgramSampler(
            pid,
            rate_hz=settings.rate_hz,
            overhead=settings.overhead * FOR_MOMENTS,
            follow=settings.follow,
            chosen=settings.chosen,
            just_started=just_started,
            memory=settings.memory,
        )
        self._window = Window(window_s, self._totals(began_s))

    def watch(self, wait: Callable[[float], bool]) -> None:
        """Watch until ``wait(seconds)``, which waits at most so long, says that it is over, or the program has
        ended."""
        for moment in self._sampler.moments(wait):
            self._window.see(moment)

    def telling_share(self) -> float:
        """CPU that telling may take, in CPUs."""
        cpus = self._environment.cpus_usable
        share = self._settings.overhead * (1.0 - FOR_MOMENTS)
        return share * (cpus if self._sampler.saturated else OWN_SHARE_FACTOR)

    def record(self) -> ProgramRecord:
        """The last seconds."""
        now_s = time.monotonic()
        self._sampler.count()
        cut = self._window.cut(self._totals(now_s))
        self._sampler.forget(cut.began.at_s)
        first = min(cut.processes, key=lambda each: each.first_s, default=None)
        typed = self._command or (() if first is None else first.command)
        watched = Watched(
            created=datetime.now(UTC).isoformat(timespec="seconds"),
            command=" ".join(shlex.join(typed).split()),
            argv=tuple(typed),
            environment=self._environment,
            began_s=cut.began.at_s,
            watched_s=cut.lasted_s,
            sampling=_sampling(cut, self._settings.rate_hz),
            settings={**self._settings.told, "window_s": self._window.length_s},
            chosen=self._settings.chosen,
            roots=(*self._roots, *package_roots(cut.views)),
        )
        return as_defined(conclude(watched, cut.processes, cut.views), self._folder, self._scripts)

    def _totals(self, now_s: float) -> Totals:
        quality = self._sampler.quality
        return Totals(
            at_s=now_s,
            processes=self._sampler.seen(),
            moments=quality.moments,
            missed=quality.missed,
            torn=self._sampler.torn,
            cpu_s=time.thread_time() - self._began_cpu_s,
        )

    def close(self) -> None:
        """Let go of the program, which goes on."""
        self._sampler.close()


def _sampling(cut: Cut, asked_hz: float) -> Sampling:
    began, ended = cut.began, cut.ended
    moments = ended.moments - began.moments
    return Sampling(
        moments=moments,
        asked_hz=asked_hz,
        achieved_hz=moments / cut.lasted_s if cut.lasted_s > 0 else None,
        missed=ended.missed - began.missed,
        dropped=sum(each.waits.dropped for each in cut.views.processes.values()),
        torn=ended.torn - began.torn,
        cpu_s=ended.cpu_s - began.cpu_s,
    )
