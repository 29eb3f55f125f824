"""What the observer process says of what it cannot see: spoken to over its own socket, its sampler made up."""

from __future__ import annotations

import errno
import os
import random
import socket
from collections.abc import Iterator

import pytest

from gilscope.observers.observer_messages import Report, Tell, Thread, decode_reply
from gilscope.observers.observer_process import _Watch
from gilscope.observers.sampler import Sampler
from gilscope.observers.sampling_quality import PLACE

from ..moments import address


class Watched(Sampler):
    """Refuses every thread with the same error."""

    def __init__(self, number: int) -> None:
        super().__init__((), None, 400.0, random.Random(0))
        self._number = number

    def add(self, _address: object) -> None:
        raise OSError(self._number, os.strerror(self._number))


@pytest.fixture
def ends() -> Iterator[tuple[socket.socket, socket.socket]]:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours, theirs:
        yield ours, theirs


def told(ends: tuple[socket.socket, socket.socket], sampler: Sampler, threads: int) -> str | None:
    """What it says is the trouble after so many threads were named."""
    watch = _Watch(ends[0], os.getppid(), sampler)
    for number in range(threads):
        watch._answer(Thread(address(tid=number)))
    watch._answer(Tell())
    report = decode_reply(ends[1].recv(1 << 16))
    assert isinstance(report, Report)
    return report.trouble


def test_threads_for_which_no_file_can_be_opened_are_counted(ends: tuple[socket.socket, socket.socket]) -> None:
    trouble = told(ends, Watched(errno.EMFILE), 3)
    assert trouble == "3 threads are not watched: the observer can open no more files (ulimit -n)"


def test_threads_that_have_ended_meanwhile_are_no_trouble(ends: tuple[socket.socket, socket.socket]) -> None:
    assert told(ends, Watched(errno.ENOENT), 3) is None


def test_what_can_mostly_not_be_read_is_named(ends: tuple[socket.socket, socket.socket]) -> None:
    sampler = Watched(errno.ENOENT)
    sampler.quality.readings[PLACE].tried = 10
    for _ in range(9):
        sampler.quality.note(PLACE, ValueError("/proc/PID/status tells no context switches"))
    assert "tells no context switches" in (told(ends, sampler, 0) or "")
