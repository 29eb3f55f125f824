"""Finding and reading the GIL from outside, without symbols, version tables, root or a pause.

A process that cooperates has its memory read while it holds the GIL and while it does not. The aligned word near
``_PyRuntime`` that is 1 in every held phase and 0 in every free one, and that is preceded by the address of the
process's only thread state, is the GIL's ``locked`` flag behind its ``last_holder`` (``struct _gil_runtime_state`` in
Include/internal/pycore_gil.h). Its offset from ``_PyRuntime`` belongs to the interpreter binary, so one calibration
serves every process of it.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

from gilscope.observers.process_files import ProcessFiles
from gilscope.thread_address import ThreadAddress

__all__ = ["Gil", "GilLayout", "Hold", "Libc", "Phase", "find_layout", "find_pointer", "libc_of"]

Libc = Literal["glibc", "musl"]

HOLDER = struct.Struct("=Qi")
#: The same, and ``switch_number`` behind it.
HOLD = struct.Struct("=Qi4xQ")
#: From the beginning of the GIL's structure to ``locked``.
LOCKED_AT = 16
#: The condition variables and mutexes of the GIL follow ``locked``: 8 bytes of switch number, then two conditions of
#: 48 bytes and two mutexes of 40, in glibc and in musl.
LOCKS_BYTES = 208
#: The two conditions, in bytes behind ``locked``.
CONDITIONS = (16, 16 + 48 + 40)
#: In musl a thread waits on a word of its own stack (src/thread/pthread_cond_timedwait.c): ``barrier`` in its ``struct
#: waiter``, of which the condition's list begins with ``_c_head`` and goes on by ``next``.
MUSL_HEAD, MUSL_NEXT, MUSL_BARRIER = 8, 8, 20
POINTER = struct.Struct("=Q")
#: Threads that wait for one GIL are looked through no further.
MOST_WAITERS = 1024
SEARCH_BYTES = 1 << 20


class Hold(NamedTuple):
    """Who holds the GIL at a moment."""

    holder: int
    """The address of the thread state; 0 when the GIL is free."""
    switches: int
    """How often the GIL has passed to another thread so far: as long as it stays, nobody else had it."""


@dataclass(frozen=True)
class GilLayout:
    """Where an interpreter binary keeps its GIL."""

    offset: int
    """Bytes from ``_PyRuntime`` to the ``locked`` flag."""
    libc: Libc | None = "glibc"
    """Whose locks it is made of; None for another whose locks are not known: then nobody is seen to wait for it."""
    pointer: int | None = None
    """Bytes from a ``PyInterpreterState`` to the pointer to its GIL; None in 3.11, which has one GIL for all."""

    def base(self, process: ProcessFiles, runtime: int, interpreter: int) -> int:
        """What the ``locked`` flag of the GIL of an interpreter is ``offset`` bytes behind: ``_PyRuntime`` itself for
        the main one, and for those that share its GIL.

        :param interpreter: its address; 0 for the main one
        :raises OSError: when the process is gone or its memory may not be read
        """
        if not interpreter or self.pointer is None:
            return runtime
        (gil,) = POINTER.unpack(process.read(interpreter + self.pointer, POINTER.size))
        return int(gil) + LOCKED_AT - self.offset

    def read(self, process: ProcessFiles, runtime: int) -> Hold:
        """The hold of this moment.

        :raises OSError: when the process is gone or its memory may not be read
        """
        memory = process.read(runtime + self.offset - 8, HOLD.size)
        if len(memory) < HOLD.size:  # what is read of a process that has just ended
            raise ProcessLookupError(f"process {process.pid} has ended")
        holder, locked, switches = HOLD.unpack(memory)
        return Hold(holder if locked else 0, switches)

    def owns_futex(self, process: ProcessFiles, runtime: int, address: int) -> bool:
        """Whether a thread blocked on the futex at ``address`` wants the GIL."""
        locked = runtime + self.offset
        if 0 <= address - locked < LOCKS_BYTES:
            return True
        if self.libc != "musl":
            return False
        return any(address - MUSL_BARRIER in _musl_waiters(process, locked + at) for at in CONDITIONS)


def _musl_waiters(process: ProcessFiles, condition: int) -> Iterator[int]:
    """The addresses of the threads' ``struct waiter`` in a condition's list. It changes while it is read: what is no
    pointer any more ends it."""
    at = condition + MUSL_HEAD
    for _ in range(MOST_WAITERS):
        try:
            word = process.read(at, POINTER.size)
        except OSError:
            return
        if len(word) < POINTER.size or not any(word):
            return
        (waiter,) = POINTER.unpack(word)
        yield waiter
        at = waiter + MUSL_NEXT


@dataclass(frozen=True)
class Gil:
    """What is known of the GIL of the watched interpreters."""

    enabled: bool = True
    layout: GilLayout | None = None

    @property
    def known(self) -> bool:
        """Whether its holder can be told: its place is known, or there is none."""
        return self.layout is not None or not self.enabled

    def of(self, threads: Iterable[ThreadAddress]) -> Gil:
        """What is known of those that these threads need: an interpreter's own is found by its pointer alone."""
        found = self.layout is None or self.layout.pointer is not None
        return self if found or not any(thread.interpreter for thread in threads) else replace(self, layout=None)

    @property
    def waiters_known(self) -> bool:
        """Whether threads can be seen to wait for it."""
        return not self.enabled or (self.layout is not None and self.layout.libc is not None)


@dataclass(frozen=True)
class Phase:
    """The memory from ``_PyRuntime`` on, read while the GIL was surely held or surely free."""

    held: bool
    memory: bytes


def libc_of(maps: str, version: str | None) -> Libc | None:
    """Whose locks a program is made of.

    :param maps: its ``/proc/PID/maps``
    :param version: what it is told of CS_GNU_LIBC_VERSION (confstr(3)), so that glibc is known in static programs too
    """
    if "/ld-musl-" in maps or "/libc.musl-" in maps:
        return "musl"
    glibc = "/libc.so.6" in maps or "/libc-2." in maps or (version or "").startswith("glibc")
    return "glibc" if glibc else None


def find_layout(phases: Sequence[Phase], thread_state: int) -> GilLayout | None:
    """The layout that every phase agrees with; None when there is none (or no phase of one sort).

    :param thread_state: the address of the thread state of the only thread of the calibrating process
    """
    held = [phase.memory for phase in phases if phase.held]
    free = [phase.memory for phase in phases if not phase.held]
    if not held or not free:
        return None
    word = HOLDER.pack(thread_state, 1)
    fits = _all_at(word, held[0])
    for test, memories in ((1, held), (0, free)):
        fits = [at for at in fits if all(_locked(memory, at) == test for memory in memories)]
    return GilLayout(fits[0] + 8) if fits else None


def find_pointer(interpreter: bytes, locked: int) -> int | None:
    """Where the main interpreter points to its GIL; None when it does not.

    :param interpreter: its memory, from the beginning on
    :param locked: the address of the GIL's ``locked`` flag
    """
    return next(iter(_all_at(POINTER.pack(locked - LOCKED_AT), interpreter)), None)


def _all_at(word: bytes, memory: bytes) -> list[int]:
    found, at = [], memory.find(word)
    while at >= 0:
        if at % 8 == 0:
            found.append(at)
        at = memory.find(word, at + 1)
    return found


def _locked(memory: bytes, at: int) -> int | None:
    return HOLDER.unpack_from(memory, at)[1] if at + HOLDER.size <= len(memory) else None
