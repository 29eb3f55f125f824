"""What interpreters that have ended left in their journal, for the next one of the process to go on with: a program
that makes a pool of interpreters for every batch keeps as many files as it has interpreters at once. Pure."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field

from gilscope.production.cell import Sums
from gilscope.production.journal_layout import Tag, entries, sums_of

__all__ = ["Left", "left_in"]


@dataclass
class Left:
    """Where in the file its entries have their words, in words of eight bytes."""

    functions: dict[bytes, tuple[int, int, int]] = field(default_factory=dict)
    """By what is said of each: its number, the place, and how many of its calls were let pass."""
    cells: defaultdict[int, list[tuple[int, Sums]]] = field(default_factory=lambda: defaultdict(list))
    """By the number of the function: the place, and what was counted there."""
    threads: list[int] = field(default_factory=list)
    count: int = 0
    """Of functions."""


def left_in(data: bytes, heading: Mapping[str, object]) -> Left:
    """What the bytes of such a journal hold.

    :param heading: of who would go on with it
    :raises ValueError: when it is another process's, damaged, or not whole
    """
    left, place = Left(), 2
    for entry in entries(data):
        if entry.tag == Tag.HEADING:
            _check(json.loads(bytes(entry.body)), heading)
        if entry.tag in (Tag.HEADING, Tag.FUNCTION) and entry.words[1]:
            raise ValueError("it lacks calls")
        if entry.tag == Tag.FUNCTION:
            left.functions[bytes(entry.body)] = (left.count, place, entry.words[0])
            left.count += 1
        elif entry.tag == Tag.CELL:
            left.cells[entry.words[0]].append((place, sums_of(entry)))
        elif entry.tag == Tag.THREAD:
            left.threads.append(place)
        place += 4 + len(entry.body) // 8
    return left


def _check(theirs: Mapping[str, object], ours: Mapping[str, object]) -> None:
    alike = ("host", "pid", "born", "python", "interpreter", "figures", "buckets")
    if theirs["born"] is None or any(theirs[name] != ours[name] for name in alike):
        raise ValueError("it is of another process")
