"""What one call's argument and result cost to pickle, send and unpickle, as a process pool would."""

from __future__ import annotations

import pickle
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from time import perf_counter
from typing import TYPE_CHECKING, Any

import msgspec

from gilscope.measure.handing_over import HandedIn
from gilscope.subprocesses import start_thread

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

__all__ = ["Pickled", "bounded_recursion", "crossing", "is_plain", "leaves_traces"]

#: Passes, of which the fastest counts, and the seconds after which one must do.
PASSES, PASSES_S = 5, 0.1
#: What a pipe holds: more is handed over piece by piece, by two processes that wait for each other.
PIPE_BYTES = 65_536
#: From such a size on, what is pickled leaves traces in a process: what is freed in one piece teaches glibc's malloc to
#: keep that much at hand (mallopt(3), M_MMAP_THRESHOLD), so that calls with arrays need no new memory any more.
LARGE_BYTES = 65_536
#: Levels of nesting for which half of the smallest usual stack, 8 MiB, is enough.
DEEPEST = 10_000
#: What JSON gives back as it was, and how many parts of a value are looked at.
PLAIN, MOST_LOOKED = (bool, int, float, str, type(None)), 10_000


class Pickled(msgspec.Struct, frozen=True, tag=True):
    """Bytes of an argument and a result, pickled, and the seconds they cost the parent of a process pool and its worker
    beyond what nothing at all costs; or what of them cannot be pickled."""

    bytes: int | None = None
    parent_s: float = 0.0
    worker_s: float = 0.0
    problem: str | None = None
    plain: bool = False
    """Whether JSON gives back the same of the arguments and the result, as far as was looked."""
    between_interpreters: HandedIn | None = None
    """What they cost on their way to another interpreter of the process; None where there is none to be had."""

    @property
    def seconds(self) -> float | None:
        """Of both; None where nothing is known."""
        return None if self.bytes is None else self.parent_s + self.worker_s

    @property
    def parent_share(self) -> float | None:
        """The part of the seconds that the parent spends."""
        return self.parent_s / self.seconds if self.seconds else None


@contextmanager
def bounded_recursion() -> Iterator[None]:
    """Within, what is nested too deeply is an error, whatever limit the target has set: pickle goes down in C, and
    where that is unlimited the process ends by SIGSEGV."""
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(min(limit, DEEPEST))
    try:
        yield
    finally:
        sys.setrecursionlimit(limit)


def leaves_traces(values: Sequence[Any]) -> bool:
    """Whether some of it is so large, pickled, that a process in which that was done is another one afterwards. Asked
    without pickling anything in one piece."""
    counted = _Counted()
    try:
        pickle.Pickler(counted, 5, buffer_callback=counted.add).dump(values)
    except Exception:  # it is the user's: what is in the way is for others to say
        return counted.bytes >= LARGE_BYTES
    return counted.bytes >= LARGE_BYTES


class _Counted:
    """A file that only counts, and the buffers that are not written into it."""

    def __init__(self) -> None:
        self.bytes = 0

    def write(self, part: Any) -> int:
        self.bytes += len(part)
        return len(part)

    def add(self, buffer: pickle.PickleBuffer) -> None:
        self.bytes += memoryview(buffer).nbytes


def crossing(arguments: Sequence[Any], results: Sequence[Any]) -> Pickled:
    """The cost of one crossing, there with the argument and back with the result.

    :raises Exception: whatever pickling or unpickling raises
    :raises OSError: when the system permits no thread to send it
    """
    there, back, nothing = _timed(list(arguments)), _timed(list(results)), _timed([])
    sent_s = sum(_sending_s(way.bytes) for way in (there, back) if way.bytes > PIPE_BYTES)
    return Pickled(
        there.bytes + back.bytes,
        max(there.dump_s - nothing.dump_s, 0.0) + max(back.load_s - nothing.load_s, 0.0) + sent_s,
        max(there.load_s - nothing.load_s, 0.0) + max(back.dump_s - nothing.dump_s, 0.0) + sent_s,
    )


def is_plain(value: Any) -> bool:
    """Whether JSON would give back the same, by the first parts of a value."""
    rest, looked = [value], 0
    while rest and looked < MOST_LOOKED:
        part, looked = rest.pop(), looked + 1
        if type(part) is dict:
            rest += islice(part.values(), MOST_LOOKED)
        elif type(part) is list:
            rest += part[:MOST_LOOKED]
        elif type(part) not in PLAIN:
            return False
        if type(part) is dict and any(type(key) is not str for key in islice(part, MOST_LOOKED)):
            return False
    return True


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
        data = bytes(size)
        began = perf_counter()
        sender = start_thread(_send, "gilscope-sender", writer, data)
        reader.recv_bytes()
        seconds = perf_counter() - began
        sender.join()
    return seconds


def _send(writer: Connection, data: bytes) -> None:
    writer.send_bytes(data)
