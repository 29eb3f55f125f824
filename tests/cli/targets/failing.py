"""Targets that raise."""

import sys
import time

NUMBERS = [0, 1, 2, 3]


def sometimes(number: int) -> float:
    time.sleep(0.005)
    return 1 / (number % 2)


def always(number: int) -> float:
    raise ValueError(f"no good: {number}")


def leaves(number: int) -> None:
    sys.exit("enough")


def sometimes_leaves(number: int) -> None:
    time.sleep(0.005)
    if number == 2:
        sys.exit("enough")


def bad_setup() -> None:
    raise RuntimeError("no database")
