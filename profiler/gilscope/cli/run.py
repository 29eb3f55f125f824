"""``gilscope run``: run a program and watch it."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import closing
from typing import TYPE_CHECKING, Annotated

import typer

from gilscope.cli.capturing import CAPTURE, MOST, TO
from gilscope.cli.command import TARGET
from gilscope.cli.output_options import PROGRAM_FILES, VERBOSE, output_option
from gilscope.cli.watching import OVERHEAD, PROCESSES, RATE, THREADS, require_script
from gilscope.errors import UsageError

if TYPE_CHECKING:
    from gilscope.cli.output import Files
    from gilscope.programs.launching import Launched
    from gilscope.programs.watching import Settings
    from gilscope.records.programs import ProgramRecord

__all__ = ["run"]


def run(
    program: Annotated[
        list[str],
        typer.Argument(
            metavar="[--] SCRIPT.py [ARGS...] | -m MODULE [ARGS...] | -c CODE",
            help="As python is given it.",
            rich_help_panel=TARGET,
        ),
    ],
    output: Annotated[list[str] | None, PROGRAM_FILES] = None,
    rate: Annotated[str, RATE] = "100",
    overhead: Annotated[str, OVERHEAD] = "1%",
    processes: Annotated[str, PROCESSES] = "all",
    threads: Annotated[list[str] | None, THREADS] = None,
    capture: Annotated[list[str] | None, CAPTURE] = None,
    capture_to: Annotated[str | None, TO] = None,
    capture_most: Annotated[int, MOST] = 200,
    verbose: Annotated[int, VERBOSE] = 0,
    quiet: Annotated[bool, output_option("--quiet", "-q", help="Nothing on stderr but errors; with -o alone.")] = False,
) -> None:
    """Run a program as python would, and tell who held the GIL, who waited for it, and what blocked its event loops.

    The report goes to standard error, or to the files of -o; the exit status is the program's.
    """
    from gilscope.cli.capturing import capturing
    from gilscope.cli.failures import only_told
    from gilscope.cli.output import STDOUT, Files
    from gilscope.cli.watching import settings_of
    from gilscope.programs.launching import end_as, launched

    if STDOUT in (output or []):
        raise UsageError(
            "--output -: standard output is the program's; name a file, or leave it out: the report goes to "
            "standard error"
        )
    if quiet and not output:
        raise UsageError("--quiet without --output would tell nothing: name a file, as in -o report.html")
    settings = settings_of(rate, overhead, processes, threads)
    files = Files(output or [], ["run"])
    require_script(program)
    with (
        capturing(capture or [], capture_to, capture_most) as kept,
        launched(program, environment=kept.environment) as running,
    ):
        with only_told():
            record, trouble = kept.told_in(_watched(running, program, settings))
            _tell(record, files, trouble, verbose=verbose, quiet=quiet)
        status = running.wait()
    end_as(status, sys.exit)


def _watched(running: Launched, program: Sequence[str], settings: Settings) -> ProgramRecord:
    """What was seen of it, once it has ended."""
    from gilscope.programs.watching import Ending, Watching, until_it_ends

    with closing(Watching(running.pid, settings, just_started=True)) as watching:
        with until_it_ends(running.pid) as wait:
            watching.watch(wait)
        return watching.record(Ending(exit_status=running.wait()), ["python", *program])


def _tell(record: ProgramRecord, files: Files, trouble: str, *, verbose: int, quiet: bool) -> None:
    from gilscope.cli.watching import tell

    written, failed = files.write(record)
    if not files:
        tell(record, verbosity=verbose)
    elif not quiet:
        sys.stderr.write("".join(f"gilscope: wrote {path}\n" for path in written))
    for why in filter(None, (failed, trouble)):
        sys.stderr.write(f"gilscope: {why}\n")
