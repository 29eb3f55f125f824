"""Obstacles are named, with the ways out, the least privileged first."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import threading

import pytest

from gilscope.errors import UsageError
from gilscope.programs import refusals
from gilscope.programs.dumping import dump
from gilscope.programs.memory import ReadError
from gilscope.programs.refusals import (
    NoSuchProcessError,
    NotPythonError,
    Obstacles,
    UnknownVersionError,
    obstacle,
    refused,
)

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
        (Obstacles(33, 0, yama_scope=1, privileged=True, said="No"), "though gilscope has", ["on the host"]),
        (Obstacles(33, 0, yama_scope=3, privileged=True), "Yama forbids", []),
        (MINE, "Permission denied", ["CAP_SYS_PTRACE"]),
    ],
)  # fmt: skip
def test_each_obstacle_has_its_name_and_its_ways_out(found: Obstacles, named: str, ways: list[str]) -> None:
    told = obstacle(found)
    assert named in told
    places = [told.find(way) for way in ways]
    assert -1 not in places
    assert places == sorted(places)


def test_one_that_ends_while_it_is_asked_has_ended() -> None:
    error = refused(os.getpid(), ProcessLookupError(errno.ESRCH, "No such process"))
    assert isinstance(error, NoSuchProcessError)
    assert "has ended already" in str(error)


@pytest.mark.parametrize(
    ("memory", "told"),
    [
        ("", "process 77 (python3) has ended already"),
        ("VmSize:\t 12852 kB\n", "the memory of process 77 may not be read"),
    ],
)
def test_one_that_has_given_its_memory_back_is_ending(memory: str, told: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of such a one nothing is read, and nothing refuses it; it is no zombie yet."""
    status = f"Name:\tpython3\nState:\tR (running)\nTgid:\t77\nPid:\t77\nPPid:\t70\nUid:\t0\t0\t0\t0\n{memory}"
    monkeypatch.setattr(refusals, "contents", lambda path: status.encode() if path == "/proc/77/status" else b"")
    assert str(refused(77, ReadError("0 of 8 bytes are to be read at 0x7f43ede43368"))).startswith(told)


def test_threads_of_the_kernel_are_told_as_such(monkeypatch: pytest.MonkeyPatch) -> None:
    status = b"Name:\tkthreadd\nState:\tS (sleeping)\nTgid:\t2\nKthread:\t1\n"
    monkeypatch.setattr("gilscope.programs.refusals.contents", lambda _path: status)
    error = refused(2, PermissionError(errno.EACCES, "Permission denied"))
    assert isinstance(error, NotPythonError)
    assert "2 (kthreadd) is a thread of the kernel" in str(error)


def test_a_python_from_before_what_is_read_of_it_is_told_to_be_too_old(monkeypatch: pytest.MonkeyPatch) -> None:
    """As 2.7 and 3.6, which have no ``_PyRuntime``."""
    monkeypatch.setattr("gilscope.programs.runtime._symbols", lambda *_: {b"Py_Main": 0x1000})
    with pytest.raises(UnknownVersionError, match=r"a Python older than 3\.11"):
        dump(os.getpid())


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
