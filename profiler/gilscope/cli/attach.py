"""``gilscope attach``: watch a program that is running."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

import typer

from gilscope.cli.command import TARGET, WATCH
from gilscope.cli.exits import INTERRUPTED
from gilscope.cli.output_options import AS_JSON, PROGRAM_FILES, PROGRAM_FORMAT, QUIET, VERBOSE
from gilscope.cli.watching import (
    MEMORY,
    OVERHEAD,
    PROCESSES,
    RATE,
    THREADS,
    or_without_memory,
)
from gilscope.errors import UsageError

__all__ = ["attach"]


def attach(
    pid: Annotated[
        int, typer.Argument(metavar="PID", min=1, help="The process: any CPython from 3.11 on.", rich_help_panel=TARGET)
    ],
    duration: Annotated[
        str,
        typer.Option(
            "--duration",
            "-d",
            metavar="TIME",
            help="How long; Ctrl-C ends it sooner, with the report.",
            rich_help_panel=WATCH,
        ),
    ] = "30s",
    output: Annotated[list[str] | None, PROGRAM_FILES] = None,
    format_name: Annotated[str, PROGRAM_FORMAT] = "text",
    as_json: Annotated[bool, AS_JSON] = False,
    rate: Annotated[str, RATE] = "100",
    overhead: Annotated[str, OVERHEAD] = "1%",
    processes: Annotated[str, PROCESSES] = "all",
    memory: Annotated[bool, MEMORY] = True,
    threads: Annotated[list[str] | None, THREADS] = None,
    verbose: Annotated[int, VERBOSE] = 0,
    quiet: Annotated[bool, QUIET] = False,
) -> None:
    """Watch a running program from outside: who holds the GIL, who waits for it, what blocks its event loops."""
    from gilscope import parsing
    from gilscope.cli.output import Destinations
    from gilscope.cli.watching import settings_of
    from gilscope.programs.refusals import refused
    from gilscope.programs.watching import Ending, Watching, until_it_ends

    duration_s = parsing.seconds(duration, "--duration")
    if duration_s <= 0:
        raise UsageError(f"--duration {duration!r} leaves no time to watch: give some, as in 30s")
    settings = replace(settings_of(rate, overhead, processes, threads), memory=memory)
    destinations = Destinations(output or [], [f"attach-{pid}"], "json" if as_json else format_name)
    interrupted = False
    with or_without_memory():
        watching = Watching(pid, settings)
    try:
        with until_it_ends(pid, duration_s) as wait:
            watching.watch(wait)
    except ProcessLookupError as error:
        raise refused(pid, error) from error
    except KeyboardInterrupt:
        interrupted = True  # the program goes on, and what was seen is told
    finally:
        record = watching.record(Ending())
        watching.close()
    destinations.write(record, quiet=quiet, verbosity=verbose)
    if interrupted:
        raise typer.Exit(INTERRUPTED)
