"""``gilscope compare``: what changed between two saved results, or between two recordings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from gilscope.cli.output_options import AS_JSON, QUIET, SHEET_FILES, SHEET_FORMAT

if TYPE_CHECKING:
    from gilscope.decide.comparable import Matched
    from gilscope.decide.regress import Comparison
    from gilscope.report.sheet import Sheet

__all__ = ["FORCE", "Compared", "compare", "compare_files"]

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
    from gilscope.cli.output import Destinations
    from gilscope.report.comparisons import comparison_sheet
    from gilscope.report.saved import is_program, parsed
    from gilscope.report.sources import are_recorded

    destinations = Destinations(output or [], ["comparison"], "json" if as_json else format_name)
    if are_recorded(old) or are_recorded(new):
        sheet = _recordings(old, new, quiet=quiet)
    else:
        was, now = parsed(old), parsed(new)
        programs = is_program(was) and is_program(now)
        compared = _programs if programs else lambda *given, force: comparison_sheet(*_results(*given, force=force))
        sheet = compared(old, was, new, now, force=force)
    destinations.write(sheet, quiet=quiet)


def _programs(old: str, was: Any, new: str, now: Any, *, force: bool) -> Sheet:
    """:raises UsageError: when they are not comparable, unless ``force``"""
    from gilscope.decide.comparable import program_objections
    from gilscope.decide.program_changes import program_changes
    from gilscope.errors import UsageError
    from gilscope.records.programs import ProgramRecord
    from gilscope.report.clean import printable
    from gilscope.report.programs.changes import program_changes_sheet
    from gilscope.report.saved import program_of

    before, after = program_of(old, was, ProgramRecord), program_of(new, now, ProgramRecord)
    against = program_objections(before, after)
    if against and not force:
        raise UsageError(
            f"{old!r} and {new!r} cannot be compared, for more than the programs differs "
            f"({printable('; '.join(against))}): watch both on the same machine with the same Python, or give --force"
        )
    return program_changes_sheet(before, after, program_changes(before, after), against)


def _recordings(old: str, new: str, *, quiet: bool) -> Sheet:
    """:raises LoadError: when one of them is no recording"""
    from gilscope.cli.exits import tell_skipped
    from gilscope.errors import UsageError
    from gilscope.production.comparing import compare_recordings
    from gilscope.report.profile_changes import profile_changes_sheet
    from gilscope.report.sources import gather_profiles

    was, now = (gather_profiles([path]) for path in (old, new))
    for skipped in () if quiet else (*was.skipped, *now.skipped):
        tell_skipped(skipped.path, skipped.reason)
    both, only_old, only_new = compare_recordings(was, now)
    if not both:
        raise UsageError(f"{old!r} and {new!r} have no function in common")
    return profile_changes_sheet(was, now, both, only_old, only_new)


class Compared(NamedTuple):
    """Two files, function by function."""

    comparisons: Sequence[Comparison]
    found: Matched
    objections: Sequence[tuple[str, str]]
    """What the results ought not to differ in and do, each with the function's specification."""


def compare_files(old: str, new: str, *, force: bool) -> Compared:
    """Read two files of saved results and compare them.

    :raises LoadError: when one cannot be read
    :raises UsageError: when they have no function in common, or are not comparable, unless ``force``
    """
    from gilscope.report.saved import parsed

    return _results(old, parsed(old), new, parsed(new), force=force)


def _results(old: str, was: Any, new: str, now: Any, *, force: bool) -> Compared:
    from gilscope.decide.comparable import listed, matched, objections, summed
    from gilscope.decide.regress import compare as compare_results
    from gilscope.errors import UsageError
    from gilscope.report.clean import printable
    from gilscope.report.pythons.matching import results_to_compare

    _require_results(old, was, new, now)
    found = matched(*results_to_compare(old, was, new, now))
    if not found.pairs:
        raise UsageError(
            f"{old!r} and {new!r} have no function in common: the one tells of {printable(listed(found.only_old))}, "
            f"the other of {printable(listed(found.only_new))}"
        )
    against = [(pair[1].target.spec, what) for pair in found.pairs for what in objections(*pair)]
    if against and not force:
        told = printable(summed(against))
        raise UsageError(
            f"{old!r} and {new!r} cannot be compared, for more than the functions differs ({told}): measure both "
            "on the same machine with the same Python and inputs, or give --force"
        )
    return Compared([compare_results(*pair) for pair in found.pairs], found, against)


def _require_results(old: str, was: Any, new: str, now: Any) -> None:
    """:raises UsageError: when one of them is a program"""
    from gilscope.errors import UsageError
    from gilscope.report.saved import is_program

    programs = [path for path, found in ((old, was), (new, now)) if is_program(found)]
    if len(programs) == 2:
        raise UsageError(f"{old!r} and {new!r} are programs that were watched: give gilscope compare the two")
    if programs:
        other = new if programs == [old] else old
        raise UsageError(
            f"{programs[0]!r} is a program that was watched, and {other!r} the analysis of a function: compare two "
            "programs, or two analyses"
        )
