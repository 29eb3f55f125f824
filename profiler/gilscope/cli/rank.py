"""``gilscope rank``: which functions deserve a full analysis, as their recorded profiles tell."""

from __future__ import annotations

from typing import Annotated

import typer

from gilscope.cli.output_options import AS_JSON, QUIET, SHEET_FILES, SHEET_FORMAT

__all__ = ["rank"]


def rank(
    folders: Annotated[
        list[str], typer.Argument(metavar="FOLDER...", help="What GILSCOPE_OUT recorded: folders, or files of them.")
    ],
    cpus: Annotated[
        int | None, typer.Option("--cpus", metavar="N", help="Reckon with so many CPUs; those of this machine.")
    ] = None,
    output: Annotated[list[str] | None, SHEET_FILES] = None,
    format_name: Annotated[str, SHEET_FORMAT] = "text",
    as_json: Annotated[bool, AS_JSON] = False,
    quiet: Annotated[bool, QUIET] = False,
) -> None:
    """Say which recorded functions deserve an analysis, those first that most seconds could be saved of. Nothing is
    run."""
    from gilscope.cli.exits import tell_skipped
    from gilscope.cli.output import Destinations
    from gilscope.observers.cpus import usable_cpus
    from gilscope.production.opportunities import opportunities
    from gilscope.report.profiles import opportunities_sheet
    from gilscope.report.sources import gather_profiles

    destinations = Destinations(output or [], ["prospects"], "json" if as_json else format_name)
    usable = usable_cpus(cpus).usable
    loaded = gather_profiles(folders)
    for skipped in () if quiet else loaded.skipped:
        tell_skipped(skipped.path, skipped.reason)
    destinations.write(opportunities_sheet(opportunities(loaded.profiles, usable), usable), quiet=quiet)
