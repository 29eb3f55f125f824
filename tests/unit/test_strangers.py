"""Threads that hold the GIL and make no calls themselves."""

from __future__ import annotations

import os
import struct
import sys
import threading

import pytest

from gilscope.introspection import runtime_address, thread_state
from gilscope.observers.gil import Hold
from gilscope.observers.process_files import ProcessFiles
from gilscope.observers.strangers import NumberPlace, blocked_in
from gilscope.thread_address import ThreadAddress

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")


def address() -> ThreadAddress:
    return ThreadAddress(os.getpid(), threading.get_native_id(), thread_state(), runtime_address(), 0)


class Memory:
    """Of a process whose thread states are made by hand."""

    def __init__(self, states: dict[int, int], offset: int = 72) -> None:
        self._states, self._offset = states, offset

    def read(self, at: int, size: int) -> bytes:
        for state, number in self._states.items():
            whole = b"\0" * self._offset + struct.pack("@L", number) + b"\0" * 512
            if state <= at < state + len(whole):
                return whole[at - state :][:size]
        return b""


def place(states: dict[int, int], known: ThreadAddress) -> NumberPlace:
    return NumberPlace(Memory(states), known)  # type: ignore[arg-type]


def test_one_thread_of_which_both_are_known_shows_where_the_number_is() -> None:
    known = ThreadAddress(7, 1234, 0x1000, 0, 0)
    assert place({0x1000: 1234, 0x9000: 5678}, known).of(0x9000) == 5678


def test_where_the_number_is_not_found_nobody_is_named() -> None:
    known = ThreadAddress(7, 4321, 0x1000, 0, 0)
    assert place({0x1000: 1234, 0x9000: 5678}, known).of(0x9000) is None
    assert place({0x1000: 4321}, known).of(0x9000) is None


@pytest.mark.interpreter
def test_another_thread_of_this_interpreter_is_found_by_its_state_and_what_it_waits_for() -> None:
    told: list[ThreadAddress] = []
    there, leave = threading.Event(), os.pipe()

    def wait() -> None:
        told.append(address())
        there.set()
        os.read(leave[0], 1)

    thread = threading.Thread(target=wait)
    thread.start()
    there.wait()
    files = ProcessFiles(os.getpid())
    try:
        numbers = NumberPlace(files, address())
        assert numbers.of(told[0].thread_state) == told[0].tid
        hold, state = Hold(told[0].thread_state, 0), None
        while state is None:  # it is on its way
            state = blocked_in(files, numbers, hold, os.getpid())
        assert state in ("other", "lock", "child", "network", "disk", "sleep")
    finally:
        os.write(leave[1], b"x")
        thread.join()
        files.close()
        for descriptor in leave:
            os.close(descriptor)
