"""``gilscope analyze --from``: which functions deserve a full analysis, as their recorded profiles tell."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["show_opportunities"]


def show_opportunities(
    paths: Sequence[str], *, cpus: int | None, outputs: Sequence[str], format_name: str, quiet: bool
) -> None:
    """Read, rank and draw; nothing is run.

    :raises UsageError: when there are no recorded profiles, or the report cannot be written
    """
    from gilscope.cli.exits import tell_skipped
    from gilscope.cli.output import Destinations
    from gilscope.observers.cpus import usable_cpus
    from gilscope.production.opportunities import opportunities
    from gilscope.report.profiles import opportunities_sheet
    from gilscope.report.sources import gather_profiles

    destinations = Destinations(outputs, ["prospects"], format_name)
    usable = usable_cpus(cpus).usable
    loaded = gather_profiles(paths)
    for skipped in loaded.skipped:
        tell_skipped(skipped.path, skipped.reason)
    sheet = opportunities_sheet(opportunities(loaded.profiles, usable), usable)
    destinations.write(sheet, quiet=quiet)
