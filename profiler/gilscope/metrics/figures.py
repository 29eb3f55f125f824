"""The figures that are exported: those of profiles, made fit for counters, which must never fall."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias

import msgspec

from gilscope.metrics.catalog import ALONE, METRICS, PROCESS_METRICS, Values
from gilscope.production.collection import profiles
from gilscope.production.loop_lag import loop_lag
from gilscope.production.merging import merged

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Sequence
    from typing import Protocol

    from gilscope.production.delays import Delays
    from gilscope.production.profile import Profile

    class Recorded(Protocol):
        """What one process or several have seen."""

        @property
        def profiles(self) -> Sequence[Profile]: ...
        @property
        def loop_lag(self) -> Delays | None: ...

    class Kept(Protocol):
        """What was exported last, to whom it must not fall."""

        def update(self, step: Callable[[dict[str, Figures]], dict[str, Figures]]) -> dict[str, Figures]:
            """Replace it by what ``step`` makes of it, undisturbed by others that do so."""


__all__ = ["MAX_FUNCTIONS", "OTHERS", "PROCESS", "Figures", "InMemory", "Reader", "figures", "risen"]

#: As many functions have series of their own: with all states each has some fifty series, and OpenTelemetry takes two
#: thousand of one metric.
MAX_FUNCTIONS: Final = 80
#: What the rest are called together.
OTHERS: Final = "(others)"

#: Under which the figures of `PROCESS_METRICS` are: the name of no function.
PROCESS: Final = ""

#: The values of each metric of one function, or of the process, by its name in Prometheus.
Figures: TypeAlias = dict[str, Values]


def figures(
    found: Iterable[Profile],
    key: Callable[[Profile], str],
    max_functions: int = MAX_FUNCTIONS,
    known: Collection[str] = (),
) -> dict[str, Figures]:
    """What is exported of each function; profiles with the same key are one, for no two series may have one name.

    From the ``max_functions``-th on, after those that are ``known``, functions are one too: names may be made without
    end.
    """
    groups: dict[str, list[Profile]] = {}
    for each in found:
        name = key(each)
        own = name in groups or name in known or len({*groups, *known} - {OTHERS, PROCESS}) < max_functions
        groups.setdefault(name if own else OTHERS, []).append(each)
    return {name: _told(group) for name, group in groups.items()}


def _told(group: list[Profile]) -> Figures:
    same = {"spec": "", "name": "", "file": None, "line": None, "kind": group[0].kind, "gil_enabled": True}
    [whole] = merged(msgspec.structs.replace(each, **same) for each in group)
    return {metric.prometheus: metric.read(whole) for metric in METRICS}


class Reader:
    """Reads the figures of every function and, under `PROCESS`, those of the process; an estimate that is corrected
    downwards stays until it is exceeded.

    ``key`` tells functions apart.
    """

    def __init__(
        self,
        source: Callable[[], Recorded],
        key: Callable[[Profile], str],
        kept: Kept,
        max_functions: int = MAX_FUNCTIONS,
    ) -> None:
        self._source = source
        self._key = key
        self._kept = kept
        self._max_functions = max_functions

    def read(self) -> dict[str, Figures]:
        """The figures as they are now."""
        return self._kept.update(self._step)

    def _step(self, last: dict[str, Figures]) -> dict[str, Figures]:
        recorded = self._source()
        now = figures(recorded.profiles, self._key, self._max_functions, last)
        now[PROCESS] = {metric.prometheus: metric.read(recorded) for metric in PROCESS_METRICS}
        return risen(now, last)


class Now(NamedTuple):
    """What this process has seen."""

    profiles: Sequence[Profile]
    loop_lag: Delays | None


def now() -> Now:
    """It, read now."""
    return Now(profiles(), loop_lag())


class InMemory:
    """What this process exported last; a forked child has exported nothing."""

    def __init__(self) -> None:
        self._last: dict[str, Figures] = {}
        self._process = os.getpid()
        self._lock = threading.Lock()

    def update(self, step: Callable[[dict[str, Figures]], dict[str, Figures]]) -> dict[str, Figures]:
        """Replace it by what ``step`` makes of it."""
        with self._lock:
            if self._process != (process := os.getpid()):
                self._process, self._last = process, {}
            self._last = step(self._last)
            return self._last


def risen(now: dict[str, Figures], last: dict[str, Figures]) -> dict[str, Figures]:
    """``now``, but nothing that adds up less than it was; a function with fewer calls than it had has begun anew."""
    return {function: _risen(figures, last.get(function, {})) for function, figures in now.items()}


def _risen(now: Figures, last: Figures) -> Figures:
    if _calls(now) < _calls(last):
        return now
    return {**now, **{name: _larger(now[name], last.get(name, {})) for name in now if name in _ADDING}}


def _calls(figures: Figures) -> float:
    return figures.get(METRICS[0].prometheus, {}).get(ALONE, 0.0)


def _larger(now: Values, last: Values) -> Values:
    return {label: max(values.get(label, 0.0) for values in (now, last)) for label in {**last, **now}}


_ADDING: Final = {metric.prometheus for metric in (*METRICS, *PROCESS_METRICS) if metric.kind != "gauge"}
