"""A network between a server of this machine and its clients: a process that passes on what they say, later.

It runs as a program, from this file alone, which imports the standard library only. Its argument is JSON: ``to``, where
the server listens, and ``at``, where to listen for it (each the path of a Unix socket, or a host and a port), and
``rtt_s``. When it listens it writes the name of its own socket, in JSON, on standard output.

Each direction takes half the round trip. As with a real network, that holds nothing up: what follows is under way
meanwhile, in its order and as fast as it came. A new connection takes a round trip before it carries anything, as TCP's
handshake does (RFC 9293, section 3.5).
"""

from __future__ import annotations

import json
import os
import socket
import sys
from contextlib import suppress
from queue import SimpleQueue
from threading import Thread
from time import monotonic, sleep
from typing import Any

__all__ = ["main"]

#: The most bytes taken at once.
PIECE_BYTES = 1 << 18
#: Connections that may wait to be accepted; the system has its own limit.
WAITING = 1024


class _Way:
    """One direction of a connection: a thread takes what comes, another hands it over when it is due."""

    def __init__(self, source: socket.socket, sink: socket.socket, open_s: float, delay_s: float) -> None:
        self._source, self._sink = source, sink
        self._open_s, self._delay_s = open_s, delay_s
        self._under_way: SimpleQueue[tuple[float, bytes]] = SimpleQueue()
        self._threads = [Thread(target=part, daemon=True) for part in (self._take, self._hand_over)]
        for thread in self._threads:
            thread.start()

    def join(self) -> None:
        for thread in self._threads:
            thread.join()

    def _take(self) -> None:
        piece = b"?"
        while piece:
            try:
                piece = self._source.recv(PIECE_BYTES)
            except OSError:  # broken off: to the other end, this is the end too
                piece = b""
            self._under_way.put((max(monotonic(), self._open_s) + self._delay_s, piece))

    def _hand_over(self) -> None:
        with suppress(OSError):  # nobody is there to take it: the other direction ends by that
            while True:
                due_s, piece = self._under_way.get()
                sleep(max(0.0, due_s - monotonic()))
                if not piece:
                    self._sink.shutdown(socket.SHUT_WR)
                    return
                self._sink.sendall(piece)


def _carry(client: socket.socket, to: Any, rtt_s: float) -> None:
    """One connection, until both sides have ended it."""
    open_s = monotonic() + rtt_s
    with client, suppress(OSError), _connected(to) as server:  # no server: the client's connection ends
        ways = [_Way(source, sink, open_s, rtt_s / 2) for source, sink in ((client, server), (server, client))]
        for way in ways:
            way.join()


def _connected(to: Any) -> socket.socket:
    if not isinstance(to, str):
        return _prompt(socket.create_connection(to))
    made = socket.socket(socket.AF_UNIX)
    try:
        made.connect(to)
    except OSError:
        made.close()
        raise
    return made


def _listening(at: Any) -> socket.socket:
    if not isinstance(at, str):
        return socket.create_server(tuple(at), backlog=WAITING)
    made = socket.socket(socket.AF_UNIX)
    made.bind(at)
    made.listen(WAITING)
    return made


def _prompt(connection: socket.socket) -> socket.socket:
    """What is due goes at once, and does not wait for more (Nagle's algorithm, RFC 896)."""
    if connection.family != socket.AF_UNIX:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def main() -> None:
    """Pass on until killed."""
    told = json.loads(sys.argv[1])
    with _listening(told["at"]) as listening:
        os.write(1, json.dumps(listening.getsockname()).encode() + b"\n")
        while True:
            client, _ = listening.accept()
            Thread(target=_carry, args=(_prompt(client), told["to"], told["rtt_s"]), daemon=True).start()


if __name__ == "__main__":
    main()
