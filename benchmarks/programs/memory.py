"""What hours of moments leave in memory, and what drawing them takes: ``python -m benchmarks.programs.memory HOURS
MOMENTS``, in a process of its own, so that its memory is that of nothing else.

The moments are made up: 200 threads, of which twelve are seen at a time, in thousands of functions and ever new stacks.
"""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec

from gilscope import report
from gilscope.observers.cpus import usable_cpus
from gilscope.observers.environment import describe_environment
from gilscope.observers.thread_files import Scheduled
from gilscope.programs.conclude import Watched, conclude
from gilscope.programs.moments import Frame, GilLook, ProcessMoment, PythonFunction, ThreadLook
from gilscope.programs.seen import SeenProcess, SeenThread
from gilscope.programs.views import Views
from gilscope.records.programs import ProgramRecord, Sampling

__all__ = ["PAGE_BYTES", "PAGE_S", "RUN_BYTES", "Kept", "kept"]

RUN_BYTES, PAGE_BYTES, PAGE_S = 100_000_000, 3_000_000, 5.0
THREADS, LOOKED_AT, FUNCTIONS, DEPTH = 200, 12, 3_000, 25
STATES = ("network", "sleep", "lock", "gil_wait", "gil_wait", None)
PID = 1


class Kept(msgspec.Struct, frozen=True):
    """What so many hours left."""

    hours: float
    moments: int
    imported_bytes: int
    """Of the process before the first moment."""
    fed_bytes: int
    """After the last one."""
    fed_s: float
    told_bytes: int
    """With the record and the page."""
    page_bytes: int
    drawn_s: float
    """From the moments to the page."""


def kept(hours: float, moments: int) -> Kept:
    """Feed, conclude, draw."""
    rng = random.Random(1)
    imported = _resident()
    views = Views(0.0)
    began_s = time.perf_counter()
    for moment in _moments(rng, hours * 3600, moments):
        views.see(moment)
    fed_s, fed = time.perf_counter() - began_s, _resident()
    began_s = time.perf_counter()
    page = report.render(_record(views, hours * 3600), "html").encode()
    return Kept(hours, moments, imported, fed, fed_s, _resident(), len(page), time.perf_counter() - began_s)


def _resident() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096


def _moments(rng: random.Random, seconds: float, count: int) -> Iterator[ProcessMoment]:
    functions = [
        PythonFunction(f"Part{n % 50}.function_{n}", f"/srv/app/part_{n % 50}.py", n) for n in range(FUNCTIONS)
    ]
    frames = [Frame(function, function.first_line + line) for function in functions for line in (1, 5)]
    waiting = [_stack(rng, frames) for _ in range(THREADS)]
    span_s = seconds / count
    for number in range(count):
        looks = tuple(_look(rng, tid, frames, waiting) for tid in rng.sample(range(THREADS), LOOKED_AT))
        holder = ThreadLook(0, 0, None, True, True, stack=_stack(rng, frames))
        gil = GilLook((0,), True, holder, switches=number // 2)
        yield ProcessMoment(PID, number * span_s, span_s, (gil,), looks, THREADS)


def _look(rng: random.Random, tid: int, frames: list[Frame], waiting: list[tuple[Frame, ...]]) -> ThreadLook:
    state = rng.choice(STATES)
    if state is None or rng.random() < 0.2:
        waiting[tid] = _stack(rng, frames)
    lock = tid % 7 if state == "lock" else None
    on_cpu = True if state is None else None
    return ThreadLook(tid, 0, state, on_cpu=on_cpu, weight=THREADS / LOOKED_AT, lock=lock, stack=waiting[tid])


def _stack(rng: random.Random, frames: list[Frame]) -> tuple[Frame, ...]:
    """Few begin differently, and many end so."""
    outer = rng.randrange(20) * DEPTH
    return (*rng.sample(frames, 3), *frames[outer : outer + DEPTH])


def _record(views: Views, seconds: float) -> ProgramRecord:
    used = Scheduled(seconds / THREADS, seconds / 1000)
    threads = tuple(SeenThread(PID, tid, f"worker-{tid}", 0, 0.0, seconds, False, used) for tid in range(THREADS))
    process = SeenProcess(PID, 0, ("python", "app.py"), (3, 13, 1), "", 0.0, seconds, False, seconds, threads=threads)
    environment = describe_environment(usable_cpus(None))
    watched = Watched("2026-01-01T00:00:00+00:00", "python app.py", environment, 0.0, seconds, Sampling())
    return conclude(watched, [process], views)


if __name__ == "__main__":
    sys.stdout.write(msgspec.json.encode(kept(float(sys.argv[1]), int(sys.argv[2]))).decode())
