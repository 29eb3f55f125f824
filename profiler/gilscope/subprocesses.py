"""What is alike wherever a child process is started: the interpreter, where it finds modules, its own pipes, and why it
ended."""

from __future__ import annotations

import errno
import os
import re
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import PurePath

from gilscope.errors import UsageError

__all__ = ["above_streams", "current_folder", "exit_reason", "interpreter", "pipe", "python_path", "start_thread"]

#: How programs are called that are interpreters.
_INTERPRETERS = re.compile(r"(python|pypy|graalpy)[\w.-]*", re.IGNORECASE)


def interpreter() -> str:
    """The program that runs Python modules as this process does.

    :raises UsageError: when there is none that is known: started with arguments for an interpreter, a frozen program
        begins anew, and a server that embeds Python does whatever it likes
    """
    program = sys.executable or ""
    if getattr(sys, "frozen", False):
        raise UsageError(f"no process can be started beside a frozen program ({program}): run it with a Python instead")
    if not _INTERPRETERS.fullmatch(PurePath(program).name):
        raise UsageError(
            f"no process can be started here: sys.executable, {program!r}, is no Python (a program that embeds one?); "
            "run this with a Python, or set sys.executable to one of the same version"
        )
    return program


def current_folder() -> str:
    """The folder that relative paths refer to.

    :raises UsageError: when it was deleted
    """
    try:
        return os.getcwd()
    except OSError as error:
        raise UsageError(
            f"the working folder is gone ({error.strerror}): change to one that exists, and try again"
        ) from error


def python_path() -> str:
    """``PYTHONPATH`` for a child that shall find modules as this process does; ``sys.path`` names its working folder by
    an empty string, which in the variable would name the child's."""
    return os.pathsep.join(folder or current_folder() for folder in sys.path)


def pipe() -> tuple[int, int]:
    """A pipe whose ends, to read from and to write to, are none of the standard streams, even where these are closed:
    a child finds them at the same numbers (``pass_fds``)."""
    reads, writes = os.pipe()
    return above_streams(reads), above_streams(writes)


def above_streams(descriptor: int) -> int:
    """The descriptor, or in its place one that is not 0, 1 or 2."""
    if descriptor > 2:
        return descriptor
    import fcntl  # POSIX only, as trials are

    try:
        return fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, 3)
    finally:
        os.close(descriptor)


def start_thread(run: Callable[..., object], name: str, *args: object) -> threading.Thread:
    """Start a thread that nothing waits for at the end of the process.

    :raises OSError: when the system permits no more
    """
    thread = threading.Thread(target=run, args=args, name=name, daemon=True)
    try:
        thread.start()
    except RuntimeError as error:
        raise OSError(errno.EAGAIN, f"{error} (a limit on threads, processes or memory: ulimit -u, -v)") from error
    return thread


def exit_reason(code: int) -> str:
    """How a process ended, to follow "it ended": ``with exit status 3``, ``by SIGKILL``.

    :param code: as `subprocess.Popen.returncode` tells it: minus the number of the signal that ended it
    """
    if code >= 0:
        return f"with exit status {code}"
    try:
        return f"by {signal.Signals(-code).name}"
    except ValueError:  # real-time signals have numbers only
        return f"by signal {-code}"
