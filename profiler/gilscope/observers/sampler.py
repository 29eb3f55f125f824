"""Sampling a set of threads from outside: the moments of which everything that is told of samples is made.

At random moments, one in each equal slot (a fixed rate would alias with periodic targets; stratified sampling has less
variance than exponential gaps), each thread is looked at: on a CPU or in the run queue, or blocked in which call; and
each interpreter: who holds its GIL.
"""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial

from gilscope.observers.descriptor_limit import OUT_OF_DESCRIPTORS
from gilscope.observers.gil import GilLayout, Hold
from gilscope.observers.moment import InterpreterSample, Moment, ThreadSample
from gilscope.observers.own_schedule import OwnSchedule
from gilscope.observers.pacing import Pace
from gilscope.observers.process_files import ProcessFiles
from gilscope.observers.sampling_quality import HOLDER, PLACE, WAIT, SamplingQuality
from gilscope.observers.strangers import NumberPlace, blocked_in
from gilscope.observers.thread_files import Scheduled, ThreadFiles, thread_files, thread_scheduled
from gilscope.thread_address import ThreadAddress

__all__ = ["Interpreter", "Sampler", "WatchedThread"]

#: Threads looked at per moment; with more, a different random few at each, so that the sampler's cost stays bounded.
THREADS_PER_MOMENT = 8
#: Runnable threads asked at each moment whether they are on a CPU: the costliest reading, and more tell little more.
ASKED_PER_MOMENT = 2
#: Threads whose files are kept open, three each; of others they are opened for each look.
MOST_OPEN = 64
#: CPU that sampling may take from the watched, as a share of all CPUs: what it uses at moments when every CPU is busy.
#: The rate falls below the one asked for where it would take more.
CPU_SHARE = 0.01
#: CPU that it may use altogether, as a share of one.
OWN_SHARE = 0.06
#: What a thread waits in for another one of its own call.
BEHIND_ANOTHER = frozenset({"lock", "gil_wait", "other"})


class Interpreter:
    """One watched interpreter and its GIL; without a layout (calibration failed, or no GIL) the holder is unknown.

    :param of: one of its threads
    :raises OSError: when it is gone or its memory may not be read
    """

    def __init__(self, of: ThreadAddress, layout: GilLayout | None) -> None:
        self.pid = of.pid
        self.files = ProcessFiles(of.pid)
        self._layout = layout
        self.gil = of.runtime if layout is None else layout.base(self.files, of.runtime, of.interpreter)
        """The same for all interpreters that share it."""
        self._numbers: NumberPlace | None = None

    def blocked_holder(self, hold: Hold, known: ThreadAddress) -> str | None:
        """The state in which the thread that has the GIL is blocked, if it is not watched and keeps it until then.

        :param known: the one that is watched
        :raises OSError, ValueError: when it has ended
        """
        if hold.holder in (0, known.thread_state):
            return None
        self._numbers = self._numbers or NumberPlace(self.files, known)
        state = blocked_in(self.files, self._numbers, hold, self.pid)
        return state if self.hold() == hold else None

    def hold(self) -> Hold:
        return Hold(0, 0) if self._layout is None else self._layout.read(self.files, self.gil)

    def owns_futex(self, address: int) -> bool:
        """Whether a thread blocked on the futex at ``address`` wants the GIL."""
        return self._layout is not None and self._layout.owns_futex(self.files, self.gil, address)


class WatchedThread:
    """One thread.

    :param timed: whether its times are read while it is runnable
    """

    def __init__(self, address: ThreadAddress, interpreter: Interpreter, timed: bool = False) -> None:
        self.address = address
        self.interpreter = interpreter
        self.ended = False
        self.published = b""
        """What it published of the functions it is in when that was last read, if it is (`ThreadSample.functions`)."""
        self._timed = timed
        self._files: ThreadFiles | None = None
        self.was_runnable = False
        """Whether its times were last read while it was."""

    def open(self) -> ThreadFiles:
        """Its files, open from now on.

        :raises OSError: when it is gone or may not be watched
        """
        if self._files is None:
            self._files = thread_files(self.address.pid, self.address.tid)
        return self._files

    def close(self) -> None:
        """Close its files; the next look opens them again."""
        if self._files is not None:
            self._files.close()
            self._files = None

    def scheduled(self) -> Scheduled:
        """Its times until now.

        :raises OSError: when it has ended
        """
        return thread_scheduled(self.address.pid, self.address.tid) if self._files is None else self._files.scheduled()

    def sample(self, holder: int) -> ThreadSample:
        """Blocked in which state, or runnable.

        :param holder: who holds its GIL, 0 for nobody
        :raises OSError, ValueError: when it has ended
        """
        process, functions = self.interpreter.files, self.published
        waiting = self.open().waiting()
        if waiting is None:
            return ThreadSample(self.address, None, functions=functions)
        if waiting.ask == "futex" and self.interpreter.owns_futex(waiting.value):
            wait = "gil_wait"
        elif (functions[:1] or process.read(self.address.busy, 1)) == b"\0":
            wait = "idle"
        else:
            wait = process.resolve(waiting) if waiting.ask else waiting.state
        return ThreadSample(self.address, wait, self._is(holder), functions=functions)

    def sample_runnable(self, sample: ThreadSample, own: OwnSchedule) -> None:
        """Add to the sample of a runnable thread whether it is on a CPU and whether it holds the GIL. One that has made
        way for the sampler counts as on its CPU.

        :param own: the sampler's
        :raises OSError, ValueError: when it has ended
        """
        files = self.open()
        sample.on_cpu = files.on_cpu()
        if sample.on_cpu is None:
            return
        if not sample.on_cpu:
            sample.preempted = files.preempted
            sample.on_cpu = own.took_cpu_of(files.last_run(), files.cpu)
        # Read only now, for telling takes long enough to be put on a CPU meanwhile and go on from there.
        sample.holds_gil = self._is(self.interpreter.hold().holder)
        if self._timed:
            sample.scheduled, self.was_runnable = files.scheduled(), True

    def time_blocked(self, sample: ThreadSample) -> None:
        """Add to the sample of a blocked thread its times.

        :raises OSError, ValueError: when it has ended
        """
        sample.scheduled, self.was_runnable = self.scheduled(), False

    def _is(self, holder: int) -> bool:
        return holder == self.address.thread_state != 0


#: A runnable thread, and the sample of it in that of its interpreter.
_Runnable = tuple[InterpreterSample, WatchedThread, ThreadSample]


class Sampler:
    """Samples threads until told to stop; they may come and go meanwhile.

    :param layout: where this interpreter binary keeps its GIL; None when unknown
    :param timed: of so many of the threads, the first, the times are read too (`ThreadSample.scheduled`)
    :param alone: whether all that the one thread's process does is done for its calls, by other threads too
    :raises OSError: when a thread is gone or may not be watched; nothing stays open
    """

    def __init__(
        self,
        threads: Sequence[ThreadAddress],
        layout: GilLayout | None,
        rate_hz: float,
        rng: random.Random,
        *,
        timed: int = 0,
        alone: bool = False,
    ) -> None:
        self._layout = layout
        self._alone = alone
        self._rng = rng
        self._timed = timed
        self._cpus = len(os.sched_getaffinity(0))
        self._recent: dict[WatchedThread, None] = {}
        """Of a crowd, those whose files are open, the last looked at last."""
        self.quality = SamplingQuality(rate_hz)
        self._pace = self._paced()
        self._interpreters: dict[tuple[int, int], Interpreter] = {}
        """By process and address."""
        self.threads: list[WatchedThread] = []
        try:
            for address in threads:
                self._open(address)
        except OSError:
            self.close()
            raise
        self._everyone = self._by_interpreter(self.threads)

    def add(self, address: ThreadAddress) -> None:
        """Sample this thread too.

        :raises OSError: when it is gone or may not be watched
        """
        self._open(address)
        self._everyone = self._by_interpreter(self.threads)

    def _open(self, address: ThreadAddress) -> None:
        interpreter = self._interpreter_of(address)
        timed = len(self.threads) < self._timed
        thread = WatchedThread(address, interpreter, timed)
        thread.open()  # refused here rather than in the middle of a round
        self._keep_open([thread])
        self.threads.append(thread)

    def _interpreter_of(self, address: ThreadAddress) -> Interpreter:
        key = (address.pid, address.interpreter)
        if key not in self._interpreters:
            self._interpreters[key] = Interpreter(address, self._layout)
        return self._interpreters[key]

    def let_go_of_ended(self) -> None:
        """Close the files of the threads that were found to have ended."""
        for thread in self.threads:
            if thread.ended:
                self._recent.pop(thread, None)
                thread.close()
        self.threads = [thread for thread in self.threads if not thread.ended]
        self._everyone = self._by_interpreter(self.threads)

    def moments(self, wait: Callable[[float], bool]) -> Iterator[Moment]:
        """Sample until ``wait(seconds)``, which waits for the end of the round at most so long, says it has ended."""
        for _ in self._pace.moments(wait):
            slot_s = self._pace.slot_s
            self._wake()
            moment = self.moment()
            moment.slots = slot_s * self.quality.asked_hz
            yield moment

    def _paced(self) -> Pace:
        return Pace(self.quality, self._rng, CPU_SHARE * self._cpus, OWN_SHARE, waking=False)

    def _wake(self) -> None:
        """It has waited for the moment that it looks at now."""
        self._pace.own.wake()

    def moment(self) -> Moment:
        """This moment: each interpreter's holder, then its threads; of the runnable ones, a few more closely."""
        self.quality.moments += 1
        moment = Moment([])
        runnable: list[_Runnable] = []
        looked_at = 0
        candidates = self._candidates()
        for interpreter, threads in self._chosen(candidates):
            self.quality.readings[HOLDER].tried += 1
            try:
                seen = InterpreterSample(interpreter.pid, time.perf_counter(), interpreter.hold(), [], interpreter.gil)
            except (OSError, ValueError) as error:
                self.quality.note(HOLDER, error)  # of a process that is ending the trial's own report will say why
                continue
            moment.interpreters.append(seen)
            runnable += self._sample(seen, threads)
            looked_at += len(threads)
        moment.crowd = len(candidates) / looked_at if looked_at else 1.0
        moment.cpus_saturated = len(runnable) * moment.crowd >= self._cpus
        self._pace.saturated = moment.cpus_saturated
        self._sample_runnable(runnable)
        return moment

    def _sample(self, seen: InterpreterSample, threads: list[WatchedThread]) -> list[_Runnable]:
        """Sample the threads of an interpreter; those that are runnable."""
        holder, samples = seen.hold.holder, seen.threads
        runnable: list[_Runnable] = []
        just_blocked: list[_Runnable] = []
        self.quality.readings[WAIT].tried += len(threads)
        for thread in threads:
            try:
                sample = thread.sample(holder)
            except (OSError, ValueError) as error:
                self._lose(thread, WAIT, error)
                continue
            samples.append(sample)
            if sample.wait is None:
                runnable.append((seen, thread, sample))
            elif thread.was_runnable:
                just_blocked.append((seen, thread, sample))
        if self._alone and samples and samples[0].wait in BEHIND_ANOTHER and holder:
            self._look_behind(seen, threads[0], samples[0])
        for _, thread, sample in just_blocked:
            self._add(seen, thread, sample, thread.time_blocked)
        return runnable

    def _look_behind(self, seen: InterpreterSample, thread: WatchedThread, sample: ThreadSample) -> None:
        """The only thread that makes calls waits, and a thread that it does not watch has the GIL: where that one is
        blocked itself, the call waits for the same, with the GIL held."""
        try:
            state = thread.interpreter.blocked_holder(seen.hold, thread.address)
        except (OSError, ValueError):
            return  # that thread has ended: it holds nothing any more
        if state is not None:
            sample.wait, sample.holds_gil = state, True

    def _sample_runnable(self, runnable: list[_Runnable]) -> None:
        """Ask a few: each stands for as many as there are of each that was asked."""
        if len(runnable) > ASKED_PER_MOMENT:
            self._rng.shuffle(runnable)
        asked = runnable[:ASKED_PER_MOMENT]
        for seen, thread, sample in asked:
            self._add(seen, thread, sample, partial(thread.sample_runnable, own=self._pace.own))
            sample.stands_for = len(runnable) / len(asked)
            if len(runnable) == 1 and sample.on_cpu is False and sample.preempted is None:
                sample.preempted = True  # there was no other thread to take its CPU but the sampler

    def _add(
        self, seen: InterpreterSample, thread: WatchedThread, sample: ThreadSample, read: Callable[[ThreadSample], None]
    ) -> None:
        """``read`` what there is to add to a sample; without it, the sample is none."""
        self.quality.readings[PLACE].tried += 1
        try:
            read(sample)
        except (OSError, ValueError) as error:
            seen.threads.remove(sample)
            self._lose(thread, PLACE, error)

    def _lose(self, thread: WatchedThread, what: str, error: Exception) -> None:
        self.quality.note(what, error)
        thread.ended = not isinstance(error, OSError) or error.errno not in OUT_OF_DESCRIPTORS

    def _candidates(self) -> list[WatchedThread]:
        """The threads to look at; of a crowd a few, which stand for all."""
        return self.threads

    def _chosen(self, candidates: list[WatchedThread]) -> list[tuple[Interpreter, list[WatchedThread]]]:
        if len(candidates) <= THREADS_PER_MOMENT:
            return self._everyone if candidates is self.threads else self._by_interpreter(candidates)
        chosen = self._rng.sample(candidates, THREADS_PER_MOMENT)
        self._keep_open(chosen)
        return self._by_interpreter(chosen)

    def _keep_open(self, chosen: Sequence[WatchedThread]) -> None:
        """Close the files of those that were looked at longest ago."""
        for thread in chosen:
            self._recent.pop(thread, None)
            self._recent[thread] = None
        while len(self._recent) > MOST_OPEN:
            oldest = next(iter(self._recent))
            del self._recent[oldest]
            oldest.close()

    def _by_interpreter(self, threads: list[WatchedThread]) -> list[tuple[Interpreter, list[WatchedThread]]]:
        grouped: dict[tuple[int, int], list[WatchedThread]] = {}
        for thread in threads:
            grouped.setdefault((thread.address.pid, thread.address.interpreter), []).append(thread)
        return [(self._interpreters[key], members) for key, members in grouped.items()]

    def close(self) -> None:
        """Close every file."""
        self._pace.close()
        for thread in self.threads:
            thread.close()
        for interpreter in self._interpreters.values():
            interpreter.files.close()
