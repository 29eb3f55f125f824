"""A target whose set-up forbids other processes to look into its own (prctl(2): PR_SET_DUMPABLE)."""

import ctypes
import time

PR_SET_DUMPABLE = 4


def forbid() -> None:
    ctypes.CDLL(None).prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)


def nap() -> None:
    time.sleep(0.003)
