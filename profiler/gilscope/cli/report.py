"""``gilscope report``: draw saved results again."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

__all__ = ["report"]


def report(
    files: Annotated[list[str], typer.Argument(metavar="RESULT.json...", help="Results that were saved as JSON.")],
    output: Annotated[
        list[str] | None,
        typer.Option(
            "--output", "-o", metavar="PATH", help="A file to write: .json .csv .html .md; a folder gets all."
        ),
    ] = None,
    format_name: Annotated[
        str, typer.Option("--format", "-f", help="What goes to stdout: text, json, csv, html or md.")
    ] = "text",
    as_json: Annotated[bool, typer.Option("--json", help="Short for --format json.")] = False,
    show_output: Annotated[bool, typer.Option("--show-output", help="Show what the target printed.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Do not name the files written.")] = False,
) -> None:
    """Draw saved results in any format, without measuring."""
    from gilscope.cli.output import Destinations
    from gilscope.report import load_all

    results = [result for path in files for result in load_all(path)]
    names = [result.target.spec for result in results]
    destinations = Destinations(output or [], names, "json" if as_json else format_name)
    written = destinations.write(results, show_output=show_output)
    if written and not quiet:
        sys.stderr.write("".join(f"wrote {path}\n" for path in written))
