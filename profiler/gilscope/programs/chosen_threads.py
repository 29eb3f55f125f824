"""Which threads of a program are told of: those with names of a kind. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Final

from gilscope.programs.seen import SeenProcess, SeenThread
from gilscope.units import counted, duration, thousands

__all__ = ["ALL_THREADS", "ChosenThreads"]

#: Names that are told where none is meant.
_MOST_NAMES: Final = 8


@dataclass(frozen=True)
class ChosenThreads:
    """Threads by their names.

    :param patterns: as shells have them: ``*``, ``?`` and ``[seq]``; a thread is meant by any of them. All threads are,
        where there are none
    """

    patterns: tuple[str, ...] = ()

    def has(self, name: str) -> bool:
        """Whether a thread of this name is told of."""
        return not self.patterns or any(fnmatchcase(name, pattern) for pattern in self.patterns)

    def of(self, process: SeenProcess) -> tuple[SeenThread, ...]:
        """Those of a process."""
        return tuple(thread for thread in process.threads if self.has(thread.name))

    def told(self, processes: Sequence[SeenProcess]) -> str | None:
        """What is left out; None where nothing is."""
        threads = [thread for process in processes for thread in process.threads]
        others = [thread for thread in threads if not self.has(thread.name)]
        if not others:
            return None
        meant = " or ".join(map(repr, self.patterns))
        if len(others) == len(threads):
            return f"No thread is called {meant}: there are {_names(others)}."
        left_out_s = sum(thread.scheduled.run_s for thread in others)
        return (
            f"Of {counted(len(threads), 'thread')} only the {thousands(len(threads) - len(others))} called {meant} are "
            f"told of. The others used {duration(left_out_s)} of CPU time, and are named only where they hold the GIL."
        )


ALL_THREADS: Final = ChosenThreads()


def _names(threads: Iterable[SeenThread]) -> str:
    names = sorted({thread.name for thread in threads})
    more = f" and {thousands(len(names) - _MOST_NAMES)} more" if len(names) > _MOST_NAMES else ""
    return ", ".join(names[:_MOST_NAMES]) + more or "none"
