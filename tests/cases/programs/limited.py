"""At most three calls at a time may use the licensed tool: a semaphore in memory says so, in each process for itself.

gilscope analyze limited:convert --inputs limited:INPUTS
"""

import threading
import time

_licences = threading.BoundedSemaphore(3)


def convert(milliseconds: int) -> int:
    with _licences:
        time.sleep(milliseconds / 1000)
    return milliseconds


INPUTS = [6, 8, 10] * 20
