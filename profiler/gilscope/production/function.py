"""A decorated function: what is known of it in this process, and the registry of all of them."""

from __future__ import annotations

from types import MethodType

from gilscope.introspection import gil_enabled
from gilscope.production.call import Call, Nested, Passed
from gilscope.production.cells import Cells
from gilscope.production.forks import after_fork
from gilscope.production.template import is_wrapper, names_itself, spec_of

TYPE_CHECKING = False  # type checkers take it for True; importing typing would take longer than all the rest
if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Mapping
    from types import FunctionType
    from typing import Any

    from gilscope.production.cell import Cell
    from gilscope.production.profile import Profile
    from gilscope.records import Kind

__all__ = ["Function", "functions", "registered"]

_functions: dict[Hashable, Function] = {}


def functions() -> list[Function]:
    """Every function decorated in this process, in the order of decoration."""
    return list(_functions.values())


def _only(spec: str | None) -> Function | None:
    """The function of that name, where there is one and no more."""
    found = [function for function in functions() if function.spec == spec]
    return found[0] if len(found) == 1 else None


def registered(function: Function) -> Function:
    """``function``, or the one that was registered for the same code: a closure that is made again and again is one
    function."""
    code = getattr(function.function, "__code__", function.function)
    return _functions.setdefault((function.spec, function.name, code), function)


class Function(Cells):
    """What ``__gilscope__`` is on a decorated function."""

    def __init__(self, function: Callable[..., Any], kind: Kind, name: str | None = None) -> None:
        super().__init__(tracked=names_itself(function) or not gil_enabled())
        self.function = function
        """The function itself, without the decorator (the first one, where closures share their code)."""
        self.spec = spec_of(function.__module__, function.__qualname__)
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
        self.passed = Passed(self)
        self._nested = Nested(self)

    def profile(self, *, recent: bool = False) -> Profile:
        """What the calls in this process have shown so far; ``recent``: those since its `restart` only."""
        from gilscope.production.nesting import nested  # not at the top: msgspec takes longer than all the rest

        found = {self.spec: self.recorded(recent=recent)}
        spec: str | None = self.spec
        while spec is not None and (caller := _only(found[spec].only_caller)) and caller.spec not in found:
            spec = caller.spec
            found[spec] = caller.recorded(recent=recent)
        return nested(found.values())[0]

    def recorded(self, *, recent: bool = False) -> Profile:
        """The same by its own calls alone: without regard to what its caller has shown."""
        from gilscope.production.arguments import needs_inputs  # as above
        from gilscope.production.profile import profile_of

        code = getattr(self.function, "__code__", None)
        needs = self.inputs is None and needs_inputs(self.function, self.kwargs)
        return profile_of(self.sums(recent=recent), self.spec, self.name, self.kind, code, needs)

    def bare(self, func: Any) -> Any:
        """What ``func`` calls, where it is the decorated function or a method of it; else ``func`` itself."""
        if isinstance(func, MethodType):
            return MethodType(self.bare(func.__func__), func.__self__)
        return func.__wrapped__ if is_wrapper(func) else func

    # ---- what a call passes through ----

    def begin(self) -> Cell | Passed:
        """A call that runs from its begin to its end in one thread, and that the sampler did not let pass."""
        try:
            cell: Cell = self._local.cell
        except AttributeError:
            cell = self._new_cell()
        if cell.inside:
            return self._recursion(cell)
        cell.begin(cell.weigh() if self._tracked else self.sampler.choose(self.rate.block))
        return cell

    def begin_steps(self) -> Call | Passed:
        """A call that is resumed step by step, and that the sampler did not let pass."""
        cell = self.cell()
        if cell.inside:
            return self._recursion(cell)
        weight = cell.weigh() if self._tracked else self.sampler.choose(self.rate.block)
        return Call(self, cell, weight, self.kind != "generator")

    def _recursion(self, cell: Cell) -> Passed:
        """From the first nested call on every call is followed, as it is from the start where a function names itself:
        the sampler cannot tell nested calls from others, and may have let some pass as such."""
        cell.nested += 1
        if not self._tracked:
            self._tracked = self.sampler.stop()
        return self._nested


@after_fork
def _forget() -> None:
    for function in functions():
        function.forget()
