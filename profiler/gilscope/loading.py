"""Reading what was saved, whatever it is of."""

from __future__ import annotations

from pathlib import Path

from gilscope import result
from gilscope.program_result import ProgramResult
from gilscope.report.saved import holds_program, read_program

__all__ = ["load"]


def load(path: str | Path) -> result.Result | ProgramResult:
    """The one result saved in a JSON file: of an analysis, or of a program that was watched.

    :raises LoadError: when it cannot be read, or holds several results
    """
    return read_program(path, ProgramResult) if holds_program(path) else result.load(path)
