"""SQLite, Redis (a Valkey server of the benchmark's own) and files."""

from __future__ import annotations

import sqlite3
import threading
from pathlib import Path

import redis

from benchmarks.regret.services import address
from benchmarks.regret.workload import workload

_local = threading.local()


def _database(name: str) -> sqlite3.Connection:
    """The calling thread's own connection to one of the benchmark's databases."""
    known: dict[str, sqlite3.Connection] = _local.__dict__.setdefault("databases", {})
    if name not in known:
        known[name] = sqlite3.connect(Path(address("folder"), name), timeout=30)
    return known[name]


BOUNDS = [100 * n for n in range(8)]


@workload(
    inputs="BOUNDS",
    expect="compute-bound/native",
    kind="GIL-free CPU",
    why="one long step of SQLite's, without the GIL, out of its own cache",
)
def sqlite_aggregate(bound: int) -> float:
    query = "SELECT sum(price * amount) FROM sales WHERE id > ?"
    return float(_database("read.sqlite").execute(query, (bound,)).fetchone()[0])


@workload(
    inputs="BOUNDS",
    expect="compute-bound",
    kind="Python CPU",
    why="the GIL is let go and taken back for each of 1,500 rows",
)
def sqlite_rows(bound: int) -> float:
    query = "SELECT name, price FROM sales WHERE id > ? LIMIT 1500"
    return sum(float(price) for _, price in _database("read.sqlite").execute(query, (bound,)))


@workload(
    inputs="BOUNDS",
    expect="io-bound/disk",
    kind="disk",
    why="one writer at a time, however many workers; each commit waits for the disk",
)
def sqlite_commit(number: int) -> None:
    with _database("write.sqlite") as connection:
        connection.execute("INSERT INTO log (number, note) VALUES (?, 'a line of text')", (number,))


def cached() -> list[str]:
    """A file that is in the page cache."""
    return [str(Path(address("folder"), "cached.bin"))] * 8


@workload(
    inputs="cached", expect="compute-bound/native", kind="disk", why='"I/O" that is copying out of the page cache'
)
def read_cached(path: str) -> int:
    return len(Path(path).read_bytes())


_clients: list[redis.Redis] = []


def _client() -> redis.Redis:
    """The process's own, a pool of connections inside."""
    if not _clients:
        _clients.append(redis.Redis(unix_socket_path=address("valkey")))
    return _clients[0]


KEYS = [f"key:{n}" for n in range(16)]


@workload(
    inputs="KEYS",
    expect="mixed | compute-bound/python",
    kind="boundary",
    why="a tenth of a millisecond, most of it the client's own Python",
)
def redis_get(key: str) -> object:
    return _client().get(key)


@workload(
    inputs="KEYS",
    expect="mixed | compute-bound/python",
    kind="boundary",
    why='"network" that is mostly Python, packing and parsing',
)
def redis_pipeline(key: str) -> int:
    with _client().pipeline(transaction=False) as pipeline:
        for n in range(100):
            pipeline.set(f"{key}:{n}", n)
        return len(pipeline.execute())


_SCRIPT = "local s = 0 for i = 1, 200000 do s = s + i end return 1"


@workload(
    inputs="KEYS", expect="io-bound/network", kind="network", why="the server computes, in one thread, for everybody"
)
def redis_script(key: str) -> object:
    return _client().eval(_SCRIPT, 1, key)
