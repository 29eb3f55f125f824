"""``gilscope report``: draw saved results again, and recorded profiles."""

from __future__ import annotations

from typing import Annotated

import typer

__all__ = ["report"]


def report(
    paths: Annotated[
        list[str],
        typer.Argument(
            metavar="PATH...",
            help="Results that were saved as JSON, or what GILSCOPE_OUT recorded: files, or folders of them.",
        ),
    ],
    output: Annotated[
        list[str] | None,
        typer.Option(
            "--output",
            "-o",
            metavar="PATH",
            help="A file to write: .html .json .csv .md .txt; for viewers .perfetto.json .speedscope.json "
            ".gecko.json .collapsed; a folder gets html, csv, json and md. Repeatable.",
        ),
    ] = None,
    format_name: Annotated[
        str,
        typer.Option(
            "--format",
            "-f",
            help="What goes to stdout: text, json, csv, html, md, perfetto, speedscope, gecko or collapsed.",
        ),
    ] = "text",
    as_json: Annotated[bool, typer.Option("--json", help="Short for --format json.")] = False,
    code: Annotated[bool, typer.Option("--code", help="Print only the program to paste; it runs as it is.")] = False,
    verbose: Annotated[
        int, typer.Option("--verbose", "-v", count=True, help="Tell more: -vv all of a result, -v all of a program.")
    ] = 0,
    show_output: Annotated[bool, typer.Option("--show-output", help="Show what the target printed.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Do not name the files written.")] = False,
) -> None:
    """Draw saved results in any format, or merge and draw recorded profiles, without measuring."""
    from gilscope.cli.exits import tell_skipped
    from gilscope.cli.output import Destinations
    from gilscope.report.profiles import profiles_sheet
    from gilscope.report.programs.sections import VERBOSE
    from gilscope.report.sources import gather

    sources = gather(paths)
    for skipped in () if quiet else sources.skipped:
        tell_skipped(skipped.path, skipped.reason)
    pythons = sources.pythons
    names = [result.target.spec for result in sources.results] or [
        pythons.target if pythons else "program" if sources.program else "profiles"
    ]
    form = "code" if code else "json" if as_json else format_name
    destinations = Destinations(output or [], names, form)
    recorded = sources.profiles
    content = profiles_sheet(recorded) if recorded else sources.program or pythons or sources.results
    also = (*(VERBOSE if verbose else ()), *(["output"] if show_output else []))
    destinations.write(content, also=also, quiet=quiet, verbosity=verbose)
