"""What is judged: a function of a real library, its inputs, and what is known of it beforehand."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

__all__ = ["MODULES", "Workload", "catalogue", "is_coroutine", "workload"]

#: The modules of `benchmarks.regret.workloads`, in the order of the table.
MODULES = (
    "python_cpu",
    "native_cpu",
    "arrays",
    "documents",
    "web",
    "stores",
    "children",
    "waiting",
    "payloads",
    "tiny",
    "coroutines",
    "wild",
    "gpu",
)

_Function = TypeVar("_Function", bound=Callable[..., object])
_declared: list[Workload] = []


@dataclass(frozen=True)
class Workload:
    """A function to be judged."""

    name: str
    module: str
    inputs: str
    """The name, in the same module, of its inputs or of what makes them."""
    expect: tuple[str, ...]
    """The right labels, ``label`` or ``label/subtype``: several where it stands on a boundary."""
    kind: str
    why: str
    """Why it is here, in a line."""
    coroutine: bool = False
    one_process: bool = False
    """Whether a lock that its threads share is there for a reason: what passes it by is no way to run the function."""

    @property
    def spec(self) -> str:
        """The function as ``module:name``."""
        return f"{self.module}:{self.name}"

    def input_count(self) -> int:
        """How many inputs there are."""
        made = getattr(importlib.import_module(self.module), self.inputs)
        return len(made() if callable(made) else made)

    @property
    def inputs_spec(self) -> str:
        """The inputs as ``module:name``."""
        return f"{self.module}:{self.inputs}"


def workload(
    *, inputs: str, expect: str, kind: str, why: str, one_process: bool = False
) -> Callable[[_Function], _Function]:
    """Declare the function below; it stays as it is. ``expect`` separates labels that are all right by ``|``."""

    def declare(function: _Function) -> _Function:
        labels = tuple(label.strip() for label in expect.split("|"))
        name, module, coroutine = function.__name__, function.__module__, is_coroutine(function)
        _declared.append(Workload(name, module, inputs, labels, kind, why, coroutine, one_process))
        return function

    return declare


def is_coroutine(function: Callable[..., object]) -> bool:
    """Whether a call has to be awaited, be it behind decorators that do not say so."""
    return inspect.iscoroutinefunction(inspect.unwrap(function))


def catalogue() -> tuple[list[Workload], dict[str, str]]:
    """Every workload, and why the modules that are missing could not be imported."""
    missing = {}
    for name in MODULES:
        try:
            importlib.import_module(f"benchmarks.regret.workloads.{name}")
        except ImportError as error:
            missing[name] = str(error)
    order = {f"benchmarks.regret.workloads.{name}": place for place, name in enumerate(MODULES)}
    return sorted(_declared, key=lambda each: order.get(each.module, len(order))), missing
