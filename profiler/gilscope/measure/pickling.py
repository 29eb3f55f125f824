"""What one call's argument and result cost to pickle, send and unpickle, as a process pool would."""

from __future__ import annotations

import pickle
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from time import perf_counter
from typing import Any

__all__ = ["Crossing", "crossing"]

#: Passes, of which the fastest counts, and the seconds after which one must do.
PASSES, PASSES_S = 5, 0.1
#: What a pipe holds: more is handed over piece by piece, by two processes that wait for each other.
PIPE_BYTES = 65_536


@dataclass(frozen=True)
class Crossing:
    """Bytes of an argument and a result, pickled, and the seconds they cost the parent and the worker beyond what
    nothing at all costs."""

    bytes: int
    parent_s: float
    worker_s: float


def crossing(arguments: Sequence[Any], results: Sequence[Any]) -> Crossing:
    """The cost of one crossing, there with the argument and back with the result.

    :raises Exception: whatever pickling or unpickling raises
    """
    there, back, nothing = _timed(list(arguments)), _timed(list(results)), _timed([])
    sent_s = sum(_sending_s(way.bytes) for way in (there, back) if way.bytes > PIPE_BYTES)
    return Crossing(
        there.bytes + back.bytes,
        max(there.dump_s - nothing.dump_s, 0.0) + max(back.load_s - nothing.load_s, 0.0) + sent_s,
        max(there.load_s - nothing.load_s, 0.0) + max(back.dump_s - nothing.dump_s, 0.0) + sent_s,
    )


@dataclass(frozen=True)
class _Way:
    bytes: int
    dump_s: float
    load_s: float


def _timed(value: Any) -> _Way:
    pickled = pickle.dumps(value)
    return _Way(
        len(pickled),
        _fastest_s(lambda: pickle.dumps(value)),
        _fastest_s(lambda: pickle.loads(pickled)),  # noqa: S301
    )


def _fastest_s(step: Callable[[], Any]) -> float:
    taken: list[float] = []
    while len(taken) < PASSES and sum(taken) < PASSES_S:
        began = perf_counter()
        step()
        taken.append(perf_counter() - began)
    return min(taken)


def _sending_s(size: int) -> float:
    """Seconds that so many bytes take through a pipe to somebody who reads them at once."""
    from multiprocessing import Pipe

    reader, writer = Pipe(duplex=False)
    with reader, writer:
        sender = threading.Thread(target=_send, args=(writer, bytes(size)))
        began = perf_counter()
        sender.start()
        reader.recv_bytes()
        seconds = perf_counter() - began
        sender.join()
    return seconds


def _send(writer: Connection, data: bytes) -> None:
    writer.send_bytes(data)
