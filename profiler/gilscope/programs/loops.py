"""What kept event loops from running anything else: how long, and how late others ran for it.

A callback, or the step of a coroutine, keeps its loop until it returns; and a loop that wants the GIL is kept by who
holds it, in a callback or before it calls the next, as one is that is ready and given no CPU. Between two looks it is
the same callback where the loop has not gone round meanwhile (`ThreadLook.turn`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from gilscope.programs.callbacks import Running, is_loop, running
from gilscope.programs.moments import Frame, ProcessMoment, PythonFunction, ThreadLook
from gilscope.programs.places import telling_frame
from gilscope.programs.tally import state_of

__all__ = ["Blocks", "Culprit", "LoopTimes", "Loops", "lag_quantile"]

MOST_LENGTHS: Final = 4_000
MOST_PLACES: Final = 1_000
LOST_SPANS: Final = 5.0


class Culprit(NamedTuple):
    """What keeps a loop."""

    function: PythonFunction
    callback: PythonFunction
    """What the loop has called; its own function, where it waits for the GIL or a CPU before it calls anything."""
    elsewhere: bool
    """Whether the function runs in another thread, that holds the GIL."""

    @property
    def known(self) -> bool:
        """Whether it is not the loop itself, which waited for a CPU, or for who was not seen to hold the GIL."""
        return self.elsewhere or self.function != self.callback or not is_loop(self.function)


class Kept(NamedTuple):
    """A loop that is kept, at one look."""

    culprit: Culprit
    line: int
    state: str


@dataclass(slots=True)
class _Block:
    """A callback that goes on."""

    turn: int | None
    first_s: float
    last_s: float
    before_s: float
    looks: Counter[Kept] = field(default_factory=Counter)
    stacks: dict[Culprit, tuple[Frame, ...]] = field(default_factory=dict)

    def see(self, kept: Kept, stack: tuple[Frame, ...], at_s: float) -> None:
        self.last_s = at_s
        self.looks[kept] += 1
        self.stacks[kept.culprit] = stack

    @property
    def culprit(self) -> Culprit:
        """Who kept the loop at most looks."""
        looks = Counter[Culprit]()
        for kept, count in self.looks.items():
            looks[kept.culprit] += count
        return max(looks, key=lambda each: looks[each])


@dataclass(slots=True)
class Blocks:
    """The blocks by one function in callbacks of one kind."""

    count: int = 0
    """That were seen."""
    longest_s: float = 0.0
    """Of those that were seen at more than one look; 0 where none was."""
    total_s: float = 0.0
    """Of all of them, the shortest too."""
    lines: Counter[int] = field(default_factory=Counter)
    states: Counter[str] = field(default_factory=Counter)
    stack: tuple[Frame, ...] = ()
    """Of the longest."""

    def see(self, kept: Kept, step_s: float) -> None:
        """One look, at the end of so many seconds."""
        self.total_s += step_s
        self.lines[kept.line] += 1
        self.states[kept.state] += 1

    def end(self, block: _Block, length_s: float) -> None:
        """One has ended."""
        self.count += 1
        if block.looks.total() > 1 and length_s > self.longest_s:
            self.longest_s, self.stack = length_s, block.stacks[block.culprit]

    def __iadd__(self, other: Blocks) -> Blocks:
        """Those in another loop, too."""
        self.count += other.count
        self.total_s += other.total_s
        self.lines.update(other.lines)
        self.states.update(other.states)
        if other.longest_s > self.longest_s:
            self.longest_s, self.stack = other.longest_s, other.stack
        return self


@dataclass(slots=True)
class LoopTimes:
    """One thread's event loop."""

    observed_s: float = 0.0
    running_s: float = 0.0
    """In callbacks, or kept from calling one for want of the GIL or of a CPU."""
    lengths: list[tuple[float, float]] = field(default_factory=list)
    """Seconds of the callbacks that were seen, and how many each counts for."""
    every: int = 1
    """Of those that were seen, one of so many is kept."""
    blocks: dict[Culprit, Blocks] = field(default_factory=dict)
    _block: _Block | None = None
    _callback: PythonFunction | None = None
    _seen_s: float | None = None
    _ended: int = 0

    def see(self, kept: Kept | None, stack: tuple[Frame, ...], turn: int | None, at_s: float, span_s: float) -> None:
        """One look at it.

        :param kept: None where nothing keeps it
        :param stack: of what does
        """
        callback = None if kept is None else kept.culprit.callback
        since_s = span_s if self._seen_s is None else at_s - self._seen_s
        gap_s = 0.0 if self._seen_s is None else min(since_s, LOST_SPANS * span_s)
        block = self._block
        if block is not None and not (callback == self._callback and turn == block.turn):
            self._end(block, gap_s / 2, span_s)
            block = self._block = None
        step_s = min(since_s, LOST_SPANS * span_s) if block is None else since_s
        self.observed_s += step_s
        if kept is not None:
            self.running_s += step_s
            if block is None:
                block = self._block = _Block(turn, at_s, at_s, gap_s / 2)
            block.see(kept, stack, at_s)
            if kept.culprit in self.blocks or len(self.blocks) < MOST_PLACES:
                self.blocks.setdefault(kept.culprit, Blocks()).see(kept, step_s)
        self._callback, self._seen_s = callback, at_s

    def _end(self, block: _Block, after_s: float, span_s: float) -> None:
        length_s = block.last_s - block.first_s + block.before_s + after_s
        self._ended += 1
        if self._ended % self.every == 0:
            self.lengths.append((length_s, self.every * max(1.0, span_s / length_s) if length_s > 0 else 1.0))
        self._thin_out()
        if block.culprit in self.blocks:
            self.blocks[block.culprit].end(block, length_s)

    def _thin_out(self) -> None:
        while len(self.lengths) > MOST_LENGTHS:
            self.every *= 2
            self.lengths = [(seconds, 2 * counts) for seconds, counts in self.lengths[::2]]

    def __iadd__(self, other: LoopTimes) -> LoopTimes:
        """Those of another loop that has ended, too."""
        self.observed_s += other.observed_s
        self.running_s += other.running_s
        self.lengths += other.lengths
        self._thin_out()
        for culprit, blocks in other.blocks.items():
            if culprit in self.blocks or len(self.blocks) < MOST_PLACES:
                self.blocks.setdefault(culprit, Blocks()).__iadd__(blocks)
        return self

    def finish(self, span_s: float) -> None:
        """End the callback that goes on, as far as it was seen."""
        if self._block is not None:
            self._end(self._block, 0.0, span_s)
            self._block = None


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
                stack = _holder(moment, look) or seen.inner or (seen.loop,)
                times.see(_kept(look, seen, stack), stack, look.turn, moment.at_s, moment.span_s * look.weight)

    def fold(self, folded: Mapping[int, int]) -> None:
        """Tell the loops of threads that have ended under other numbers, many under one."""
        for tid in self.threads.keys() & folded.keys():
            times = self.threads.pop(tid)
            times.finish(self._span_s)
            self.threads.setdefault(folded[tid], LoopTimes()).__iadd__(times)

    def finish(self) -> None:
        """End what goes on."""
        for times in self.threads.values():
            times.finish(self._span_s)


def _kept(look: ThreadLook, seen: Running, stack: tuple[Frame, ...]) -> Kept | None:
    """What keeps a loop, if anything does.

    :param stack: of who holds the GIL, if the loop wants it and that is known; else of what it has called, or its own
    """
    if seen.callback is None and look.state not in ("gil_wait", "runqueue"):
        return None
    frame = telling_frame(stack)
    elsewhere = stack is not seen.inner and stack[0] is not seen.loop
    culprit = Culprit(frame.function, seen.callback or seen.loop.function, elsewhere)
    state = "gil_wait" if elsewhere else state_of(look) or "cpu_free"
    return Kept(culprit, frame.line or frame.function.first_line, state)


def _holder(moment: ProcessMoment, look: ThreadLook) -> tuple[Frame, ...] | None:
    """The stack of who holds the GIL that a thread waits for; None where that is not known."""
    if not (look.wait == "gil_wait" or _starts_thread(look)) or look.gil is None or moment.gils[look.gil].moved:
        return None
    return moment.gils[look.gil].holder_stack or None


def _starts_thread(look: ThreadLook) -> bool:
    """Whether it waits for a thread to begin, which takes the GIL to do so."""
    return look.wait == "lock" and any(
        frame.function.name == "Thread.start" and frame.function.file.endswith("threading.py")
        for frame in (look.stack or ())[:4]
    )


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
