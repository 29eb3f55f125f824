"""A program whose threads are known: what each does stands in the name of its function."""

from __future__ import annotations

import ctypes
import socket
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

BUSY = ("computes", "naps_and_works")
lock = threading.Lock()
ours, theirs = socket.socketpair()


def computes() -> None:
    while True:
        sum(range(1000))


def naps_and_works() -> None:
    while True:
        time.sleep(0.003)
        for _ in range(10_000):
            pass


def sleeps() -> None:
    time.sleep(1000)


def receives() -> None:
    ours.recv(1)


def waits_for_a_lock() -> None:
    lock.acquire()  # it never comes


def generated() -> Iterator[None]:
    time.sleep(1000)
    yield


def steps() -> None:
    next(generated())


def keeps_the_gil_while_it_sleeps() -> None:
    library = ctypes.PyDLL(None)
    library.write(1, b"ready\n", 6)
    library.sleep(1000)


def start(name: str) -> threading.Thread:
    thread = threading.Thread(target=globals()[name], name=name, daemon=True)
    thread.start()
    return thread


def is_blocked(thread: threading.Thread) -> bool:
    return not Path(f"/proc/self/task/{thread.native_id}/syscall").read_text().startswith("running")


def main() -> None:
    """Start the threads that are asked for, say so when those that wait do, and wait for the end of standard input."""
    lock.acquire()
    names = sys.argv[1:]
    if "keeps_the_gil_while_it_sleeps" in names:
        sys.setswitchinterval(1000)  # nobody takes it away between the two calls
    threads = [start(name) for name in names if name not in BUSY]
    while not all(is_blocked(thread) for _ in range(3) for thread in threads):
        time.sleep(0.01)
    for name in names:
        if name in BUSY:
            start(name)
    print("ready", flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
