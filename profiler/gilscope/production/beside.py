"""The interpreters beside the main one, as this one, which is the main one, knows them: by their journals
(`gilscope.production.apart`). It tells its observer of their threads, and keeps what that saw of their calls."""

from __future__ import annotations

import os
import threading
from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from gilscope.observers.functions import FUNCTIONS, Seen
from gilscope.production.described import host
from gilscope.production.forks import after_fork
from gilscope.production.journal_entries import Journaled, journaled
from gilscope.production.liveness import born
from gilscope.production.names import INTERPRETER_SUFFIX
from gilscope.production.observed import observed_of
from gilscope.production.profile import Profile
from gilscope.reading import read_bytes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from gilscope.thread_address import ThreadAddress

    #: Of a thread, and what is added to the numbers of the functions that it publishes.
    Tell = Callable[[ThreadAddress, int], None]

__all__ = ["Beside", "beside"]


class _Known(NamedTuple):
    """A journal: what is added to its functions' numbers, and what it last told."""

    begin: int
    told: Journaled


class Beside:
    """What is known of them. Used by the recorder's thread and by the observation's."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: dict[Path, _Known] = {}
        self._seen: defaultdict[int, Seen] = defaultdict(Seen)
        self._tell: Tell | None = None
        self._told: set[tuple[int, ThreadAddress]] = set()

    def tell(self, tell: Tell | None) -> None:
        """Tell of every thread that is known, and of others when they are found; None: of none from now on."""
        with self._lock:
            self._tell = tell
            self._told.clear()
            self._tell_all()

    def look(self, folder: Path) -> None:
        """Find the interpreters that record to the folder.

        :raises OSError, ValueError, msgspec.DecodeError: when a journal cannot be read
        """
        found = dict(_journals(folder))
        with self._lock:
            for path, told in found.items():
                begin = self._known[path].begin if path in self._known else FUNCTIONS * (1 + len(self._known))
                self._known[path] = _Known(begin, told)
            self._tell_all()

    def _tell_all(self) -> None:
        if self._tell is None:
            return
        threads = {(known.begin, thread) for known in self._known.values() for thread in known.told.threads}
        for begin, thread in threads - self._told:
            self._tell(thread, begin)
        self._told = threads

    def add_seen(self, number: int, seen: Seen) -> None:
        """An observer saw this of the calls of a function of theirs."""
        with self._lock:
            self._seen[number] += seen

    def profiles(self) -> list[Profile]:
        """What was seen of their calls, by function and journal: the calls are counted in the journals."""
        with self._lock:
            return [profile for known in self._known.values() for profile in self._profiles(known)]

    def _profiles(self, known: _Known) -> Iterator[Profile]:
        for number, counted in enumerate(known.told.functions, known.begin + 1):
            if number in self._seen:
                cpu_ns, queue_ns = counted.clocked_cpu_s * 1e9, (counted.clocked_runqueue_s or 0.0) * 1e9
                observed = observed_of(self._seen[number], int(cpu_ns), int(queue_ns), counted.gil_enabled)
                yield msgspec.structs.replace(_uncounted(counted), observed=observed, processes=0)


def _uncounted(profile: Profile) -> Profile:
    names = ("spec", "name", "kind", "file", "line", "digest", "gil_enabled", "interpreter_pools", "cpus")
    return Profile(**{name: getattr(profile, name) for name in names})


def _journals(folder: Path) -> Iterator[tuple[Path, Journaled]]:
    """Those of this process."""
    own = born(os.getpid())
    for path in sorted(folder.glob(f"gilscope-{host()}-{os.getpid()}-*{INTERPRETER_SUFFIX}")):
        told = journaled(read_bytes(path))
        if told is not None and told.heading.born == own:
            yield path, told


beside = Beside()


@after_fork
def _forget() -> None:
    """The child has none: interpreters do not outlive a fork."""
    beside.__init__()  # type: ignore[misc]
