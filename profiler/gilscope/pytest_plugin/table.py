"""Profiles as a table for the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gilscope.units import duration, percent, thousands

if TYPE_CHECKING:
    from collections.abc import Iterable

    from gilscope.production.profile import Profile

__all__ = ["COLUMNS", "lines"]

COLUMNS = ("function", "calls", "wall", "CPU", "blocked", "label", "confidence")
#: Columns of figures, set to the right.
_FIGURES = COLUMNS[1:5]


def lines(found: Iterable[Profile]) -> list[str]:
    """A line for each function that was called, the most wall clock first."""
    called = sorted((profile for profile in found if profile.calls), key=lambda profile: -(profile.wall_s or 0.0))
    if not called:
        return ["no function decorated with @classify was called in this process"]
    rows = [COLUMNS, *(_cells(profile) for profile in called)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [_line(row, widths) for row in rows]


def _cells(profile: Profile) -> tuple[str, ...]:
    verdict = profile.classification
    sure = "" if verdict.label == "inconclusive" else percent(verdict.confidence)
    spent = (duration(seconds) for seconds in (profile.wall_s, profile.cpu_s, profile.blocked_s))
    return profile.name, thousands(profile.calls), *spent, verdict.label, sure


def _line(row: tuple[str, ...], widths: list[int]) -> str:
    cells = (
        cell.rjust(width) if title in _FIGURES else cell.ljust(width)
        for title, cell, width in zip(COLUMNS, row, widths, strict=True)
    )
    return "  ".join(cells).rstrip()
