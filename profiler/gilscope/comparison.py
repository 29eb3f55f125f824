"""What changed between results, and whether it may pass: what ``gilscope compare`` and ``gilscope check`` do."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeAlias

from gilscope.decide.comparable import Matched, listed, matched, objections, program_objections, summed
from gilscope.decide.conditions import parsed as conditions_in
from gilscope.decide.gate import judge, passes
from gilscope.decide.program_changes import program_changes
from gilscope.decide.program_gate import judge_program, parsed_for_program
from gilscope.decide.regress import Comparison
from gilscope.decide.regress import compare as compare_results
from gilscope.drawn import Drawn, Saved
from gilscope.errors import UsageError
from gilscope.keywords import naming_keywords
from gilscope.production.comparing import compare_recordings
from gilscope.production.files import Skipped
from gilscope.records.programs import ProgramRecord
from gilscope.report.clean import printable
from gilscope.report.comparisons import comparison_sheet
from gilscope.report.gates import gate_sheet
from gilscope.report.profile_changes import profile_changes_sheet
from gilscope.report.programs.changes import program_changes_sheet
from gilscope.report.programs.gate import program_gate_sheet
from gilscope.report.pythons.matching import results_to_compare
from gilscope.report.saved import is_program, parsed, program_of
from gilscope.report.sheet import Sheet
from gilscope.report.sources import are_recorded, gather_profiles

__all__ = ["CheckResult", "ComparisonResult", "Source", "check", "compare"]

#: A result, several, or the path of what was saved: a file of results, or a folder of recordings.
Source: TypeAlias = str | Path | Saved | Sequence[Saved]
#: What fails where nothing is said.
USUAL_GATE: Final = "throughput<0.9"


def _keywords() -> dict[str, str]:
    return {"--force": "force=True", "--baseline": "baseline", "--fail-on": "fail_on"}


@dataclass(frozen=True, repr=False)
class _Sheet(Drawn):
    """A table that is drawn as results are."""

    sheet: Sheet

    def to_dict(self) -> dict[str, Any]:
        """All of it as JSON has it: dicts, lists, strings, numbers and None."""
        record: dict[str, Any] = json.loads(self.to_json())
        return record

    def _sentence(self) -> str:
        return self.sheet.document.title

    def _content(self) -> Sheet:
        return self.sheet


@dataclass(frozen=True, repr=False)
class ComparisonResult(_Sheet):
    """What changed between two results, two programs or two recordings, by intervals. Draw it in any format."""

    skipped: tuple[Skipped, ...] = ()
    """Files of recordings that could not be read, and why."""

    @property
    def verdict(self) -> str:
        """All of it in a sentence."""
        return self._sentence()

    @property
    def changes(self) -> tuple[dict[str, Any], ...]:
        """One for each figure of each configuration (or function, or part of a program): what it was and is (``old``,
        ``new``), the ``change`` with its interval, and ``shown``, what the interval tells of it."""
        return self.sheet.rows


@dataclass(frozen=True, repr=False)
class CheckResult(_Sheet):
    """Whether results may pass a gate, condition by condition. It is true where they may. Draw it in any format."""

    passed: bool

    def __bool__(self) -> bool:
        return self.passed

    @property
    def conditions(self) -> tuple[dict[str, Any], ...]:
        """One for each condition (of each function): the ``condition``, its ``outcome`` and the figures."""
        return self.sheet.rows


@naming_keywords(_keywords)
def compare(old: Source, new: Source, *, force: bool = False) -> ComparisonResult:
    """What became faster or slower, or waits more or less for the GIL, and what cannot be told from noise.

    :param old: a result, several, or the path of what was saved: of analyses, of a program that was watched, or a
        folder of recordings (``GILSCOPE_OUT``)
    :param new: later ones of the same functions
    :param force: compare what was measured on different machines, Pythons, targets or inputs, and say so
    :raises LoadError: when one cannot be read
    :raises UsageError: when they have nothing in common, or are not comparable and not forced to be
    """
    if _are_recorded(old) or _are_recorded(new):
        return _recordings(old, new)
    before, after = _said(old, "old"), _said(new, "new")
    if is_program(before.found) and is_program(after.found):
        return ComparisonResult(_programs(before, after, force=force))
    return ComparisonResult(comparison_sheet(*_results(before, after, force=force)))


@naming_keywords(_keywords)
def check(
    result: Source, baseline: Source | None = None, *, fail_on: str | None = None, force: bool = False
) -> CheckResult:
    """Hold new results against a baseline, or a program against limits. A gate that fails is told, not raised.

    :param result: new results, or a program that was watched; or the path of what was saved
    :param baseline: what results are held against: earlier ones. A program needs none
    :param fail_on: conditions with commas between, as ``gilscope check --help`` lists them: ``throughput<0.9,errors``,
        of a program ``gil_wait>0.2,loop_block>50ms``. None is ``throughput<0.9``
    :param force: as of `compare`
    :raises LoadError: when one cannot be read
    :raises UsageError: for what is no condition, and when the two have nothing in common, or are not comparable
    """
    if baseline is None:
        return _check_program(_said(result, "new"), fail_on)
    conditions = conditions_in(USUAL_GATE if fail_on is None else fail_on)
    comparisons, found, against = _results(_said(baseline, "baseline"), _said(result, "new"), force=force)
    judged = [(each, judge(condition, each)) for each in comparisons for condition in conditions]
    passed = passes([told for _, told in judged], found)
    return CheckResult(gate_sheet(judged, found, against), passed)


# -- what is given -----------------------------------------------------------------------------------------------------


class _Said(NamedTuple):
    name: str
    """The path, or which of the two it is."""
    found: Any
    """As JSON has it."""


def _said(source: Source, name: str) -> _Said:
    """:raises LoadError: when it cannot be read"""
    if isinstance(source, str | Path):
        return _Said(str(source), parsed(source))
    if isinstance(source, Saved):
        return _Said(name, source.to_dict())
    results = [each for each in source if isinstance(each, Saved)] if isinstance(source, Sequence) else []
    if not results or len(results) < len(source):
        raise UsageError(f"{name}: give a result, a list of results, or the path of what was saved, not {source!r:.80}")
    return _Said(name, [each.to_dict() for each in results])


def _are_recorded(source: Source) -> bool:
    return isinstance(source, str | Path) and are_recorded(source)


# -- each sort ---------------------------------------------------------------------------------------------------------


def _programs(old: _Said, new: _Said, *, force: bool) -> Sheet:
    """:raises UsageError: when they are not comparable, unless ``force``"""
    before, after = (program_of(each.name, each.found, ProgramRecord) for each in (old, new))
    against = program_objections(before, after)
    if against and not force:
        raise UsageError(
            f"{old.name!r} and {new.name!r} cannot be compared, for more than the programs differs "
            f"({printable('; '.join(against))}): watch both on the same machine with the same Python, or give --force"
        )
    return program_changes_sheet(before, after, program_changes(before, after), against)


def _recordings(old: Source, new: Source) -> ComparisonResult:
    """:raises LoadError: when one of them is no recording"""
    paths = [each for each in (old, new) if isinstance(each, str | Path)]
    if len(paths) != 2:
        raise UsageError(f"{str(paths[0])!r} is a recording, and the other one is a result: compare two of a sort")
    was, now = (gather_profiles([path]) for path in paths)
    both, only_old, only_new = compare_recordings(was, now)
    if not both:
        raise UsageError(f"{str(old)!r} and {str(new)!r} have no function in common")
    sheet = profile_changes_sheet(was, now, both, only_old, only_new)
    return ComparisonResult(sheet, (*was.skipped, *now.skipped))


class _Compared(NamedTuple):
    """Results of two sources, function by function."""

    comparisons: Sequence[Comparison]
    found: Matched
    objections: Sequence[tuple[str, str]]
    """What the results ought not to differ in and do, each with the function's specification."""


def _results(old: _Said, new: _Said, *, force: bool) -> _Compared:
    """:raises UsageError: when they have no function in common, or are not comparable, unless ``force``"""
    _require_results(old, new)
    found = matched(*results_to_compare(old.name, old.found, new.name, new.found))
    if not found.pairs:
        raise UsageError(
            f"{old.name!r} and {new.name!r} have no function in common: the one tells of "
            f"{printable(listed(found.only_old))}, the other of {printable(listed(found.only_new))}"
        )
    against = [(pair[1].target.spec, what) for pair in found.pairs for what in objections(*pair)]
    if against and not force:
        told = printable(summed(against))
        raise UsageError(
            f"{old.name!r} and {new.name!r} cannot be compared, for more than the functions differs ({told}): measure "
            "both on the same machine with the same Python and inputs, or give --force"
        )
    return _Compared([compare_results(*pair) for pair in found.pairs], found, against)


def _require_results(old: _Said, new: _Said) -> None:
    """:raises UsageError: when one of them is a program"""
    programs = [each.name for each in (old, new) if is_program(each.found)]
    if len(programs) == 2:
        raise UsageError(f"{old.name!r} and {new.name!r} are programs that were watched: give gilscope compare the two")
    if programs:
        other = new.name if programs == [old.name] else old.name
        raise UsageError(
            f"{programs[0]!r} is a program that was watched, and {other!r} the analysis of a function: compare two "
            "programs, or two analyses"
        )


def _check_program(said: _Said, fail_on: str | None) -> CheckResult:
    """:raises UsageError: when it is no program, or no condition is given"""
    if not is_program(said.found):
        raise UsageError(
            f"{said.name!r} holds results, which are held against others: give those with --baseline BASE.json"
        )
    record = program_of(said.name, said.found, ProgramRecord)
    if fail_on is None:
        raise UsageError("what a program must not do is not known: give --fail-on, as in gil_wait>0.2,loop_block>50ms")
    judged = judge_program(parsed_for_program(fail_on), record)
    return CheckResult(program_gate_sheet(judged, record), all(each.passed for each in judged))
