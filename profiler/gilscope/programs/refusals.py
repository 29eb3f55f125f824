"""Why a process cannot be seen into, with what can be done about it: the least privileged way first."""

from __future__ import annotations

import errno
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass

from gilscope.errors import AttachError
from gilscope.observers.proc import contents

__all__ = [
    "NoSuchProcessError",
    "NotPermittedError",
    "NotPythonError",
    "Obstacles",
    "UnknownVersionError",
    "UnreadableInterpreterError",
    "obstacle",
    "refused",
    "status_of",
]


class NoSuchProcessError(AttachError):
    """There is no such process, or none that can be seen from here; or it has ended."""


class NotPermittedError(AttachError):
    """Its memory may not be read."""


class NotPythonError(AttachError):
    """It runs no CPython."""


class UnknownVersionError(AttachError):
    """It runs a CPython whose memory is laid out in an unknown way: older than 3.11, or newer than this gilscope."""


class UnreadableInterpreterError(AttachError):
    """What its interpreter's memory holds is not what its version says; or it is only starting, or has come to its
    end."""


OBSERVE = "let the program call gilscope.observe() at its start, which permits it"
RUN = "start it by gilscope run, which needs no permission"
SUDO = "run gilscope with sudo (CAP_SYS_PTRACE)"
CONTAINER = "start the container with --cap-add=SYS_PTRACE"
OUTSIDE = "run gilscope where that process's namespaces were made: on the host rather than in a container"
#: What the kernel says of a process that ends while it is asked.
_GONE = (errno.ESRCH, errno.ENOENT)
#: The number of the capability (include/uapi/linux/capability.h).
CAP_SYS_PTRACE = 19


def status_of(pid: int) -> dict[str, str]:
    """The fields of a process's or a thread's status file (proc_pid_status(5)).

    :raises OSError: when it is gone
    """
    text = contents(f"/proc/{pid}/status").decode(errors="replace")
    pairs = (line.partition(":") for line in text.splitlines())
    return {name: value.strip() for name, _, value in pairs}


def refused(pid: int, error: OSError) -> AttachError:
    """What stood in the way of reading a process, after a try that failed."""
    try:
        status = status_of(pid)
    except OSError:
        return _unseen(pid)
    if status.get("Tgid") not in (str(pid), None):
        return NoSuchProcessError(f"{pid} is a thread of process {status['Tgid']}: give that number")
    name = status.get("Name", "")
    if status.get("Kthread") == "1":
        return NotPythonError(f"{pid} ({name}) is a thread of the kernel, and runs no Python")
    if status.get("State", "").startswith(("Z", "X")) or error.errno in _GONE or _has_no_memory(status):
        return NoSuchProcessError(f"process {pid} ({name}) has ended already")
    return NotPermittedError(f"the memory of process {pid} may not be read: {obstacle(_obstacles(pid, status, error))}")


def _has_no_memory(status: Mapping[str, str]) -> bool:
    """Whether it has given its memory back, as one that ends does before it is a zombie. The kernel's own threads,
    children of the second process, never have one."""
    return "VmSize" not in status and status.get("PPid") not in ("0", "2", None)


def _unseen(pid: int) -> AttachError:
    """A process that exists may be hidden (hidepid of proc(5))."""
    with suppress(ProcessLookupError, OverflowError):
        try:
            os.kill(pid, 0)
        except PermissionError:
            return NoSuchProcessError(
                f"process {pid} is another user's, and /proc hides those (hidepid): run gilscope as that user, or "
                f"{SUDO}"
            )
    return NoSuchProcessError(
        f"there is no process {pid}, or none in the PID namespace that gilscope runs in: ps shows those there are; a "
        "container's have other numbers outside it than inside"
    )


@dataclass(frozen=True)
class Obstacles:
    """What may be in the way of reading a process."""

    user: int
    """Whose it is."""
    own_user: int
    """Who gilscope is."""
    user_name: str = ""
    yama_scope: int | None = None
    """kernel.yama.ptrace_scope; None where the kernel has no Yama."""
    readable: bool = True
    """Whether it lets those of its own user read it (prctl(2), PR_SET_DUMPABLE)."""
    calls_filtered: bool = False
    """Whether gilscope itself runs under a filter of system calls, as in a container."""
    privileged: bool = False
    """Whether gilscope itself has CAP_SYS_PTRACE, which lifts all that a user and Yama may be in the way of."""
    said: str = ""
    """What the system said."""


def obstacle(found: Obstacles) -> str:
    """The one that is in the way, and the ways out."""
    if found.yama_scope == 3:
        return "Yama forbids that to everybody until the machine starts anew (kernel.yama.ptrace_scope = 3)"
    if found.privileged:
        what = f"the system says {found.said}, though gilscope has CAP_SYS_PTRACE"
        return f"{what} (the namespaces of a container, or a security module such as AppArmor?): {OUTSIDE}"
    if found.user != found.own_user:
        name = found.user_name
        return f"it is another user's ({name}): run gilscope as that user (sudo -u {name}), or {SUDO}"
    if found.yama_scope == 1:
        what = "Yama restricts that to a program's ancestors (kernel.yama.ptrace_scope = 1)"
        return f"{what}: {RUN}; or {OBSERVE}; or {SUDO}"
    if found.yama_scope == 2:
        return f"Yama restricts that to administrators (kernel.yama.ptrace_scope = 2): {SUDO}"
    if not found.readable:
        return f"it has made itself unreadable (prctl(2), PR_SET_DUMPABLE), as programs with privileges do: {SUDO}"
    if found.calls_filtered:
        return f"a filter of system calls (seccomp), as containers have, is in the way of gilscope: {CONTAINER}"
    return f"the system says {found.said} (a security module such as AppArmor or SELinux?): {SUDO}"


def _obstacles(pid: int, status: dict[str, str], error: OSError) -> Obstacles:
    user = int(status.get("Uid", "0").split()[0])
    return Obstacles(
        user,
        os.geteuid(),
        _user_name(user),
        _yama_scope(),
        _owner(pid) in (user, None),
        _filters_calls(),
        _is_privileged(),
        error.strerror or str(error),
    )


def _user_name(number: int) -> str:
    import pwd  # not on every platform

    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return f"#{number}"


def _yama_scope() -> int | None:
    try:
        return int(contents("/proc/sys/kernel/yama/ptrace_scope"))
    except (OSError, ValueError):
        return None


def _owner(pid: int) -> int | None:
    try:
        return os.stat(f"/proc/{pid}").st_uid
    except OSError:
        return None


def _filters_calls() -> bool:
    try:
        return status_of(os.getpid()).get("Seccomp") == "2"
    except OSError:
        return False


def _is_privileged() -> bool:
    try:
        return bool(int(status_of(os.getpid()).get("CapEff", "0"), 16) >> CAP_SYS_PTRACE & 1)
    except (OSError, ValueError):
        return False
