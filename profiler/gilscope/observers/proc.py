"""Reading Linux's /proc: what a process is, has used and has started."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path

from gilscope.observers.descriptor_limit import opened

__all__ = [
    "TICKS_PER_S",
    "BytesRead",
    "Memory",
    "bytes_read",
    "child_processes",
    "contents",
    "descendants",
    "is_zombie",
    "memory",
    "process_cpu_s",
    "reaped_children_cpu_s",
]

TICKS_PER_S = os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 100


@dataclass(frozen=True, slots=True)
class BytesRead:
    """What a process has read since it began, the children it waited for included."""

    by_calls: int
    """By read(2) and its like: files, cached or not, pipes and terminals; not by recv(2), nor through a mapping."""
    from_storage: int
    """What the device had to deliver, through mappings too."""

    def __sub__(self, earlier: BytesRead) -> BytesRead:
        return BytesRead(self.by_calls - earlier.by_calls, self.from_storage - earlier.from_storage)


def contents(path: str) -> bytes:
    """The whole of a small file, without the layers that would take longer than the kernel does."""
    file = opened(path)
    try:
        return b"".join(iter(lambda: os.read(file, 1 << 16), b""))
    finally:
        os.close(file)


def process_cpu_s(pid: int) -> float:
    """CPU seconds of a process, its ended threads included: exact, by its POSIX CPU clock (clock_getcpuclockid(3)).

    :raises OSError: when the process is gone
    """
    return time.clock_gettime((~pid << 3) | 2)


def reaped_children_cpu_s(pid: int) -> float:
    """CPU seconds of the children this process has waited for, in ticks of 10 ms (fields 16 and 17 of stat)."""
    fields = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()
    return (int(fields[13]) + int(fields[14])) / TICKS_PER_S


def bytes_read(pid: int) -> BytesRead | None:
    """``rchar`` and ``read_bytes`` of a process (proc_pid_io(5)); None where they may not be seen."""
    try:
        text = contents(f"/proc/{pid}/io")
    except OSError:
        return None
    fields = dict(line.split(b": ") for line in text.splitlines())
    return BytesRead(int(fields[b"rchar"]), int(fields[b"read_bytes"]))


def is_zombie(pid: int) -> bool:
    """Whether a process has ended; one that is gone altogether has too."""
    try:
        return contents(f"/proc/{pid}/stat").rpartition(b")")[2].split()[0] in (b"Z", b"X")
    except OSError:
        return True


def descendants(pid: int) -> set[int]:
    """Every process below ``pid``, as the kernel lists them now."""
    found: set[int] = set()
    ask = [pid]
    while ask:
        for child in child_processes(ask.pop()) - found:
            found.add(child)
            ask.append(child)
    return found


def child_processes(pid: int) -> set[int]:
    """The processes that one has started, as the kernel lists them now; none where that may not be seen."""
    children: set[int] = set()
    try:
        tasks = os.listdir(f"/proc/{pid}/task")
    except OSError:
        return children
    for task in tasks:
        try:
            children |= {int(word) for word in contents(f"/proc/{pid}/task/{task}/children").split()}
        except OSError:
            continue  # that thread has ended meanwhile: its children are listed under another
    return children


@dataclass(frozen=True)
class Memory:
    """What a process holds."""

    pss_bytes: int
    """With shared pages divided among their sharers."""
    peak_bytes: int
    """The same when it was resident with most; what it has returned since was its own."""
    anonymous_bytes: int
    """Of no file: what it allocated, or was given when it was forked. It does not depend on who shares it."""


def memory(pid: int) -> Memory | None:
    """The memory of a process; None when it may not be seen."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]
        lines += [line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.endswith(" kB")]
        sizes = {name: int(size) * 1024 for name, size, *_ in map(str.split, lines)}
        returned = max(sizes["VmHWM:"] - sizes["VmRSS:"], 0)
        return Memory(sizes["Pss:"], sizes["Pss:"] + returned, sizes["Anonymous:"])
    except (OSError, KeyError):
        return None
