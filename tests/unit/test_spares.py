from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator

import psutil
import pytest

from gilscope.errors import UsageError
from gilscope.measure import messages as m
from gilscope.measure.spares import Spares, first_spare
from gilscope.measure.tree import MARK
from tests.processes import left_of


@pytest.fixture
def spares() -> Iterator[Spares]:
    made = Spares()
    yield made
    made.end()


def limit() -> float:
    return time.monotonic() + 30


def test_a_spare_is_up_when_it_is_taken(spares: Spares) -> None:
    spares.start(1, os.environ)
    spares.settle(limit())
    taken = spares.take()
    assert taken is not None
    with taken:
        assert taken.poll(0.0), "it has said so"
        assert taken.hear(m.Hello, limit(), "starting").pid == taken.pid
    assert spares.take() is None


def test_one_that_has_ended_is_not_given(spares: Spares) -> None:
    spares.start(2, os.environ)
    spares.settle(limit())
    first, second = spares._waiting
    os.kill(first.pid, signal.SIGKILL)
    first._process.wait()
    assert spares.take() is second
    second.close()


def test_those_that_nobody_took_end(spares: Spares) -> None:
    spares.start(1, os.environ)
    (waiting,) = spares._waiting
    spares.end()
    assert not waiting.lives
    assert not os.path.exists(waiting.token)
    waiting.close()  # once more is no error


def test_there_are_as_many_as_were_asked_for_at_most(spares: Spares) -> None:
    spares.start(1, os.environ)
    spares.start(1 - len(spares), os.environ)
    spares.start(-1, os.environ)
    assert len(spares) == 1


def test_where_there_is_no_room_there_are_none(spares: Spares, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError("no more processes")

    monkeypatch.setattr("gilscope.measure.spares.TrialProcess", refuse)
    spares.start(2, os.environ)
    assert spares.take() is None


def test_of_one_whose_gilscope_is_killed_nothing_is_left() -> None:
    code = """
import os, pathlib
from gilscope.measure.spares import Spares
spares = Spares()
spares.start(1, os.environ)
(waiting,) = spares._waiting
pathlib.Path(waiting.token, "left").touch()
print(waiting.pid, waiting._reaper._shell.pid, waiting.token, flush=True)
input()
"""
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as gilscope:
        assert gilscope.stdout is not None
        *pids, token = gilscope.stdout.readline().decode().split()
        processes = [psutil.Process(int(pid)) for pid in pids]
        gilscope.kill()
    assert left_of(processes, within_s=30.0) == []
    assert not os.path.exists(token)


def test_the_first_one_ends_with_what_it_is_for() -> None:
    with first_spare() as spares:
        (waiting,) = spares._waiting
        assert waiting.hear(m.Hello, limit(), "starting").pid == waiting.pid
    assert not waiting.lives


def test_where_nothing_can_be_measured_none_is_started(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(MARK, "another trial")
    with pytest.raises(UsageError, match="started by code that an analysis runs"), first_spare():
        pytest.fail("it was started")
