"""``gilscope compare``: what changed between two saved results, or between two recordings."""

from __future__ import annotations

from typing import Annotated

import typer

from gilscope.cli.output_options import AS_JSON, QUIET, SHEET_FILES, SHEET_FORMAT

__all__ = ["FORCE", "compare"]

FORCE = typer.Option(
    "--force", help="Compare results of different machines, Pythons, targets or inputs, and say so on top."
)


def compare(
    old: Annotated[
        str, typer.Argument(metavar="OLD", help="Results that were saved as JSON, or a folder that GILSCOPE_OUT named.")
    ],
    new: Annotated[str, typer.Argument(metavar="NEW", help="Later ones of the same functions.")],
    force: Annotated[bool, FORCE] = False,
    output: Annotated[list[str] | None, SHEET_FILES] = None,
    format_name: Annotated[str, SHEET_FORMAT] = "text",
    as_json: Annotated[bool, AS_JSON] = False,
    quiet: Annotated[bool, QUIET] = False,
) -> None:
    """Say what became faster or slower, or waits more or less for the GIL, between two saved results, two programs that
    were watched, or two recordings of a service, and what cannot be told from noise."""
    from gilscope import comparison
    from gilscope.cli.exits import tell_skipped
    from gilscope.cli.output import Destinations

    destinations = Destinations(output or [], ["comparison"], "json" if as_json else format_name)
    compared = comparison.compare(old, new, force=force)
    for skipped in () if quiet else compared.skipped:
        tell_skipped(skipped.path, skipped.reason)
    destinations.write(compared.sheet, quiet=quiet)
