"""The results that two files have to compare, where one or both tell of several Pythons."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from gilscope.errors import UsageError
from gilscope.records import ResultRecord
from gilscope.records.pythons import PythonsRecord
from gilscope.report.saved import are_pythons, pythons_of, results_of

__all__ = ["results_to_compare"]


def results_to_compare(
    old: str | Path, was: Any, new: str | Path, now: Any
) -> tuple[list[ResultRecord], list[ResultRecord]]:
    """Those in what both files say. Where both tell of several Pythons, a function is called after the Python too, so
    that each meets its own; where one does, what the other was measured under is taken of it.

    :raises LoadError: when one cannot be read
    :raises UsageError: when the one has no result under the other's Python
    """
    if are_pythons(was) and are_pythons(now):
        return _by_python(old, was), _by_python(new, now)
    if are_pythons(was):
        others = results_of(new, now, ResultRecord)
        return _under(old, was, others), others
    others = results_of(old, was, ResultRecord)
    return others, _under(new, now, others) if are_pythons(now) else results_of(new, now, ResultRecord)


def _by_python(path: str | Path, found: Any) -> list[ResultRecord]:
    record = pythons_of(path, found, PythonsRecord)
    return [_called(one.result, one.name) for one in record.pythons if one.result is not None]


def _called(result: ResultRecord, python: str) -> ResultRecord:
    target = msgspec.structs.replace(result.target, spec=f"{result.target.spec} under {python}")
    return msgspec.structs.replace(result, target=target)


def _under(path: str | Path, found: Any, others: list[ResultRecord]) -> list[ResultRecord]:
    record, wanted = pythons_of(path, found, PythonsRecord), {_python(other) for other in others}
    made = [one.result for one in record.pythons if one.result is not None and _python(one.result) in wanted]
    if not made:
        names = ", ".join(one.name for one in record.pythons if one.result is not None) or "none"
        raise UsageError(
            f"{str(path)!r} has results under {names}, and the other file under "
            f"{', '.join(sorted(version for version, _ in wanted))}: measure under one of the same"
        )
    return made


def _python(result: ResultRecord) -> tuple[str, bool]:
    return result.environment.python, result.environment.gil_enabled
