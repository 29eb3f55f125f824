"""A program with an event loop, a lock and two that compete for the GIL: what each does stands in its name."""

from __future__ import annotations

import asyncio
import importlib
import sys
import threading
import time

lock = threading.Lock()


def computes() -> None:
    while True:
        sum(range(1000))


def takes_turns() -> None:
    while True:
        with lock:
            time.sleep(0.002)


def blocks_for_long() -> None:
    time.sleep(0.1)


async def handles() -> None:
    while True:
        await asyncio.sleep(0.05)
        blocks_for_long()


def runs_a_loop() -> None:
    asyncio.run(handles())


def interpreter_computes() -> None:
    interpreters = importlib.import_module("concurrent.interpreters")  # 3.14 and later
    interpreters.create().exec("while True: sum(range(1000))")


def main() -> None:
    for name in sys.argv[1:]:
        threading.Thread(target=globals()[name], name=name, daemon=True).start()
    print("ready", flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
