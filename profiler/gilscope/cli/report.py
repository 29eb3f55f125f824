"""``gilscope report``: draw saved results again, and recorded profiles."""

from __future__ import annotations

from typing import Annotated

import typer

from gilscope.cli.output_options import AS_JSON, CODE, FILES, FORMAT, QUIET, SHOW_OUTPUT, VERBOSE

__all__ = ["report"]


def report(
    paths: Annotated[
        list[str],
        typer.Argument(
            metavar="PATH...",
            help="Results that were saved as JSON, or what GILSCOPE_OUT recorded: files, or folders of them.",
        ),
    ],
    output: Annotated[list[str] | None, FILES] = None,
    format_name: Annotated[str, FORMAT] = "text",
    as_json: Annotated[bool, AS_JSON] = False,
    code: Annotated[bool, CODE] = False,
    verbose: Annotated[int, VERBOSE] = 0,
    show_output: Annotated[bool, SHOW_OUTPUT] = False,
    quiet: Annotated[bool, QUIET] = False,
) -> None:
    """Draw saved results in any format, or merge and draw recorded profiles, without measuring."""
    from gilscope.cli.exits import tell_skipped
    from gilscope.cli.output import Destinations
    from gilscope.report.profiles import profiles_sheet
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
    also = ["output"] if show_output else []
    destinations.write(content, also=also, quiet=quiet, verbosity=verbose)
