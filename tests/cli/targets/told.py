"""Targets that say where they are: in the FIFO that the environment variable REACHED names."""

import multiprocessing
import os
import time


def _tell(where: str) -> None:
    with open(os.environ["REACHED"], "w") as reached:
        reached.write(where)


def sleeps() -> None:
    _tell("called")
    time.sleep(3600)


def setup_sleeps() -> None:
    if multiprocessing.parent_process() is not None:
        _tell("starting")
        time.sleep(3600)


def nap() -> None:
    time.sleep(0.005)
