"""A program whose threads are known: what each does stands in the name of its function."""

from __future__ import annotations

import asyncio
import contextvars
import ctypes
import socket
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

BUSY = ("computes", "naps_and_works", "blocks_its_loop", "calls_back", "makes_threads")
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


def makes_threads() -> None:
    while True:
        made = [threading.Thread(target=time.sleep, args=(0.02,)) for _ in range(20)]
        for thread in made:
            thread.start()
        for thread in made:
            thread.join()


def sleeps() -> None:
    time.sleep(1000)


def receives() -> None:
    ours.recv(1)


def waits_for_a_lock() -> None:
    lock.acquire()  # it never comes


def in_a_subinterpreter() -> None:
    try:
        import _interpreters as interpreters  # type: ignore[import-not-found]
    except ImportError:
        import _xxsubinterpreters as interpreters  # type: ignore[import-not-found]
    run = getattr(interpreters, "exec", None) or interpreters.run_string
    run(interpreters.create(), "import time\ndef inside():\n    time.sleep(1000)\ninside()")


def blocks_its_loop() -> None:
    async def blocks() -> None:
        while True:
            until = time.perf_counter() + 0.1
            while time.perf_counter() < until:
                pass
            await asyncio.sleep(0)

    asyncio.run(blocks())


#: Above the runner, a loop that is no Python has no frame of its own.
RUNNER = """
class Runner:
    def run(self):
        while True:
            contextvars.copy_context().run(time.sleep, 0.1)
"""


def calls_back() -> None:
    names = {"contextvars": contextvars, "time": time}
    exec(compile(RUNNER, "/lib/python3/asyncio/runners.py", "exec"), names)
    names["Runner"]().run()  # type: ignore[operator]


def generated() -> Iterator[None]:
    time.sleep(1000)
    yield


def steps() -> None:
    next(generated())


def keeps_the_gil_while_it_sleeps() -> None:
    library = ctypes.PyDLL(None)
    library.write(1, b"ready\n", 6)
    library.sleep(1000)


def start(name: str) -> None:
    threading.Thread(target=globals()[name], name=name, daemon=True).start()


def all_wait() -> bool:
    """All threads but the first: by the kernel's own numbers of them, which may be others than Python knows."""
    files = sorted(Path("/proc/self/task").glob("*/syscall"), key=lambda file: int(file.parent.name))
    return not any(file.read_text().startswith("running") for file in files[1:])


def main() -> None:
    """Start the threads that are asked for, say so when those that wait do, and wait for the end of standard input."""
    lock.acquire()
    names = sys.argv[1:]
    if "keeps_the_gil_while_it_sleeps" in names:
        sys.setswitchinterval(1000)  # nobody takes it away between the two calls
    for name in names:
        if name not in BUSY:
            start(name)
    while not all(all_wait() for _ in range(3)):
        time.sleep(0.01)
    for name in names:
        if name in BUSY:
            start(name)
    print("ready", flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
