"""The processes of a program in the order in which they started each other."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from gilscope.records.programs import ProcessAccount

__all__ = ["tree"]


def tree(processes: Sequence[ProcessAccount]) -> Iterator[tuple[int, ProcessAccount]]:
    """Each after the one that started it, with how many there are above it."""
    numbers = {process.pid for process in processes}
    children: defaultdict[int | None, list[ProcessAccount]] = defaultdict(list)
    for process in processes:
        known = process.parent in numbers and process.parent != process.pid
        children[process.parent if known else None].append(process)
    left = [(0, root) for root in reversed(children.pop(None, []))]
    while left or children:
        if not left:  # a number that was used again may make a circle of them
            left = [(0, each) for each in reversed(children.pop(next(iter(children))))]
        depth, process = left.pop()
        yield depth, process
        left += [(depth + 1, each) for each in reversed(children.pop(process.pid, []))]
