"""Everything that is made of the moments of a program, process by process."""

from __future__ import annotations

from collections.abc import Mapping

from gilscope.programs.accounts import ThreadCounts
from gilscope.programs.course import Course
from gilscope.programs.functions import StackTimes
from gilscope.programs.gil_holds import GilHolds
from gilscope.programs.lock_waits import LockWaiting
from gilscope.programs.loops import Loops
from gilscope.programs.moments import ProcessMoment
from gilscope.programs.tally import is_stopped, tallied
from gilscope.programs.waits_for_gil import GilWaits

__all__ = ["ProcessViews", "Views"]


class ProcessViews:
    """What the moments of one process come to.

    :param began_s: when the program was first watched (`time.monotonic`)
    """

    def __init__(self, began_s: float) -> None:
        self.counts = ThreadCounts()
        self.stacks = StackTimes()
        self.waits = GilWaits()
        self.holds = GilHolds()
        self.loops = Loops()
        self.locks = LockWaiting()
        self.course = Course(began_s)
        self.moments = 0
        self.torn = 0
        self.stopped_s = 0.0
        """For which a signal or a debugger had stopped it, as sampled."""

    def see(self, moment: ProcessMoment) -> None:
        """One more moment."""
        self.moments += 1
        self.torn += sum(look.torn for look in moment.threads)
        threads = tallied(moment)
        self.counts.see(moment)
        if is_stopped(moment):  # nobody computes, holds or waits, and what went on goes on later
            self.stopped_s += moment.span_s
            self.finish()
        else:
            for view in (self.waits, self.holds, self.loops):
                view.see(moment)
        for counting in (self.stacks, self.locks):
            counting.see(threads)
        self.course.see(moment, threads)

    def fold(self, folded: Mapping[int, int]) -> None:
        """Threads that have ended are told under other numbers from now on, many under one."""
        self.counts.fold(folded)
        self.loops.fold(folded)
        for view in (self.waits, self.locks):
            view.forget(folded.keys())

    def finish(self) -> None:
        """End what goes on, as far as it was seen."""
        self.holds.finish()
        self.loops.finish()


class Views:
    """What the moments of a program come to.

    :param began_s: when it was first watched (`time.monotonic`)
    """

    def __init__(self, began_s: float) -> None:
        self.began_s = began_s
        self.processes: dict[int, ProcessViews] = {}

    def see(self, moment: ProcessMoment) -> None:
        """One more moment, of one of its processes."""
        views = self.processes.get(moment.pid)
        if views is None:
            views = self.processes[moment.pid] = ProcessViews(self.began_s)
        views.see(moment)

    def fold(self, pid: int, folded: Mapping[int, int]) -> None:
        """Threads of a process that have ended are told under other numbers from now on, many under one."""
        if pid in self.processes:
            self.processes[pid].fold(folded)

    def finish(self) -> None:
        """End what goes on: no moment follows."""
        for views in self.processes.values():
            views.finish()
