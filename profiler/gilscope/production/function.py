"""A decorated function: what is known of it in this process, and the registry of all of them."""

from __future__ import annotations

import os
import threading
from types import MethodType

from gilscope.introspection import gil_enabled
from gilscope.production import clocks, published, recording, sampler
from gilscope.production.call import Call, Nested, Passed
from gilscope.production.cell import Cell, Sums
from gilscope.production.pace import Pace
from gilscope.production.sampler import Sampler
from gilscope.production.template import is_wrapper, names_itself

TYPE_CHECKING = False  # type checkers take it for True; importing typing would take longer than all the rest
if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Mapping
    from types import FunctionType
    from typing import Any

    from gilscope.observers.functions import Seen
    from gilscope.production.profile import Profile
    from gilscope.records import Kind

__all__ = ["Function", "functions", "registered"]

_functions: dict[Hashable, Function] = {}


def functions() -> list[Function]:
    """Every function decorated in this process, in the order of decoration."""
    return list(_functions.values())


def registered(function: Function) -> Function:
    """``function``, or the one that was registered for the same code: a closure that is made again and again is one
    function."""
    code = getattr(function.function, "__code__", function.function)
    return _functions.setdefault((function.spec, function.name, code), function)


class Function:
    """What ``__gilscope__`` is on a decorated function."""

    def __init__(self, function: Callable[..., Any], kind: Kind, name: str | None = None) -> None:
        module = "__main__" if function.__module__ == "__mp_main__" else function.__module__
        self.function = function
        """The function itself, without the decorator (the first one, where closures share their code)."""
        self.spec = f"{module}:{function.__qualname__}"
        self.name = name or self.spec
        self.kind = kind
        self.inputs: Any = None
        """One argument for each call, or a callable that makes them: for ``gilscope analyze``."""
        self.kwargs: Mapping[str, Any] = {}
        """Keyword arguments of every such call."""
        self.star = False
        """Whether each of the inputs is unpacked as positional arguments."""
        self.maker: Callable[..., FunctionType] | None = None
        """Makes the function that is put in its place (see `gilscope.production.template`)."""
        self.pace = Pace()
        self.sampler = Sampler()
        self.passed = Passed(self)
        self._nested = Nested(self)
        self.born: object = None
        """Another object in a forked child."""
        self._local: threading.local
        self._former: threading.local | None
        self.seen: Seen | None
        """What an observer saw of the calls."""
        self.seen_lately: Seen | None
        """What it saw since the `restart`."""
        self._tracked = (names_itself(function) or not gil_enabled()) and self.sampler.stop()
        self.forget()

    def profile(self) -> Profile:
        """What the calls in this process have shown so far."""
        from gilscope.production.snapshot import snapshot  # not at the top: msgspec takes longer than all the rest

        return snapshot(self)

    def sums(self, *, recent: bool = False) -> Sums:
        """The figures of all threads together; of calls that have ended. ``recent``: only since `restart`."""
        with self._lock:
            self._fold()
            whole = Sums()
            for part in (*self._ended[-1 if recent else 0 :], *self._cells):
                whole.add(part)
        whole.calls += self.sampler.passed
        return whole

    def bare(self, func: Any) -> Any:
        """What ``func`` calls, where it is the decorated function or a method of it; else ``func`` itself."""
        if isinstance(func, MethodType):
            return MethodType(self.bare(func.__func__), func.__self__)
        return func.__wrapped__ if is_wrapper(func) else func

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickled with a function that is pickled by value, as those of a notebook are: it counts anew over there."""
        return _restored, (self.function, self.kind, self.name, self.inputs, self.kwargs, self.star)

    # ---- what a call passes through ----

    def cell(self) -> Cell:
        """The calling thread's own figures."""
        try:
            cell: Cell = self._local.cell
        except AttributeError:
            cell = self._new_cell()
        return cell

    def begin(self) -> Cell | Passed:
        """A call that runs from its begin to its end in one thread, and that the sampler did not let pass."""
        try:
            cell: Cell = self._local.cell
        except AttributeError:
            cell = self._new_cell()
        if cell.inside:
            return self._recursion(cell)
        cell.begin(cell.weigh() if self._tracked else self.sampler.choose(self.pace.block))
        return cell

    def begin_steps(self) -> Call | Passed:
        """A call that is resumed step by step, and that the sampler did not let pass."""
        cell = self.cell()
        if cell.inside:
            return self._recursion(cell)
        weight = cell.weigh() if self._tracked else self.sampler.choose(self.pace.block)
        return Call(self, cell, weight, self.kind != "generator")

    def _recursion(self, cell: Cell) -> Passed:
        """From the first nested call on every call is followed, as it is from the start where a function names itself:
        the sampler cannot tell nested calls from others, and may have let some pass as such."""
        cell.nested += 1
        if not self._tracked:
            self._tracked = self.sampler.stop()
        return self._nested

    # ---- the threads' cells ----

    def _new_cell(self) -> Cell:
        local, former = self._local, {} if self._former is None else self._former.__dict__
        if "cell" in former:
            cell: Cell = former["cell"]
            end: _End = former["end"]
        else:
            cell = Cell(self.pace)
            end = _End(cell)
            with self._lock:
                self._fold()
                self._cells.append(cell)
        published.publish(self, cell)
        local.cell, local.end = cell, end
        recording.start()
        published.start()
        return cell

    def ask_for_cells(self) -> None:
        """Have each thread come for its cell again at its next call: it is to be published now."""
        self._former = self._local
        self._local = threading.local()

    def see(self, seen: Seen) -> None:
        """An observer saw this of the calls."""
        self.seen = _sum(self.seen, seen)
        self.seen_lately = _sum(self.seen_lately, seen)

    def _fold(self) -> None:
        """Take over the figures of threads that have ended, so that they do not pile up."""
        for cell in [cell for cell in self._cells if cell.ended]:
            self._cells.remove(cell)
            if not self._ended:
                self._ended.append(Sums())
            self._ended[-1].add(cell)

    def forget(self) -> None:
        """Begin anew: in a forked child, where what was counted is the parent's to tell.

        The lock may be taken again by the thread that has it: by a signal handler, or a destructor."""
        self.sampler.reset()
        self._lock = threading.RLock()
        self._local = threading.local()
        self._former = None  # what threads have that have not come since `ask_for_cells`
        self._cells: list[Cell] = []
        self.seen = self.seen_lately = None
        self._ended: list[Sums] = []  # of all threads that have ended, together; before a restart, and since
        self.born = object()

    def restart(self) -> None:
        """Tell the calls that follow apart from those before, and measure the first of them again as if there had been
        none. A call that another thread is in right now is not counted."""
        following = Sampler()
        with self._lock:
            if self._tracked:
                following.stop()
            self._ended = [self.sums(), Sums()]
            self.sampler, self.pace = following, Pace()
            self._local, self._former, self._cells = threading.local(), None, []
            self.seen_lately = None


def _sum(before: Seen | None, seen: Seen) -> Seen:
    whole = type(seen)()  # a new one: what is being read must not change
    for part in (before, seen):
        if part is not None:
            whole += part
    return whole


def _restored(func: Any, kind: Kind, name: str, inputs: Any, kwargs: Mapping[str, Any], star: bool) -> Function:
    function = registered(Function(func, kind, name))
    function.inputs, function.kwargs, function.star = inputs, kwargs, star
    return function


class _End:
    """Lives as long as a thread does, in what is the thread's own."""

    __slots__ = ("_cell",)

    def __init__(self, cell: Cell) -> None:
        self._cell = cell

    def __del__(self) -> None:
        self._cell.ended = True


def _after_fork() -> None:
    clocks.forget()
    sampler.reseed()
    recording.forget()
    published.forget()
    for function in functions():
        function.forget()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
