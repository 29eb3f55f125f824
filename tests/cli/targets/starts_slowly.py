"""A target whose import computes for longer than the budget that it is given; its calls take some milliseconds."""

import time

_until = time.process_time() + 0.7
while time.process_time() < _until:
    pass


def func() -> int:
    return sum(range(100_000))
