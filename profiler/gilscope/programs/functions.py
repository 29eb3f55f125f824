"""Where the thread-seconds of the program's functions went, by state, and its stacks."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

from gilscope.programs.moments import Frame, PythonFunction
from gilscope.programs.places import frame_text
from gilscope.programs.tally import Seconds, Tallied, largest

__all__ = ["MOST_FUNCTIONS", "MOST_STACKS", "FunctionTimes", "StackTimes", "Times"]

#: Of which more is not told apart: programs that make code all the time have functions without end.
MOST_FUNCTIONS: Final = 5_000
#: Stacks and states told apart.
MOST_STACKS: Final = 4_000
#: Frames of a stack that are kept, from the outermost on.
STACK_DEPTH: Final = 100
OTHERS: Final = PythonFunction("(other functions)", "", 0)
RARE: Final = ("(rare stacks)",)


@dataclass(slots=True)
class Times:
    """Sampled thread-seconds of one function by state, while it was innermost and while it was on the stack."""

    own_s: Seconds[str] = field(default_factory=lambda: defaultdict(float))
    total_s: Seconds[str] = field(default_factory=lambda: defaultdict(float))
    samples: int = 0


class FunctionTimes:
    """The functions' view of the moments of one process."""

    def __init__(self) -> None:
        self._times: defaultdict[PythonFunction, Times] = defaultdict(Times)

    def see(self, threads: Iterable[Tallied]) -> None:
        for look, state, seconds in threads:
            if look.stack:
                self._see(look.stack, state, seconds)

    def _see(self, stack: tuple[Frame, ...], state: str, seconds: float) -> None:
        for function in {self._told_apart(frame.function) for frame in stack}:
            times = self._times[function]
            times.total_s[state] += seconds
            times.samples += 1
        self._times[self._told_apart(stack[0].function)].own_s[state] += seconds

    def _told_apart(self, function: PythonFunction) -> PythonFunction:
        known = function in self._times or len(self._times) < MOST_FUNCTIONS
        return function if known else OTHERS

    def __iter__(self) -> Iterator[tuple[PythonFunction, Times]]:
        return iter(self._times.items())

    def by_state(self) -> Seconds[str]:
        """Sampled thread-seconds of all of them together."""
        whole: Seconds[str] = defaultdict(float)
        for times in self._times.values():
            for state, seconds in times.own_s.items():
                whole[state] += seconds
        return whole


class StackTimes:
    """The flame graphs' view of the moments of one process: thread-seconds by stack and state, the rarest together."""

    def __init__(self) -> None:
        self._seconds: Seconds[tuple[tuple[Frame, ...], str]] = defaultdict(float)
        self._rare_s: Seconds[str] = defaultdict(float)

    def see(self, threads: Iterable[Tallied]) -> None:
        for look, state, seconds in threads:
            if look.stack:
                self._seconds[look.stack[-STACK_DEPTH:], state] += seconds
        if len(self._seconds) > MOST_STACKS:
            self._merge_rare()

    def _merge_rare(self) -> None:
        ordered = largest(self._seconds, len(self._seconds))
        self._seconds = defaultdict(float, ordered[: MOST_STACKS // 2])
        for (_, state), seconds in ordered[MOST_STACKS // 2 :]:
            self._rare_s[state] += seconds

    def most(self, count: int) -> list[tuple[tuple[str, ...], str, float]]:
        """Stacks, outermost first, states and sampled thread-seconds, the most first."""
        told = ((_told(stack), state, seconds) for (stack, state), seconds in largest(self._seconds, count))
        rare = ((RARE, state, seconds) for state, seconds in self._rare_s.items())
        return sorted([*told, *rare], key=lambda each: each[2], reverse=True)[:count]


def _told(stack: tuple[Frame, ...]) -> tuple[str, ...]:
    return tuple(frame_text(frame) for frame in reversed(stack))
