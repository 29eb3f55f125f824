"""The process that watches another one and tells what it saw: for a program that watches itself.

It talks by a socket of its own, for anything may print where an interpreter starts. It says ``ready`` when it has
begun, watches until no more can come or the program ends, and then writes the record as JSON.
"""

from __future__ import annotations

import select
import socket
import sys
import time

import msgspec

from gilscope.errors import GilscopeError
from gilscope.programs.watching import Ending, Settings, Watching

__all__ = ["READY", "Refusal", "main"]

READY = b"ready\n"


class Refusal(msgspec.Struct, frozen=True):
    """Why nothing can be seen."""

    refused: str


def main() -> None:
    """``python -m gilscope.programs.beside DESCRIPTOR PID SETTINGS``, the last as JSON."""
    with socket.socket(fileno=int(sys.argv[1])) as ours:
        try:
            settings = msgspec.json.decode(sys.argv[3], type=Settings)
            watching = Watching(int(sys.argv[2]), settings)
        except GilscopeError as error:
            ours.sendall(msgspec.json.encode(Refusal(str(error))))
            return
        ours.sendall(READY)
        try:
            watching.watch(lambda seconds: _wait(ours, seconds))
        finally:
            watching.close()
        ours.sendall(msgspec.json.encode(watching.record(Ending())))


def _wait(ours: socket.socket, seconds: float) -> bool:
    """At most so long for the end of what may come."""
    until_s = time.monotonic() + seconds
    if select.select([ours], [], [], max(0.0, seconds))[0]:
        return True
    time.sleep(max(0.0, until_s - time.monotonic()))
    return False


if __name__ == "__main__":
    main()
