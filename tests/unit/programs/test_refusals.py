"""Obstacles are named, with the ways out, the least privileged first."""

from __future__ import annotations

import os
import subprocess
import sys
import threading

import pytest

from gilscope.errors import UsageError
from gilscope.programs.dumping import dump
from gilscope.programs.refusals import NoSuchProcessError, NotPythonError, Obstacles, obstacle

MINE = Obstacles(1000, 1000, "me", said="Permission denied")


@pytest.mark.parametrize(
    ("found", "named", "ways"),
    [
        (Obstacles(33, 1000, "web", yama_scope=1), "another user's (web)", ["sudo -u web", "CAP_SYS_PTRACE"]),
        (Obstacles(1000, 1000, yama_scope=1), "Yama", ["gilscope run", "gilscope.observe()", "CAP_SYS_PTRACE"]),
        (Obstacles(1000, 1000, yama_scope=2), "Yama", ["CAP_SYS_PTRACE"]),
        (Obstacles(1000, 1000, yama_scope=3), "Yama forbids", []),
        (Obstacles(1000, 1000, readable=False, calls_filtered=True), "made itself unreadable", ["CAP_SYS_PTRACE"]),
        (Obstacles(1000, 1000, yama_scope=0, calls_filtered=True), "seccomp", ["--cap-add=SYS_PTRACE"]),
        (MINE, "Permission denied", ["CAP_SYS_PTRACE"]),
    ],
)  # fmt: skip
def test_each_obstacle_has_its_name_and_its_ways_out(found: Obstacles, named: str, ways: list[str]) -> None:
    told = obstacle(found)
    assert named in told
    places = [told.find(way) for way in ways]
    assert -1 not in places
    assert places == sorted(places)


def test_a_process_that_is_not_there_is_said_not_to_be() -> None:
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    with pytest.raises(NoSuchProcessError, match=f"there is no process {child.pid}"):
        dump(child.pid)


def test_one_that_has_ended_and_was_not_waited_for_has_ended() -> None:
    child = subprocess.Popen(["true"])
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    try:
        with pytest.raises(NoSuchProcessError, match="has ended already"):
            dump(child.pid)
    finally:
        child.wait()


def test_a_threads_number_leads_to_its_process() -> None:
    done = threading.Event()
    thread = threading.Thread(target=done.wait)
    thread.start()
    try:
        with pytest.raises(NoSuchProcessError, match=f"is a thread of process {os.getpid()}"):
            dump(thread.native_id or 0)
    finally:
        done.set()
        thread.join()


def test_what_is_no_python_is_said_to_be_none() -> None:
    child = subprocess.Popen(["cat"], stdin=subprocess.PIPE)
    try:
        with pytest.raises(NotPythonError, match=r"\(cat\) is no Python") as refused:
            dump(child.pid)
        assert isinstance(refused.value, UsageError)  # exit status 2
    finally:
        child.communicate()
