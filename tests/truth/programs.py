"""Programs whose ledger is known: each spends nearly all of its time in one state."""

from __future__ import annotations

import asyncio
import ctypes
import hashlib
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time

ANSWER = """
import socket, sys, time
peer = socket.socket(fileno=int(sys.argv[1]))
while peer.recv(1):
    time.sleep(0.02)
    peer.send(b"x")
"""
BLOCK = b"x" * (1 << 22)
_local = threading.local()
_taken = threading.Lock()
_taken.acquire()


def python() -> int:
    """Holds the GIL."""
    return sum(number for number in range(400_000))


def native() -> str:
    """On a CPU without the GIL: hashlib lets go of it for large buffers."""
    return hashlib.sha256(BLOCK).hexdigest()


def steps() -> None:
    """Holds the GIL for a while, in steps of Python that pass it on when asked."""
    for _ in range(4_000_000):
        pass


def one_step() -> int:
    """Holds the GIL for a while in one step, as json, re and pickle do."""
    return sum(range(12_000_000))


def sleep() -> None:
    time.sleep(0.02)


def half_python_half_sleep() -> None:
    end = time.thread_time() + 0.01
    while time.thread_time() < end:
        sum(range(1000))
    time.sleep(0.01)


def sleep_then_python() -> None:
    time.sleep(0.2)
    end = time.thread_time() + 0.2
    while time.thread_time() < end:
        sum(range(1000))


def lock() -> None:
    _taken.acquire(timeout=0.02)


def network() -> None:
    """Waits for a socket on which nothing comes."""
    if not hasattr(_local, "ends"):
        _local.ends = socket.socketpair()
        _local.ends[0].settimeout(0.02)  # waits in poll
    try:
        _local.ends[0].recv(1)
    except TimeoutError:
        return


def network_blocking() -> None:
    """Waits in recv itself, for a process that answers after a while."""
    if not hasattr(_local, "peer"):
        ours, theirs = socket.socketpair()
        subprocess.Popen([sys.executable, "-c", ANSWER, str(theirs.fileno())], pass_fds=[theirs.fileno()])
        theirs.close()
        _local.peer = ours
    _local.peer.send(b"x")
    _local.peer.recv(1)


def disk() -> None:
    """Waits for the disk to have it: O_SYNC writes and fsync of a real file."""
    if not hasattr(_local, "file"):
        _local.file = tempfile.TemporaryFile(dir=os.environ.get("GILSCOPE_TEST_DISK"))  # noqa: SIM115
    _local.file.write(BLOCK)
    _local.file.flush()
    os.fsync(_local.file.fileno())
    _local.file.seek(0)


def read_file() -> None:
    """Reads a file of a known size, which the page cache has."""
    if not hasattr(_local, "read"):
        _local.read = tempfile.TemporaryFile()  # noqa: SIM115
        _local.read.write(BLOCK)
    _local.read.seek(0)
    assert len(_local.read.read()) == len(BLOCK)


def child() -> None:
    """Waits for a process that sleeps."""
    subprocess.run(["sleep", "0.05"], check=True)


def child_output() -> None:
    """Waits for the output of a process that sleeps."""
    subprocess.run(["sleep", "0.05"], check=True, capture_output=True)


def busy_child() -> None:
    """Waits for a process that computes."""
    subprocess.run([sys.executable, "-S", "-E", "-c", "sum(range(4_000_000))"], check=True)


def held_while_blocked() -> None:
    """Keeps the GIL while it sleeps, as a bad driver does: a PyDLL call does not let go of it."""
    ctypes.PyDLL(None).usleep(ctypes.c_uint(20_000))


def own_threads() -> None:
    """Lets a thread of its own compute and waits for it."""
    thread = threading.Thread(target=lambda: [native() for _ in range(4)])
    thread.start()
    thread.join()


async def coroutine_sleep() -> None:
    await asyncio.sleep(0.02)


async def coroutine_to_thread() -> None:
    """Sleeps in a thread of the loop's default executor."""
    await asyncio.to_thread(time.sleep, 0.05)


async def coroutine_network() -> None:
    """Waits, on the loop, for a socket on which nothing comes."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.setblocking(False)
        try:
            await asyncio.wait_for(asyncio.get_running_loop().sock_recv(ours, 1), 0.05)
        except TimeoutError:
            return


async def coroutine_blocks() -> None:
    """Blocks its loop."""
    time.sleep(0.02)
    await asyncio.sleep(0)
