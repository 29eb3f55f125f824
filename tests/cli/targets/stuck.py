"""Targets that do not come back."""

import multiprocessing
import threading
import time
from concurrent.futures import ThreadPoolExecutor

_pool = ThreadPoolExecutor(1)


def _alone() -> bool:
    return threading.current_thread() is threading.main_thread() and multiprocessing.parent_process() is None


def loops() -> None:
    while True:
        pass


def sleeps() -> None:
    time.sleep(3600)


def deadlocks() -> int:
    return _pool.submit(lambda: _pool.submit(int).result()).result()


def loops_in_pools() -> None:
    time.sleep(0.005)
    while not _alone():
        pass


def deadlocks_in_processes() -> None:
    time.sleep(0.005)
    if multiprocessing.parent_process() is not None:
        deadlocks()
