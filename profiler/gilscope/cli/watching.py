"""What the commands that watch programs have in common."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import typer

from gilscope.choosing import did_you_mean, require_choice
from gilscope.cli.colours import of_console
from gilscope.cli.command import WATCH
from gilscope.cli.completing import one_of
from gilscope.errors import AttachError, UsageError
from gilscope.parsing import hertz
from gilscope.units import exact

if TYPE_CHECKING:
    from gilscope.programs.watching import Settings
    from gilscope.records.programs import ProgramRecord

__all__ = [
    "MEMORY",
    "OVERHEAD",
    "PROCESSES",
    "RATE",
    "THREADS",
    "or_without_memory",
    "require_script",
    "settings_of",
    "tell",
]


def _option(*flags: str, **more: Any) -> Any:
    return typer.Option(*flags, rich_help_panel=WATCH, **more)


RATE = _option("--rate", "-r", metavar="HZ", help="Moments a second at which each process is looked at, at most.")
OVERHEAD = _option(
    "--overhead", metavar="SHARE", help="CPU that looking may take from the program, as a share of all CPUs."
)
_PROCESSES = ("all", "main")
PROCESSES = _option(
    "--processes",
    metavar=f"[{'|'.join(_PROCESSES)}]",
    help="Those that it starts too, or the first alone.",
    autocompletion=one_of(_PROCESSES),
)
MEMORY = _option("--memory/--no-memory", help="Without: what the kernel alone tells, of any process.")
THREADS = _option(
    "--threads",
    metavar="PATTERN",
    help="Tell of threads with such names alone, as in 'worker*': the names that the program gave them. Repeatable.",
)
_MOST_HZ = 10_000.0


def settings_of(rate: str, overhead: str, processes: str, threads: Sequence[str] | None = None) -> Settings:
    """The options, checked.

    :raises UsageError: when one has no meaning
    """
    from gilscope.programs.watching import Settings

    rate_hz = hertz(rate, "--rate")
    if not 0 < rate_hz <= _MOST_HZ:
        raise UsageError(f"--rate {rate} is no sampling rate: give moments a second, from 1 to {exact(_MOST_HZ)}")
    require_choice("--processes", processes, _PROCESSES)
    return Settings(rate_hz, _share(overhead), follow=processes == "all", threads=tuple(threads or ()))


def require_script(program: Sequence[str]) -> None:
    """Nothing, where there is what Python is to run; what it does of ``-m`` and the like is its own.

    :raises UsageError: where a script is named that is not there
    """
    script = program[0]
    if script.startswith("-") or os.path.exists(script):
        return
    folder = os.path.dirname(script)
    beside = os.listdir(folder or ".") if os.path.isdir(folder or ".") else []
    near = did_you_mean(script, [os.path.join(folder, name) for name in beside if name.endswith(".py")])
    raise UsageError(f"there is no file {script!r} to run{near}")


def _share(text: str) -> float:
    number = text.strip().removesuffix("%")
    try:
        share = float(number) / (100 if text.strip().endswith("%") else 1)
    except ValueError:
        share = 0.0
    if not 0 < share <= 1:
        raise UsageError(f"--overhead {text!r} is no share: write it as 1% or 0.01")
    return share


@contextmanager
def or_without_memory(way: str = "give --no-memory") -> Iterator[None]:
    """Says of a process that cannot be seen into what can be told of it all the same, and by which way."""
    from gilscope.programs.refusals import NoSuchProcessError

    try:
        yield
    except NoSuchProcessError:
        raise
    except AttachError as error:
        raise type(error)(f"{error}; or {way}: its threads' states are told, the GIL is not") from error


def tell(record: ProgramRecord, *, verbosity: int) -> None:
    """Draw the report on standard error, for standard output is the program's."""
    from rich.console import Console

    from gilscope import report
    from gilscope.cli.output import room_for
    from gilscope.report import text

    console = Console(stderr=True, width=None if sys.stderr.isatty() else 100, **of_console())
    with console.capture() as drawn:
        text.show(report.documents(record), console, room=room_for(verbosity))
    sys.stderr.write("".join(f"{line.rstrip()}\n" for line in drawn.get().rstrip("\n").split("\n")))
