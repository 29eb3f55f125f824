"""What workers on other hosts are made to run."""

from __future__ import annotations

import os
import signal
import time

NUMBERS = list(range(10))


def doubled(number: int) -> int:
    time.sleep(0.01)
    return 2 * number


def fatal_once(number: int) -> int:
    """Ends its worker, the first time with number three."""
    if number == 3 and first_time():
        os.kill(os.getpid(), signal.SIGKILL)
    return doubled(number)


def held_once(number: int) -> int:
    """Does not come back before the folder says so, the first time with number three."""
    if number == 3 and first_time():
        while not os.path.exists("released"):
            time.sleep(0.01)
    return doubled(number)


def first_time() -> bool:
    try:
        os.close(os.open("once", os.O_CREAT | os.O_EXCL))
    except FileExistsError:
        return False
    return True


def fatal(number: int) -> None:
    os.kill(os.getpid(), signal.SIGKILL)
