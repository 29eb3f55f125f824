"""What kept event loops from running anything else: how long, and how late others ran for it.

A callback, or the step of a coroutine, keeps its loop until it returns. Which callback a loop is in is told by the
frames above the loop's own; between two looks it is the same one where the loop has not gone round meanwhile
(`ThreadLook.turn`), or, where a loop does not tell its turns, where the function is the same and nothing else was seen
between.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from gilscope.programs.moments import Frame, ProcessMoment, PythonFunction, ThreadLook
from gilscope.programs.places import telling
from gilscope.programs.tally import state_of

__all__ = ["LoopTimes", "Loops", "Running", "lag_quantile", "running"]

#: The function that goes round, by the end of its file's path.
_TURN: Final = ("asyncio/base_events.py", "BaseEventLoop._run_once")
#: What asyncio has between the loop and the callback.
_BETWEEN: Final = ("asyncio/events.py", "Handle._run")
#: Further in than the loop, it waits for events, or looks for them.
_SELECTS: Final = "selectors.py"
#: What runs a loop that is no Python, as uvloop's: the callback stands right above.
_NATIVE: Final = (("asyncio/runners.py", "Runner.run"), ("asyncio/base_events.py", "BaseEventLoop.run_until_complete"))
MOST_LENGTHS: Final = 4_000
MOST_PLACES: Final = 1_000
LOST_SPANS: Final = 5.0


class Running(NamedTuple):
    """What a thread's event loop is doing."""

    callback: PythonFunction | None
    """What it has called; None of one that waits for events, or is between two callbacks."""
    inner: tuple[Frame, ...] = ()
    """The callback's frames, innermost first."""


def running(stack: tuple[Frame, ...]) -> Running | None:
    """What the event loop that the stack is of is doing; None where there is none.

    :param stack: innermost first
    """
    at = _first(stack, _TURN)
    if at is not None:
        inner = stack[:at]
        if inner and _is(inner[-1], _BETWEEN):
            inner = inner[:-1]
        elif inner and inner[-1].function.file.endswith(_SELECTS):
            inner = ()
        return _in(inner)
    at = next((at for place in _NATIVE if (at := _first(stack, place)) is not None), None)
    return None if at is None else _in(stack[:at])


def _in(inner: Sequence[Frame]) -> Running:
    return Running(inner[-1].function if inner else None, tuple(inner))


def _first(stack: Sequence[Frame], place: tuple[str, str]) -> int | None:
    for at, frame in enumerate(stack):
        if frame.function.name == place[1] and _is(frame, place):
            return at
    return None


def _is(frame: Frame, place: tuple[str, str]) -> bool:
    return frame.function.name == place[1] and frame.function.file.replace("\\", "/").endswith(place[0])


@dataclass(slots=True)
class _Block:
    """A callback that goes on."""

    callback: PythonFunction
    turn: object
    first_s: float
    last_s: float
    before_s: float
    places: Counter[tuple[PythonFunction, int]] = field(default_factory=Counter)
    states: Counter[str] = field(default_factory=Counter)
    stack: tuple[Frame, ...] = ()
    looks: int = 0


@dataclass(slots=True)
class Blocks:
    """The blocks by one function in callbacks of one kind."""

    count: int = 0
    longest_s: float = 0.0
    total_s: float = 0.0
    lines: Counter[int] = field(default_factory=Counter)
    states: Counter[str] = field(default_factory=Counter)
    stack: tuple[Frame, ...] = ()
    """Of the longest."""


@dataclass(slots=True)
class LoopTimes:
    """One thread's event loop."""

    observed_s: float = 0.0
    running_s: float = 0.0
    lengths: list[tuple[float, float]] = field(default_factory=list)
    """Seconds of the callbacks that were seen, and how many each counts for."""
    every: int = 1
    """Of those that were seen, one of so many is kept."""
    blocks: dict[tuple[PythonFunction, PythonFunction], Blocks] = field(default_factory=dict)
    """By culprit and callback, those seen at more than one look."""
    _block: _Block | None = None
    _seen_s: float | None = None
    _ended: int = 0

    def see(self, look: ThreadLook, seen: Running, at_s: float, span_s: float) -> None:
        """One look at it."""
        self.observed_s += span_s
        gap_s = 0.0 if self._seen_s is None else min(at_s - self._seen_s, LOST_SPANS * span_s)
        block = self._block
        if block is not None and not (seen.callback == block.callback and look.turn == block.turn):
            self._end(block, gap_s / 2, span_s)
            block = self._block = None
        if seen.callback is not None:
            self.running_s += span_s
            if block is None:
                block = self._block = _Block(seen.callback, look.turn, at_s, at_s, gap_s / 2)
            self._see_in(block, look, seen, at_s)
        self._seen_s = at_s

    def _see_in(self, block: _Block, look: ThreadLook, seen: Running, at_s: float) -> None:
        block.last_s = at_s
        block.looks += 1
        culprit = telling(seen.inner)
        frame = next((frame for frame in seen.inner if frame.function == culprit), None)
        if culprit is not None and frame is not None:
            block.places[culprit, frame.line or culprit.first_line] += 1
            block.states[state_of(look) or "cpu_free"] += 1
            block.stack = seen.inner

    def _end(self, block: _Block, after_s: float, span_s: float) -> None:
        length_s = block.last_s - block.first_s + block.before_s + after_s
        self._ended += 1
        if self._ended % self.every == 0:
            self.lengths.append((length_s, self.every * max(1.0, span_s / length_s) if length_s > 0 else 1.0))
        if len(self.lengths) > MOST_LENGTHS:
            self.every *= 2
            self.lengths = [(seconds, 2 * counts) for seconds, counts in self.lengths[::2]]
        if block.looks < 2 or not block.places:
            return
        (culprit, line), _ = block.places.most_common(1)[0]
        key = culprit, block.callback
        if key in self.blocks or len(self.blocks) < MOST_PLACES:
            _count(self.blocks.setdefault(key, Blocks()), block, length_s, line)

    def finish(self, span_s: float) -> None:
        """End the callback that goes on, as far as it was seen."""
        if self._block is not None:
            self._end(self._block, 0.0, span_s)
            self._block = None


def _count(blocks: Blocks, block: _Block, length_s: float, line: int) -> None:
    blocks.count += 1
    blocks.total_s += length_s
    blocks.lines[line] += block.looks
    blocks.states.update(block.states)
    if length_s > blocks.longest_s:
        blocks.longest_s, blocks.stack = length_s, block.stack


class Loops:
    """The event loops' view of the moments of one process."""

    def __init__(self) -> None:
        self.threads: dict[int, LoopTimes] = {}
        self._span_s = 0.0

    def see(self, moment: ProcessMoment) -> None:
        self._span_s = moment.span_s
        for look in moment.threads:
            seen = running(look.stack) if look.stack else None
            if seen is not None:
                times = self.threads.setdefault(look.tid, LoopTimes())
                times.see(look, seen, moment.at_s, moment.span_s * look.weight)

    def finish(self) -> None:
        """End what goes on."""
        for times in self.threads.values():
            times.finish(self._span_s)


def lag_quantile(lengths: Sequence[tuple[float, float]], observed_s: float, fraction: float) -> float:
    """How long what becomes ready at a random moment has to wait, at most, in ``fraction`` of all cases, for the
    callback that runs then: at a random moment within one of length ``L`` what is left of it is uniform between 0 and
    ``L``.

    :param lengths: of the callbacks in ``observed_s`` seconds, with how many each counts for
    """

    def later_than(lag_s: float) -> float:
        return sum(count * max(0.0, length - lag_s) for length, count in lengths) / observed_s

    low, high = 0.0, max((length for length, _ in lengths), default=0.0)
    if observed_s <= 0 or later_than(0.0) <= 1 - fraction:
        return 0.0
    for _ in range(40):  # halved so often, no error is left that anyone could see
        middle = (low + high) / 2
        low, high = (middle, high) if later_than(middle) > 1 - fraction else (low, middle)
    return high
