"""From what a program wrote down of itself to what is to be seen of it: pure functions.

All times are in nanoseconds of the monotonic clock; `Span` is from when to when.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

__all__ = ["Entry", "Told", "Used", "blame", "gil_held", "longest_hold_s", "overlap", "shares", "told", "union"]

Span = tuple[int, int]
Pair = tuple[str, str]
#: Who holds the GIL when none of those does that write down when they do.
COMPUTES = "computes"


@dataclass(frozen=True)
class Entry:
    """A call in which a thread may have had to wait."""

    state: str
    """In which; empty of one that only computes."""
    called: int
    until: int
    """When what it waited for had come."""
    returned: int
    lets_go: bool = True
    """Whether it let go of the GIL."""
    cpu: int = 0
    """Nanoseconds on a CPU between call and return."""
    queued: int = 0
    """Nanoseconds in the run queue."""

    @property
    def waited(self) -> Span:
        """For what its state says."""
        return (self.called, max(self.called, self.until)) if self.state else (self.called, self.called)

    @property
    def queued_meanwhile(self) -> int:
        """Of its run-queue time, what must have been while it waited: a thread may be woken for a lock, find it taken
        again once it has a CPU, and wait on."""
        return max(0, self.queued - (self.wanted[1] - self.wanted[0])) if self.state else 0

    @property
    def wanted(self) -> Span:
        """When it could have gone on, but for the GIL or a CPU."""
        return self.waited[1] if self.state else self.returned, self.returned

    @property
    def without_cpu(self) -> float:
        """Of `wanted`, the share that it spent neither on a CPU nor waiting for one."""
        wanted = self.wanted[1] - self.wanted[0]
        return max(0.0, 1 - self.queued / wanted) if wanted > 0 else 0.0


@dataclass(frozen=True)
class Told:
    """What a thread told of itself."""

    role: str
    tid: int
    life: Span
    log: tuple[Entry, ...]

    @property
    def holds(self) -> tuple[Span, ...]:
        """When it had the GIL, or wanted it back from one that had taken it from it."""
        outside = [(entry.called, entry.returned) for entry in self.log if entry.lets_go]
        edges = [self.life[0], *(edge for span in outside for edge in span), self.life[1]]
        return tuple((begin, end) for begin, end in zip(edges[::2], edges[1::2], strict=True) if end > begin)


@dataclass(frozen=True)
class Used:
    """The kernel's figures of a thread in the time that was watched."""

    cpu_s: float
    runqueue_s: float


def told(thread: Mapping[str, Any]) -> Told:
    """As the program wrote it."""
    log = tuple(Entry(*each) for each in thread["log"])
    return Told(thread["role"], thread["tid"], (thread["began"], thread["ended"]), log)


def clipped(spans: Iterable[Span], window: Span) -> list[Span]:
    """The parts of them that lie in the window."""
    cut = [(max(begin, window[0]), min(end, window[1])) for begin, end in spans]
    return [(begin, end) for begin, end in cut if end > begin]


def union(spans: Iterable[Span]) -> list[Span]:
    """The times at which there was at least one, in order."""
    found: list[Span] = []
    for begin, end in sorted(spans):
        if found and begin <= found[-1][1]:
            found[-1] = found[-1][0], max(found[-1][1], end)
        else:
            found.append((begin, end))
    return found


def _length(spans: Iterable[Span]) -> int:
    return sum(end - begin for begin, end in spans)


def overlap(ours: Sequence[Span], theirs: Sequence[Span]) -> int:
    """For how long there was one of ours and one of theirs.

    :param ours: in order, as `union` makes them; theirs too
    """
    total = 0
    for begin, end in ours:
        at = bisect_right(theirs, begin, key=lambda span: span[1])
        while at < len(theirs) and theirs[at][0] < end:
            total += min(end, theirs[at][1]) - max(begin, theirs[at][0])
            at += 1
    return total


def shares(threads: Iterable[Told], window: Span, used: Mapping[int, Used]) -> dict[str, dict[str, float]]:
    """Of the time of all threads of a role, the share in each state.

    :param used: by thread
    """
    wall_ns = window[1] - window[0]
    seconds: defaultdict[str, defaultdict[str, float]] = defaultdict(lambda: defaultdict(float))
    for thread in threads:
        if thread.tid in used:
            for state, share in _states(thread, window, used[thread.tid]).items():
                seconds[thread.role][state] += share
            seconds[thread.role]["wall"] += wall_ns / 1e9
    return {
        role: {state: each / states["wall"] for state, each in states.items() if state != "wall"}
        for role, states in seconds.items()
    }


def _states(thread: Told, window: Span, used: Used) -> dict[str, float]:
    waited: defaultdict[str, float] = defaultdict(float)
    for entry in thread.log:
        if entry.state:
            inside_ns = _length(clipped([entry.waited], window))
            waited[entry.state] += max(0, inside_ns - entry.queued_meanwhile) / 1e9
        if entry.lets_go and window[0] <= entry.called < window[1]:
            waited["cpu_free"] += entry.cpu / 1e9
    waited["cpu_gil"] = max(0.0, used.cpu_s - waited["cpu_free"])
    waited["runqueue"] = used.runqueue_s
    waited["gil_wait"] = max(0.0, (window[1] - window[0]) / 1e9 - sum(waited.values()))
    return dict(waited)


def gil_held(threads: Iterable[Told], window: Span) -> float:
    """The share of the time at which the GIL was held."""
    spans = union(clipped((span for thread in threads for span in thread.holds), window))
    return _length(spans) / (window[1] - window[0])


def blame(threads: Sequence[Told], window: Span, used: Mapping[int, Used]) -> dict[Pair, float]:
    """Of all that was waited for the GIL while a thread had it, the share of each pair of a waiting and a holding role.

    Who computes does not know when; but one of those has the GIL whenever it is wanted and none of the others has it.
    How long they waited altogether the kernel tells.
    """
    held = _held(threads, window)
    others = union(span for spans in held.values() for span in spans)
    computing = sum(thread.role == COMPUTES for thread in threads)
    waited: defaultdict[Pair, float] = defaultdict(float)
    for thread in threads:
        if thread.role == COMPUTES:
            own = {role: float(_length(spans)) for role, spans in held.items()}
            own[COMPUTES] = (window[1] - window[0] - _length(others)) * (computing - 1) / computing
            blocked_ns = _states(thread, window, used[thread.tid])["gil_wait"] * 1e9
            scale = blocked_ns / sum(own.values()) if sum(own.values()) else 0.0
        else:
            own, scale = _waited(thread, window, held, others, computing > 0), 1.0
        for role, waited_ns in own.items():
            waited[thread.role, role] += scale * waited_ns
    total = sum(waited.values())
    return {pair: each / total for pair, each in waited.items() if each} if total else {}


def _held(threads: Sequence[Told], window: Span) -> dict[str, list[Span]]:
    """When each role that writes it down had the GIL."""
    members = _by_role(thread for thread in threads if thread.role != COMPUTES)
    return {
        role: union(clipped((span for each in ours for span in each.holds), window)) for role, ours in members.items()
    }


def _waited(
    thread: Told, window: Span, held: Mapping[str, Sequence[Span]], others: Sequence[Span], computing: bool
) -> dict[str, float]:
    """For which role a thread waited how long."""
    found: defaultdict[str, float] = defaultdict(float)
    for entry in thread.log:
        wanted = clipped([entry.wanted], window) if entry.lets_go else []
        if wanted:
            for role, spans in held.items():
                found[role] += entry.without_cpu * overlap(wanted, spans)
            if computing:
                found[COMPUTES] += entry.without_cpu * (_length(wanted) - overlap(wanted, others))
    return found


def _by_role(threads: Iterable[Told]) -> dict[str, list[Told]]:
    found: defaultdict[str, list[Told]] = defaultdict(list)
    for thread in threads:
        found[thread.role].append(thread)
    return found


def longest_hold_s(threads: Iterable[Told], role: str, window: Span) -> float:
    """The longest hold of a role that no other thread can take the GIL from: a wait with the GIL."""
    kept = [
        (entry.called, entry.until)
        for thread in threads
        for entry in thread.log
        if thread.role == role and not entry.lets_go and window[0] <= entry.called and entry.until <= window[1]
    ]
    return max((until - called for called, until in kept), default=0) / 1e9
