"""One process that is looked at: its interpreters and its threads together."""

from __future__ import annotations

import random
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import Final

from gilscope.observers.gil import Hold
from gilscope.observers.own_schedule import OwnSchedule
from gilscope.observers.proc import contents, is_zombie, process_cpu_s
from gilscope.observers.process_files import ProcessFiles
from gilscope.observers.syscalls import Waiting
from gilscope.programs.ended_threads import EndedThreads
from gilscope.programs.interpreters import Interpreters, NoInterpreters, PythonThread
from gilscope.programs.lock_names import LockNames
from gilscope.programs.memory import Memory, ReadError
from gilscope.programs.moments import GilLook, ProcessMoment, ThreadLook
from gilscope.programs.namespaces import ThreadNumbers
from gilscope.programs.refusals import refused
from gilscope.programs.runtime import find_runtime
from gilscope.programs.seen import SeenProcess
from gilscope.programs.threads import Seen, ThreadWatch, task_numbers

__all__ = ["THREADS_PER_MOMENT", "ProgramProcess", "command_of"]

#: How `threading` calls the first one.
MAIN: Final = "MainThread"
#: Threads looked at per moment; with more, a different random few at each, so that its cost stays bounded.
THREADS_PER_MOMENT: Final = 12
#: Runnable threads asked at each moment whether they are on a CPU: the costliest reading.
ASKED_PER_MOMENT: Final = 2
#: Files of threads that are kept open, up to four of each; those of others are opened for each look.
MOST_OPEN: Final = 256
#: Why nothing more is known of a process whose memory was not to be read.
KERNEL_ALONE: Final = "only the kernel was asked: who holds its GIL and which functions it runs is unknown"
#: Readings of a list of threads that changes meanwhile.
TRIES: Final = 5
#: Threads that are asked for their names whenever threads are listed: of those that have come since, and of all, for
#: programs name threads anew.
NEW_NAMES, NAMES_AGAIN = 200, 4


class ProgramProcess:
    """One process of a program.

    :param rng: chooses the threads that are looked at where there are many
    :param memory: whether its memory is read; without, only what the kernel tells is told, of any process
    :raises AttachError: when it cannot be seen into: which obstacle it is, and the ways out
    """

    def __init__(self, pid: int, parent: int, rng: random.Random, memory: bool = True) -> None:
        self.pid = pid
        self._rng = rng
        self.began_s = self._last_s = time.monotonic()
        self._parent = parent
        self._recent: dict[ThreadWatch, int] = {}
        """How many files are open of each, the last looked at last."""
        self._open = 0
        """All of those."""
        self._threads: dict[int, ThreadWatch] = {}
        self.ended = EndedThreads()
        """Of its threads."""
        self._by_state: dict[int, ThreadWatch] = {}
        self.torn = 0
        """Stacks that were dropped."""
        self._locks = LockNames()
        self.gil_enabled = True
        """Whether its threads needed a GIL to run Python when they were last listed."""
        self._files: ProcessFiles | None = None
        self.interpreters: Interpreters | NoInterpreters = NoInterpreters()
        try:
            self._begin(memory)
        except OSError as error:
            self.close()
            raise refused(pid, error) from error
        except BaseException:
            self.close()
            raise

    def _begin(self, memory: bool) -> None:
        with suppress(*() if memory else (OSError,)):
            self._files = ProcessFiles(self.pid)
        if memory and self._files is not None:
            reader = Memory(self._files)
            self.interpreters = Interpreters(reader, find_runtime(self.pid, reader))
        self._numbers = ThreadNumbers(self.pid)
        self._cpu_s = self._last_cpu_s = process_cpu_s(self.pid)
        self.command = command_of(self.pid)
        self.rescan()
        if memory:
            self._main.open().blocked()  # refused here rather than in the middle of a moment

    # ---- who there is ----

    @property
    def alive(self) -> int:
        """Its threads, when they were last listed."""
        return len(self._threads)

    @property
    def _main(self) -> ThreadWatch:
        return self._threads.get(self.pid) or next(iter(self._threads.values()))

    def rescan(self) -> None:
        """List its threads anew, and count what they have used.

        :raises ReadError: when it runs another program now
        :raises OSError: when it is gone
        """
        tasks = task_numbers(self.pid)
        now_s = time.monotonic()
        for tid in self._threads.keys() - tasks:
            self._let_go(self._threads.pop(tid))
        for tid in tasks - self._threads.keys():
            with suppress(OSError, ValueError):  # it has ended meanwhile
                self._threads[tid] = ThreadWatch(self.pid, tid, now_s)
        self._read_lists()
        self._match(self.interpreters.threads)
        self._name()
        self.count()

    def count(self) -> None:
        """Bring the totals up to date, as far as it is still there."""
        for thread in self._threads.values():
            thread.count()
        with suppress(OSError):
            self._last_cpu_s, self._last_s = process_cpu_s(self.pid), time.monotonic()

    def _read_lists(self) -> None:
        for attempt in range(TRIES):
            try:
                self.interpreters.rescan()
                self.gil_enabled = self.interpreters.gil_enabled()
                return
            except ReadError:
                if attempt == TRIES - 1:
                    raise

    def _match(self, known: Iterable[PythonThread]) -> None:
        """Which thread of the kernel is which of Python."""
        found: dict[int, list[PythonThread]] = {}
        for python in known:
            tid = self._numbers.outside(python.number, self._threads)
            if tid is not None:
                found.setdefault(tid, []).append(python)
        self._by_state = {}
        for tid, thread in self._threads.items():
            thread.python = tuple(found.get(tid, ()))
            for python in thread.python:
                self._by_state[python.state] = thread
                thread.interpreter = python.interpreter

    def _name(self) -> None:
        """How the program calls its threads. The one that it began with has no object on its stack to ask."""
        known = [thread for thread in self._threads.values() if thread.python]
        new = [thread for thread in known if not thread.is_named][:NEW_NAMES]
        for thread in (*new, *self._rng.sample(known, min(NAMES_AGAIN, len(known)))):
            names = map(self.interpreters.name_of, thread.python)
            found = next((name for name in names if name is not None), None)
            if found is None and thread.tid == self.pid and thread.interpreter == 0:
                found = MAIN
            thread.python_name, thread.is_named = found or thread.python_name, True

    def _let_go(self, thread: ThreadWatch) -> None:
        thread.ended = True
        self._open -= self._recent.pop(thread, 0)
        thread.close()
        self.ended.add(thread.seen())

    # ---- one moment ----

    def moment(
        self, span_s: float, own: OwnSchedule, most: int = THREADS_PER_MOMENT, asked: int = ASKED_PER_MOMENT
    ) -> ProcessMoment:
        """This moment.

        :param most: threads that are looked at
        :param asked: runnable ones of them that are asked whether they are on a CPU
        :raises OSError: when it is gone, or runs another program now
        """
        at_s = time.monotonic()
        holds = self.holds()
        seen, looked_at = self._look(chosen := self._chosen(most)), self.holds()
        holders = {which: self._holder(hold, seen) for which, hold in enumerate(holds)}
        self._read_stacks({**seen, **{thread: look for thread, look in holders.values() if thread is not None}})
        last = self.holds()
        holding = self._ask([thread for thread in seen if seen[thread].wait is None], asked, seen, own)
        weight = len(self._threads) / max(len(chosen), 1)
        threads = tuple(self._told(thread, look, holds, holding, weight) for thread, look in seen.items())
        gils = tuple(
            self._gil_look(which, numbers, read, self._told_holder(*holders[which], which))
            for which, (numbers, *read) in enumerate(zip(self.interpreters.by_gil, holds, looked_at, last, strict=True))
        )
        return ProcessMoment(self.pid, at_s, span_s, gils, threads, len(self._threads))

    def name_of(self, tid: int) -> str:
        """The name of one of its threads; none of one that is not listed."""
        thread = self._threads.get(tid)
        return "" if thread is None else thread.name

    def thread(self, tid: int) -> ThreadWatch:
        """One of the threads that a moment told of."""
        return self._threads[tid]

    def holds(self) -> list[Hold]:
        """Who holds each GIL, now.

        :raises OSError: when it is gone, or runs another program now
        """
        return [self.interpreters.gil(which) for which in range(len(self.interpreters.gils))]

    def is_readable(self) -> bool:
        """Whether it still runs what was read of it."""
        try:
            self.holds()
        except OSError:
            return False
        return not is_zombie(self.pid)

    def _chosen(self, most: int) -> list[ThreadWatch]:
        threads = list(self._threads.values())
        return threads if len(threads) <= most else self._rng.sample(threads, most)

    def _look(self, chosen: Sequence[ThreadWatch]) -> dict[ThreadWatch, Seen]:
        """What each is seen to do; not of those that have ended."""
        seen: dict[ThreadWatch, Seen] = {}
        fresh = False
        for thread in chosen:
            kept = thread.kept
            look = self._look_at(thread)
            if look is not None:
                seen[thread] = look
                fresh |= look is not kept
        if fresh and all(look.wait is not None for look in seen.values()) and self._is_stopped():
            for thread, look in seen.items():
                look.wait, look.lock_at, thread.kept = "stopped", None, None
        return seen

    def _look_at(self, thread: ThreadWatch) -> Seen | None:
        try:
            look = thread.look(self._resolve, self.interpreters.gil_of_futex, self.interpreters.waiters_known)
        except (OSError, ValueError):
            return None
        self._keep_open(thread)
        return look

    def _resolve(self, waiting: Waiting) -> str:
        return "unknown" if self._files is None else self._files.resolve(waiting)

    def _is_stopped(self) -> bool:
        try:
            return self._main.is_stopped()
        except (OSError, IndexError):
            return False

    def _holder(self, hold: Hold, seen: dict[ThreadWatch, Seen]) -> tuple[ThreadWatch | None, Seen]:
        """Who holds a GIL, and what it is seen to do."""
        thread = self._by_state.get(hold.holder) if hold.holder else None
        if thread is None and hold.holder:
            thread = self._newcomer(hold.holder)
        if thread is None:
            return None, Seen(None)
        return thread, seen.get(thread) or self._look_at(thread) or Seen(None)

    def _newcomer(self, state: int) -> ThreadWatch | None:
        """A thread that has begun since they were listed."""
        number = self.interpreters.number_of(state)
        tid = None if number is None else self._numbers.outside(number, self._threads)
        return None if tid is None else self._threads.get(tid)

    def _ask(
        self, runnable: list[ThreadWatch], most: int, seen: dict[ThreadWatch, Seen], own: OwnSchedule
    ) -> dict[int, list[Hold]]:
        """Ask a few whether they are on a CPU: each stands for as many as there are of each that was asked. Who holds
        the GILs is read anew right after, for telling takes long enough to be put on a CPU meanwhile and go on from
        there."""
        self._rng.shuffle(runnable)
        asked = runnable[:most]
        holding: dict[int, list[Hold]] = {}
        for thread in asked:
            look = seen[thread]
            with suppress(ProcessLookupError, FileNotFoundError, ValueError):
                thread.ask(look, own)
                holding[thread.tid] = self.holds()
            look.stands_for = len(runnable) / len(asked)
            if len(runnable) == 1 and look.on_cpu is False and look.preempted is None:
                look.preempted = True  # there was no other thread to take its CPU but the sampler
        return holding

    # ---- stacks ----

    def _read_stacks(self, seen: dict[ThreadWatch, Seen]) -> None:
        """The stacks of those of which none is kept."""
        wanted = [(thread, look) for thread, look in seen.items() if thread.python and look.stack is None]
        states = [python.state for thread, _ in wanted for python in thread.python]
        found = iter(self.interpreters.read_stacks(states))
        turns = self.interpreters.turns
        for thread, look in wanted:
            stacks = {python: next(found) for python in thread.python}
            look.torn = None in stacks.values()
            self.torn += look.torn
            # One that runs Python in several interpreters is called from one into the other, the last made innermost.
            inwards = sorted(thread.python, key=lambda python: -python.interpreter)
            look.running = next((python for python in inwards if stacks[python]), inwards[-1])
            look.turn = next((turns[python.state] for python in inwards if python.state in turns), None)
            look.stack = None if look.torn else tuple(frame for python in inwards for frame in stacks[python] or ())
            thread.began(look.stack or ())

    # ---- telling ----

    def _gil_look(
        self, which: int, numbers: tuple[int, ...], read: Sequence[Hold], holder: ThreadLook | None
    ) -> GilLook:
        """One GIL, read before the threads were looked at, after that, and after their stacks were read."""
        first, looked_at, last = read
        then = self._by_state.get(looked_at.holder)
        moved, interval_s = first.switches != last.switches, self.interpreters.intervals_s[which]
        tid = then.tid if moved and then is not None else None
        return GilLook(numbers, first.holder != 0, holder, first.switches, moved, tid, interval_s)

    def _told(
        self, thread: ThreadWatch, look: Seen, holds: list[Hold], asked: dict[int, list[Hold]], weight: float
    ) -> ThreadLook:
        now = asked.get(thread.tid, holds if look.wait is not None else None)
        holds_gil = now is not None and any(now[python.gil].holder == python.state for python in thread.python)
        return self._look_told(thread, look, holds_gil, weight)

    def _told_holder(self, thread: ThreadWatch | None, look: Seen, gil: int) -> ThreadLook | None:
        if thread is None:
            return None
        look.gil = look.gil if look.gil is not None else gil
        return self._look_told(thread, look, True, 1.0)

    def _look_told(self, thread: ThreadWatch, look: Seen, holds_gil: bool, weight: float) -> ThreadLook:
        gil = look.gil if look.gil is not None or look.running is None else look.running.gil
        return ThreadLook(
            tid=thread.tid,
            gil=gil,
            wait=look.wait,
            holds_gil=holds_gil,
            on_cpu=look.on_cpu,
            preempted=look.preempted,
            stands_for=look.stands_for,
            weight=weight,
            call=look.call,
            lock=self._locks.lock_of(look, self.interpreters),
            stack=look.stack,
            turn=look.turn,
            torn=look.torn,
        )

    # ---- files, totals ----

    def _keep_open(self, thread: ThreadWatch) -> None:
        """Close the files of those that were looked at longest ago."""
        self._open -= self._recent.pop(thread, 0)
        self._recent[thread] = thread.open_files
        self._open += thread.open_files
        while self._open > MOST_OPEN:
            oldest = next(iter(self._recent))
            self._open -= self._recent.pop(oldest)
            oldest.close()

    def seen(self) -> SeenProcess:
        """It, so far."""
        alive = (thread.seen() for thread in self._threads.values())
        why = KERNEL_ALONE if isinstance(self.interpreters, NoInterpreters) else ""
        return SeenProcess(
            self.pid, self._parent, self.command, self.interpreters.version, why, self.began_s, self._last_s,
            is_zombie(self.pid), self._last_cpu_s - self._cpu_s,
            self._unknown_states(),
            (*self.ended, *alive),
            self.gil_enabled,
            self._locks.owners,
        )  # fmt: skip

    def _unknown_states(self) -> frozenset[str]:
        if isinstance(self.interpreters, NoInterpreters):
            return frozenset({"cpu_gil", "cpu_free", "gil_wait", "lock"})
        return frozenset() if self.interpreters.waiters_known else frozenset({"gil_wait", "lock"})

    def close(self) -> None:
        """Close every file."""
        for thread in self._recent:
            thread.close()
        self._recent.clear()
        for thread in self._threads.values():
            thread.close()
        if self._files is not None:
            self._files.close()


def command_of(pid: int) -> tuple[str, ...]:
    """The command line of a process; empty of one that is gone."""
    with suppress(OSError):
        return tuple(word.decode(errors="replace") for word in contents(f"/proc/{pid}/cmdline").split(b"\0")[:-1])
    return ()
