"""The interpreters of a process, their GILs and their threads, read from its memory.

No table knows every build: what is read is checked against what must hold in every interpreter that works, and refused
where it does not.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Final, NamedTuple

from gilscope.observers.gil import GilLayout, Hold, libc_of
from gilscope.programs.codes import CodeCache
from gilscope.programs.layouts import OLDEST, Layout, Version, layout_of
from gilscope.programs.memory import Memory, ReadError
from gilscope.programs.refusals import UnknownVersionError, UnreadableInterpreterError
from gilscope.programs.runtime import Runtime
from gilscope.programs.stacks import Stack, StackReader
from gilscope.programs.thread_names import ThreadNames

__all__ = ["Interpreters", "NoInterpreters", "PythonThread"]

#: Interpreters and threads of a process that are read.
MOST_INTERPRETERS, MOST_THREADS = 10_000, 100_000
#: Readings of lists that others change meanwhile, until one holds together.
TRIES: Final = 20
#: Threads whose stacks are read to see whether they can be.
MOST_CHECKED: Final = 64
UNUSED, FREE, TAKEN = -1, 0, 1
#: Where objects have their own lock, in a build that can do without a GIL, and of what their addresses are multiples:
#: other locks lie at the beginning of what is allocated, or behind what every object has.
OBJECT_LOCK, OBJECT_ALIGNMENT = 10, 16
#: Of the name of a type, as much as is read.
MOST_TYPE_NAME: Final = 64


class PythonThread(NamedTuple):
    """A thread as an interpreter knows it."""

    state: int
    """The address of its thread state: who it is to the GIL."""
    number: int
    """The kernel's, as the process itself sees it."""
    interpreter: int
    """The number of the interpreter."""
    gil: int
    """Which of `Interpreters.gils` it needs to run."""


class NoInterpreters:
    """What is known of them in a process whose memory may not be read, or that is no CPython: nothing."""

    gils: tuple[int, ...] = ()
    by_gil: tuple[tuple[int, ...], ...] = ()
    intervals_s: tuple[float, ...] = ()
    threads: tuple[PythonThread, ...] = ()
    version: Version | None = None
    waiters_known = False
    turns: Mapping[int, int] = MappingProxyType({})

    def gil_of_futex(self, _address: int) -> int | None:
        return None

    def lock_of_futex(self, _address: int, _on_stack: bool) -> int | None:
        return None

    def gil(self, which: int) -> Hold:
        raise IndexError(which)

    def name_of(self, _thread: PythonThread) -> str | None:
        return None

    def number_of(self, _state: int) -> int | None:
        return None

    def gil_enabled(self) -> bool:
        return True

    def suspends(self, _address: int) -> bool:
        return False

    def owner_of(self, _lock: int) -> str | None:
        return None

    def rescan(self) -> None:
        """There is nothing to be read."""

    def read_stacks(self, states: Sequence[int]) -> list[Stack | None]:
        return [None] * len(states)


class Interpreters:
    """What runs in one process.

    :raises UnknownVersionError: when its version's layout is not known
    :raises UnreadableInterpreterError: when its memory does not hold what it should
    :raises OSError: when the process is gone
    """

    def __init__(self, memory: Memory, runtime: Runtime) -> None:
        self._memory = memory
        self._runtime = runtime
        self.layout = _layout(memory.pid, runtime)
        self.version: Version | None = runtime.version or self.layout.version
        self._gil = GilLayout(self.layout.gil_locked, libc_of(runtime.maps, None))
        self.gils: tuple[int, ...] = ()
        """Their addresses."""
        self.by_gil: tuple[tuple[int, ...], ...] = ()
        """The numbers of the interpreters that share each."""
        self.intervals_s: tuple[float, ...] = ()
        """The switch interval of each: after which a thread that runs Python gives it to one that waits for it."""
        self.threads: tuple[PythonThread, ...] = ()
        codes = CodeCache(memory, self.layout)
        self._stacks = StackReader(memory, self.layout, codes)
        self._names = ThreadNames(memory, self.layout, codes)
        self._read_until_sound()

    @property
    def waiters_known(self) -> bool:
        """Whether every thread that waits for a GIL can be told from one that waits for a lock: not with a C library
        whose locks are not known."""
        return self._gil.libc is not None

    @property
    def turns(self) -> Mapping[int, int]:
        """Of the thread states whose stacks were read last, those that run an event loop: a number that changes
        whenever it goes round or calls another callback."""
        return self._stacks.turns

    def read_stacks(self, states: Sequence[int]) -> list[Stack | None]:
        """The stack of each thread, by the addresses of their states; None of one that was torn."""
        return self._stacks.read(states)

    def gil(self, which: int) -> Hold:
        """Who holds one GIL, by the address of the thread state.

        :raises OSError: when the process has ended, or runs another program
        """
        return self._gil.read(self._memory.files, self.gils[which])

    def gil_enabled(self) -> bool:
        """Whether a thread needs a GIL to run Python now: in a build that can do without, an extension module may have
        enabled it (``_PyEval_EnableGILPermanent`` in Python/ceval_gil.c).

        :raises ReadError: when that cannot be read
        """
        at = self.layout.gil_enabled
        return at is None or any(self._memory.read(gil + at, 4) != bytes(4) for gil in self.gils)

    def suspends(self, address: int) -> bool:
        """Whether a thread that waits for the lock at an address waits for the world to go on: a thread that collects
        garbage, or forks, has stopped all others, which park on words of their own."""
        at = self.layout.thread_suspended
        return at is not None and any(thread.state + at == address for thread in self.threads)

    def owner_of(self, lock: int) -> str | None:
        """The type of the object whose own lock it is, in a build that can do without a GIL (``ob_mutex`` in ``struct
        _object``, Include/object.h); None of other locks."""
        if self.layout.gil_enabled is None or lock % OBJECT_ALIGNMENT != OBJECT_LOCK:
            return None
        try:
            kind = self._type_of(lock - OBJECT_LOCK)
            root = self._type_of(self._type_of(kind))  # of every type's type in the end: its own type is itself
            known = self._type_of(root) == root and self._name_of_type(root) == "type"
            return self._name_of_type(kind) if known else None
        except (ReadError, OverflowError):
            return None

    def _type_of(self, at: int) -> int:
        return self._memory.word(at + self.layout.object_type)

    def _name_of_type(self, address: int) -> str:
        text = self._memory.read(self._memory.word(address + self.layout.type_name), MOST_TYPE_NAME)
        return text.partition(b"\0")[0].decode(errors="replace")

    def gil_of_futex(self, address: int) -> int | None:
        """Which GIL a thread blocked on the futex at ``address`` wants; None when it is another lock."""
        files = self._memory.files
        return next((n for n, gil in enumerate(self.gils) if self._gil.owns_futex(files, gil, address)), None)

    def lock_of_futex(self, address: int, on_stack: bool) -> int | None:
        """The address of the lock that a thread blocked on a futex waits for; None where that is not told.

        :param on_stack: whether the futex is in the thread's own stack
        """
        if not on_stack:
            return address
        try:
            # The semaphore begins with 64 bits, of which the lower 32 are the futex: behind the others if big-endian.
            return self._memory.word(address // 8 * 8 - 8) or None if self.layout.parks else None
        except ReadError:
            return None

    def rescan(self) -> None:
        """Read anew which interpreters and threads there are.

        :raises ReadError: when they cannot be read
        """
        gils: dict[int, list[int]] = {}
        threads: list[PythonThread] = []
        for number, address, gil in self._interpreters():
            gils.setdefault(gil, []).append(number)
            which = list(gils).index(gil)
            threads += [PythonThread(state, tid, number, which) for state, tid in self._threads_of(address)]
        self.gils, self.by_gil = tuple(gils), tuple(tuple(sorted(numbers)) for numbers in gils.values())
        self.intervals_s = tuple(self._memory.word(gil + self.layout.gil_interval) / 1e6 for gil in gils)
        self.threads = tuple(threads)
        self._stacks.forget({thread.state for thread in threads})

    def name_of(self, thread: PythonThread) -> str | None:
        """The name that the program has given a thread; None where that is not told."""
        return self._names.of(thread.state)

    def number_of(self, state: int) -> int | None:
        """The kernel's number of the thread of a thread state that has come since; None where it is none."""
        try:
            return self._memory.word(state + self.layout.thread_number)
        except ReadError:
            return None

    # ---- lists of the interpreter ----

    def _interpreters(self) -> Iterator[tuple[int, int, int]]:
        """The number, the address and the GIL of each, the oldest first: that is the main one."""
        layout, read = self.layout, self._memory.word
        found: list[tuple[int, int, int]] = []
        at = read(self._runtime.address + layout.runtime_interpreters)
        while at and len(found) < MOST_INTERPRETERS:
            (number,) = struct.unpack("=q", self._memory.read(at + layout.interpreter_id, 8))
            own = layout.runtime_gil
            gil = read(at + layout.interpreter_gil) if own is None else self._runtime.address + own
            if gil:  # one that is being made has none yet
                found.append((number, at, gil))
            at = read(at + layout.interpreter_next)
        return iter(sorted(found))

    def _threads_of(self, interpreter: int) -> Iterator[tuple[int, int]]:
        """The thread state and the kernel's number of each thread."""
        layout = self.layout
        at = self._memory.word(interpreter + layout.interpreter_threads)
        known: set[int] = set()
        while at and len(known) < MOST_THREADS:
            memory = self._memory.read(at, layout.thread_chunk + 16)
            if at in known or _word(memory, layout.thread_interpreter) != interpreter:
                raise ReadError("the list of threads changed while it was read")
            known.add(at)
            yield at, _word(memory, layout.thread_number)
            at = _word(memory, layout.thread_next)

    # ---- checks ----

    def _read_until_sound(self) -> None:
        why: str | None = None
        for _ in range(TRIES):
            try:
                self.rescan()
                why = self._unsound()
            except (ReadError, struct.error) as error:
                why = str(error)
            if why is None:
                return
        version = ".".join(map(str, self.version or ()))
        raise UnreadableInterpreterError(
            f"the interpreter of process {self._memory.pid} (Python {version}, {self._runtime.path}) is not laid out "
            f"as others of its version, or is only starting or ending: {why}"
        )

    def _unsound(self) -> str | None:
        """What does not hold; None where everything does."""
        if not self.threads or self.by_gil[0][0] != 0:
            return "it has no threads yet, or none any more"
        states = {thread.state for thread in self.threads}
        for which, address in enumerate(self.gils):
            holder, locked = struct.unpack("=Qi", self._memory.read(address + self.layout.gil_locked - 8, 12))
            if locked not in (UNUSED, FREE, TAKEN) or (locked == TAKEN and holder not in states):
                return f"GIL {which} is held by none of its threads"
        return self._unsound_stacks(states)

    def _unsound_stacks(self, states: set[int]) -> str | None:
        """At least one thread must have frames that can be read. All of them may have none while it starts."""
        stacks = self._stacks.read(sorted(states)[:MOST_CHECKED])
        if any(stacks):
            return None
        return "no stack holds together" if None in stacks else "no thread is in Python code"


def _layout(pid: int, runtime: Runtime) -> Layout:
    version = runtime.version
    layout = None if version is None else layout_of(version, runtime.head)
    if version is None or layout is None:
        told = "a Python older than 3.11" if version is None else f"Python {version[0]}.{version[1]}"
        older = version is None or version[:2] < OLDEST
        way = (
            "gilscope can see into 3.11 and later"
            if older
            else "this gilscope is older than it: see whether there is a newer"
        )
        raise UnknownVersionError(f"process {pid} runs {told} ({runtime.path}), whose memory cannot be read: {way}")
    return layout


def _word(memory: bytes, at: int) -> int:
    return int.from_bytes(memory[at : at + 8], "little")
