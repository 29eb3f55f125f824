"""Reading what was saved, whatever it is of."""

from __future__ import annotations

import os
from pathlib import Path

from gilscope import result
from gilscope.choosing import require_kind
from gilscope.program_result import ProgramResult
from gilscope.pythons_result import PythonsResult
from gilscope.report.saved import are_pythons, is_program, parsed, program_of, pythons_of, results_of

__all__ = ["load"]


def load(path: str | Path) -> result.Result | ProgramResult | PythonsResult:
    """The one result saved in a JSON file: of an analysis, of a program that was watched, or of a function under
    several Pythons.

    :raises LoadError: when it cannot be read, or holds several results
    :raises UsageError: when it is no path
    """
    require_kind("path", path, str | os.PathLike, "path of a file")
    found = parsed(path)
    if is_program(found):
        return program_of(path, found, ProgramResult)
    if are_pythons(found):
        return pythons_of(path, found, PythonsResult)
    return result.only(path, results_of(path, found, result.Result))
