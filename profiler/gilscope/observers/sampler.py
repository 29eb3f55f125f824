"""Sampling a set of worker threads from outside, and the counts that come of it.

At random moments, one in each equal slot (a fixed rate would alias with periodic targets; stratified sampling has less
variance than exponential gaps), each worker is looked at: on a CPU or in the run queue, or blocked in which call; and
each interpreter: who holds its GIL. The counts are facts; `gilscope.observers.account` turns them into seconds.
"""

from __future__ import annotations

import os
import random
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from gilscope.observers.gil import GilLayout, Hold
from gilscope.observers.proc import ProcessFiles, ThreadFiles
from gilscope.observers.syscalls import Waiting
from gilscope.observers.timeline import Trace
from gilscope.thread_address import ThreadAddress

__all__ = ["Counts", "Held", "HoldWatch", "Interpreter", "Pace", "Runnable", "Sampler", "WatchedWorker"]

#: Threads looked at per moment; with more, a different random few at each, so that the sampler's cost stays bounded.
THREADS_PER_MOMENT = 8
#: Runnable threads asked at each moment whether they are on a CPU: the costliest reading, and more tell little more.
ASKED_PER_MOMENT = 2
#: CPU that sampling may take from the watched, as a share of all CPUs: what it uses at moments when every CPU is busy.
#: The rate falls below the one asked for where it would take more.
CPU_SHARE = 0.01
#: Waking takes a tenth of this on a machine with a CPU to spare.
LATE_S = 0.0005


@dataclass
class Held:
    """Samples of a runnable thread, by whether it held the GIL."""

    held: int = 0
    free: int = 0

    def add(self, holds: bool) -> None:
        self.held += holds
        self.free += not holds

    def __iadd__(self, other: Held) -> Held:
        self.held += other.held
        self.free += other.free
        return self

    @property
    def total(self) -> int:
        return self.held + self.free


@dataclass
class Runnable:
    """Samples of a runnable thread, by where it was."""

    on_cpu: Held = field(default_factory=Held)
    queued: Held = field(default_factory=Held)

    def __iadd__(self, other: Runnable) -> Runnable:
        self.on_cpu += other.on_cpu
        self.queued += other.queued
        return self

    @property
    def total(self) -> int:
        return self.on_cpu.total + self.queued.total


@dataclass
class Counts:
    """What the samples of one worker showed."""

    alone: Runnable = field(default_factory=Runnable)
    """Runnable at moments when there was a CPU for every watched thread that was."""
    crowded: Runnable = field(default_factory=Runnable)
    """Runnable at moments when at least as many watched threads were as there are CPUs."""
    unasked: int = 0
    """On a CPU or in the run queue, not asked which."""
    blocked: Counter[str] = field(default_factory=Counter)
    """Blocked, by state (``gil_wait``, the waits, ``idle``)."""
    blocked_held: int = 0
    """Blocked and holding the GIL; counted in ``blocked`` too."""

    @property
    def samples(self) -> int:
        return self.runnable + self.blocked.total()

    @property
    def runnable(self) -> int:
        return self.alone.total + self.crowded.total + self.unasked

    def __iadd__(self, other: Counts) -> Counts:
        self.alone += other.alone
        self.crowded += other.crowded
        self.unasked += other.unasked
        self.blocked.update(other.blocked)
        self.blocked_held += other.blocked_held
        return self


@dataclass
class HoldWatch:
    """The GIL of one interpreter: how often it was held, and the longest hold that somebody had to wait for.

    A hold goes on as long as the GIL was passed to nobody else. It counts from the first look at which another thread
    waited: whoever waits leaves only with the GIL. What was seen last ended up to a look later and was wanted up to a
    look earlier, so that a hold reads too short by up to two looks, never too long. (A thread that gives the GIL up and
    takes it again before anyone else could is not seen to; once it is asked to, 5 ms later, CPython makes it wait for
    the switch: ``drop_gil`` in Python/ceval_gil.c.)
    """

    looked: int = 0
    held: int = 0
    longest_s: float = 0.0
    _hold: Hold | None = None
    _wanted_s: float | None = None
    """When the present hold was first seen to be wanted."""

    def see(self, now_s: float, hold: Hold, wanted: bool) -> None:
        """One look: who holds it, and whether another thread waited for it."""
        self.looked += 1
        self.held += hold.holder != 0
        if hold != self._hold:
            self._hold, self._wanted_s = hold, None
        if hold.holder == 0:
            return
        if wanted and self._wanted_s is None:
            self._wanted_s = now_s
        if self._wanted_s is not None:
            self.longest_s = max(self.longest_s, now_s - self._wanted_s)


class WatchedWorker:
    """One worker thread, its files open.

    :raises OSError: when it is gone or may not be watched
    """

    def __init__(self, worker: ThreadAddress, interpreter: Interpreter) -> None:
        self.worker = worker
        self.interpreter = interpreter
        self.files = ThreadFiles(worker.pid, worker.tid)
        self.counts = Counts()
        self._trace: Trace | None = None

    def look(self, holder: int) -> str | None:
        """Count one sample of a blocked thread; the state it is in, or None for one that is runnable.

        :param holder: who holds its GIL, 0 for nobody
        """
        waiting = self.files.waiting()
        if waiting is None:
            return None
        state = self._state(waiting)
        self.counts.blocked[state] += 1
        self.counts.blocked_held += self._is(holder)
        return state

    def look_closer(self, crowd: bool) -> str | None:
        """Count one sample of a runnable thread: on a CPU or in the run queue, holding the GIL or not; the state it is
        in (with the GIL, the one it is or will be in on a CPU), or None when it cannot be told."""
        on_cpu = self.files.on_cpu()
        if on_cpu is None:
            self.counts.unasked += 1
            return None
        # Read only now, for telling takes long enough to be put on a CPU meanwhile and go on from there.
        holds = self._is(self.interpreter.hold().holder)
        moment = self.counts.crowded if crowd else self.counts.alone
        (moment.on_cpu if on_cpu else moment.queued).add(holds)
        return "cpu_gil" if holds else "cpu_free" if on_cpu else "runqueue"

    def record(self) -> Trace:
        """Keep from now on when it was in which state; nothing is kept of a thread that is watched for ever."""
        self._trace = Trace()
        return self._trace

    def note(self, at_s: float, state: str | None) -> None:
        """The state in which a look found it; None for a runnable thread that was not looked at closer."""
        if self._trace is not None:
            self._trace.see(at_s, state, self.files.scheduled)

    def _is(self, holder: int) -> bool:
        return holder == self.worker.thread_state != 0

    def _state(self, waiting: Waiting) -> str:
        interpreter = self.interpreter
        if waiting.ask == "futex" and interpreter.owns_futex(waiting.value):
            return "gil_wait"
        if interpreter.files.read(self.worker.busy, 1) == b"\0":
            return "idle"
        return interpreter.files.resolve(waiting) if waiting.ask else waiting.state


class Interpreter:
    """One watched process and its GIL; without a layout (calibration failed, or no GIL) the holder is unknown."""

    def __init__(self, pid: int, runtime: int, layout: GilLayout | None) -> None:
        self.files = ProcessFiles(pid)
        self._runtime = runtime
        self._layout = layout
        self.watch = HoldWatch()

    def hold(self) -> Hold:
        return Hold(0, 0) if self._layout is None else self._layout.read(self.files, self._runtime)

    def owns_futex(self, address: int) -> bool:
        return self._layout is not None and self._layout.owns_futex(self._runtime, address)


@dataclass
class Pace:
    """How well the sampler kept its rate."""

    asked_hz: float
    moments: int = 0
    missed: int = 0
    """Slots that passed before the sampler woke."""
    errors: int = 0
    """Readings that failed: of processes that were ending."""
    elapsed_s: float = 0.0
    cpu_s: float = 0.0

    @property
    def achieved_hz(self) -> float | None:
        return self.moments / self.elapsed_s if self.elapsed_s > 0 else None


class Sampler:
    """Looks at workers until told to stop.

    :param layout: where this interpreter binary keeps its GIL; None when unknown
    :raises OSError: when a worker is gone or may not be watched; nothing stays open
    """

    def __init__(
        self, workers: Sequence[ThreadAddress], layout: GilLayout | None, rate_hz: float, rng: random.Random
    ) -> None:
        self._rng = rng
        self._cpus = len(os.sched_getaffinity(0))
        self._crowded = 0
        self.pace = Pace(rate_hz)
        self.interpreters: dict[int, Interpreter] = {}
        self.workers: list[WatchedWorker] = []
        try:
            for worker in workers:
                interpreter = self.interpreters.get(worker.pid)
                if interpreter is None:
                    interpreter = Interpreter(worker.pid, worker.runtime, layout)
                    self.interpreters[worker.pid] = interpreter
                self.workers.append(WatchedWorker(worker, interpreter))
        except OSError:
            self.close()
            raise
        self._everyone = self._by_interpreter(self.workers)

    def run(self, wait: Callable[[float], bool]) -> None:
        """Sample until ``wait(seconds)``, which waits for the end of the round at most so long, says it has ended.

        A moment for which the sampler wakes late is missed, not taken later: where every CPU is busy it gets one when a
        worker blocks, and would find too often what workers block for first.
        """
        began, cpu = time.perf_counter(), time.thread_time()
        slot, slot_s = began, 1.0 / self.pace.asked_hz
        while True:
            due = slot + self._rng.random() * slot_s
            if wait(due - time.perf_counter()):
                break
            if time.perf_counter() - due > LATE_S:
                self.pace.missed += 1
            else:
                self._look_around()
            slot += slot_s
            skipped = int(max(0.0, time.perf_counter() - slot) / slot_s)
            self.pace.missed += skipped
            slot += skipped * slot_s
            slot_s = self._slot_s(time.thread_time() - cpu)
        self.pace.elapsed_s += time.perf_counter() - began
        self.pace.cpu_s += time.thread_time() - cpu

    def _slot_s(self, used_s: float) -> float:
        """How far apart the next moments lie: as asked, or as far as keeps what it takes from the watched in bounds."""
        moments = max(1, self.pace.moments)
        each_s, crowded = used_s / moments, self._crowded / moments
        return max(1.0 / self.pace.asked_hz, each_s * crowded / (CPU_SHARE * self._cpus))

    def _look_around(self) -> None:
        """One moment: each interpreter's holder, then its workers."""
        self.pace.moments += 1
        runnable: list[tuple[float, WatchedWorker]] = []
        for interpreter, workers in self._chosen():
            try:
                now, hold = time.perf_counter(), interpreter.hold()
                states = [watched.look(hold.holder) for watched in workers]
                for watched, state in zip(workers, states, strict=True):
                    if state is not None:
                        watched.note(now, state)
            except (OSError, ValueError):
                self.pace.errors += 1  # its process is ending: the trial's own report will say why
                continue
            interpreter.watch.see(now, hold, "gil_wait" in states)
            runnable += [(now, watched) for watched, state in zip(workers, states, strict=True) if state is None]
        self._look_closer(runnable)

    def _look_closer(self, runnable: list[tuple[float, WatchedWorker]]) -> None:
        crowd = len(runnable) >= self._cpus
        self._crowded += crowd
        if len(runnable) > ASKED_PER_MOMENT:
            self._rng.shuffle(runnable)
        for now, watched in runnable[:ASKED_PER_MOMENT]:
            try:
                watched.note(now, watched.look_closer(crowd))
            except (OSError, ValueError):
                self.pace.errors += 1
        for now, watched in runnable[ASKED_PER_MOMENT:]:
            watched.counts.unasked += 1
            watched.note(now, None)

    def _chosen(self) -> list[tuple[Interpreter, list[WatchedWorker]]]:
        if len(self.workers) <= THREADS_PER_MOMENT:
            return self._everyone
        return self._by_interpreter(self._rng.sample(self.workers, THREADS_PER_MOMENT))

    def _by_interpreter(self, workers: list[WatchedWorker]) -> list[tuple[Interpreter, list[WatchedWorker]]]:
        grouped: dict[int, list[WatchedWorker]] = {}
        for watched in workers:
            grouped.setdefault(watched.worker.pid, []).append(watched)
        return [(self.interpreters[pid], members) for pid, members in grouped.items()]

    def close(self) -> None:
        """Close every file."""
        for watched in self.workers:
            watched.files.close()
        for interpreter in self.interpreters.values():
            interpreter.files.close()
