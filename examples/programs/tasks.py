"""A Celery application: ``celery -A tasks worker``, and ``python tasks.py [COUNT]`` to hand work to it."""

from __future__ import annotations

import os
import sys
import time

from celery import Celery

app = Celery("tasks", broker=os.environ["BROKER_URL"], backend=os.environ["BROKER_URL"])


@app.task  # type: ignore[untyped-decorator]
def score(size: int) -> int:
    """In Python."""
    total = 0
    for number in range(size):
        total += number * number % 7
    return total


@app.task  # type: ignore[untyped-decorator]
def fetch(seconds: float) -> float:
    """Waits for somebody."""
    time.sleep(seconds)
    return seconds


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 150
    print("begins", flush=True)
    results = [score.delay(300_000) if number % 2 else fetch.delay(0.02) for number in range(count)]
    for result in results:
        result.get(timeout=60)
    print(f"{count} tasks done")


if __name__ == "__main__":
    main()
