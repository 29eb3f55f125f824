"""Whether there is memory for so many interpreters, before the machine shows that there is not."""

from __future__ import annotations

import os
from pathlib import Path

from gilscope.units import byte_size, thousands

__all__ = ["available_bytes", "own_bytes", "too_many"]

#: Of the memory that is left, what a pool may take: what the calls need comes on top.
MOST_TAKEN = 0.8
MEMINFO, CGROUP = Path("/proc/meminfo"), Path("/sys/fs/cgroup")


def too_many(workers: int, each_bytes: int, available: int | None) -> str | None:
    """Why there cannot be so many; None where they have room, as far as is known.

    :param each_bytes: what one of them took
    """
    needed = workers * each_bytes
    if available is None or needed <= MOST_TAKEN * available:
        return None
    fitting = max(1, int(MOST_TAKEN * available / each_bytes))
    return (
        f"{thousands(workers)} interpreters need about {byte_size(needed)} of memory ({byte_size(each_bytes)} each, by "
        f"the second), and {byte_size(available)} are left: ask for {thousands(fitting)} at most"
    )


def own_bytes() -> int:
    """What this process has in memory; 0 where that is not told."""
    try:
        return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, IndexError):
        return 0


def available_bytes() -> int | None:
    """What the machine, or the container, has left; None where neither tells."""
    left = [known for known in (_of_machine(), _of_container()) if known is not None]
    return min(left, default=None)


def _of_machine() -> int | None:
    try:
        lines = [line.split() for line in MEMINFO.read_text().splitlines()]
        return next((int(size) << 10 for name, size, *_ in lines if name == "MemAvailable:"), None)
    except (OSError, ValueError):
        return None


def _of_container() -> int | None:
    try:
        limit, used = ((CGROUP / name).read_text() for name in ("memory.max", "memory.current"))
        return max(int(limit) - int(used), 0)
    except (OSError, ValueError):  # there is none, or no limit
        return None
