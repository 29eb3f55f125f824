"""Who held a GIL in each stretch of time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from gilscope.programs.moments import Frame, GilLook, PythonFunction
from gilscope.programs.places import telling

__all__ = ["Held", "HolderSeries"]

#: Functions that are told apart in one stretch: of more, the least gives way to the next, and leaves it its time (the
#: space-saving count of Metwally, Agrawal & El Abbadi, 2005).
MOST_HOLDERS: Final = 4


@dataclass(slots=True)
class Held:
    """One function's part of a stretch."""

    function: PythonFunction | None
    """None of a thread whose stack is not known."""
    stack: tuple[PythonFunction, ...]
    """One with which it held it, innermost first."""
    seconds: float


@dataclass(slots=True)
class _Stretch:
    seen_s: float
    held_s: float
    holders: list[Held]


class HolderSeries:
    """The holders of one GIL in stretches of time, which `gilscope.programs.course.Course` numbers."""

    def __init__(self) -> None:
        self._stretches: dict[int, _Stretch] = {}

    def add(self, stretch: int, gil: GilLook, seconds: float) -> None:
        """One look at it, which stands for so many seconds."""
        found = self._stretches.setdefault(stretch, _Stretch(0.0, 0.0, []))
        found.seen_s += seconds
        if gil.held:
            found.held_s += seconds
            function = telling(gil.holder_stack)
            held = next((each for each in found.holders if each.function == function), None)
            if held is None:
                _enter(found.holders, Held(function, _functions(gil.holder_stack), seconds))
            else:
                held.seconds += seconds

    def halve(self) -> None:
        """Make one of each two stretches."""
        old, self._stretches = self._stretches, {}
        for number, stretch in old.items():
            found = self._stretches.setdefault(number // 2, _Stretch(0.0, 0.0, []))
            found.seen_s += stretch.seen_s
            found.held_s += stretch.held_s
            for held in stretch.holders:
                same = next((each for each in found.holders if each.function == held.function), None)
                if same is None:
                    _enter(found.holders, held)
                else:
                    same.seconds += held.seconds

    def mostly(self, last: int) -> Iterator[Held | bool | None]:
        """Of each stretch until the ``last`` who held it longest; False where it was free for more than half of it,
        None where nobody looked."""
        for number in range(last + 1):
            found = self._stretches.get(number)
            if found is None or found.seen_s <= 0:
                yield None
            elif 2 * found.held_s < found.seen_s or not found.holders:
                yield False
            else:
                yield max(found.holders, key=lambda each: each.seconds)


def _enter(holders: list[Held], new: Held) -> None:
    if len(holders) >= MOST_HOLDERS:
        least = min(holders, key=lambda each: each.seconds)
        holders.remove(least)
        new.seconds += least.seconds
    holders.append(new)


def _functions(stack: tuple[Frame, ...] | None) -> tuple[PythonFunction, ...]:
    return tuple(frame.function for frame in stack or ())
