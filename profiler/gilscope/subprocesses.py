"""What is alike wherever a child process is started: where it finds modules, and why it ended."""

from __future__ import annotations

import os
import signal
import sys

__all__ = ["exit_reason", "python_path"]


def python_path() -> str:
    """``PYTHONPATH`` for a child that shall find modules as this process does; ``sys.path`` names its working folder by
    an empty string, which in the variable would name the child's."""
    return os.pathsep.join(folder or os.getcwd() for folder in sys.path)


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
