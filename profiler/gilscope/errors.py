"""The errors gilscope raises.

Each message says what happened, the evidence, and what to do next. Exit codes belong to the command line,
which maps these classes to them; nothing here knows about processes or terminals.
"""

from __future__ import annotations

__all__ = [
    "AttachError",
    "BrokerError",
    "ForgedError",
    "GilscopeError",
    "InputsError",
    "LoadError",
    "MeasurementError",
    "OutputError",
    "PythonError",
    "TargetError",
    "TargetFailedError",
    "UsageError",
]


class GilscopeError(Exception):
    """The base of every error that gilscope raises on purpose."""


class UsageError(GilscopeError):
    """What was asked for cannot be done as asked: an unknown name, a bad number, options that contradict."""


class TargetError(UsageError):
    """The target cannot be found, is not callable, or needs arguments that were not given."""


class InputsError(UsageError):
    """The inputs cannot be found, are not iterable, or are empty."""


class AttachError(UsageError):
    """A running program cannot be seen into: which obstacle it is, and the ways out, the least privileged first. Its
    subclasses, one for each sort of obstacle, are in `gilscope.programs.refusals`."""


class PythonError(UsageError):
    """A Python cannot run the target: it is not there, is none that can be measured, or lacks something.

    ``install`` is the command that installs what is missing, where that is known.
    """

    def __init__(self, message: str, install: str | None = None) -> None:
        super().__init__(message)
        self.install = install


class OutputError(UsageError):
    """A report cannot be written where it was asked for."""


class LoadError(UsageError):
    """A saved result cannot be read: missing, truncated, not JSON, or of a schema this version does not know."""


class TargetFailedError(GilscopeError):
    """The target's own code raised: on import, in its inputs or setup, or on every input.

    ``traceback`` is the text of the user's own traceback, the frames of gilscope left out.
    """

    def __init__(self, message: str, traceback: str = "") -> None:
        super().__init__(message)
        self.traceback = traceback


class MeasurementError(GilscopeError):
    """Nothing could be measured or concluded."""


class BrokerError(MeasurementError):
    """A task queue's broker is not there, does not let gilscope in, must not be used, or is gone."""


class ForgedError(BrokerError):
    """A message on the broker was not written by this analysis."""
