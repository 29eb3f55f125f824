"""The figures that are exported: those of profiles, made fit for counters, which must never fall."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Final, TypeAlias

import msgspec

from gilscope.production.collection import profiles
from gilscope.production.record import merged

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from gilscope.production.profile import Profile

__all__ = ["FIGURES", "GAUGE", "Figures", "Reader", "figures"]

#: By their names in a profile, with what a monitoring system shows beside them.
FIGURES: Final = {
    "calls": "Calls that have ended.",
    "wall_s": "Wall clock of the calls.",
    "cpu_s": "CPU time of the calling threads.",
    "blocked_s": "Time off the CPU by the function's own doing, awaiting included.",
    "longest_block_s": "The longest step of a coroutine on its event loop.",
}
#: The one of them that does not add up.
GAUGE: Final = "longest_block_s"
#: Those that are estimated from samples may be corrected downwards.
_ESTIMATES = ("wall_s", "cpu_s", "blocked_s")

#: The `FIGURES` of one function; None where unknown.
Figures: TypeAlias = dict[str, float | None]


def figures(found: Iterable[Profile], key: Callable[[Profile], str]) -> dict[str, Figures]:
    """What is exported of each function; profiles with the same key are one, for no two series may have one name."""
    alike = (
        msgspec.structs.replace(each, spec=key(each), name="", kind="sync", file=None, line=None) for each in found
    )
    return {each.spec: {name: getattr(each, name) for name in FIGURES} for each in merged(alike)}


class Reader:
    """Reads the figures of this process; an estimate that is corrected downwards stays until it is exceeded.

    ``key`` tells functions apart.
    """

    def __init__(self, key: Callable[[Profile], str]) -> None:
        self._key = key
        self._last: dict[str, Figures] = {}
        self._lock = threading.Lock()

    def read(self) -> dict[str, Figures]:
        """The figures of every function decorated in this process."""
        with self._lock:
            found = figures(profiles(), self._key)
            self._last = {function: _risen(now, self._last.get(function)) for function, now in found.items()}
            return self._last


def _risen(now: Figures, last: Figures | None) -> Figures:
    if last is None or (now["calls"] or 0) < (last["calls"] or 0):  # a forked child begins anew, with fewer calls
        return now
    return now | {name: _larger(now[name], last[name]) for name in _ESTIMATES}


def _larger(*values: float | None) -> float | None:
    return max((value for value in values if value is not None), default=None)
