"""The stacks of a solo run, as one record of what py-spy's runs saw side by side."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Set
from typing import Final

from gilscope.observers.stacks import Frame, SampledStack, Samples
from gilscope.records import Stack

__all__ = ["MOST_FRAMES", "MOST_STACKS", "call_stacks"]

MOST_STACKS: Final = 300
#: Of a deeper stack, a recursion as a rule, half as many are kept from either end.
MOST_FRAMES: Final = 100
_LEFT_OUT: Final = Frame("…", "", 0)

_Path = tuple[Frame, ...]


def call_stacks(gil: Samples | None, active: Samples | None, everyone: Samples | None) -> tuple[Stack, ...]:
    """The most frequent stacks first, cut off beneath the target's call as the hot lines are.

    Of a thread that makes calls every sample counts, also those in which it waits; of other threads only those in which
    they are active, for what an idle pool waits for belongs to no call. py-spy does not pause the thread whose stack it
    reads, so that it may miss the outer frames of a stack that changes meanwhile: ``…`` stands for them.

    The parameters are those of `gilscope.observers.hotlines.hot_lines`; without ``everyone``, no wait is seen.
    """
    views = [view.stacks if view else () for view in (gil, active, everyone)]
    callers = {stack.thread for view in views for stack in view if stack.in_call}
    seen = _counted((stack for stack in views[2] or views[1] if stack.thread in callers), callers)
    seen += _counted((stack for stack in views[1] if stack.thread not in callers), callers)
    held = None if gil is None else _alike(seen, _counted(gil.stacks, callers))
    ranked = sorted(seen, key=lambda path: (-seen[path], path))[:MOST_STACKS]
    return tuple(
        Stack(
            frames=tuple(map(_told, path)),
            samples=seen[path],
            gil_samples=None if held is None else held[path],
        )
        for path in ranked
    )


def _counted(stacks: Iterable[SampledStack], callers: Set[str]) -> Counter[_Path]:
    """Samples by stack."""
    counts: Counter[_Path] = Counter()
    for stack in stacks:
        if stack.frames:
            is_torn = stack.thread in callers and not stack.in_call
            counts[_cut((_LEFT_OUT, *stack.frames) if is_torn else stack.frames)] += stack.seen
    return counts


def _alike(seen: Counter[_Path], held: Counter[_Path]) -> Counter[_Path]:
    """How many samples of each stack held the GIL.

    Who held it is seen by another py-spy, at moments of its own: of stacks that change from line to line it meets
    others. What it saw counts for the same stack, or for the one most like it (the most calls in common, from the
    outermost inwards) that has samples left; so that a call's share is right, whatever lines it was in.
    """
    found = seen & held
    left = held - found
    for depth in range(max(map(len, left), default=0) + 1, 0, -1):
        room: dict[tuple[tuple[str, str], ...], list[_Path]] = {}
        for path in seen - found:
            room.setdefault(_calls(path, depth), []).append(path)
        for path in list(left):
            for like in room.get(_calls(path, depth), ()):
                taken = min(left[path], seen[like] - found[like])
                found[like] += taken
                left[path] -= taken
        left = +left
    return found


def _calls(path: _Path, depth: int) -> tuple[tuple[str, str], ...]:
    return tuple((frame.function, frame.file) for frame in path[:depth])


def _cut(path: _Path) -> _Path:
    half = MOST_FRAMES // 2
    return path if len(path) <= MOST_FRAMES else (*path[:half], _LEFT_OUT, *path[-half:])


def _told(frame: Frame) -> str:
    return frame.function if frame is _LEFT_OUT else f"{frame.function} ({frame.file}:{frame.line})"
