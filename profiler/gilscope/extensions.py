"""What another package adds to an analysis and to the command line, so that the core need not know of it.

An extension is a subclass of `Extension`, named in the entry-point group ``gilscope.extensions``. One whose module is
not there, because its folder was deleted, adds nothing.
"""

from __future__ import annotations

import functools
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Protocol, TypeVar

from gilscope.entry_points import loaded
from gilscope.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import typer

    from gilscope.backends.base import Configuration
    from gilscope.decide.code import CodeTarget
    from gilscope.options import Options
    from gilscope.records import QueueFigures, ResultRecord, Trial

    R = TypeVar("R", bound=ResultRecord)

__all__ = ["GROUP", "Extension", "Laboratory", "check", "installed"]

GROUP = "gilscope.extensions"


class Laboratory(Protocol):
    """An analysis as it lends itself to an extension that measures something of its own."""

    @property
    def living(self) -> Sequence[Trial]:
        """The trials so far whose processes still run, but for the solo run."""

    @property
    def dispatch_s(self) -> Mapping[str, float]:
        """Seconds to hand over a chunk without calls, by backend."""

    @property
    def spare_s(self) -> float:
        """Seconds that the budget has left for this and for rounds."""

    def say(self, doing: str) -> None:
        """Tell the user what is being measured."""

    def without_calls(self, to: Configuration, chunks: int, environment: Mapping[str, str]) -> QueueFigures | None:
        """Start a trial of its own, hand over so many chunks without calls at once, and end it; what its queue took.

        :param environment: added to what the trials of this analysis are told
        :raises gilscope.measure.trial.TrialEnded: when it does not get that far, or ``spare_s`` are over
        """


class Extension:
    """What a package adds to one analysis: an object for each. Every method adds nothing unless it is overridden.

    :raises UsageError: when the options do not go together
    """

    def __init__(self, options: Options) -> None:
        self.options = options

    @property
    def environment(self) -> Mapping[str, str]:
        """What the processes of trials are told by environment variables."""
        return {}

    def workers_of(self, backend: str) -> int | None:
        """The worker count that a backend is to have; None where it is planned as usual."""
        del backend
        return None

    def around(self, say: Callable[[str], None]) -> AbstractContextManager[None]:
        """Within this the analysis runs, from before its first process to after its last.

        :raises GilscopeError: when it cannot run so
        """
        del say
        return nullcontext()

    def needed_s(self, laboratory: Laboratory) -> float:
        """Seconds to keep for `measure`, known once the first trials are open."""
        del laboratory
        return 0.0

    def measure(self, laboratory: Laboratory) -> None:
        """Measure more, after the rounds of all trials; keep it for `completed`."""

    def completed(self, result: R, target: CodeTarget | None) -> R:
        """The result with what this adds, before its findings.

        :param target: as a program names it; None where it could not be imported
        """
        del target
        return result

    @staticmethod
    def clean_up(folder: str) -> None:
        """Delete what a trial left outside of its process, which has ended, perhaps killed.

        :param folder: the trial's own, by whose name its things are known
        """

    @staticmethod
    def add_commands(app: typer.Typer) -> None:
        """Add subcommands to the command line."""


@functools.cache
def installed() -> tuple[type[Extension], ...]:
    """The extensions that are there.

    :raises UsageError: when one is there and cannot be loaded
    """
    return tuple(_checked(name, found) for name, found in loaded(GROUP).items())


def _checked(name: str, found: object) -> type[Extension]:
    if not (isinstance(found, type) and issubclass(found, Extension)):
        raise UsageError(f"extension {name!r} is no subclass of gilscope.extensions.Extension")
    return found


def check(options: Options) -> None:
    """Refuse options that do not go together, before anything is measured.

    :raises UsageError: when that is so
    """
    for extension in installed():
        extension(options)
