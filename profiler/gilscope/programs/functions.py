"""The program's stacks, and where the thread-seconds of its functions went, by state.

Functions are told from stacks: a look costs one entry of a stack, and what it comes to for each function is summed when
that is asked for. Of stacks without end the rarest are given up; their functions keep what they had.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from gilscope.programs.moments import Frame, PythonFunction
from gilscope.programs.places import frame_text, telling_frame
from gilscope.programs.tally import Seconds, Tallied, largest

__all__ = ["MOST_FUNCTIONS", "MOST_STACKS", "StackTimes", "Times"]

#: Of which more is not told apart: programs that make code all the time have functions without end.
MOST_FUNCTIONS: Final = 5_000
#: Stacks and states told apart.
MOST_STACKS: Final = 4_000
#: Frames of a stack that are kept, from the outermost on.
STACK_DEPTH: Final = 100
OTHERS: Final = PythonFunction("(other functions)", "", 0)
RARE: Final = ("(rare stacks)",)

Stack = tuple[Frame, ...]


@dataclass(slots=True)
class Times:
    """Sampled thread-seconds of one function by state, while it was innermost and while it was on the stack."""

    own_s: Seconds[str] = field(default_factory=lambda: defaultdict(float))
    total_s: Seconds[str] = field(default_factory=lambda: defaultdict(float))
    samples: int = 0


@dataclass(slots=True)
class _Seen:
    seconds: float = 0.0
    samples: int = 0


class StackTimes:
    """The view of stacks and functions of the moments of one process."""

    def __init__(self) -> None:
        self._seen: dict[tuple[Stack, str], _Seen] = {}
        self._known: dict[tuple[int, str], tuple[Stack, _Seen]] = {}
        """By the stack object's own number: to hash a stack takes as long as all the rest, and a thread that did not
        run has the same one as before."""
        self._given_up: defaultdict[PythonFunction, Times] = defaultdict(Times)
        self._rare_s: Seconds[str] = defaultdict(float)

    def see(self, threads: Iterable[Tallied]) -> None:
        for look, state, seconds in threads:
            if look.stack:
                seen = self._of(look.stack, state)
                seen.seconds += seconds
                seen.samples += 1
        if len(self._seen) > MOST_STACKS:
            self._give_up_rare()

    def _of(self, stack: Stack, state: str) -> _Seen:
        known = self._known.get((id(stack), state))
        if known is not None and known[0] is stack:
            return known[1]
        seen = self._seen.setdefault((stack[-STACK_DEPTH:], state), _Seen())
        if len(self._known) > MOST_STACKS:
            self._known.clear()
        self._known[id(stack), state] = stack, seen
        return seen

    def _give_up_rare(self) -> None:
        ordered = sorted(self._seen.items(), key=lambda item: item[1].seconds, reverse=True)
        self._seen = dict(ordered[: MOST_STACKS // 2])
        self._known.clear()
        for (stack, state), seen in ordered[MOST_STACKS // 2 :]:
            self._rare_s[state] += seen.seconds
            _add(self._given_up, stack, state, seen)

    def functions(self) -> Mapping[PythonFunction, Times]:
        """The times of each function."""
        found: defaultdict[PythonFunction, Times] = defaultdict(Times)
        for function, times in self._given_up.items():
            found[function] = Times(times.own_s.copy(), times.total_s.copy(), times.samples)
        for (stack, state), seen in self._seen.items():
            _add(found, stack, state, seen)
        return found

    def told(self) -> Mapping[PythonFunction, Seconds[str]]:
        """The sampled thread-seconds of each stack by state, told of the function that is to be named of it."""
        found: defaultdict[PythonFunction, Seconds[str]] = defaultdict(lambda: defaultdict(float))
        for (stack, state), seen in self._seen.items():
            found[telling_frame(stack).function][state] += seen.seconds
        return found

    def by_state(self) -> Seconds[str]:
        """Sampled thread-seconds of all threads in Python code."""
        whole = self._rare_s.copy()
        for (_, state), seen in self._seen.items():
            whole[state] += seen.seconds
        return whole

    def most(self, count: int) -> list[tuple[tuple[str, ...], str, float]]:
        """Stacks, outermost first, states and sampled thread-seconds, the most first."""
        kept = largest({key: seen.seconds for key, seen in self._seen.items()}, count)
        told = ((_told(stack), state, seconds) for (stack, state), seconds in kept)
        rare = ((RARE, state, seconds) for state, seconds in self._rare_s.items())
        return sorted([*told, *rare], key=lambda each: each[2], reverse=True)[:count]


def _add(found: defaultdict[PythonFunction, Times], stack: Stack, state: str, seen: _Seen) -> None:
    functions = {_told_apart(found, frame.function) for frame in stack}
    for function in functions:
        times = found[function]
        times.total_s[state] += seen.seconds
        times.samples += seen.samples
    found[_told_apart(found, stack[0].function)].own_s[state] += seen.seconds


def _told_apart(found: Mapping[PythonFunction, Times], function: PythonFunction) -> PythonFunction:
    return function if function in found or len(found) < MOST_FUNCTIONS else OTHERS


def _told(stack: Stack) -> tuple[str, ...]:
    return tuple(frame_text(frame) for frame in reversed(stack))
