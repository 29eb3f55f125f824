"""Which lock a thread waits for: by its address, and in a build of Python without a GIL by whose it is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from gilscope.programs.interpreters import Interpreters, NoInterpreters
from gilscope.programs.moments import THE_WORLD
from gilscope.programs.threads import Seen

__all__ = ["LockNames"]

#: Locks that are looked at for whose they are.
MOST_LOCKS: Final = 1_000


class LockNames:
    """The locks of one process that were waited for."""

    def __init__(self) -> None:
        self._owners: dict[int, str | None] = {}

    def lock_of(self, look: Seen, interpreters: Interpreters | NoInterpreters) -> int | None:
        """What a thread waits for (`gilscope.programs.moments.ThreadLook.lock`)."""
        if look.lock_at is None or look.wait != "lock":
            return None
        lock = interpreters.lock_of_futex(look.lock_at, look.on_stack)
        if lock is None:
            return None
        if interpreters.suspends(lock):
            return THE_WORLD
        if lock not in self._owners and len(self._owners) < MOST_LOCKS:
            self._owners[lock] = interpreters.owner_of(lock)
        return lock

    @property
    def owners(self) -> Mapping[int, str]:
        """By address: the types of the objects whose own locks were waited for."""
        return {lock: owner for lock, owner in self._owners.items() if owner is not None}
