"""Interpreters, their GILs and threads, read from memory and checked: what does not hold together is refused."""

from __future__ import annotations

import struct

import pytest

from gilscope.programs.interpreters import Interpreters
from gilscope.programs.layouts import Version, layout_of
from gilscope.programs.refusals import UnknownVersionError, UnreadableInterpreterError
from gilscope.programs.runtime import Runtime
from tests.unit.programs.planted import Planted, heads

RUNTIME, CHUNK = 0x10_0000_0000, 0x7F00_0000_0000
FREE: dict[str, Version] = {"3.13.0t": (3, 13, 0), "3.14.10t": (3, 14, 10), "3.15.2t": (3, 15, 2)}
VERSIONS: dict[str, Version] = {
    "3.11": (3, 11, 2), "3.12": (3, 12, 1), "3.13.0": (3, 13, 0), "3.15.2": (3, 15, 2), **FREE,
}  # fmt: skip
GLIBC = "7f0000000000-7f0000001000 r--p 00000000 fe:00 7  /lib/x86_64-linux-gnu/libc.so.6\n"


class World:
    """A process with one interpreter of two threads, of which the first computes."""

    def __init__(self, version: str) -> None:
        known = VERSIONS[version]
        head = heads().get(version, bytes(960))
        layout = layout_of(known, head)
        assert layout is not None
        self.memory = Planted(layout)
        self.memory.regions[CHUNK] = bytearray(0x1000)
        self.threads = [(self.a_thread(offset), tid) for offset, tid in ((24, 100), (400, 101))]
        shared = layout.runtime_gil
        self.gil = self.memory.gil(self.threads[0][0], 1, 5, None if shared is None else RUNTIME + shared)
        self.main = self.memory.interpreter(0, self.threads, 0, self.gil)
        self.runtime = Runtime(RUNTIME, "/usr/bin/python3", head, known, GLIBC)
        self.newest(self.main)

    def a_thread(self, offset: int) -> int:
        frame = self.memory.frame(CHUNK, offset, self.memory.code("work"), 0)
        return self.memory.thread(CHUNK, 0x800, frame)

    def newest(self, interpreter: int) -> None:
        self.memory.put(RUNTIME + self.memory.layout.runtime_interpreters, {0: interpreter}, 8)

    def read(self) -> Interpreters:
        return Interpreters(self.memory, self.runtime)


@pytest.fixture(params=VERSIONS)
def world(request: pytest.FixtureRequest) -> World:
    return World(request.param)


def test_threads_are_known_with_their_numbers_and_who_holds_the_gil(world: World) -> None:
    read = world.read()
    assert [(thread.state, thread.number) for thread in read.threads] == world.threads
    assert read.by_gil == ((0,),)
    assert read.gil(0) == (world.threads[0][0], 5)
    world.memory.gil(world.threads[0][0], 0, 6, world.gil)
    assert read.gil(0) == (0, 6)


def test_who_waits_for_the_gil_is_told_by_its_own_locks(world: World) -> None:
    read = world.read()
    locked = world.gil + world.memory.layout.gil_locked
    assert [read.gil_of_futex(locked + at) for at in (-64, 16, 150, 4096)] == [None, 0, 0, None]
    assert read.waiters_known


def test_the_switch_interval_of_each_gil_is_what_was_last_set(world: World) -> None:
    read = world.read()
    assert read.intervals_s == (0.005,)
    world.memory.gil(0, 0, 6, world.gil, interval=100)
    own = world.memory.gil(0, 0, 1, interval=20_000)
    world.newest(world.memory.interpreter(1, [(world.a_thread(800), 102)], world.main, own))
    read.rescan()
    assert read.intervals_s == ((0.0001, 0.02) if world.memory.layout.runtime_gil is None else (0.0001,))


def test_each_interpreter_is_found_and_those_that_share_a_gil_are_told_to(world: World) -> None:
    memory = world.memory
    alone = memory.layout.runtime_gil is None
    inner = [(world.a_thread(800), 102)]
    own = memory.gil(0, 0, 1)
    sharing = memory.interpreter(2, [], world.main, world.gil)
    world.newest(memory.interpreter(1, inner, sharing, own))
    read = world.read()
    assert read.by_gil == (((0, 2), (1,)) if alone else ((0, 1, 2),))
    assert [(thread.number, thread.interpreter, thread.gil) for thread in read.threads] == [
        (100, 0, 0),
        (101, 0, 0),
        (102, 1, int(alone)),
    ]


def break_holder(world: World) -> None:
    world.memory.gil(0xDEAD0000, 1, 5, world.gil)


def break_flag(world: World) -> None:
    world.memory.gil(0, 12345, 5, world.gil)


def break_list(world: World) -> None:
    state = world.threads[1][0]
    struct.pack_into("=Q", world.memory.regions[state], world.memory.layout.thread_interpreter, 0x1234)


def lead_in_a_circle(world: World) -> None:
    last = world.threads[1][0]
    struct.pack_into("=Q", world.memory.regions[last], world.memory.layout.thread_next, world.threads[0][0])


def break_frames(world: World) -> None:
    world.memory.regions[CHUNK] = bytearray(b"\xff" * 0x1000)


def not_begun(world: World) -> None:
    world.newest(0)


@pytest.mark.parametrize("damage", [break_holder, break_flag, break_list, lead_in_a_circle, break_frames, not_begun])
def test_what_does_not_hold_together_is_refused(world: World, damage: object) -> None:
    damage(world)  # type: ignore[operator]
    with pytest.raises(UnreadableInterpreterError):
        world.read()


@pytest.mark.parametrize(
    ("version", "said"), [(None, "older than 3.11"), ((3, 10, 4), "3.11 and later"), ((3, 17, 0), "newer")]
)
def test_versions_that_are_not_known_are_refused(version: Version | None, said: str) -> None:
    memory = World("3.12").memory
    with pytest.raises(UnknownVersionError, match=said):
        Interpreters(memory, Runtime(RUNTIME, "/usr/bin/python3", bytes(960), version, GLIBC))


@pytest.fixture(params=FREE)
def free(request: pytest.FixtureRequest) -> World:
    """Of a build that can do without a GIL, and does."""
    world = World(request.param)
    world.memory.gil(0, 0, 0, world.gil, enabled=0)
    return world


def test_a_build_that_does_without_a_gil_says_so_and_nobody_holds_it(free: World) -> None:
    read = free.read()
    assert not read.gil_enabled()
    assert read.gil(0).holder == 0
    free.memory.gil(free.threads[1][0], 1, 1, free.gil, enabled=1)  # by an extension module
    assert read.gil_enabled()
    assert read.gil(0).holder == free.threads[1][0]


def test_only_builds_that_can_do_without_a_gil_can(world: World) -> None:
    read = world.read()
    assert read.gil_enabled()
    if read.layout.gil_enabled is None:
        assert not any(read.suspends(state + at) for state, _ in world.threads for at in range(64))


def test_threads_that_another_has_stopped_wait_on_words_of_their_own(free: World) -> None:
    read = free.read()
    states = [state for state, _ in free.threads]
    at = {(3, 13): 40, (3, 14): 44, (3, 15): 48}[read.layout.version[:2]]
    assert all(read.suspends(state + at) for state in states)
    assert not any(read.suspends(address) for address in (states[0], states[0] + at + 4, free.gil))


def test_the_lock_that_a_thread_is_parked_for_stands_before_the_semaphore_on_its_stack(free: World) -> None:
    read, memory, lock = free.read(), free.memory, 0x7F00_0000_1234
    entry = memory.put(memory.place(), {8: lock}, 64)  # ``struct wait_entry``: the semaphore is the third
    waits_for_a_bucket = memory.put(memory.place(), {}, 64)  # the next who does: nobody (``struct raw_mutex_entry``)
    for half in (0, 4):  # of the semaphore's word, by the machine's order of bytes
        assert read.lock_of_futex(entry + 16 + half, True) == lock
        assert read.lock_of_futex(waits_for_a_bucket + 8 + half, True) is None
    assert read.lock_of_futex(lock, False) == lock
    assert read.lock_of_futex(8, True) is None, "no memory of the process"


def test_the_lock_of_an_object_is_told_by_its_type(free: World) -> None:
    read, memory = free.read(), free.memory
    layout = memory.layout

    def a_type(name: bytes, kind: int | None) -> int:
        at, text = memory.place(), memory.place()
        memory.regions[text] = bytearray(name.ljust(80, b"\0"))
        return memory.put(at, {layout.object_type: at if kind is None else kind, layout.type_name: text}, 512)

    root = a_type(b"type", None)
    of_dicts, of_classes = a_type(b"dict", root), a_type(b"abc.ABCMeta", root)
    kinds = {of_dicts: "dict", a_type(b"Mapping", of_classes): "Mapping"}
    for kind, name in kinds.items():
        thing = memory.put(memory.place(), {layout.object_type: kind}, 64)
        assert read.owner_of(thing + 10) == name
        assert read.owner_of(thing + 32) is None  # as of a threading.Lock, which has its lock behind that
    stray = memory.put(memory.place(), {layout.object_type: of_dicts + 8}, 64)
    assert read.owner_of(stray + 10) is None
