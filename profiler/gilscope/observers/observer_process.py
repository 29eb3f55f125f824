"""An observer process: it samples the process that started it. ``python -m gilscope.observers.observer_process NUMBER``

The number is the descriptor of the socket of their conversation (`gilscope.observers.observer_messages`). When the
watched process ends, in whatever way, this process does too.
"""

from __future__ import annotations

import os
import platform
import random
import select
import socket
import sys
import time
from collections import defaultdict
from contextlib import suppress

from gilscope.observers.calibration import NotWatchableError, own_layout, try_reading
from gilscope.observers.call_sampler import CallSampler
from gilscope.observers.descriptor_limit import OUT_OF_DESCRIPTORS
from gilscope.observers.functions import FunctionCounts, Seen
from gilscope.observers.gil import GilLayout
from gilscope.observers.observer_messages import (
    LARGEST,
    Refused,
    Report,
    Request,
    Start,
    Tell,
    Thread,
    decode_request,
    encode,
)
from gilscope.observers.sampler import Sampler
from gilscope.observers.sampling_quality import refusal
from gilscope.observers.syscalls import has_table
from gilscope.thread_address import ThreadAddress

__all__ = ["main"]

REPORT_EVERY_S = 1.0


class _Watch:
    """The conversation with the watched process, while its threads are looked at."""

    def __init__(self, ours: socket.socket, parent: int, sampler: Sampler) -> None:
        self._ours = ours
        self._parent = parent
        self._sampler = sampler
        self._begins: dict[ThreadAddress, int] = {}
        self._counts = self._anew()
        self._due = time.perf_counter() + REPORT_EVERY_S
        self._unsent: defaultdict[int, Seen] = defaultdict(Seen)
        self._dropped = 0

    def _anew(self) -> FunctionCounts:
        return FunctionCounts(time.perf_counter(), random.Random(), self._begins)

    def run(self) -> None:
        self._ours.setblocking(False)
        for moment in self._sampler.moments(self._wait):
            self._counts.see(moment)
        self._report()

    def _wait(self, seconds: float) -> bool:
        """Listen for so long; whether it is over."""
        until = time.perf_counter() + seconds
        if time.perf_counter() >= self._due:
            self._due += REPORT_EVERY_S
            self._report()
        while select.select([self._ours], [], [], max(0.0, until - time.perf_counter()))[0]:
            if not self._hear():
                return True
        return os.getppid() != self._parent  # a copy of it may hold its end of the socket open

    def _hear(self) -> bool:
        """Take a message; whether there was one, and not the end."""
        message = self._ours.recv(LARGEST)
        if message:
            self._answer(decode_request(message))
        return bool(message)

    def _answer(self, asked: Request) -> None:
        if isinstance(asked, Thread):
            self._add(asked)
        elif isinstance(asked, Tell):
            self._report(asked=True)

    def _add(self, thread: Thread) -> None:
        try:
            self._sampler.add(thread.address)
            if thread.begin:
                self._begins[thread.address] = thread.begin
        except OSError as error:
            self._sampler.quality.errors += 1  # it has ended meanwhile, or else:
            self._dropped += error.errno in OUT_OF_DESCRIPTORS

    def _report(self, asked: bool = False) -> None:
        trouble = self._trouble()
        for number, seen in self._counts.take(time.perf_counter()).items():
            self._unsent[number] += seen
        self._sampler.let_go_of_ended()
        if self._unsent or asked or trouble:
            with suppress(BlockingIOError):  # nobody has listened for a while: it will be in the next one
                self._ours.send(encode(Report(dict(self._unsent), asked, trouble)))
                self._unsent.clear()

    def _trouble(self) -> str | None:
        """Why not all is seen. What most readings failed of is not told at all."""
        if refused := refusal(self._sampler.quality):
            self._counts = self._anew()
            return refused
        if self._dropped:
            return f"{self._dropped} threads are not watched: the observer can open no more files (ulimit -n)"
        return None


def _layout(start: Start, parent: int) -> GilLayout | None:
    """Where the GIL is, in this process and so in that one; None where there is none.

    :raises NotWatchableError: when that process cannot be watched
    """
    if start.pid != parent:
        raise NotWatchableError(f"process {start.pid} is gone, or sees other process ids than its observer does")
    if not has_table():
        raise NotWatchableError(f"the system calls of {platform.machine()} are not known")
    if start.python != sys.version:
        raise NotWatchableError(f"{sys.executable} is another Python ({sys.version}) than the one that runs here")
    try:
        layout = own_layout() if start.gil_enabled else None
        if layout is not None and layout.libc is None:
            raise NotWatchableError("the locks of this C library are not known: nobody is seen to wait for the GIL")
        try_reading(layout, start.pid, start.runtime)
        os.close(os.open(f"/proc/{start.pid}/task/{start.pid}/syscall", os.O_RDONLY | os.O_CLOEXEC))
    except OSError as error:
        raise NotWatchableError(f"the threads of process {start.pid} may not be watched ({error.strerror})") from error
    return layout


def _answer(ours: socket.socket, start: Start, parent: int) -> None:
    try:
        layout = _layout(start, parent)
    except NotWatchableError as refusal:
        _refuse(ours, str(refusal), parent)
    else:
        sampler = CallSampler(layout, start.rate_hz, random.Random())
        _Watch(ours, parent, sampler).run()


def _refuse(ours: socket.socket, reason: str, parent: int) -> None:
    """Say why, and read what was sent meanwhile: an end with something unread would hide the reason."""
    ours.send(encode(Refused(reason)))
    ours.shutdown(socket.SHUT_WR)
    while os.getppid() == parent:
        if select.select([ours], [], [], REPORT_EVERY_S)[0] and not ours.recv(LARGEST):
            return


def main() -> None:
    """Watch the process that started this one until it says so or ends."""
    parent = os.getppid()
    ours = socket.socket(fileno=int(sys.argv[1]))
    ours.set_inheritable(False)
    with suppress(ConnectionError):  # it has ended, so nobody is there to be told
        if message := ours.recv(LARGEST):
            start = decode_request(message)
            assert isinstance(start, Start)
            _answer(ours, start, parent)


if __name__ == "__main__":
    main()
