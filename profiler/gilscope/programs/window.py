"""The last seconds of a program: its moments in them, and the kernel's totals from their beginning to their end.

Pure, and bounded however long it goes on: moments that are over are let go, and of a flood of them the earliest, so
that the window gets shorter; how long it is stands in `Cut.began_s`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from gilscope.programs.moments import ProcessMoment
from gilscope.programs.seen import SeenProcess, SeenThread
from gilscope.programs.views import Views

__all__ = ["Cut", "Totals", "Window", "since"]

#: Frames of stacks, and threads, in the moments that are kept.
MOST_KEPT: Final = 2_000_000
#: Totals that are kept, for windows to begin at.
BEGINNINGS: Final = 20


@dataclass(frozen=True, slots=True)
class Totals:
    """What had been counted until then."""

    at_s: float
    """By `time.monotonic`."""
    processes: tuple[SeenProcess, ...] = ()
    moments: int = 0
    missed: int = 0
    torn: int = 0
    cpu_s: float = 0.0
    """That watching and telling had used."""


@dataclass(frozen=True, slots=True)
class Cut:
    """What the window shows."""

    began: Totals
    ended: Totals
    processes: tuple[SeenProcess, ...]
    """With totals of the window alone; without those that had ended before it."""
    views: Views
    """Of its moments."""

    @property
    def lasted_s(self) -> float:
        return self.ended.at_s - self.began.at_s


class Window:
    """The moments of the last seconds.

    :param length_s: how many
    :param began: what had been counted before the first moment
    """

    def __init__(self, length_s: float, began: Totals) -> None:
        self.length_s = length_s
        self._moments: deque[ProcessMoment] = deque()
        self._kept = 0
        self._lost_s = began.at_s
        """Until then moments may have been let go before their time."""
        self._totals: deque[Totals] = deque([began])

    def see(self, moment: ProcessMoment) -> None:
        """One more."""
        self._moments.append(moment)
        self._kept += _size(moment)
        while self._kept > MOST_KEPT:
            self._lost_s = self._let_go()

    def _let_go(self) -> float:
        moment = self._moments.popleft()
        self._kept -= _size(moment)
        return moment.at_s

    def cut(self, now: Totals) -> Cut:
        """The window that ends now; what can be in no later one is let go."""
        while len(self._totals) > 1 and self._totals[1].at_s <= now.at_s - self.length_s:
            self._totals.popleft()
        while self._moments and self._moments[0].at_s < self._totals[0].at_s:
            self._let_go()
        began = self._beginning()
        views = Views(began.at_s)
        for moment in self._moments:
            if moment.at_s >= began.at_s:
                views.see(moment)
        if now.at_s - self._totals[-1].at_s >= self.length_s / BEGINNINGS:
            self._totals.append(now)
        return Cut(began, now, since(now.processes, began), views)

    def _beginning(self) -> Totals:
        """The first totals of which all later moments are kept."""
        later = (totals for totals in self._totals if totals.at_s >= self._lost_s)
        return next(later, self._totals[-1])


def _size(moment: ProcessMoment) -> int:
    return len(moment.threads) + sum(len(look.stack or ()) for look in moment.threads)


def since(processes: Sequence[SeenProcess], began: Totals) -> tuple[SeenProcess, ...]:
    """The processes, with totals from then on alone; those that had ended by then left out."""
    before = {(process.pid, process.first_s): process for process in began.processes}
    later = (process for process in processes if process.last_s > began.at_s)
    return tuple(_process_since(process, before.get((process.pid, process.first_s)), began.at_s) for process in later)


def _process_since(process: SeenProcess, before: SeenProcess | None, began_s: float) -> SeenProcess:
    if before is None:
        return process
    return replace(
        process,
        first_s=before.last_s,
        cpu_s=max(0.0, process.cpu_s - before.cpu_s),
        threads=tuple(_threads_since(process.threads, before.threads, began_s)),
    )


def _threads_since(
    threads: Sequence[SeenThread], earlier: Sequence[SeenThread], began_s: float
) -> Iterator[SeenThread]:
    before = {(thread.tid, thread.first_s): thread for thread in earlier}
    for thread in threads:
        then = before.get((thread.tid, thread.first_s))
        if then is None:
            yield thread
        elif thread.last_s > began_s:
            yield replace(thread, first_s=then.last_s, scheduled=thread.scheduled - then.scheduled)
