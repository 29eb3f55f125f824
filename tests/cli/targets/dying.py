"""Targets that end their process, where the environment variable FATAL says: everywhere, or in worker processes."""

import ctypes
import multiprocessing
import os
import signal
import time


def _spared() -> bool:
    return os.environ.get("FATAL") == "workers" and multiprocessing.parent_process() is None


def exits() -> None:
    time.sleep(0.005)
    if not _spared():
        os._exit(3)


def segfaults() -> None:
    time.sleep(0.005)
    if not _spared():
        ctypes.string_at(0)


def is_killed() -> None:
    time.sleep(0.005)
    if not _spared():
        os.kill(os.getpid(), signal.SIGKILL)
