"""What is judged: a function of a real library, its inputs, and what is known of it beforehand."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

__all__ = ["MODULES", "Workload", "catalogue", "workload"]

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


def workload(*, inputs: str, expect: str, kind: str, why: str) -> Callable[[_Function], _Function]:
    """Declare the function below; it stays as it is. ``expect`` separates labels that are all right by ``|``."""

    def declare(function: _Function) -> _Function:
        labels = tuple(label.strip() for label in expect.split("|"))
        coroutine = inspect.iscoroutinefunction(function)
        _declared.append(Workload(function.__name__, function.__module__, inputs, labels, kind, why, coroutine))
        return function

    return declare


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
