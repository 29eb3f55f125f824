"""The stacks of a program as flame graphs: all of them, then those of one state."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

from gilscope.records import Stack
from gilscope.records.programs import StateStack
from gilscope.report.pictures import FlameGraph
from gilscope.report.programs.names import place_told, state_title
from gilscope.report.sections.hot import flame_graph
from gilscope.report.stacks import parsed
from gilscope.units import duration

__all__ = ["flames"]

#: What decides what a program does with its threads; graphs of other states are folded.
_TELLING: Final = ("cpu_gil", "gil_wait", "cpu_free")
#: Of the whole, below which another state has no graph of its own.
_LEAST: Final = 0.01
#: Flame graphs are of counts; thread-seconds are counted in these.
_GRAIN_S: Final = 1e-6


def flames(stacks: Sequence[StateStack]) -> Iterator[FlameGraph]:
    """One of all states together, idle threads left out; then one for each state worth telling."""
    by_state: defaultdict[str, list[StateStack]] = defaultdict(list)
    for stack in stacks:
        if stack.state != "idle":
            by_state[stack.state].append(stack)
    seconds = {state: sum(stack.seconds for stack in found) for state, found in by_state.items()}
    whole = sum(seconds.values())
    others = sorted((state for state in seconds if state not in _TELLING), key=lambda each: -seconds[each])
    if len(seconds) > 1:
        yield _graph("all threads but idle ones", whole, [stack for found in by_state.values() for stack in found])
    for state in (*_TELLING, *(each for each in others if seconds[each] >= _LEAST * whole)):
        if seconds.get(state):
            yield _graph(state_title(state), seconds[state], by_state[state], aside=state not in _TELLING)


def _graph(what: str, seconds: float, stacks: Sequence[StateStack], *, aside: bool = False) -> FlameGraph:
    counted = [_counted(stack) for stack in stacks]
    graph = flame_graph([stack for stack in counted if stack.samples])
    title = f"{what[:1].upper()}{what[1:]}, {duration(seconds)} of threads"
    return replace(graph, title=title, about=f"{title}: flame graph", aside=aside)


def _counted(stack: StateStack) -> Stack:
    count = round(stack.seconds / _GRAIN_S)
    held = count if stack.state == "cpu_gil" else 0
    return Stack(frames=tuple(map(_short, stack.frames)), samples=count, gil_samples=held)


def _short(frame: str) -> str:
    function, file, line = parsed(frame)
    return frame if file is None or line is None else f"{function} ({place_told(file, line)})"
