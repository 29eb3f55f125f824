"""What the descriptors of a process are, and so what a thread that waits on them waits for.

Nothing here may disturb the process, nor hang: a file system whose server is gone answers no stat, and an epoll is
locked while its list is written.
"""

from __future__ import annotations

import os
import stat
import struct
import time
from collections.abc import Callable, Hashable, Iterator
from itertools import islice

from gilscope.observers.proc import child_processes, contents
from gilscope.observers.syscalls import Waiting

__all__ = ["Descriptors", "local_mounts"]

#: Of the descriptors that a call waits for, so many are looked at: the first that is a socket tells.
MOST_LOOKED_AT = 1024
#: The share of the time that a question may take whose answer grows with the process.
TIME_SHARE = 0.01
#: File systems that answer from this machine: a named pipe is looked for there alone.
LOCAL_FILE_SYSTEMS = frozenset(
    "bcachefs btrfs devtmpfs erofs exfat ext2 ext3 ext4 f2fs hfsplus iso9660 jfs msdos nilfs2 ntfs3 overlay ramfs "
    "reiserfs rootfs squashfs tmpfs udf ufs vfat xfs zfs".split()
)


class _Answers:
    """Answers to long questions, each believed for as long as asking it again would take too much of the time."""

    def __init__(self) -> None:
        self._known: dict[Hashable, tuple[float, str]] = {}

    def to(self, question: Hashable, ask: Callable[[], str]) -> str:
        began = time.perf_counter()
        until, answer = self._known.get(question, (0.0, ""))
        if began >= until:
            answer = ask()
            now = time.perf_counter()
            self._known[question] = now + (now - began) / TIME_SHARE, answer
        return answer


class Descriptors:
    """The descriptors of one process.

    :param read: reads so many bytes of its memory from an address on; fewer where the mapping ends
    """

    def __init__(self, pid: int, read: Callable[[int, int], bytes]) -> None:
        self._pid = pid
        self._read = read
        self._unix: dict[str, bool] = {}
        self._fifo: dict[str, bool] = {}
        self._answers = _Answers()
        self._local: frozenset[int] | None = None

    def resolve(self, waiting: Waiting) -> str:
        """The state of a thread whose system call alone does not tell (every question but ``futex``)."""
        if waiting.ask == "descriptor":
            return self._state_of(waiting.value)
        if waiting.ask == "epoll":
            return self._epoll_state(waiting.value, waiting.count < 0)
        if waiting.ask == "poll":
            return self._state_of_all(self._polled(waiting.value, min(waiting.count, 64)))
        if waiting.ask == "select":
            return self._state_of_all(self._selected(waiting.value, min(waiting.count, 1024)))
        return waiting.state

    def _link(self, descriptor: int) -> str:
        try:
            return os.readlink(f"/proc/{self._pid}/fd/{descriptor}")
        except OSError:
            return ""  # closed since, or not ours to see: the state stays "other"

    def _state_of(self, descriptor: int, link: str | None = None) -> str:
        link = self._link(descriptor) if link is None else link
        if link.startswith("socket:"):
            return "network"
        if link.startswith("anon_inode:[pidfd]"):
            return "child"
        if link.startswith("pipe:") or (link.startswith("/") and self._is_fifo(descriptor, link)):
            return self._answers.to("children", lambda: "child" if _has_children(self._pid) else "other")
        return "disk" if link.startswith("/") and not link.startswith(("/dev/", "/proc/")) else "other"

    def _state_of_all(self, descriptors: Iterator[int]) -> str:
        states: set[str] = set()
        for descriptor in islice(descriptors, MOST_LOOKED_AT):
            states.add(self._state_of(descriptor))
            if "network" in states:
                return "network"
        return next((state for state in ("child", "disk") if state in states), "other")

    def _polled(self, address: int, count: int) -> Iterator[int]:
        for (descriptor,) in struct.iter_unpack("=ixxxx", self._memory_at(address, 8 * count)):
            yield descriptor

    def _selected(self, address: int, count: int) -> Iterator[int]:
        words = [word for (word,) in struct.iter_unpack("=Q", self._memory_at(address, (count + 63) // 64 * 8))]
        return (number for number in range(min(count, 64 * len(words))) if words[number // 64] >> number % 64 & 1)

    def _memory_at(self, address: int, size: int) -> bytes:
        try:
            found = self._read(address, size)
        except OSError:
            return b""
        return found if len(found) == size else b""

    # -- epoll ------------------------------------------------------------------------------------------------------

    def _epoll_state(self, descriptor: int, for_ever: bool) -> str:
        """The kernel lists all that is registered, and holds up who registers meanwhile."""
        return self._answers.to((descriptor, for_ever), lambda: self._state_of_registered(descriptor, for_ever))

    def _state_of_registered(self, descriptor: int, for_ever: bool) -> str:
        """An event loop has one Unix socket of its own to be woken by; with nothing else it waits for its timers."""
        states, own = set(), False
        for registered in self._registered(descriptor):
            link = self._link(registered)
            if not own and link.startswith("socket:") and self._is_unix(link):
                own = True
            elif link and "eventfd" not in link and "timerfd" not in link:
                states.add(self._state_of(registered, link))
            if "network" in states:
                return "network"
        if not states:
            return "lock" if for_ever else "sleep"
        return next((state for state in ("child", "disk") if state in states), "other")

    def _registered(self, descriptor: int) -> Iterator[int]:
        try:
            text = contents(f"/proc/{self._pid}/fdinfo/{descriptor}")
        except OSError:
            return iter(())
        listed = (line for line in text.splitlines() if line.startswith(b"tfd:"))
        return (int(line.split()[1]) for line in islice(listed, MOST_LOOKED_AT))

    def _is_unix(self, link: str) -> bool:
        """Whether a socket is a Unix one; asked once of each, for the table of all of them is long."""
        if link not in self._unix:
            inode = link[len("socket:[") : -1].encode()
            try:
                table = contents(f"/proc/{self._pid}/net/unix")
            except OSError:
                table = inode  # cannot be seen: a loop's own socket is likelier than not
            self._unix[link] = inode in table.split()
        return self._unix[link]

    # -- files ------------------------------------------------------------------------------------------------------

    def _is_fifo(self, descriptor: int, path: str) -> bool:
        """Whether a file is a named pipe; asked once of each, and only where the answer cannot be long in coming."""
        if path not in self._fifo:
            self._fifo[path] = self._is_local(descriptor) and _is_fifo(path)
        return self._fifo[path]

    def _is_local(self, descriptor: int) -> bool:
        try:
            text = contents(f"/proc/{self._pid}/fdinfo/{descriptor}")
            if self._local is None:
                self._local = local_mounts(contents(f"/proc/{self._pid}/mountinfo").decode(errors="replace"))
        except OSError:
            return False
        mounted = [line.split()[1] for line in text.splitlines() if line.startswith(b"mnt_id:")]
        return bool(mounted) and int(mounted[0]) in self._local


def local_mounts(mountinfo: str) -> frozenset[int]:
    """The numbers of the mounts of local file systems (proc_pid_mountinfo(5))."""
    found = set()
    for line in mountinfo.splitlines():
        mount, _, kind = line.partition(" - ")
        if kind.partition(" ")[0] in LOCAL_FILE_SYSTEMS:
            found.add(int(mount.partition(" ")[0]))
    return frozenset(found)


def _is_fifo(path: str) -> bool:
    try:
        return stat.S_ISFIFO(os.stat(path).st_mode)
    except OSError:
        return False  # deleted, or in a part of the file system that is not ours: a file, as most are


def _has_children(pid: int) -> bool:
    return bool(child_processes(pid) - {os.getpid()})  # who looks may be one of them, and is none of the program's
