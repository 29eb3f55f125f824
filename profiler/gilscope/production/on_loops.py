"""The record of what a function's calls did on event loops, in figures that add up over processes."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import msgspec

from gilscope.production.awaiting import KINDS
from gilscope.production.sketch import middle_s
from gilscope.records import Record

if TYPE_CHECKING:
    from collections.abc import Iterable

    from gilscope.production.loop_sums import Found, LoopSums, Place

__all__ = ["NOTICED_S", "BlockedAt", "OnLoops", "added_on_loops", "added_places", "on_loops_of"]

#: A step this long is a pause that users of an event loop notice.
NOTICED_S = 0.01


class BlockedAt(Record, frozen=True, kw_only=True):
    """A line in which a loop was found blocked while it was watched."""

    file: str
    line: int
    function: str
    callee: str | None = None
    """What the line was calling, a dotted name; None where it was computing itself, or that is unknown."""
    source: str | None = None
    """Its text."""
    times: int = 0
    """How often it was found there; ``blocked_s``: for how long, by the time between two looks."""
    blocked_s: float = 0.0
    stack: tuple[str, ...] = ()
    """The call when it was first found there, the outermost frame first."""


_PLACE = ("file", "line", "function", "callee", "source")


class OnLoops(Record, frozen=True, kw_only=True):
    """What the calls of a coroutine function did on event loops. Of timed calls, weighted as they are; what was awaited
    is of those measured with all clocks."""

    wall_s: float = 0.0
    """Of each event loop the wall clock from the first step of a call to the last."""
    blocks: dict[int, int] = msgspec.field(default_factory=dict)
    """Steps of a millisecond and more, by their length: buckets as of ``durations``. For so long nothing else ran on
    the loop."""
    awaited_outside_s: float = 0.0
    """Awaited sockets, timers, pipes and processes that are no workers."""
    awaited_threads_s: float = 0.0
    """Awaited what an executor's threads do; ``awaited_processes_s``: its processes."""
    awaited_processes_s: float = 0.0
    awaited_tasks_s: float = 0.0
    """Awaited other tasks, locks and queues of the program, or the next turn on the loop."""
    awaited_unknown_s: float = 0.0
    threads_cpu_s: float = 0.0
    """CPU that other threads of the process had while an executor's threads were awaited, no more than that took."""
    blocked_at: tuple[BlockedAt, ...] = ()
    """Where, most first; empty where nobody looked (`gilscope.observe`)."""

    @property
    def noticed_s(self) -> float:
        """Seconds in steps of `NOTICED_S` and more."""
        return sum(count * long_s for index, count in self.blocks.items() if (long_s := middle_s(index)) >= NOTICED_S)


def on_loops_of(sums: LoopSums | None) -> OnLoops | None:
    """The record of what the calls in this process did; None where there were none on a loop."""
    if sums is None:
        return None
    awaited = {f"awaited_{kind}_s": spent / 1e9 for kind, spent in zip(KINDS, sums.awaited_ns, strict=True)}
    places = [_blocked_at(place, found) for place, found in sums.places.copy().items()]
    return OnLoops(
        wall_s=sums.wall_ns / 1e9,
        blocks=dict(sums.blocks),
        threads_cpu_s=sums.threads_cpu_ns / 1e9,
        blocked_at=_most_first(places),
        **awaited,
    )


def _blocked_at(place: Place, found: Found) -> BlockedAt:
    file, line, function, callee, source = place
    times, nanoseconds, stack = found
    return BlockedAt(
        file=file,
        line=line,
        function=function,
        callee=callee,
        source=source,
        times=times,
        blocked_s=nanoseconds / 1e9,
        stack=stack,
    )


def added_on_loops(parts: Iterable[OnLoops | None]) -> OnLoops | None:
    """What calls in several processes did."""
    known = [part for part in parts if part is not None]
    if not known:
        return None
    sums = {name: sum(getattr(part, name) for part in known) for name in _ADDED}
    blocks = sum((Counter(part.blocks) for part in known), Counter[int]())
    return OnLoops(blocks=dict(blocks), blocked_at=added_places(part.blocked_at for part in known), **sums)


_ADDED = tuple(name for name in OnLoops.__struct_fields__ if name not in ("blocks", "blocked_at"))


def added_places(parts: Iterable[tuple[BlockedAt, ...]]) -> tuple[BlockedAt, ...]:
    """What was found in several processes, by the line."""
    found: dict[tuple[object, ...], BlockedAt] = {}
    for each in (place for part in parts for place in part):
        key = tuple(getattr(each, name) for name in _PLACE)
        before = found.get(key)
        if before is not None:
            times, blocked_s = before.times + each.times, before.blocked_s + each.blocked_s
            each = msgspec.structs.replace(before, times=times, blocked_s=blocked_s)
        found[key] = each
    return _most_first(found.values())


def _most_first(places: Iterable[BlockedAt]) -> tuple[BlockedAt, ...]:
    return tuple(sorted(places, key=lambda place: (-place.blocked_s, place.file, place.line)))
