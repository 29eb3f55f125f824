"""The numbers of threads, inside a PID namespace and outside it."""

from __future__ import annotations

from collections.abc import Collection

from gilscope.programs.refusals import status_of

__all__ = ["ThreadNumbers"]


class ThreadNumbers:
    """The numbers that the threads of one process have inside it, and here.

    :raises OSError: when it is gone
    """

    def __init__(self, pid: int) -> None:
        self._same = len(status_of(pid).get("NSpid", "").split()) <= 1
        self._outside: dict[int, int] = {}

    def outside(self, inside: int, tids: Collection[int]) -> int | None:
        """The number here of the thread that the process itself knows by ``inside``; None when it is not (any more).

        :param tids: the numbers here of its threads
        """
        if self._same:
            return inside if inside in tids else None
        if self._outside.get(inside) not in tids:
            self._outside = {number: tid for tid in tids if (number := _inside(tid)) is not None}
        return self._outside.get(inside)


def _inside(tid: int) -> int | None:
    """A thread's number in the innermost of its namespaces; ``/proc/TID`` is there for every thread."""
    try:
        return int(status_of(tid)["NSpid"].split()[-1])
    except (OSError, KeyError, IndexError, ValueError):
        return None
