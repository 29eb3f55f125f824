"""Processes that end with the one that started them, even where that one is killed."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

__all__ = ["tied"]

#: Asks the kernel for SIGKILL when the parent ends (prctl(2), PR_SET_PDEATHSIG), looks whether it is still there, and
#: becomes the command, which keeps the wish. Not done between fork and exec, which is no place for Python code.
LAUNCHER = (
    "import ctypes, os, sys; ctypes.CDLL(None).prctl(1, 9, 0, 0, 0); "
    "os.getppid() == int(sys.argv[1]) or os._exit(1); os.execv(sys.argv[2], sys.argv[2:])"
)


def tied(command: Sequence[str]) -> list[str]:
    """The command that runs ``command``, a program's full path and its arguments, and ends when the *thread* that
    starts it does (Linux; elsewhere it is ``command`` itself). What it forks is not tied in turn."""
    if sys.platform != "linux":
        return list(command)
    return [sys.executable, "-I", "-S", "-c", LAUNCHER, str(os.getpid()), *command]
