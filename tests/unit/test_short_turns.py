"""Turns on a CPU that a sampler asks for, and gives back."""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import platform
import struct
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from gilscope.observers.short_turns import TURN_NS, short_turns

KERNEL = (
    tuple(int(number) for number in platform.release().split("-")[0].split(".")[:2]) if sys.platform == "linux" else ()
)
GETS = {"x86_64": 315, "aarch64": 275}
needs_short_turns = pytest.mark.skipif(
    KERNEL < (6, 12) or platform.machine() not in GETS, reason="the kernel knows of no such turns"
)


def turn_ns() -> tuple[int, int]:
    """Of the calling thread, and how nice it is (sched_getattr(2))."""
    attributes = ctypes.create_string_buffer(48)
    assert ctypes.CDLL(None).syscall(GETS[platform.machine()], 0, attributes, len(attributes), 0) == 0
    *_, nice, _, runtime, _, _ = struct.unpack("=IIQiIQQQ", attributes.raw)
    return runtime, nice


@needs_short_turns
def test_the_calling_thread_alone_asks_for_short_turns_and_only_for_a_while() -> None:
    with ThreadPoolExecutor(1) as pool:
        before = pool.submit(turn_ns).result(), turn_ns()
        with contextlib.suppress(ZeroDivisionError), short_turns():
            meanwhile = pool.submit(turn_ns).result(), turn_ns()
            raise ZeroDivisionError
    assert meanwhile == (before[0], (TURN_NS, os.getpriority(os.PRIO_PROCESS, 0)))
    assert turn_ns() == before[1] != meanwhile[1]


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="there are no such calls")
def test_where_the_c_library_does_not_tell_how_threads_are_scheduled_nothing_is_asked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def unknown(_: int) -> int:
        raise OSError(errno.ENOSYS, "Function not implemented")

    monkeypatch.setattr(os, "sched_getscheduler", unknown)
    monkeypatch.setattr(os, "getpriority", lambda *_: pytest.fail("it was asked for"))
    with short_turns():
        pass
