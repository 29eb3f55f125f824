"""What a blocked thread waits for, told from the system call it sits in.

The kernel shows it in ``/proc/PID/task/TID/syscall`` (proc_pid_syscall(5)): the call's number, its arguments, the
stack and program counters; ``running`` for a thread that is on a CPU or in the run queue; -1 as the number for one
blocked outside any call, which is a page fault.
"""

from __future__ import annotations

import platform
import struct
from dataclasses import dataclass, field

__all__ = ["TABLES", "Blocked", "Waiting", "has_table", "name_of", "parse", "waiting_for"]

_X86_64 = {
    0: "read", 1: "write", 7: "poll", 17: "pread64", 18: "pwrite64", 19: "readv", 20: "writev", 23: "select",
    34: "pause", 35: "nanosleep", 42: "connect", 43: "accept", 44: "sendto", 45: "recvfrom", 46: "sendmsg",
    47: "recvmsg", 61: "wait4", 72: "fcntl", 73: "flock", 74: "fsync", 75: "fdatasync", 40: "sendfile",
    128: "rt_sigtimedwait", 130: "rt_sigsuspend", 202: "futex", 230: "clock_nanosleep", 232: "epoll_wait",
    247: "waitid", 270: "pselect6", 271: "ppoll", 281: "epoll_pwait", 288: "accept4", 299: "recvmmsg",
    307: "sendmmsg", 441: "epoll_pwait2", 449: "futex_waitv", 455: "futex_wait", 295: "preadv", 296: "pwritev",
    2: "open", 257: "openat", 3: "close", 4: "stat", 5: "fstat", 6: "lstat", 82: "rename", 83: "mkdir",
    84: "rmdir", 87: "unlink", 162: "sync", 306: "syncfs", 277: "sync_file_range", 285: "fallocate",
    217: "getdents64", 262: "newfstatat", 263: "unlinkat", 332: "statx", 76: "truncate", 77: "ftruncate",
    26: "msync", 65: "semop", 220: "semtimedop", 70: "msgrcv", 243: "mq_timedreceive",
    56: "clone", 58: "vfork", 435: "clone3",
}  # fmt: skip
#: include/uapi/asm-generic/unistd.h, the numbers of the 64-bit architectures that came after it.
_GENERIC = {
    63: "read", 64: "write", 65: "readv", 66: "writev", 67: "pread64", 68: "pwrite64", 72: "pselect6", 73: "ppoll",
    101: "nanosleep", 203: "connect", 202: "accept", 206: "sendto", 207: "recvfrom", 211: "sendmsg", 212: "recvmsg",
    260: "wait4", 25: "fcntl", 32: "flock", 82: "fsync", 83: "fdatasync", 71: "sendfile", 137: "rt_sigtimedwait",
    133: "rt_sigsuspend", 98: "futex", 115: "clock_nanosleep", 22: "epoll_pwait", 95: "waitid", 242: "accept4",
    243: "recvmmsg", 269: "sendmmsg", 441: "epoll_pwait2", 449: "futex_waitv", 455: "futex_wait", 69: "preadv",
    70: "pwritev", 56: "openat", 57: "close", 80: "fstat", 81: "sync", 267: "syncfs", 84: "sync_file_range",
    47: "fallocate", 61: "getdents64", 79: "newfstatat", 35: "unlinkat", 291: "statx", 45: "truncate",
    46: "ftruncate", 227: "msync", 193: "semop", 192: "semtimedop", 188: "msgrcv", 183: "mq_timedreceive",
    220: "clone", 435: "clone3",
}  # fmt: skip

#: arch/powerpc/kernel/syscalls/syscall.tbl
_PPC64 = {
    3: "read", 4: "write", 5: "open", 6: "close", 10: "unlink", 29: "pause", 36: "sync", 38: "rename", 39: "mkdir",
    40: "rmdir", 55: "fcntl", 92: "truncate", 93: "ftruncate", 106: "stat", 107: "lstat", 108: "fstat", 114: "wait4",
    118: "fsync", 120: "clone", 142: "select", 143: "flock", 144: "msync", 145: "readv", 146: "writev",
    148: "fdatasync", 162: "nanosleep", 167: "poll", 176: "rt_sigtimedwait", 178: "rt_sigsuspend", 179: "pread64",
    180: "pwrite64", 186: "sendfile", 189: "vfork", 202: "getdents64", 221: "futex", 238: "epoll_wait",
    248: "clock_nanosleep", 265: "mq_timedreceive", 272: "waitid", 280: "pselect6", 281: "ppoll", 286: "openat",
    291: "newfstatat", 292: "unlinkat", 303: "epoll_pwait", 308: "sync_file_range", 309: "fallocate", 320: "preadv",
    321: "pwritev", 328: "connect", 330: "accept", 334: "sendto", 335: "sendto", 336: "recvfrom", 337: "recvfrom",
    341: "sendmsg", 342: "recvmsg", 343: "recvmmsg", 344: "accept4", 348: "syncfs", 349: "sendmmsg", 383: "statx",
    392: "semtimedop", 401: "msgrcv", 435: "clone3", 441: "epoll_pwait2", 449: "futex_waitv", 455: "futex_wait",
}  # fmt: skip
#: arch/s390/kernel/syscalls/syscall.tbl
_S390X = {
    3: "read", 4: "write", 5: "open", 6: "close", 10: "unlink", 29: "pause", 36: "sync", 38: "rename", 39: "mkdir",
    40: "rmdir", 55: "fcntl", 92: "truncate", 93: "ftruncate", 106: "stat", 107: "lstat", 108: "fstat", 114: "wait4",
    118: "fsync", 120: "clone", 142: "select", 143: "flock", 144: "msync", 145: "readv", 146: "writev",
    148: "fdatasync", 162: "nanosleep", 168: "poll", 177: "rt_sigtimedwait", 179: "rt_sigsuspend", 180: "pread64",
    181: "pwrite64", 187: "sendfile", 190: "vfork", 220: "getdents64", 238: "futex", 251: "epoll_wait",
    262: "clock_nanosleep", 274: "mq_timedreceive", 281: "waitid", 288: "openat", 293: "newfstatat", 294: "unlinkat",
    301: "pselect6", 302: "ppoll", 307: "sync_file_range", 312: "epoll_pwait", 314: "fallocate", 328: "preadv",
    329: "pwritev", 338: "syncfs", 357: "recvmmsg", 358: "sendmmsg", 362: "connect", 364: "accept4", 369: "sendto",
    370: "sendmsg", 371: "recvfrom", 372: "recvmsg", 379: "statx", 392: "semtimedop", 401: "msgrcv", 435: "clone3",
    441: "epoll_pwait2", 449: "futex_waitv", 455: "futex_wait",
}  # fmt: skip

TABLES = {
    "x86_64": _X86_64,
    "aarch64": _GENERIC,
    "riscv64": _GENERIC,
    "loongarch64": _GENERIC,
    "ppc64le": _PPC64,
    "ppc64": _PPC64,
    "s390x": _S390X,
}

#: This one; a 32-bit program on a 64-bit kernel makes its calls by other numbers.
_MACHINE = platform.machine() if struct.calcsize("P") == 8 else f"{platform.machine()}, 32 bits"

#: Calls that by themselves say what the thread waits for.
_STATES = {
    "network": "connect accept accept4 sendto recvfrom sendmsg recvmsg recvmmsg sendmmsg",
    "sleep": "nanosleep clock_nanosleep pause rt_sigtimedwait rt_sigsuspend",
    "child": "wait4 waitid clone vfork clone3",  # vfork waits until the child has its program
    "lock": "flock fcntl semop semtimedop msgrcv mq_timedreceive",
    "disk": "open openat close stat fstat lstat rename mkdir rmdir unlink sync syncfs sync_file_range fallocate "
    "getdents64 newfstatat unlinkat statx truncate ftruncate msync",
}
_STATE_OF = {name: state for state, names in _STATES.items() for name in names.split()}
_FUTEX = frozenset("futex futex_wait futex_waitv".split())
_ON_DESCRIPTOR = frozenset("read write readv writev pread64 pwrite64 preadv pwritev sendfile fsync fdatasync".split())
_EPOLL = frozenset("epoll_wait epoll_pwait epoll_pwait2".split())
_POLL = frozenset("poll ppoll".split())
_SELECT = frozenset("select pselect6".split())


def has_table(machine: str | None = None) -> bool:
    """Whether the system calls of this architecture are known by their numbers: where not, what blocked threads wait
    for is unknown.

    :param machine: this machine's when None
    """
    return (machine or _MACHINE) in TABLES


@dataclass(frozen=True, slots=True)
class Blocked:
    """A system call a thread is blocked in; ``number`` is -1 for a page fault."""

    number: int
    args: tuple[int, ...]
    stack_pointer: int = field(default=0, compare=False)
    """0 where it is not told."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """What a blocked thread waits for: a state, or a question that only its descriptors answer.

    ``ask`` is ``futex`` (is ``value`` the GIL's address?), ``descriptor`` (what is descriptor ``value``?), ``poll``
    (the ``count`` pollfd structures at ``value``), ``select`` (the set of ``count`` bits at ``value``) or ``epoll``
    (what is registered with descriptor ``value``, waiting ``count`` ms or for ever?); empty when ``state`` says it.
    """

    state: str = "other"
    ask: str = ""
    value: int = 0
    count: int = 0


def parse(text: bytes) -> Blocked | None:
    """The contents of a syscall file; None for a thread that is running or runnable.

    :raises ProcessLookupError: when the thread has ended
    :raises ValueError: for text that the kernel does not write
    """
    if text.startswith(b"running"):
        return None
    fields = text.split()
    if not fields:
        raise ProcessLookupError("the syscall file is empty: the thread has ended")
    number = int(fields[0])
    pointer = int(fields[-2], 16) if len(fields) > 2 else 0
    return Blocked(number, tuple(int(field, 16) for field in fields[1:7]) if number >= 0 else (), pointer)


def name_of(blocked: Blocked, machine: str | None = None) -> str | None:
    """The name of the call, ``page fault`` outside any; None where its number is not known.

    :param machine: the architecture whose numbers these are; this machine's when None
    """
    if blocked.number < 0:
        return "page fault"
    return TABLES.get(machine or _MACHINE, {}).get(blocked.number)


def waiting_for(blocked: Blocked, machine: str | None = None) -> Waiting:
    """What the call waits for, as far as the call alone tells.

    :param machine: the architecture whose numbers these are; this machine's when None
    """
    if blocked.number < 0:
        return Waiting("disk")
    name = TABLES.get(machine or _MACHINE, {}).get(blocked.number, "")
    args = blocked.args
    if name in _FUTEX:
        return Waiting("lock", "futex", args[0])
    if name in _ON_DESCRIPTOR:
        return Waiting("other", "descriptor", args[0])
    if name in _EPOLL:
        return Waiting("other", "epoll", args[0], _timeout(name, args[3]))
    if name in _POLL:
        return Waiting("other", "poll", args[0], args[1]) if args[1] else Waiting("sleep")
    if name in _SELECT:
        return Waiting("other", "select", args[1] or args[2], args[0]) if args[0] else Waiting("sleep")
    return Waiting(_STATE_OF.get(name, "other"))


def _timeout(name: str, argument: int) -> int:
    """An epoll call's timeout in ms, -1 when it waits for ever; only that difference is used."""
    if name == "epoll_pwait2":
        return 1 if argument else -1
    return -1 if argument & 0x80000000 else argument
