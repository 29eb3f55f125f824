"""Reading Linux's /proc: one watched thread, one watched process.

Files that are read at every sample are kept open and read with `os.pread`. proc_pid_schedstat and the run-queue
figures: Documentation/scheduler/sched-stats.rst in the kernel's tree.
"""

from __future__ import annotations

import os
import stat
import struct
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from gilscope.observers.syscalls import Waiting, parse, waiting_for

__all__ = [
    "BytesRead",
    "Memory",
    "ProcessFiles",
    "Scheduled",
    "ThreadFiles",
    "bytes_read",
    "context_switches",
    "descendants",
    "is_zombie",
    "memory",
    "process_cpu_s",
    "reaped_children_cpu_s",
    "thread_cpu_s",
]

TICKS_PER_S = os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 100


@dataclass(frozen=True, slots=True)
class Scheduled:
    """A thread's time on a CPU and in the run queue since it began."""

    run_s: float
    runqueue_s: float

    def __sub__(self, earlier: Scheduled) -> Scheduled:
        return Scheduled(self.run_s - earlier.run_s, self.runqueue_s - earlier.runqueue_s)


@dataclass(frozen=True, slots=True)
class BytesRead:
    """What a process has read since it began, the children it waited for included."""

    by_calls: int
    """By read(2) and its like: files, cached or not, pipes and terminals; not by recv(2), nor through a mapping."""
    from_storage: int
    """What the device had to deliver, through mappings too."""

    def __sub__(self, earlier: BytesRead) -> BytesRead:
        return BytesRead(self.by_calls - earlier.by_calls, self.from_storage - earlier.from_storage)


class ThreadFiles:
    """The files that tell what one thread does.

    :raises OSError: when the thread is gone or may not be watched
    """

    def __init__(self, pid: int, tid: int) -> None:
        self._open: list[int] = []
        try:
            for name in ("schedstat", "syscall", "status"):
                self._open.append(os.open(f"/proc/{pid}/task/{tid}/{name}", os.O_RDONLY | os.O_CLOEXEC))
        except OSError:
            self.close()
            raise
        self._schedstat, self._syscall, self._status = self._open

    def scheduled(self) -> Scheduled:
        """Exact, in the kernel's own nanoseconds."""
        run, waited, _ = os.pread(self._schedstat, 100, 0).split()
        return Scheduled(int(run) / 1e9, int(waited) / 1e9)

    def waiting(self) -> Waiting | None:
        """What the thread waits for; None while it is running or runnable."""
        return _understood(os.pread(self._syscall, 200, 0))

    def on_cpu(self) -> bool | None:
        """Whether the thread is on a CPU rather than off it, waiting or in the run queue.

        It has been put on a CPU (schedstat's third field) once more than it was taken off one (both kinds of context
        switches together) exactly while it is on one. None when it changed between the two readings.
        """
        on = int(os.pread(self._schedstat, 100, 0).split()[2])
        off = context_switches(os.pread(self._status, 8192, 0))
        return {0: False, 1: True}.get(on - off)

    def close(self) -> None:
        while self._open:
            os.close(self._open.pop())


def context_switches(status: bytes) -> int:
    """Voluntary and involuntary switches together, from the contents of a status file, whose last lines they are."""
    lines = status.rsplit(b"\n", 3)
    return sum(int(line.rpartition(b"\t")[2]) for line in lines[1:3])


class ProcessFiles:
    """The memory and the descriptors of one process.

    :raises OSError: when the process is gone or its memory may not be read
    """

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self._unix: dict[str, bool] = {}
        self._memory = os.open(f"/proc/{pid}/mem", os.O_RDONLY | os.O_CLOEXEC)

    def read(self, address: int, size: int) -> bytes:
        """``size`` bytes of the process's memory; fewer where the mapping ends."""
        return os.pread(self._memory, size, address)

    def close(self) -> None:
        os.close(self._memory)

    def resolve(self, waiting: Waiting) -> str:
        """The state of a thread whose system call alone does not tell (every question but ``futex``)."""
        if waiting.ask == "descriptor":
            return self._state_of(self._link(waiting.value))
        if waiting.ask == "epoll":
            return self._epoll_state(waiting.value, waiting.count)
        if waiting.ask == "poll":
            return self._state_of_all(self._polled(waiting.value, min(waiting.count, 64)))
        if waiting.ask == "select":
            return self._state_of_all(self._selected(waiting.value, min(waiting.count, 1024)))
        return waiting.state

    def _link(self, descriptor: int) -> str:
        try:
            return os.readlink(f"/proc/{self.pid}/fd/{descriptor}")
        except OSError:
            return ""  # closed since, or not ours to see: the state stays "other"

    def _state_of(self, link: str) -> str:
        if link.startswith("socket:"):
            return "network"
        if link.startswith("anon_inode:[pidfd]"):
            return "child"
        if link.startswith("pipe:") or (link.startswith("/") and _is_fifo(link)):
            return "child" if _has_children(self.pid) else "other"
        return "disk" if link.startswith("/") and not link.startswith(("/dev/", "/proc/")) else "other"

    def _state_of_all(self, descriptors: Iterator[int]) -> str:
        states = {self._state_of(self._link(descriptor)) for descriptor in descriptors}
        return next((state for state in ("network", "child", "disk") if state in states), "other")

    def _polled(self, address: int, count: int) -> Iterator[int]:
        for (descriptor,) in struct.iter_unpack("=ixxxx", self._memory_at(address, 8 * count)):
            yield descriptor

    def _selected(self, address: int, count: int) -> Iterator[int]:
        bits = int.from_bytes(self._memory_at(address, (count + 63) // 64 * 8), "little")
        return (number for number in range(count) if bits >> number & 1)

    def _memory_at(self, address: int, size: int) -> bytes:
        try:
            found = self.read(address, size)
        except OSError:
            return b""
        return found if len(found) == size else b""

    def _epoll_state(self, descriptor: int, timeout_ms: int) -> str:
        """An event loop has one Unix socket of its own to be woken by; with nothing else it waits for its timers."""
        states, own = set(), False
        for link in map(self._link, self._registered(descriptor)):
            if not own and link.startswith("socket:") and self._is_unix(link):
                own = True
            elif link and "eventfd" not in link and "timerfd" not in link:
                states.add(self._state_of(link))
            if "network" in states:
                return "network"
        if not states:
            return "lock" if timeout_ms < 0 else "sleep"
        return next((state for state in ("child", "disk") if state in states), "other")

    def _registered(self, descriptor: int) -> list[int]:
        try:
            text = _contents(f"/proc/{self.pid}/fdinfo/{descriptor}")
        except OSError:
            return []
        return [int(line.split()[1]) for line in text.splitlines() if line.startswith(b"tfd:")]

    def _is_unix(self, link: str) -> bool:
        """Whether a socket is a Unix one; asked once of each, for the table of all of them is long."""
        if link not in self._unix:
            inode = link[len("socket:[") : -1].encode()
            try:
                table = _contents(f"/proc/{self.pid}/net/unix")
            except OSError:
                table = inode  # cannot be seen: a loop's own socket is likelier than not
            self._unix[link] = inode in table.split()
        return self._unix[link]


def _contents(path: str) -> bytes:
    """The whole of a small file, without the layers that would take longer than the kernel does."""
    file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        return b"".join(iter(lambda: os.read(file, 1 << 16), b""))
    finally:
        os.close(file)


@lru_cache(maxsize=1024)  # a program waits in few places, with the same arguments again and again
def _understood(text: bytes) -> Waiting | None:
    blocked = parse(text)
    return None if blocked is None else waiting_for(blocked)


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
        text = _contents(f"/proc/{pid}/io")
    except OSError:
        return None
    fields = dict(line.split(b": ") for line in text.splitlines())
    return BytesRead(int(fields[b"rchar"]), int(fields[b"read_bytes"]))


def is_zombie(pid: int) -> bool:
    """Whether a process has ended; one that is gone altogether has too."""
    try:
        return _contents(f"/proc/{pid}/stat").rpartition(b")")[2].split()[0] in (b"Z", b"X")
    except OSError:
        return True


def descendants(pid: int) -> set[int]:
    """Every process below ``pid``, as the kernel lists them now."""
    found: set[int] = set()
    ask = [pid]
    while ask:
        for child in _children(ask.pop()) - found:
            found.add(child)
            ask.append(child)
    return found


def _children(pid: int) -> set[int]:
    children: set[int] = set()
    try:
        tasks = os.listdir(f"/proc/{pid}/task")
    except OSError:
        return children
    for task in tasks:
        try:
            children |= {int(word) for word in _contents(f"/proc/{pid}/task/{task}/children").split()}
        except OSError:
            continue  # that thread has ended meanwhile: its children are listed under another
    return children


def _is_fifo(path: str) -> bool:
    try:
        return stat.S_ISFIFO(os.stat(path).st_mode)
    except OSError:
        return False  # deleted, or in a part of the file system that is not ours: a file, as most are


def _has_children(pid: int) -> bool:
    return bool(_children(pid) - {os.getpid()})  # who looks may be one of them, and is none of the program's


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


def thread_cpu_s(pid: int, tid: int) -> float:
    """CPU seconds of one thread so far.

    :raises OSError: when the thread is gone
    """
    return int(Path(f"/proc/{pid}/task/{tid}/schedstat").read_text().split()[0]) / 1e9
