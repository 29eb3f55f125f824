"""An echo server beside a thread that computes: the convoy effect (bpo-7946).

``python convoy.py python|bz2 [SWITCH-INTERVAL]`` serves one client, and says at which port; ``python convoy.py ask PORT
SECONDS [PAUSE]`` is that client.
"""

from __future__ import annotations

import bz2
import socket
import sys
import threading
import time

DATA = bytes(range(256)) * 4_000


def crunch() -> None:
    """In Python: it gives the GIL away when somebody has waited for it for the switch interval."""
    while True:
        total = 0
        for number in range(100_000):
            total += number


def compress() -> None:
    """Without the GIL."""
    while True:
        bz2.compress(DATA)


def echo(connection: socket.socket) -> None:
    """Say what was heard: to hear it takes the GIL, and so does to have said it."""
    while heard := connection.recv(64):
        connection.sendall(heard)


def ask(port: int, seconds: float, pause: float) -> None:
    """One question after the other."""
    took: list[float] = []
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        until = time.monotonic() + seconds
        while (began := time.monotonic()) < until:
            connection.sendall(b"?")
            connection.recv(64)
            took.append(time.monotonic() - began)
            time.sleep(pause)
    took.sort()
    print(f"{len(took) / seconds:.0f} answers/s, p50 {1000 * took[len(took) // 2]:.2f} ms")


def serve(work: str, interval: float | None) -> None:
    if interval is not None:
        sys.setswitchinterval(interval)
    threading.Thread(target={"python": crunch, "bz2": compress}[work], daemon=True).start()
    with socket.create_server(("127.0.0.1", 0)) as server:
        print(server.getsockname()[1], flush=True)
        connection, _ = server.accept()
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        echo(connection)


def main() -> None:
    what, *rest = sys.argv[1:]
    if what == "ask":
        ask(int(rest[0]), float(rest[1]), float(rest[2]) if len(rest) > 2 else 0.0)
    else:
        serve(what, float(rest[0]) if rest else None)


if __name__ == "__main__":
    main()
