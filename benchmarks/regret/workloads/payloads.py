"""Arguments and results that are big, or cannot be pickled."""

from __future__ import annotations

import os
import threading
import zlib

from benchmarks.regret.workload import workload

SIZES = [3_000_000] * 8


@workload(inputs="SIZES", expect="compute-bound/native", kind="big payload", why="GIL-free, and 3 MB to bring back")
def big_result(size: int) -> bytes:
    return os.urandom(size)


COUNTS = [30_000] * 8


@workload(
    inputs="COUNTS", expect="compute-bound/python", kind="boundary", why="a list whose pickling is part of its making"
)
def list_result(count: int) -> list[str]:
    return [str(n) for n in range(count)]


BLOCKS = [bytes([n]) * 6_000_000 for n in range(4)]


@workload(inputs="BLOCKS", expect="compute-bound/native", kind="big payload", why="GIL-free, and 6 MB to bring there")
def big_argument(block: bytes) -> int:
    return zlib.crc32(block)


class Account:
    """Something with a lock inside, as many objects have."""

    def __init__(self, amount: int) -> None:
        self.amount = amount
        self.lock = threading.Lock()


ACCOUNTS = [Account(n) for n in range(8)]


@workload(
    inputs="ACCOUNTS", expect="compute-bound/python", kind="unpicklable", why="Python CPU that no process can be given"
)
def unpicklable_argument(account: Account) -> int:
    return sum((i * account.amount) % 7 for i in range(40_000))
