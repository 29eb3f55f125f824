"""A night job in three parts: it loads prices, converts them in a thread pool, and sums them up with pandas in another.

``python job.py [SECONDS [loads] [converts] [sums]]``: each part for so long; all of them, or those that are named.
"""

from __future__ import annotations

import socket
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd

TABLE = pd.DataFrame({"shop": np.arange(400_000) % 97, "price": np.linspace(1.0, 9.0, 400_000)})
PRICES = [float(price) for price in TABLE["price"][:50_000]]


def neighbour(connection: socket.socket) -> None:
    """Has something to say from time to time."""
    while connection.recv(1):
        time.sleep(0.02)
        connection.sendall(b"x" * 1_000)


def load(seconds: float) -> None:
    """Waits for its neighbour."""
    ours, theirs = socket.socketpair()
    threading.Thread(target=neighbour, args=(theirs,), daemon=True).start()
    with ours:
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            ours.sendall(b"?")
            ours.recv(1_000)


def convert(_: int) -> float:
    """A loop in Python."""
    total = 0.0
    for price in PRICES:
        total += price * 1.19
    return total


def sum_up(_: int) -> float:
    """In pandas, which does without the GIL here."""
    return float(TABLE.sort_values("price")["price"].iloc[0] + TABLE.groupby("shop")["price"].mean().sum())


def in_a_pool(function: Callable[[int], float], seconds: float) -> None:
    """In four threads."""
    until = time.monotonic() + seconds
    with ThreadPoolExecutor(4) as pool:
        while time.monotonic() < until:
            list(pool.map(function, range(8)))


def main() -> None:
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 1.5
    parts = sys.argv[2:] or ["loads", "converts", "sums"]
    print("begins", flush=True)
    if "loads" in parts:
        load(seconds)
    if "converts" in parts:
        in_a_pool(convert, seconds)
    if "sums" in parts:
        in_a_pool(sum_up, seconds)


if __name__ == "__main__":
    main()
