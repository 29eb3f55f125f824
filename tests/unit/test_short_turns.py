"""Turns on a CPU that a sampler asks for, and gives back."""

from __future__ import annotations

import contextlib
import ctypes
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


def turn_ns() -> tuple[int, int]:
    """Of the calling thread, and how nice it is (sched_getattr(2))."""
    attributes = ctypes.create_string_buffer(48)
    assert ctypes.CDLL(None).syscall(GETS[platform.machine()], 0, attributes, len(attributes), 0) == 0
    *_, nice, _, runtime, _, _ = struct.unpack("=IIQiIQQQ", attributes.raw)
    return runtime, nice


@pytest.mark.skipif(KERNEL < (6, 12) or platform.machine() not in GETS, reason="the kernel knows of no such turns")
def test_the_calling_thread_alone_asks_for_short_turns_and_only_for_a_while() -> None:
    with ThreadPoolExecutor(1) as pool:
        before = pool.submit(turn_ns).result(), turn_ns()
        with contextlib.suppress(ZeroDivisionError), short_turns():
            meanwhile = pool.submit(turn_ns).result(), turn_ns()
            raise ZeroDivisionError
    assert meanwhile == (before[0], (TURN_NS, os.getpriority(os.PRIO_PROCESS, 0)))
    assert turn_ns() == before[1] != meanwhile[1]
