"""The stacks of a program as flame graphs, one for each state."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Final

from gilscope.records import Stack
from gilscope.records.programs import StateStack
from gilscope.report.palette import STATE_STYLES
from gilscope.report.pictures import FlameGraph
from gilscope.report.sections.hot import flame_graph
from gilscope.units import duration

__all__ = ["flames"]

#: Of the whole, below which a state has no graph of its own.
_LEAST: Final = 0.01
#: Flame graphs are of counts; thread-seconds are counted in these.
_GRAIN_S: Final = 1e-6


def flames(stacks: Sequence[StateStack]) -> Iterator[FlameGraph]:
    """A graph for each state that took any time worth telling, idle threads left out, the largest first."""
    by_state: defaultdict[str, list[StateStack]] = defaultdict(list)
    for stack in stacks:
        if stack.state != "idle":
            by_state[stack.state].append(stack)
    seconds = {state: sum(stack.seconds for stack in found) for state, found in by_state.items()}
    whole = sum(seconds.values())
    for state in sorted(seconds, key=lambda each: -seconds[each]):
        if seconds[state] >= _LEAST * whole:
            yield _graph(state, seconds[state], by_state[state])


def _graph(state: str, seconds: float, stacks: Sequence[StateStack]) -> FlameGraph:
    counted = [Stack(frames=stack.frames, samples=round(stack.seconds / _GRAIN_S)) for stack in stacks]
    graph = flame_graph([stack for stack in counted if stack.samples])
    title = STATE_STYLES[state].title if state in STATE_STYLES else state
    about = f"{title}: flame graph of {duration(seconds)}"
    return FlameGraph(graph.frames, graph.left_out, about=about, table=graph.table, detail=graph.detail)
