"""The figures that are exported, and what makes them fit for a counter: they never fall."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import msgspec

from gilscope.production.collection import profiles
from gilscope.production.record import merged
from gilscope.records import Record

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from gilscope.production.profile import Profile

__all__ = ["Figures", "Reader", "figures"]


class Figures(Record, frozen=True, kw_only=True):
    """What all calls of a function in this process have taken so far; None where that is unknown."""

    function: str
    calls: int
    wall_s: float | None
    cpu_s: float | None
    blocked_s: float | None
    longest_block_s: float | None
    """The longest time for which a coroutine kept its event loop from everything else."""


#: Estimates from samples, which may be corrected downwards: a counter that falls is taken for one that began anew.
_ESTIMATES = ("wall_s", "cpu_s", "blocked_s")


def figures(found: Iterable[Profile], key: Callable[[Profile], str]) -> list[Figures]:
    """What is exported of profiles; those with the same key are one function, for no two series may have one name."""
    alike = (
        msgspec.structs.replace(each, spec=key(each), name="", kind="sync", file=None, line=None) for each in found
    )
    return [
        Figures(
            function=each.spec,
            calls=each.calls,
            wall_s=each.wall_s,
            cpu_s=each.cpu_s,
            blocked_s=each.blocked_s,
            longest_block_s=each.longest_block_s,
        )
        for each in merged(alike)
    ]


class Reader:
    """Reads the figures of this process; an estimate that is corrected downwards stays until it is exceeded.

    ``key`` tells functions apart.
    """

    def __init__(self, key: Callable[[Profile], str]) -> None:
        self._key = key
        self._last: dict[str, Figures] = {}
        self._lock = threading.Lock()

    def read(self) -> list[Figures]:
        """The figures of every function decorated in this process."""
        with self._lock:
            return [self._risen(now) for now in figures(profiles(), self._key)]

    def _risen(self, now: Figures) -> Figures:
        last = self._last.get(now.function)
        if last is not None and now.calls >= last.calls:  # with fewer calls this is a forked child, which begins anew
            now = msgspec.structs.replace(now, **{name: _larger(now, last, name) for name in _ESTIMATES})
        self._last[now.function] = now
        return now


def _larger(now: Figures, last: Figures, name: str) -> float | None:
    return max((each for figure in (now, last) if (each := getattr(figure, name)) is not None), default=None)
