"""``gilscope dump``: one look at a running program."""

from __future__ import annotations

from typing import Annotated

import typer

from gilscope.cli.output_options import AS_JSON, QUIET, SHEET_FILES, SHEET_FORMAT
from gilscope.cli.watching import MEMORY, or_without_memory

__all__ = ["dump"]


def dump(
    pid: Annotated[int, typer.Argument(metavar="PID", min=1, help="The process: any CPython from 3.11 on.")],
    memory: Annotated[bool, MEMORY] = True,
    output: Annotated[list[str] | None, SHEET_FILES] = None,
    format_name: Annotated[str, SHEET_FORMAT] = "text",
    as_json: Annotated[bool, AS_JSON] = False,
    quiet: Annotated[bool, QUIET] = False,
) -> None:
    """Say at once what every thread of a running program does, who holds the GIL, and since when."""
    from gilscope.cli.output import Destinations
    from gilscope.programs.dumping import dump as look
    from gilscope.report.dumps import dump_sheet

    destinations = Destinations(output or [], [f"dump-{pid}"], "json" if as_json else format_name)
    with or_without_memory():
        seen = look(pid, memory)
    destinations.write(dump_sheet(seen), quiet=quiet)
