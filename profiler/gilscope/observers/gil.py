"""Finding and reading the GIL from outside, without symbols, version tables, root or a pause.

A process that cooperates has its memory read while it holds the GIL and while it does not. The aligned word near
``_PyRuntime`` that is 1 in every held phase and 0 in every free one, and that is preceded by the address of the
process's only thread state, is the GIL's ``locked`` flag behind its ``last_holder`` (``struct _gil_runtime_state`` in
Include/internal/pycore_gil.h). Its offset from ``_PyRuntime`` belongs to the interpreter binary, so one calibration
serves every process of it.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from gilscope.observers.proc import ProcessFiles

__all__ = ["Gil", "GilLayout", "Hold", "Phase", "find_layout"]

HOLDER = struct.Struct("<Qi")
#: The same, and ``switch_number`` behind it.
HOLD = struct.Struct("<Qi4xQ")
#: The condition variables and mutexes of the GIL follow ``locked``: 8 bytes of switch number, then two conditions of
#: 48 bytes and two mutexes of 40 in glibc.
LOCKS_BYTES = 208
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

    def read(self, process: ProcessFiles, runtime: int) -> Hold:
        """The hold of this moment.

        :raises OSError: when the process is gone or its memory may not be read
        """
        memory = process.read(runtime + self.offset - 8, HOLD.size)
        if len(memory) < HOLD.size:  # what is read of a process that has just ended
            raise ProcessLookupError(f"process {process.pid} has ended")
        holder, locked, switches = HOLD.unpack(memory)
        return Hold(holder if locked else 0, switches)

    def owns_futex(self, runtime: int, address: int) -> bool:
        """Whether a thread blocked on the futex at ``address`` wants the GIL."""
        return 0 <= address - runtime - self.offset < LOCKS_BYTES


@dataclass(frozen=True)
class Gil:
    """What is known of the GIL of the watched interpreters."""

    enabled: bool = True
    layout: GilLayout | None = None

    @property
    def known(self) -> bool:
        """Whether the GIL's states can be told: its place is known, or there is none."""
        return self.layout is not None or not self.enabled


@dataclass(frozen=True)
class Phase:
    """The memory from ``_PyRuntime`` on, read while the GIL was surely held or surely free."""

    held: bool
    memory: bytes


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


def _all_at(word: bytes, memory: bytes) -> list[int]:
    found, at = [], memory.find(word)
    while at >= 0:
        if at % 8 == 0:
            found.append(at)
        at = memory.find(word, at + 1)
    return found


def _locked(memory: bytes, at: int) -> int | None:
    return HOLDER.unpack_from(memory, at)[1] if at + HOLDER.size <= len(memory) else None
