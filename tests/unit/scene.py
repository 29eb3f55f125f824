"""Made-up threads for a sampler to look at."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass

from gilscope.observers.gil import Hold
from gilscope.observers.moment import Moment, ThreadSample
from gilscope.observers.own_schedule import LastRun
from gilscope.observers.sampler import Sampler
from gilscope.observers.syscalls import Blocked, Waiting, waiting_for
from gilscope.observers.thread_files import Scheduled

from .moments import address

GIL_FUTEX, LOCK_FUTEX = 0x1000, 0x2000
CALLS = {
    "gil_wait": Blocked(202, (GIL_FUTEX, 0, 0, 0, 0, 0)),
    "lock": Blocked(202, (LOCK_FUTEX, 0, 0, 0, 0, 0)),
    "sleep": Blocked(230, (1, 0, 0, 0, 0, 0)),
    "network": Blocked(45, (4, 0, 0, 0, 0, 0)),
    "child": Blocked(61, (0, 0, 0, 0, 0, 0)),
}


@dataclass
class Scene:
    """Stands for threads' files, their process's files and its interpreter. A thread is in a key of `CALLS`, ``on`` a
    CPU, ``queued`` or ``moved``, or ``gone``."""

    state: str = "on"
    holder: int = 0
    holders: Iterator[int] | None = None
    """At each reading, instead of ``holder``."""
    idle: bool = False
    published: bytes = b""
    pid: int = 1
    gil: int = 0
    preempted: bool | None = None
    ran: LastRun | None = None
    read_times: int = 0
    closed: int = 0

    @property
    def files(self) -> Scene:
        return self

    def waiting(self) -> Waiting | None:
        if self.state == "gone":
            raise ProcessLookupError
        blocked = CALLS.get(self.state)
        return None if blocked is None else waiting_for(blocked, "x86_64")

    def on_cpu(self) -> bool | None:
        return {"on": True, "queued": False, "moved": None}[self.state]

    def last_run(self) -> LastRun | None:
        return self.ran

    def cpu(self) -> int:
        return 1

    def scheduled(self) -> Scheduled:
        self.read_times += 1
        return Scheduled(float(self.read_times), 0.0)

    def hold(self) -> Hold:
        return Hold(self.holder if self.holders is None else next(self.holders), 0)

    def owns_futex(self, address: int) -> bool:
        return address == GIL_FUTEX

    def read(self, _address: int, size: int) -> bytes:
        return self.published[:size] or (b"\0" if self.idle else b"\1")

    def resolve(self, waiting: Waiting) -> str:
        return waiting.state

    def close(self) -> None:
        self.closed += 1


def crowd(threads: int) -> Sampler:
    return Sampler([address(pid=1 + number % 3, tid=number) for number in range(threads)], None, 1e6, random.Random(1))


def samples_of(moments: list[Moment]) -> list[ThreadSample]:
    return [sample for each in moments for interpreter in each.interpreters for sample in interpreter.threads]
