"""The options that say where reports go, as commands share them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import typer

from gilscope.cli.command import OUTPUT
from gilscope.cli.completing import one_of

__all__ = [
    "ALSO_FILES",
    "AS_JSON",
    "CODE",
    "FILES",
    "FORMAT",
    "PROGRAM_FILES",
    "PROGRAM_FORMAT",
    "QUIET",
    "SHEET_FILES",
    "SHEET_FORMAT",
    "SHOW_OUTPUT",
    "VERBOSE",
    "output_option",
    "verbosity_option",
]

#: By their names; `gilscope.report.FORMATS` has more of them, and takes longer to import than the help may take.
_TABLES: Final = ("text", "json", "csv", "html", "md")
_STACKS: Final = ("perfetto", "speedscope", "collapsed")
_ALL: Final = (*_TABLES, "perfetto", "speedscope", "gecko", "collapsed")


def output_option(*flags: str, **more: Any) -> Any:
    """An option in the last part of the help."""
    return typer.Option(*flags, rich_help_panel=OUTPUT, **more)


def verbosity_option(told: str) -> Any:
    """How much is told: the number of times that it is given."""
    return output_option("--verbose", "-v", count=True, show_default=False, help=told)


def _formats_option(known: Sequence[str]) -> Any:
    """What goes to standard output, of these formats."""
    choices = f"[{'|'.join(known)}]"
    return output_option("--format", "-f", metavar=choices, help="Of standard output.", autocompletion=one_of(known))


def _files_option(told: str) -> Any:
    return output_option("--output", "-o", metavar="PATH", help=f"{told} Repeatable.")


_VIEWERS: Final = "for viewers .perfetto.json .speedscope.json"
ALSO_FILES = _files_option(
    f"Also write a file: .html .json .csv .md .txt; {_VIEWERS} .gecko.json .collapsed; a folder gets html, csv, json "
    "and md; - is stdout."
)
FILES = _files_option(
    f"A file to write: .html .json .csv .md .txt; {_VIEWERS} .gecko.json .collapsed; a folder gets html, csv, json and "
    "md."
)
PROGRAM_FILES = _files_option(
    f"A file to write: .html .json .csv .md .txt; {_VIEWERS} .collapsed; a folder gets html, csv, json and md."
)
SHEET_FILES = _files_option("A file to write: .json .csv .html .md; a folder gets all.")
FORMAT, PROGRAM_FORMAT, SHEET_FORMAT = map(_formats_option, (_ALL, (*_TABLES, *_STACKS), _TABLES))
AS_JSON = output_option("--json", help="Short for --format json.")
QUIET = output_option("--quiet", "-q", help="Nothing on stderr but errors.")
CODE = output_option("--code", help="Print only the program to paste; it runs as it is.")
SHOW_OUTPUT = output_option("--show-output", help="Show the last of what the target printed, on stderr.")
VERBOSE = verbosity_option("Tell more: -vv all.")
