"""Targets whose results are hard to hand over."""

import threading
import time

BIG = bytes(20_000_000)


def unpicklable() -> object:
    time.sleep(0.005)
    return threading.Lock()


def big() -> bytes:
    time.sleep(0.02)
    return BIG
