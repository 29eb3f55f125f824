"""Reading what was saved, whatever it is of."""

from __future__ import annotations

from pathlib import Path

from gilscope import result
from gilscope.program_result import ProgramResult
from gilscope.report.saved import is_program, load_error, parsed, program_of, results_of

__all__ = ["load"]


def load(path: str | Path) -> result.Result | ProgramResult:
    """The one result saved in a JSON file: of an analysis, or of a program that was watched.

    :raises LoadError: when it cannot be read, or holds several results
    """
    found = parsed(path)
    if is_program(found):
        return program_of(path, found, ProgramResult)
    results = results_of(path, found, result.Result)
    if len(results) != 1:
        raise load_error(path, f"it holds {len(results)} results; read them with gilscope.result.load_all")
    return results[0]
