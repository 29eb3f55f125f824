"""Finding the GIL: in memory made up at random, and in a real process that says when it holds it."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gilscope.observers.gil import (
    HOLDER,
    LOCKED_AT,
    LOCKS_BYTES,
    SEARCH_BYTES,
    Gil,
    GilLayout,
    Phase,
    find_layout,
    find_pointer,
    libc_of,
)
from gilscope.observers.process_files import ProcessFiles
from gilscope.thread_address import ThreadAddress

SIZE = 512
THREAD_STATE = 0x00007F3A_5C2B1A40
HELD = [True, False, True, False, True, False]


def memories(seed: int) -> list[bytearray]:
    """Phases of an interpreter's memory: mostly the same random bytes, some different in each."""
    rng = random.Random(seed)
    same = rng.randbytes(SIZE)
    made = [bytearray(same) for _ in HELD]
    for memory in made:
        for at in rng.sample(range(SIZE), SIZE // 16):
            memory[at] = rng.randrange(256)
    return made


def plant(memories: list[bytearray], at: int, values: list[int], holder: int = THREAD_STATE) -> None:
    """The pair of ``last_holder`` and ``locked`` at ``at``, with a value of ``locked`` for each phase."""
    for memory, value in zip(memories, values, strict=True):
        HOLDER.pack_into(memory, at, holder, value)


def phases(memories: list[bytearray]) -> list[Phase]:
    return [Phase(held, bytes(memory)) for held, memory in zip(HELD, memories, strict=True)]


places = st.integers(0, SIZE // 8 - 2).map(lambda word: word * 8)


@given(seed=st.integers(0, 2**32), at=places)
def test_a_planted_lock_is_found(seed: int, at: int) -> None:
    made = memories(seed)
    plant(made, at, [int(held) for held in HELD])
    assert find_layout(phases(made), THREAD_STATE) == GilLayout(at + 8)


@given(seed=st.integers(0, 2**32))
def test_nothing_planted_nothing_found(seed: int) -> None:
    assert find_layout(phases(memories(seed)), THREAD_STATE) is None


@given(seed=st.integers(0, 2**32), at=places, wrong=st.integers(0, len(HELD) - 1))
def test_an_impostor_that_errs_once_is_rejected(seed: int, at: int, wrong: int) -> None:
    made = memories(seed)
    plant(made, at, [int(held) ^ (number == wrong) for number, held in enumerate(HELD)])
    assert find_layout(phases(made), THREAD_STATE) is None


@given(seed=st.integers(0, 2**32), at=places)
def test_a_word_behind_another_threads_state_is_rejected(seed: int, at: int) -> None:
    made = memories(seed)
    plant(made, at, [int(held) for held in HELD], holder=THREAD_STATE + 8)
    assert find_layout(phases(made), THREAD_STATE) is None


@given(seed=st.integers(0, 2**32), at=places, shift=st.integers(1, 7))
def test_a_word_out_of_line_is_rejected(seed: int, at: int, shift: int) -> None:
    made = memories(seed)
    plant(made, min(at, SIZE - 24) + shift, [int(held) for held in HELD])
    assert find_layout(phases(made), THREAD_STATE) is None


@given(seed=st.integers(0, 2**32), first=places, second=places)
def test_of_two_that_fit_the_lowest_is_taken(seed: int, first: int, second: int) -> None:
    if abs(first - second) < HOLDER.size:
        second = (first + 64) % (SIZE - 64)
    made = memories(seed)
    for at in (first, second):
        plant(made, at, [int(held) for held in HELD])
    assert find_layout(phases(made), THREAD_STATE) == GilLayout(min(first, second) + 8)


def test_memory_that_ends_before_the_lock_in_one_phase_does_not_fit() -> None:
    made = memories(0)
    plant(made, 128, [int(held) for held in HELD])
    made[3] = made[3][:134]
    assert find_layout(phases(made), THREAD_STATE) is None


@pytest.mark.parametrize("held", [True, False])
def test_one_sort_of_phase_is_not_enough(held: bool) -> None:
    made = memories(0)
    plant(made, 128, [int(held) for held in HELD])
    assert find_layout([phase for phase in phases(made) if phase.held == held], THREAD_STATE) is None
    assert find_layout([], THREAD_STATE) is None


@given(seed=st.integers(0, 2**32), at=places, locked=st.integers(2**32, 2**47).map(lambda word: word * 8))
def test_the_pointer_of_an_interpreter_to_its_gil_is_found(seed: int, at: int, locked: int) -> None:
    memory = bytearray(random.Random(seed).randbytes(SIZE))
    assert find_pointer(bytes(memory), locked) is None
    memory[at : at + 8] = (locked - LOCKED_AT).to_bytes(8, sys.byteorder)
    assert find_pointer(bytes(memory), locked) == at


def test_a_gil_of_its_own_is_found_by_the_pointer_and_read_as_the_main_one_is() -> None:
    """At any address: the offset from ``_PyRuntime`` is that of the main one alone."""
    runtime, interpreter, own = 0x100000, 0x7F0000001000, 0x7F0000005000
    memory = Memory({interpreter + 384: own})
    layout = GilLayout(0x2340, pointer=384)
    assert layout.base(memory, runtime, 0) == runtime
    base = layout.base(memory, runtime, interpreter)
    assert base + layout.offset == own + LOCKED_AT
    assert layout.owns_futex(memory, base, own + LOCKED_AT + 16)
    assert not layout.owns_futex(memory, base, runtime + layout.offset + 16), "that is the main one's"


def test_where_pointers_are_not_known_an_interpreters_own_gil_is_unknown() -> None:
    main, apart = ThreadAddress(1, 1, 1, 1, 1), ThreadAddress(1, 2, 2, 1, 1, interpreter=0x1000)
    known, unknown = Gil(layout=GilLayout(8, pointer=384)), Gil(layout=GilLayout(8))
    assert known.of([main, apart]) == known
    assert unknown.of([main]) == unknown
    assert unknown.of([main, apart]) == Gil(layout=None)


@given(st.integers(0, 2**47), st.integers(8, 1 << 20), st.integers(-LOCKS_BYTES, 2 * LOCKS_BYTES))
def test_a_futex_is_the_gils_when_it_lies_among_its_locks(runtime: int, offset: int, beside: int) -> None:
    futex = runtime + offset + beside
    assert GilLayout(offset).owns_futex(Memory({}), runtime, futex) == (0 <= beside < LOCKS_BYTES)


#: The GIL and its neighbourhood in a program of musl 1.2.3 in which three threads wait: captured, 8 bytes a word.
MUSL_LOCKED = 0x40A150
MUSL_WAITING = (0x7F529F516E54, 0x7F529F4F3E54, 0x7F529F4D0E54)
MUSL = {
    0x40A160 + 8: 0x7F529F4D0E40,  # the condition: the first waiter
    0x7F529F4D0E40 + 8: 0x7F529F4F3E40,  # each waiter: the next
    0x7F529F4F3E40 + 8: 0x7F529F516E40,
    0x7F529F516E40 + 8: 0,
    0x40A1B8 + 8: 0,  # the other condition: nobody
}


@dataclass
class Memory(ProcessFiles):
    """Of a process that was: words by address; what is not there cannot be read."""

    words: dict[int, int]

    def read(self, address: int, size: int) -> bytes:
        if address not in self.words:
            raise OSError
        return self.words[address].to_bytes(8, sys.byteorder)[:size]


@pytest.mark.parametrize("waiting", MUSL_WAITING)
def test_in_musl_a_thread_waits_for_the_gil_on_its_own_stack(waiting: int) -> None:
    musl, glibc = GilLayout(16, "musl"), GilLayout(16, "glibc")
    assert musl.owns_futex(Memory(MUSL), MUSL_LOCKED - 16, waiting)
    assert not musl.owns_futex(Memory(MUSL), MUSL_LOCKED - 16, waiting + 4)
    assert not glibc.owns_futex(Memory(MUSL), MUSL_LOCKED - 16, waiting)


@pytest.mark.parametrize("last", [0x7F529F4D0E40, 0xDEAD], ids=["a circle", "no pointer"])
def test_a_list_of_waiters_that_changes_while_it_is_read_has_an_end(last: int) -> None:
    torn = {**MUSL, 0x7F529F516E40 + 8: last}
    assert not GilLayout(16, "musl").owns_futex(Memory(torn), MUSL_LOCKED - 16, 0x7F0000000014)


@pytest.mark.parametrize(
    ("mapped", "version", "libc"),
    [
        ("7f1 r-xp 0 fe:00 12 /usr/lib/x86_64-linux-gnu/libc.so.6", "glibc 2.36", "glibc"),
        ("7f1 r-xp 0 fe:00 12 /lib64/libc-2.17.so", None, "glibc"),
        ("7f1 r-xp 0 fe:00 12 /lib/ld-musl-x86_64.so.1", None, "musl"),
        ("7f1 r-xp 0 fe:00 12 /lib/ld-musl-aarch64.so.1", "", "musl"),
        ("555 r-xp 0 fe:00 12 /opt/python/bin/python3", "glibc 2.31", "glibc"),
        ("555 r-xp 0 fe:00 12 /opt/python/bin/python3", None, None),
    ],
)
def test_the_c_library_is_known_by_what_is_mapped(mapped: str, version: str | None, libc: str | None) -> None:
    assert libc_of(mapped + "\n7ff rw-p 0 00:00 0 [stack]\n", version) == libc


needs_proc = pytest.mark.skipif(not os.path.exists("/proc/self/mem"), reason="reads another process's memory by /proc")

#: Sleeps for as long as it takes its parent to say so (a line), holding the GIL ("held") or without it ("free").
SLEEPER = """
import ctypes, os, sys
from gilscope.backends.worker import enter_worker, permit_observer
from gilscope.observers.calibration import own_layout
permit_observer(os.getppid())
me = enter_worker()
print(me.runtime, me.thread_state, flush=True)
buffer = ctypes.create_string_buffer(1)
print(own_layout().offset, flush=True)
for line in sys.stdin:
    library = ctypes.PyDLL(None) if line == "held\\n" else ctypes.CDLL(None)
    print("now", flush=True)
    library.read(0, buffer, 1)
"""


class Sleeper:
    """A process with one thread that holds its GIL, or lets it go, on demand."""

    def __init__(self) -> None:
        command = [sys.executable, "-c", SLEEPER]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1)
        self.runtime, self.thread_state = map(int, self.heard().split())
        self.own_offset = int(self.heard())
        self.files = ProcessFiles(self.process.pid)

    def heard(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline()

    def say(self, text: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(text)
        self.process.stdin.flush()

    def close(self) -> None:
        self.files.close()
        self.process.kill()
        self.process.communicate()


@pytest.fixture
def sleeper() -> Iterator[Sleeper]:
    made = Sleeper()
    yield made
    made.close()


def blocked_in_read(pid: int) -> bool:
    with open(f"/proc/{pid}/syscall", "rb") as file:
        call = file.read().split()
    return call[0] in (b"0", b"63") and int(call[3], 16) == 1  # read(0, buffer, 1): on x86-64, on aarch64


def phase(sleeper: Sleeper, held: bool) -> Phase:
    sleeper.say("held\n" if held else "free\n")
    assert sleeper.heard() == "now\n"
    while not blocked_in_read(sleeper.process.pid):
        pass
    memory = sleeper.files.read(sleeper.runtime, SEARCH_BYTES)
    sleeper.say("x")
    return Phase(held, memory)


@needs_proc
@pytest.mark.interpreter
@pytest.mark.skipif(not getattr(sys, "_is_gil_enabled", lambda: True)(), reason="this interpreter has no GIL")
def test_this_interpreters_gil_is_found_and_read(sleeper: Sleeper) -> None:
    layout = find_layout([phase(sleeper, held) for held in HELD], sleeper.thread_state)
    assert layout is not None
    assert layout.offset == sleeper.own_offset
    for held in (False, True):
        sleeper.say("held\n" if held else "free\n")
        assert sleeper.heard() == "now\n"
        while not blocked_in_read(sleeper.process.pid):
            pass
        assert layout.read(sleeper.files, sleeper.runtime).holder == (sleeper.thread_state if held else 0)
        sleeper.say("x")


@needs_proc
def test_the_gil_of_a_process_that_is_gone_cannot_be_read(sleeper: Sleeper) -> None:
    sleeper.process.kill()
    sleeper.process.wait()
    with pytest.raises(OSError, match=r"\w"):
        GilLayout(64).read(sleeper.files, sleeper.runtime)
