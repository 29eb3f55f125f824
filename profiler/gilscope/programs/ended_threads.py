"""Threads of a process that have ended: all of them, in bounded memory. Pure.

Of a crowd, those that computed the least are told together with others of their kind: of the same name but for its
numbers, and begun in the same function.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Final, NamedTuple

from gilscope.programs.chosen_threads import ChosenThreads
from gilscope.programs.moments import PythonFunction
from gilscope.programs.seen import SeenThread

__all__ = ["MOST_ALONE", "EndedThreads"]

#: Told one by one; when there are more, half of them are told together.
MOST_ALONE: Final = 1_000
#: Kinds that are told apart.
MOST_KINDS: Final = 200
_NUMBER: Final = re.compile(r"\d+")


class _Kind(NamedTuple):
    name: str
    began_in: PythonFunction | None
    native: bool
    chosen: bool
    """Whether the names are of those that are told of."""


class EndedThreads:
    """Those of one process."""

    def __init__(self) -> None:
        self._alone: list[SeenThread] = []
        self._together: dict[_Kind, SeenThread] = {}

    def __iter__(self) -> Iterator[SeenThread]:
        return iter((*self._together.values(), *self._alone))

    def add(self, thread: SeenThread) -> None:
        """One has ended."""
        self._alone.append(thread)

    def forget(self, until_s: float) -> None:
        """Forget those that had ended by then."""
        self._alone = [thread for thread in self._alone if thread.last_s > until_s]

    def fold(self, chosen: ChosenThreads) -> Mapping[int, int]:
        """Tell some together with others of their kind, where there are too many: the number of each, and the one that
        it is told under from now on."""
        if len(self._alone) <= MOST_ALONE:
            return {}
        ordered = sorted(self._alone, key=lambda each: each.scheduled.run_s)
        folded, self._alone = ordered[: MOST_ALONE // 2], ordered[MOST_ALONE // 2 :]
        return {thread.tid: self._join(thread, chosen) for thread in folded}

    def _join(self, thread: SeenThread, chosen: ChosenThreads) -> int:
        native, has = thread.interpreter is None, chosen.has(thread.name)
        kind = _Kind(_NUMBER.sub("", thread.name), thread.began_in, native, has)
        if kind not in self._together and len(self._together) >= MOST_KINDS:
            kind = _Kind("", None, native, has)
        found = self._together.get(kind)
        if found is None:
            found = replace(thread, tid=-1 - len(self._together), began_in=kind.began_in, alive_s=thread.wall_s)
        else:
            found = _joined(found, thread)
        self._together[kind] = found
        return found.tid


def _joined(many: SeenThread, one: SeenThread) -> SeenThread:
    return replace(
        many,
        first_s=min(many.first_s, one.first_s),
        last_s=max(many.last_s, one.last_s),
        scheduled=many.scheduled + one.scheduled,
        threads=many.threads + one.threads,
        alive_s=many.wall_s + one.wall_s,
    )
