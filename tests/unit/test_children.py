"""Counting the processes that calls start, and the bytes they read, of this very process."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest

from gilscope.observers import children, proc
from gilscope.observers.children import ChildCount

pytestmark = pytest.mark.skipif(not os.path.exists("/proc/self/io"), reason="reads Linux's /proc")

Start = Callable[[], "subprocess.Popen[bytes]"]


@pytest.fixture
def start(monkeypatch: pytest.MonkeyPatch) -> Iterator[Start]:
    """Starts a process that waits to be ended; looks may follow each other at once."""
    monkeypatch.setattr(children, "EVERY_S", 0.0)
    monkeypatch.setattr(children, "TIME_SHARE", float("inf"))
    made: list[subprocess.Popen[bytes]] = []

    def starting() -> subprocess.Popen[bytes]:
        made.append(subprocess.Popen([sys.executable, "-S", "-E", "-c", "input()"], stdin=subprocess.PIPE))
        return made[-1]

    yield starting
    for process in made:
        process.kill()
        process.communicate()


def test_the_most_at_a_time_are_counted(start: Start) -> None:
    start()  # was there before
    count = ChildCount(os.getpid())
    assert count.most is None
    count.look()
    assert count.most == 0
    first, _ = start(), start()
    count.look()
    assert count.most == 2
    first.kill()
    first.wait()
    start()
    count.look()
    assert count.most == 2


def test_a_process_that_has_ended_is_not_alive_though_nobody_waited_for_it(start: Start) -> None:
    count = ChildCount(os.getpid())
    ended = start()
    ended.kill()
    os.waitid(os.P_PID, ended.pid, os.WEXITED | os.WNOWAIT)
    assert proc.is_zombie(ended.pid)
    count.look()
    assert count.most == 0
    alive = start()
    assert not proc.is_zombie(alive.pid)
    count.look()
    assert count.most == 1
    ended.wait()
    assert proc.is_zombie(ended.pid)  # or gone altogether


def test_looks_do_not_follow_each_other_too_soon(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(children, "EVERY_S", 1000.0)
    count = ChildCount(os.getpid())
    count.look()
    start()
    count.look()
    assert count.most == 0


def test_the_bytes_a_process_has_read() -> None:
    with open(sys.executable, "rb", buffering=0) as file:
        before = proc.bytes_read(os.getpid())
        size = len(file.read(1 << 20))
        after = proc.bytes_read(os.getpid())
    assert before is not None
    assert after is not None
    assert size <= (after - before).by_calls <= size + 1024  # the reading itself is among it
    assert (after - before).from_storage >= 0


def test_of_a_process_that_is_gone_nothing_is_known(start: Start) -> None:
    gone = start()
    gone.kill()
    gone.wait()
    assert proc.bytes_read(gone.pid) is None
