"""The process at the other end: ``python peer.py`` prints its port, and serves until the end of standard input.

What it is sent is for how many nanoseconds it is to wait with its answer, which says when that was sent; -1 asks for
one message after the other, each sent as soon as the last has come back.
"""

from __future__ import annotations

import heapq
import selectors
import socket
import struct
import sys
import time

PATIENCE_S = 60.0
#: Less than what the clock shows a minute after the machine was started.
LONGEST_NS = 60_000_000_000


def main() -> None:
    """Serve."""
    server = socket.create_server(("127.0.0.1", 0), backlog=512)
    selector = selectors.DefaultSelector()
    selector.register(server, selectors.EVENT_READ)
    selector.register(sys.stdin, selectors.EVENT_READ)
    print(server.getsockname()[1], flush=True)
    due: list[tuple[int, int, socket.socket]] = []
    while True:
        wait_s = (due[0][0] - time.monotonic_ns()) / 1e9 if due else PATIENCE_S
        for key, _ in selector.select(max(0.0, wait_s)):
            if key.fileobj is sys.stdin:
                return
            if key.fileobj is server:
                client, _ = server.accept()
                client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                selector.register(client, selectors.EVENT_READ)
            elif isinstance(key.fileobj, socket.socket):
                said = received(key.fileobj)
                if len(said) < 8:
                    selector.unregister(key.fileobj)
                    key.fileobj.close()
                else:
                    (wait_ns,) = struct.unpack("=q", said)
                    waits = 0 <= wait_ns < LONGEST_NS  # else it is what was said to it, come back
                    heapq.heappush(due, (time.monotonic_ns() + wait_ns * waits, key.fd, key.fileobj))
        while due and due[0][0] <= time.monotonic_ns():
            answer(heapq.heappop(due)[2])


def received(client: socket.socket) -> bytes:
    """Nothing of one whose program has ended."""
    try:
        return client.recv(8)
    except OSError:
        return b""


def answer(client: socket.socket) -> None:
    try:
        client.send(struct.pack("=q", time.monotonic_ns()))
    except OSError:
        return  # its program has ended


if __name__ == "__main__":
    main()
