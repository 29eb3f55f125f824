"""gilscope: which executor should run this function, measured.

``analyze(func, inputs)`` runs a function under every executor backend, accounts for each second of each worker,
classifies it and recommends how to run it; ``@classify`` learns the same from a program's own calls, without a
recommendation. Importing this package loads nothing heavy: names arrive when used.

What is stable, by semantic versioning: the names in ``gilscope.__all__`` with their parameters, and the fields of saved
results (``gilscope schema`` writes them down). All else, the modules and what is in them, may change in any version.
"""

from __future__ import annotations

from gilscope.version import __version__

TYPE_CHECKING = False  # type checkers take it for True; importing typing would take longer than all the rest
if TYPE_CHECKING:
    from gilscope.analysis import Progress, analyze
    from gilscope.comparison import CheckResult, ComparisonResult, check, compare
    from gilscope.errors import (
        AttachError,
        BrokerError,
        ForgedError,
        GilscopeError,
        InputsError,
        LoadError,
        MeasurementError,
        OutputError,
        PythonError,
        TargetError,
        TargetFailedError,
        UsageError,
    )
    from gilscope.loading import load
    from gilscope.options import Options
    from gilscope.production.collection import profiles
    from gilscope.production.decorator import classify
    from gilscope.production.observing import observe
    from gilscope.production.recording import flush
    from gilscope.program_result import ProgramResult
    from gilscope.pythons_result import PythonsResult
    from gilscope.records import Classification, Finding, Recommendation, Trial
    from gilscope.report.frames import frame
    from gilscope.result import Result
    from gilscope.watched import watch, watching

__all__ = [
    "AttachError",
    "BrokerError",
    "CheckResult",
    "Classification",
    "ComparisonResult",
    "Finding",
    "ForgedError",
    "GilscopeError",
    "InputsError",
    "LoadError",
    "MeasurementError",
    "Options",
    "OutputError",
    "ProgramResult",
    "Progress",
    "PythonError",
    "PythonsResult",
    "Recommendation",
    "Result",
    "TargetError",
    "TargetFailedError",
    "Trial",
    "UsageError",
    "__version__",
    "analyze",
    "check",
    "classify",
    "compare",
    "flush",
    "frame",
    "load",
    "observe",
    "profiles",
    "watch",
    "watching",
]

_HOMES = {
    "analyze": "gilscope.analysis",
    "classify": "gilscope.production.decorator",
    "Options": "gilscope.options",
    "Progress": "gilscope.analysis",
    "ProgramResult": "gilscope.program_result",
    "PythonsResult": "gilscope.pythons_result",
    "Result": "gilscope.result",
    "frame": "gilscope.report.frames",
    "flush": "gilscope.production.recording",
    "load": "gilscope.loading",
    "observe": "gilscope.production.observing",
    "watch": "gilscope.watched",
    "watching": "gilscope.watched",
    "profiles": "gilscope.production.collection",
    "load_ipython_extension": "gilscope.notebook",  # what `%load_ext gilscope` looks for
}
_HOMES.update((name, "gilscope.errors") for name in __all__ if name.endswith("Error"))
_HOMES.update(dict.fromkeys(("CheckResult", "ComparisonResult", "check", "compare"), "gilscope.comparison"))
_HOMES.update(dict.fromkeys(("Classification", "Finding", "Recommendation", "Trial"), "gilscope.records"))


def __getattr__(name: str) -> object:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'gilscope' has no attribute {name!r}")
    return getattr(__import__(home, fromlist=[name]), name)  # importing importlib would take 0.4 ms


def __dir__() -> list[str]:
    return sorted(__all__)
