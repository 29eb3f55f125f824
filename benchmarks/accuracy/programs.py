"""Programs that know where their time went, because they time each of their parts themselves.

Each cycle does its parts one after the other and appends one line of truth to the file named in the environment. Parts
with the CPU are timed by the thread's own CPU clock. Waiting parts know how long they wait, or are told by the process
that ends the wait when it did. What the wall clock has beyond that is waiting for the GIL or for a CPU;
the kernel tells the second.
"""

from __future__ import annotations

import ctypes
import hashlib
import json
import os
import platform
import socket
import subprocess
import sys
import threading
import time

TRUTH = "GILSCOPE_BENCHMARK_TRUTH"
MIX = "GILSCOPE_BENCHMARK_MIX"
BLOCK = b"x" * (1 << 20)
TIMER_SLACK_S = 55e-6  # a sleep ends so much late: 50 µs of timer slack (prctl(2), PR_SET_TIMERSLACK), and waking up


class _Kept:
    """What a thread keeps from call to call. Of an interpreter's own thread nothing thread-local survives a call."""

    connection: socket.socket
    step_s: float
    file: int


_of_thread: dict[int, _Kept] = {}
# Called without the GIL, and with relative times: what Python's own sleep and acquire do starts the clock while they
# still let go of the GIL, so that a part of the time asked for is spent waiting for that.
_libc = ctypes.CDLL(None)
# A socket's own send lets go of the GIL, and waits for it before it can go on to wait for the answer.
_with_the_gil = ctypes.PyDLL(None)
FUTEX = {"x86_64": 202, "aarch64": 98}[platform.machine()]
FUTEX_WAIT_PRIVATE = 128

SERVER = """
import socket, sys, time
server = socket.socket(fileno=int(sys.argv[1]))
while request := server.recv(8):
    time.sleep(int.from_bytes(request, "little") / 1e9)
    server.send(time.perf_counter_ns().to_bytes(8, "little"))
"""


def _spin(seconds: float) -> None:
    end = time.thread_time() + seconds
    while time.thread_time() < end:
        for _ in range(200):
            pass


def _hash(seconds: float) -> float:
    """Hash for so long; the CPU seconds of it that Python's own steps took, with the GIL."""
    end = time.thread_time() + seconds
    steps = 0
    while time.thread_time() < end:
        hashlib.sha256(BLOCK).digest()
        steps += 1
    return steps * _step_s()


def _step_s() -> float:
    """What one step of the loop takes beside hashing the block, measured with next to nothing to hash."""
    kept = _kept()
    if not hasattr(kept, "step_s"):
        began = time.thread_time()
        for _ in range(1000):
            time.thread_time()
            hashlib.sha256(b"x").digest()
        kept.step_s = (time.thread_time() - began) / 1000
    return kept.step_s


def _kept() -> _Kept:
    return _of_thread.setdefault(threading.get_ident(), _Kept())


def _wait_for_a_lock(seconds: float) -> None:
    """Wait on a futex of its own, as a lock that stays taken makes one wait."""
    taken = ctypes.c_int(1)
    timespec = (ctypes.c_long * 2)(0, int(seconds * 1e9))
    _libc.syscall(FUTEX, ctypes.byref(taken), FUTEX_WAIT_PRIVATE, 1, timespec)


def _connection() -> socket.socket:
    """This thread's own connection to a process of its own that answers after the time asked for."""
    kept = _kept()
    if not hasattr(kept, "connection"):
        ours, theirs = socket.socketpair()
        subprocess.Popen([sys.executable, "-c", SERVER, str(theirs.fileno())], pass_fds=[theirs.fileno()])
        theirs.close()
        ours.send((0).to_bytes(8, "little"))
        ours.recv(8)
        kept.connection = ours
    return kept.connection


def cycles(count: int) -> None:
    """Many cycles in one call, so that next to nothing happens between calls, where no program can time itself."""
    began, cpu = time.perf_counter_ns(), time.thread_time_ns()
    for _ in range(count):
        began, cpu = _cycle(began, cpu)


def _cycle(began: int, cpu: int) -> tuple[int, int]:
    """One round of the parts named in the environment: ``python=2,hash=2,sleep=6,socket=0,lock=0`` in ms.

    It accounts for the time from ``began`` and the CPU from ``cpu``, where the last one ended, to its own end: so that
    writing the truth down is accounted for too.
    """
    mix = {name: float(ms) / 1e3 for name, ms in (part.split("=") for part in os.environ[MIX].split(","))}
    connection = _connection() if mix.get("socket") else None
    truth = dict.fromkeys(("cpu_gil", "cpu_free", "network", "sleep", "lock"), 0.0)
    _spin(mix.get("python", 0.0))
    spun = time.thread_time_ns()
    stepping_s = _hash(mix["hash"]) if mix.get("hash") else 0.0
    hashed = time.thread_time_ns()
    if mix.get("sleep"):
        _libc.usleep(int(mix["sleep"] * 1e6))
        truth["sleep"] = mix["sleep"] + TIMER_SLACK_S
    if connection is not None:
        asked = time.perf_counter_ns()
        _with_the_gil.send(connection.fileno(), int(mix["socket"] * 1e9).to_bytes(8, "little"), 8, 0)
        truth["network"] = (int.from_bytes(connection.recv(8), "little") - asked) / 1e9
    if mix.get("lock"):
        _wait_for_a_lock(mix["lock"])
        truth["lock"] = mix["lock"] + TIMER_SLACK_S
    ended, last = time.perf_counter_ns(), time.thread_time_ns()
    truth["cpu_free"] = (hashed - spun) / 1e9 - stepping_s
    truth["cpu_gil"] = (last - cpu) / 1e9 - truth["cpu_free"]
    _report({**truth, "began": began / 1e9, "ended": ended / 1e9})
    return ended, last


def _report(truth: dict[str, float]) -> None:
    kept = _kept()
    if not hasattr(kept, "file"):
        kept.file = os.open(os.environ[TRUTH], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    os.write(kept.file, json.dumps(truth).encode() + b"\n")
