"""Sleep, locks, and Python in several proportions with sleep."""

from __future__ import annotations

import fcntl
import hashlib
import threading
import time
from pathlib import Path

from benchmarks.regret.services import address
from benchmarks.regret.workload import workload

_lock = threading.Lock()
NUMBERS = list(range(8))


def _python(loops: int) -> int:
    """Some 50 ns for each loop."""
    total = 0
    for i in range(loops):
        total += i % 7
    return total


@workload(inputs="NUMBERS", expect="io-bound/sleep", kind="sleep", why="as many at a time as there are workers")
def sleep(_: int) -> None:
    time.sleep(0.010)


@workload(
    inputs="NUMBERS",
    expect="io-bound/sleep",
    kind="lock",
    why="one thread at a time: processes, each with a lock of its own, would pass it by",
    one_process=True,
)
def lock_sleep(_: int) -> None:
    with _lock:
        time.sleep(0.003)


@workload(
    inputs="NUMBERS",
    expect="compute-bound/native",
    kind="lock",
    why="GIL-free, but one thread at a time: processes would pass the lock by",
    one_process=True,
)
def lock_hash(number: int) -> bytes:
    with _lock:
        return hashlib.pbkdf2_hmac("sha256", b"%d" % number, b"salt", 8_000)


@workload(
    inputs="NUMBERS", expect="io-bound/sleep", kind="lock", why="one process of the machine at a time: nothing helps"
)
def file_lock_sleep(_: int) -> None:
    with Path(address("folder"), "lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        time.sleep(0.003)


@workload(inputs="NUMBERS", expect="mixed", kind="mixed", why="half Python, half sleep: the GIL caps threads at two")
def mixed_half(_: int) -> int:
    time.sleep(0.003)
    return _python(60_000)


@workload(
    inputs="NUMBERS", expect="io-bound/sleep", kind="mixed", why="an eighth Python: the GIL caps threads at eight"
)
def mixed_eighth(_: int) -> int:
    time.sleep(0.007)
    return _python(20_000)


@workload(inputs="NUMBERS", expect="io-bound/sleep | mixed", kind="boundary", why="three tenths Python")
def mixed_at_30(_: int) -> int:
    time.sleep(0.0045)
    return _python(40_000)


@workload(inputs="NUMBERS", expect="mixed | compute-bound/python", kind="boundary", why="eight tenths Python")
def mixed_at_80(_: int) -> int:
    time.sleep(0.0009)
    return _python(80_000)


@workload(inputs="NUMBERS", expect="mixed", kind="mixed", why="half GIL-free CPU, half sleep: threads reach both CPUs")
def mixed_native(number: int) -> bytes:
    time.sleep(0.003)
    return hashlib.pbkdf2_hmac("sha256", b"%d" % number, b"salt", 8_000)


@workload(
    inputs="NUMBERS",
    expect="mixed | compute-bound/python",
    kind="mixed",
    why="twenty short waits between stretches of Python: each wait is paid for by another thread's switch interval",
)
def convoy(_: int) -> int:
    total = 0
    for _n in range(20):
        time.sleep(0.00005)
        total += _python(4_000)
    return total
