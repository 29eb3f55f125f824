"""A measured call that is resumed step by step: a coroutine, a generator, an asynchronous generator.

Between its steps others run in its thread, so each step is measured by itself. What lies between two steps is awaited
by a coroutine; a generator is suspended there because nobody asks for the next item, which is no time of its own.
"""

from __future__ import annotations

from functools import partial
from time import perf_counter_ns

from gilscope.production import clocks
from gilscope.production.awaiting import KINDS, THREADS, UNKNOWN, awaited_kind
from gilscope.production.loop_sums import BLOCK_NS

TYPE_CHECKING = False  # type checkers take it for True; importing typing would take longer than all the rest
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from gilscope.production.cell import Cell
    from gilscope.production.cells import Cells
    from gilscope.production.clocks import Reading

__all__ = ["Call", "Nested", "Passed", "Steps", "on_new_call"]

#: Each is called by a thread in which a call is about to take its first step on an event loop.
on_new_call: list[Callable[[], None]] = []


class Passed:
    """A call that is counted already and not measured: its steps are its own."""

    __slots__ = ("_cells",)

    def __init__(self, cells: Cells) -> None:
        self._cells = cells

    def steps(self, made: Any) -> Any:
        """What the call made, as it is."""
        return made

    def failed(self) -> None:
        """It raised."""
        cell = self._cells.cell()
        cell.errors += 1
        cell.save(1)

    def end(self) -> None:
        """Nothing is to be told."""


class Nested(Passed):
    """A call from within another call of the same function: whether it raises is told by the outer one."""

    __slots__ = ()

    def failed(self) -> None:
        """Nothing is to be told."""


class Call:
    """One call from its first step to its last."""

    __slots__ = (
        *("_alone", "_awaited", "_awaited_by", "_awaiting", "_awaits", "_between", "_born", "_busy", "_cell", "_cells"),
        *("_clock", "_cpu", "_ended", "_errors", "_first", "_longest", "_others", "_queue", "_steps", "_threads_cpu"),
        *("_weight", "began"),
    )

    def __init__(self, cells: Cells, cell: Cell, weight: int, awaits: bool) -> None:
        self._cells = cells
        self._cell = cell
        self._born: object = cells.born
        self._weight = weight
        self._clock = cell.weigh_clocks(weight)
        self._awaits = awaits
        self._alone = bool(self._clock) and clocks.alone()
        self.began: Reading | None = None
        """When the step that is under way began, or the last one did."""
        self._first = 0  # when the first one did
        self._awaiting = UNKNOWN  # what the last one waits for, and for how long each kind of that was awaited
        self._awaited_by = [0] * len(KINDS) if self._clock else None
        self._threads_cpu = 0
        self._ended: Reading | None = None  # the one before, where the time since then is awaited
        self._queue: int | None = 0
        self._steps = self._busy = self._awaited = self._longest = self._errors = 0
        self._cpu = self._others = self._between = 0
        for callback in on_new_call if awaits else ():
            callback()

    def steps(self, made: Any) -> Steps:
        """What the call made, each of its steps measured."""
        return Steps(self, made)

    def failed(self) -> None:
        """The call raised; `end` follows."""
        self._errors = 1

    def enter(self) -> None:
        """A step begins, in this thread."""
        self._cell = cell = self._cells.cell()
        if self._weight:
            self.began = began = clocks.begin() if self._clock else (None, 0, 0, perf_counter_ns())
            if self._ended is not None:
                self._resume(began, self._ended)
            elif not self._first:
                self._first = began[3]
        cell.inside = True
        cell.step = self
        if cell.flags is not None:
            cell.flags[cell.number] = 1

    def _resume(self, began: Reading, ended: Reading) -> None:
        """What lies between two steps was awaited."""
        awaited, between = began[3] - ended[3], max(began[1] - ended[1], 0)
        self._awaited += awaited
        self._between += between
        if self._awaited_by is not None:
            self._awaited_by[self._awaiting] += awaited
            if self._awaiting == THREADS:
                self._threads_cpu += max(between - (began[2] - ended[2]), 0)

    def leave(self, finished: bool, awaited: Any = None, made: Any = None) -> None:
        """The step has ended; ``finished``: no other will follow it without being asked for. Or else it ``awaited``
        that, by what was ``made``."""
        cell = self._cell
        cell.inside = False
        cell.step = None
        if cell.flags is not None:
            cell.flags[cell.number] = 0
        if self.began is not None:
            ended = clocks.end() if self._clock else (None, 0, 0, perf_counter_ns())
            self._add(self.began, ended)
            self._ended = None
            if self._awaits and not finished:
                self._ended = ended
                if self._clock:
                    self._awaiting = awaited_kind(awaited, made)

    def _add(self, began: Reading, ended: Reading) -> None:
        wall = ended[3] - began[3]
        if self._clock:
            wall, cpu, queue, others = clocks.spent(began, ended)
            self._cpu += cpu
            self._others += others
            self._queue = None if queue is None or self._queue is None else self._queue + queue
        self._steps += 1
        self._busy += wall
        if wall > self._longest:
            self._longest = wall
        if wall >= BLOCK_NS and self._awaits:
            self._cell.on_loops().add_block(wall, self._weight)

    def end(self) -> None:
        """The call is over: its figures go to the thread it ended in."""
        if self._born is not self._cells.born:
            return  # this is a forked child, and the call is its parent's
        cell = self._cells.cell()
        cell.calls += 1
        cell.errors += self._errors
        if self._weight:
            self._tell(cell)
        cell.save(self._weight or self._errors)

    def _tell(self, cell: Cell) -> None:
        cell.add_timed(self._weight, self._busy + self._awaited)
        cell.timed_steps += self._weight * self._steps
        cell.timed_awaited_ns += self._weight * self._awaited
        if self._longest > cell.longest_block_ns:
            cell.longest_block_ns = self._longest
        if self._awaits:
            self._tell_of_loop(cell)
        if self._clock:
            span = (self._busy, self._cpu, self._queue, self._others)
            cell.add_clocked(self._clock, span, self._alone, self._awaited, self._between)
            self._cells.rate.clocked(self._cpu)

    def _tell_of_loop(self, cell: Cell) -> None:
        loops = cell.on_loops()
        loops.add_call(self._first, perf_counter_ns())
        if self._awaited_by is not None:
            loops.add_awaited(self._awaited_by, self._threads_cpu, self._clock)


class Steps:
    """An awaitable or iterator in the place of another, which is told when each of its steps begins and ends.

    It does what ``yield from`` does (PEP 380), and takes itself out of the tracebacks of what passes through it.
    """

    __slots__ = ("_call", "_made")

    def __init__(self, call: Call, made: Any) -> None:
        self._call = call
        self._made = made

    def __iter__(self) -> Steps:
        return self

    __await__ = __iter__

    def __next__(self, resume: Callable[..., Any] | None = None, *values: Any) -> Any:
        """Resume, unless told otherwise by sending nothing."""
        finished, value = True, None
        self._call.enter()
        try:
            value = resume(*values) if resume else self._made.send(None)
            finished = False
            return value
        except StopIteration:
            raise
        except BaseException as error:
            if error.__traceback__ is not None:
                error.__traceback__ = error.__traceback__.tb_next  # without this frame; raised on, it stays away
            raise
        finally:
            self._call.leave(finished, value, self._made)

    # Partials rather than methods: a method's frame would show in tracebacks.

    @property
    def send(self) -> Callable[..., Any]:
        """Resume with a value."""
        return partial(self.__next__, self._made.send)

    @property
    def throw(self) -> Callable[..., Any]:
        """Resume with an exception."""
        return partial(self.__next__, self._made.throw)

    @property
    def close(self) -> Callable[..., Any]:
        """End early."""
        return partial(self.__next__, self._made.close)
