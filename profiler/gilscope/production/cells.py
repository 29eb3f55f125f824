"""The cells of one function: what each thread has counted of its calls, and all of them together."""

from __future__ import annotations

import threading

from gilscope.production.cell import Cell, Sums
from gilscope.production.rate import MAX_BLOCK, AdaptiveRate
from gilscope.production.sampler import CallSampler

TYPE_CHECKING = False  # type checkers take it for True; importing typing would take longer than all the rest
if TYPE_CHECKING:
    from collections.abc import Callable

    from gilscope.observers.functions import Seen

__all__ = ["Cells", "on_new_cell"]

#: Each is called by a thread that makes its first call of a function, or comes for its cell again.
on_new_cell: list[Callable[[Cells, Cell], None]] = []


class Cells:
    """One for each thread, and the choice of the calls that are measured.

    :param tracked: whether every call is followed from the start, rather than let pass by the sampler
    """

    def __init__(self, tracked: bool) -> None:
        self.rate = AdaptiveRate()
        self.sampler = CallSampler()
        self._tracked = tracked and self.sampler.stop()
        self.born: object = None
        """Another object in a forked child."""
        self._local: threading.local
        self._former: threading.local | None
        self.forget()

    def cell(self) -> Cell:
        """The calling thread's own figures."""
        try:
            cell: Cell = self._local.cell
        except AttributeError:
            cell = self._new_cell()
        return cell

    def sums(self, *, recent: bool = False) -> Sums:
        """The figures of all threads together; of calls that have ended. ``recent``: only since `restart`."""
        with self._lock:
            whole = Sums()
            for part in self._ended[-1 if recent else 0 :]:
                whole.add(part)
            for cell in self._cells:
                _add(whole, cell)
        whole.calls += self.sampler.passed
        return whole

    def cells(self) -> tuple[Cell, ...]:
        """One for each thread that has called the function; a thread that has ended leaves its own to the next."""
        return tuple(self._cells)

    def add_queue_wait(self, nanoseconds: int) -> None:
        """What was handed to the pool that calls run in waited so long for a thread."""
        with self._lock:
            self._latest().in_queues().note(nanoseconds)

    def add_seen(self, seen: Seen) -> None:
        """An observer process saw this of the calls."""
        with self._lock:
            self._latest().add_seen(seen)

    def ask_for_cells(self) -> None:
        """Have each thread come for its cell again at its next call."""
        self._former = self._local
        self._local = threading.local()

    def forget(self) -> None:
        """Begin anew: in a forked child, where what was counted is the parent's to tell.

        The lock may be taken again by the thread that has it: by a signal handler, or a destructor."""
        for cell in getattr(self, "_cells", ()):
            cell.slot = None
        self.sampler.reset()
        self._lock = threading.RLock()
        self._local = threading.local()
        self._former = None  # what threads have that have not come since `ask_for_cells`
        self._cells: list[Cell] = []
        self._ended: list[Sums] = []  # what no thread's cell has: before a restart, and since
        self.born = object()

    def keep_no_more(self) -> None:
        """What is counted from now on is in no journal."""
        with self._lock:
            self._tracked = self._tracked or self.sampler.stop()
            for cell in self._cells:
                cell.slot = cell.flags = None

    def restart(self, max_block: int = MAX_BLOCK) -> None:
        """Tell the calls that follow apart from those before, and measure the first of them again as if there had been
        none. A call that another thread is in right now is not counted.

        :param max_block: at least one of so many of them is timed
        """
        following = CallSampler()
        with self._lock:
            if self._tracked:
                following.stop()
            for cell in self._cells:
                cell.slot = None
            self._ended = [self.sums(), Sums()]
            self.sampler, self.rate = following, AdaptiveRate(max_block)
            self._local, self._former, self._cells = threading.local(), None, []

    def _new_cell(self) -> Cell:
        local, former = self._local, {} if self._former is None else self._former.__dict__
        if "cell" in former:
            cell: Cell = former["cell"]
            end: _End = former["end"]
        else:
            cell = self._free_cell()
            end = _End(cell)
        local.cell, local.end = cell, end
        for callback in on_new_cell:
            callback(self, cell)
        return cell

    def _free_cell(self) -> Cell:
        """One of a thread that has ended, with what that has counted, so that they do not pile up; or a new one."""
        with self._lock:
            cell = next((cell for cell in self._cells if cell.ended), None)
            if cell is None:
                cell = Cell(self.rate)
                self._cells.append(cell)
            cell.begin_anew()
        return cell

    def _latest(self) -> Sums:
        if not self._ended:
            self._ended.append(Sums())
        return self._ended[-1]


def _add(whole: Sums, cell: Cell) -> None:
    whole.add(cell)
    whole.timed_excess += cell.recent_excess()


class _End:
    """Lives as long as a thread does, in what is the thread's own."""

    __slots__ = ("_cell",)

    def __init__(self, cell: Cell) -> None:
        self._cell = cell

    def __del__(self) -> None:
        self._cell.ended = True
