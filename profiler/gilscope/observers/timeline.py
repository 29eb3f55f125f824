"""What each worker thread was seen doing in the course of a round.

Samples tell whether a thread was blocked and where, and who held the GIL. How long a runnable one was given no CPU the
kernel tells exactly; a sample does not, for where every CPU is busy the sampler takes the one it needs from a worker.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby, pairwise
from operator import itemgetter
from typing import Final, NamedTuple

import msgspec

from gilscope.observers.gil import Gil
from gilscope.observers.moment import Moment
from gilscope.observers.thread_files import Scheduled
from gilscope.records import Lane, Timeline
from gilscope.thread_address import ThreadAddress

__all__ = [
    "MOST_EDGES",
    "MOST_LANES",
    "MOST_LOOKS",
    "Look",
    "Trace",
    "Traces",
    "edges_in",
    "fair_share",
    "timeline_of",
    "told_until",
]

MOST_LANES: Final = 16
#: Of all lanes of a timeline together.
MOST_EDGES: Final = 2_000
#: At one thread that are kept: of one that computes without a pause, some seconds.
MOST_LOOKS: Final = 4_000
_ON_CPU: Final = frozenset({"cpu_gil", "cpu_free"})
_RUNNABLE: Final = _ON_CPU | {"runqueue"}


class Look(NamedTuple):
    """What one look at a thread showed."""

    at_s: float
    """By `time.perf_counter`."""
    state: str
    """``cpu_gil`` also of a thread in the run queue that holds the GIL: it will run with it."""
    scheduled: Scheduled | None = None
    """Read where it was runnable, and at the end of that."""


class Trace:
    """The looks at one thread that tell more than the one before."""

    def __init__(self) -> None:
        self.looks: list[Look] = []

    def see(self, at_s: float, state: str | None, scheduled: Scheduled | None) -> None:
        """One look.

        :param state: None for a runnable thread of which no more is known: whether it has the GIL goes on as it was
            last told, or has been unknown since it was blocked
        :param scheduled: its times, where it is runnable and at the end of that
        """
        last = self.looks[-1] if self.looks else None
        was_runnable = last is not None and last.state in _RUNNABLE
        if self.is_full or (state is None and was_runnable):
            return
        look = Look(at_s, state or "unknown", scheduled)
        if last is None or look[1:] != last[1:]:
            self.looks.append(look)

    @property
    def is_full(self) -> bool:
        return len(self.looks) >= MOST_LOOKS


class Traces:
    """The timeline's view of the moments: a trace of each of some threads."""

    def __init__(self, threads: Iterable[ThreadAddress]) -> None:
        self._traces = {thread: Trace() for thread in threads}
        self._by_tid = {thread.tid: trace for thread, trace in self._traces.items()}

    def see(self, moment: Moment) -> None:
        for interpreter in moment.interpreters:
            for sample in interpreter.threads:
                trace = self._by_tid.get(sample.thread.tid)
                if trace is not None:
                    trace.see(interpreter.at_s, sample.state, sample.scheduled)

    def __iter__(self) -> Iterator[tuple[ThreadAddress, Trace]]:
        return iter(self._traces.items())


def timeline_of(traces: Iterable[tuple[ThreadAddress, Trace]], began_s: float, wall_s: float, gil: Gil) -> Timeline:
    """The timeline of one observed round, at most `MOST_EDGES` long.

    :param began_s: when the round began (`time.perf_counter`)
    :param gil: on a CPU, it is unknown in which state where the GIL is; where there is none nobody holds it
    """
    traces, names = list(traces), _names(gil)
    ends_s = [wall_s, *(trace.looks[-1].at_s - began_s for _, trace in traces if trace.is_full)]
    end_us = max(0, round(min(ends_s) * 1e6))
    lanes = []
    for thread, trace in traces if end_us else ():
        states = [(round((at_s - began_s) * 1e6), names.get(state, state)) for at_s, state in _told(trace.looks)]
        lanes.append(_lane(thread, states, end_us))
    return told_until(Timeline(wall_s=end_us / 1e6, lanes=tuple(lanes)), MOST_EDGES)


def _names(gil: Gil) -> dict[str, str]:
    """What is told for a state that a look found, where that is another."""
    if not gil.enabled:
        return {"cpu_gil": "cpu_free"}
    return {} if gil.known else {"cpu_gil": "unknown", "cpu_free": "unknown"}


def _told(looks: Sequence[Look]) -> Iterator[tuple[float, str]]:
    """The states from look to look.

    From one look at a runnable thread to the next the kernel tells what it spent in the run queue, not when: the whole
    stretch is told as what most of it was, and what is thereby told too little or too much is made good in the next
    (error diffusion), so that the sum is right to half a stretch. Stretches are short: the times are brought up to date
    at each tick while it runs, and when it gets a CPU; looks that show none of that are not kept.
    """
    owed_s = 0.0
    for look, then in pairwise(looks):
        state = look.state
        if look.state in _RUNNABLE and look.scheduled is not None and then.scheduled is not None:
            lasted_s = then.at_s - look.at_s
            owed_s += (then.scheduled - look.scheduled).runqueue_s or 0.0
            state = "runqueue" if owed_s > lasted_s / 2 else _running(look, then)
            owed_s -= lasted_s if state == "runqueue" else 0.0
        yield look.at_s, state
    yield from ((look.at_s, look.state) for look in looks[-1:])


def _running(look: Look, then: Look) -> str:
    """The state in which it mostly ran; with the GIL or without is not known yet of one that had no CPU."""
    return then.state if look.state == "runqueue" and then.state in _ON_CPU else look.state


def _lane(thread: ThreadAddress, states: Iterable[tuple[int, str]], end_us: int) -> Lane:
    spans = {0: "unknown", **{at_us: state for at_us, state in states if 0 <= at_us < end_us}}
    runs = [next(run) for _, run in groupby(spans.items(), key=itemgetter(1))]
    edges_us = [*(at_us for at_us, _ in runs), end_us]
    return Lane(
        pid=thread.pid,
        tid=thread.tid,
        edges_s=tuple(edge_us / 1e6 for edge_us in edges_us),
        states=tuple(state for _, state in runs),
    )


def told_until(whole: Timeline, most_edges: int) -> Timeline:
    """As much from the beginning as ``most_edges`` edges tell of all lanes."""
    changes = sorted(edge for lane in whole.lanes for edge in lane.edges_s[1:-1])
    kept = max(0, most_edges - 2 * len(whole.lanes))  # each lane has a beginning and an end
    if len(changes) <= kept:
        return whole
    lanes = tuple(_beginning(lane, changes[kept]) for lane in whole.lanes)
    return Timeline(wall_s=changes[kept], lanes=lanes)


def _beginning(lane: Lane, end_s: float) -> Lane:
    kept = bisect_left(lane.edges_s, end_s)
    return msgspec.structs.replace(lane, edges_s=(*lane.edges_s[:kept], end_s), states=lane.states[:kept])


def edges_in(timeline: Timeline) -> int:
    """Of all its lanes."""
    return sum(len(lane.edges_s) for lane in timeline.lanes)


def fair_share(needs: Iterable[int], total: int) -> int:
    """The most that each may have of ``total``, so that what some do not need is the others'."""
    ascending = sorted(needs)
    for number, need in enumerate(ascending):
        share = total // (len(ascending) - number)
        if need > share:
            return share
        total -= need
    return max(ascending, default=total)
