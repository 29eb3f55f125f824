"""One live trial: a configuration in its process, asked to run round after round, and watched."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager

import msgspec

from gilscope.configuration import Configuration
from gilscope.errors import MeasurementError
from gilscope.measure import messages as m
from gilscope.measure.costs import mean_alone_s
from gilscope.measure.interrupts import uninterrupted
from gilscope.measure.trial import TrialEnded, TrialProcess, close_all
from gilscope.measure.trial_account import TimedRound, TrialAccount
from gilscope.measure.watching import Observer, Watching
from gilscope.observers import accelerators, proc
from gilscope.observers.calibration import NotWatchableError, try_reading
from gilscope.observers.gil import Gil, GilLayout
from gilscope.observers.watch import Watched
from gilscope.targets import Loaded, TargetSpec
from gilscope.thread_address import ThreadAddress

__all__ = ["LiveTrial", "end_together"]

GROWTH_CALLS = 32
"""By each worker, before its growth is known: a heap has some hundred kB of gaps, which the first calls fill."""


class LiveTrial:
    """A configuration being measured; what it shows stands in its account."""

    def __init__(self, configuration: Configuration) -> None:
        self.account = TrialAccount.of(configuration)
        self.inputs_used = 1
        """How many of the inputs the rounds go round."""
        self.timed = True
        """Whether each call is timed, or only each chunk."""
        self.dispatch_each_s: float | None = None
        self.expected_per_s: float | None = None
        """Calls per second to expect of the next round."""
        self._process: TrialProcess | None = None
        self._watching: Watching | None = None
        self._observer: Observer | None = None
        self._next_input = self._last_first = self._seen = 0
        self._running: m.Round | None = None
        self._weighed: tuple[int, int] | None = None
        """The calls until then, and the memory of all workers, when these had done a round."""
        self._workers: tuple[ThreadAddress, ...] = ()
        """None where they cannot be watched."""

    @property
    def _pids(self) -> frozenset[int]:
        return frozenset(worker.pid for worker in self._workers)

    @property
    def configuration(self) -> Configuration:
        known = self.account.known
        return Configuration(known.backend, known.workers, known.chunksize, known.start_method)

    @property
    def process(self) -> TrialProcess:
        """The trial's process.

        :raises TrialEnded: when it has none any more
        """
        if self._process is None:
            raise TrialEnded(self.account.known.status, self.account.known.reason or "the trial has ended")
        return self._process

    @property
    def runs(self) -> bool:
        """Whether it has a process, in whatever state."""
        return self._process is not None

    @property
    def alive(self) -> bool:
        return self.runs and self.account.known.status == "ok"

    # -- from the start to the open pool ----------------------------------------------------------------------------

    def start(
        self,
        environment: Mapping[str, str] | None = None,
        spare: TrialProcess | None = None,
        python: str | None = None,
    ) -> None:
        """Start the process; it says `Hello` when it is up.

        :param environment: added to this process's
        :param python: the program that runs it, as of `TrialProcess`
        :param spare: a process to take instead, started in such an environment and told nothing yet
        :raises MeasurementError: when the machine permits no process or no temporary files
        """
        try:
            with uninterrupted():
                self._process = spare or TrialProcess({**os.environ, **(environment or {})}, python)
        except OSError as error:
            raise MeasurementError(f"the process of a trial cannot be started: {error}") from error

    def calibrate(self, hello: m.Hello, deadline: float) -> tuple[Gil, str | None]:
        """What is known of the GIL of the interpreter that runs the trials, and why its place is not, if so.

        The process must have one thread and run nothing of the user's yet.

        :raises TrialEnded: when the process ends or does not answer
        """
        if not hello.gil_enabled:
            return Gil(enabled=False), "this interpreter runs without a GIL"
        found = self.process.ask(m.FindGil(), m.GilFound, deadline, "calibrating")
        if found.offset is None:
            return Gil(), found.reason
        layout = GilLayout(found.offset, found.libc, found.pointer)
        try:
            try_reading(layout, hello.pid, hello.runtime)
        except NotWatchableError as error:
            return Gil(), str(error)
        return Gil(layout=layout), None

    def load(self, target: TargetSpec, seed: int, deadline: float) -> Loaded:
        """Import the target in the process."""
        self.begin_loading(target, seed)
        return self.end_loading(deadline)

    def begin_loading(self, target: TargetSpec, seed: int) -> None:
        """Let the process import the target as soon as it is up; several can do so at once.

        :raises TrialEnded: when nobody is there to hear it
        """
        self.process.tell(m.Load(target=target, seed=seed))

    def end_loading(self, deadline: float) -> Loaded:
        """Wait until the target is there.

        :raises TrialEnded: when importing it fails
        """
        try:
            loaded = self.account.loaded = self.process.hear(Loaded, deadline, "importing the target")
        except TrialEnded as ended:
            raise self._unguarded(ended) from ended
        self.account.note(import_s=loaded.import_s)
        return loaded

    def _unguarded(self, ended: TrialEnded) -> TrialEnded:
        """A pool of spawned processes that is opened by an import waits for ever: each of them imports it again."""
        started = len(proc.descendants(self.process.pid)) if ended.status == "timeout" else 0
        if not started:
            return ended
        why = f"{ended.reason}, with processes that it started ({started}): what starts processes belongs under"
        return TrialEnded(ended.status, f'{why} if __name__ == "__main__":{self.process.last_said()}')

    def open(self, watching: Watching, deadline: float, order: tuple[int, ...] = ()) -> None:
        """Open the pool and get ready to watch its workers.

        :param order: in which calls take the inputs; empty where the process is to say
        """
        to = self.configuration
        ask = m.Open(backend=to.backend, workers=to.workers, start_method=to.start_method, order=order)
        ready = self.process.ask(ask, m.Ready, deadline, "starting its workers")
        self.account.order = ready.order
        self.account.note(startup_s=ready.startup_s, threads_before_fork=ready.threads_before_fork)
        self.account.note(memory_per_worker_bytes=ready.memory_per_worker_bytes)
        self._watching, self._workers = watching, ready.workers
        if ready.gil_enabled and not watching.gil.enabled:
            watching.believe_in_gil(ready.gil_enabled_by)
        self._observe_anew()

    def _observe_anew(self) -> None:
        if self._watching is not None and self._workers:
            self._observer = self._watching.observer(self.process.pid, self._workers)
            self.account.sampling = self._observer.quality or self.account.sampling

    @property
    def unreturned(self) -> tuple[int, ...]:
        """The positions of the inputs of the last round, in the order of its calls, where that did not come back."""
        ask = self._running
        if ask is None:
            return ()
        return tuple(self.account.order[(ask.first + n) % ask.inputs] for n in range(min(ask.calls, ask.inputs)))

    def use_inputs(self, count: int) -> None:
        """Go round so many of the inputs, from the first one on where no round was kept yet."""
        self.inputs_used = count
        self._next_input = self._next_input % count if self.account.rounds else 0

    def go_on_unseen(self) -> None:
        """Go on with the first input that no call has taken yet."""
        self._next_input = self._seen % self.inputs_used

    @property
    def unseen(self) -> int:
        """Inputs in use that no call has taken yet."""
        return max(0, self.inputs_used - self._seen)

    # -- running calls ----------------------------------------------------------------------------------------------

    def run_round(
        self,
        calls: int,
        chunksize: int,
        deadline: float,
        *,
        observed: bool,
        again: bool = False,
        costs: Mapping[int, float] | None = None,
    ) -> TimedRound:
        """Run ``calls`` calls, going on with the inputs where the last round ended. Whether the round counts, or only
        warmed up, is the caller's to say, who adds it to the account's rounds.

        :param again: begin with the input that the last round began with
        :param costs: seconds of each input alone, by number, as far as they are known
        :raises TrialEnded: when the process fails or does not answer in time
        """
        solo = self.account.known.backend == "serial"
        observed = observed and bool(self._workers)
        first = self._last_first if again else self._next_input
        ask = m.Round(
            first=first,
            calls=calls,
            inputs=self.inputs_used,
            chunksize=chunksize,
            alone_s=mean_alone_s(first, calls, self.inputs_used, costs or {}),
            timed=self.timed,
            costs=solo,
            cpu_costs=solo and observed and self.timed,
        )
        self._running = ask
        before = self._read_so_far() if solo else None
        done, seen = self._watched(ask, deadline) if observed else (self._asked(ask, deadline), None)
        after = self._read_so_far() if solo else None
        self._running = None
        self.account.note_calls(done)
        self._last_first, self._next_input = ask.first, (ask.first + calls) % ask.inputs
        self._seen = max(self._seen, ask.first + calls)
        return TimedRound(
            ask.first,
            ask.inputs,
            observed,
            done,
            ledger=msgspec.structs.replace(seen.ledger, calls=done.calls) if seen and seen.ledger else None,
            read=after - before if before and after else None,
            timeline=seen.timeline if seen else None,
        )

    def call(self, number: int, deadline: float) -> None:
        """Make one call with the input of this number. Not a round: nothing is timed.

        :raises TrialEnded: as `run_round`
        """
        self.account.note_calls(self._asked(m.Round(first=number, calls=1, inputs=number + 1, chunksize=1), deadline))

    def digests(self, calls: int, inputs: int, deadline: float, *, in_turn: bool = False) -> dict[str, list[str]]:
        """Run so many calls with the first ``inputs`` inputs, a chunk each; the digests of their results, by that of
        the input. Not a round: nothing is timed.

        :param in_turn: whether each call waits for the one before it

        :raises TrialEnded: as `run_round`
        """
        ask = m.Round(first=0, calls=calls, inputs=inputs, chunksize=1, digests=True, in_turn=in_turn)
        done = self._asked(ask, deadline)
        self.account.note_calls(done)
        return done.digests

    def dispatch_s(self, chunks: int, deadline: float) -> float:
        """Seconds to hand over one chunk and hear of its end: the mean over so many chunks without calls, once as many
        have made the workers import what they run."""
        self.without_calls(chunks, deadline)
        return self.without_calls(chunks, deadline)

    def without_calls(self, chunks: int, deadline: float) -> float:
        """One run of so many chunks without calls: seconds of each.

        :raises TrialEnded: when the process fails or does not answer in time
        """
        ask = m.Round(first=0, calls=0, inputs=1, chunksize=1, empty_chunks=chunks)
        done = self._asked(ask, deadline)
        self.account.note_calls(done)
        return done.wall_s / chunks

    def _asked(self, ask: m.Round, deadline: float) -> m.RoundDone:
        return self.process.ask(ask, m.RoundDone, deadline, _running(ask.calls))

    def _watched(self, ask: m.Round, deadline: float) -> tuple[m.RoundDone, Watched | None]:
        process, observer = self.process, self._observer
        assert observer is not None, "a round before open"
        began = time.monotonic()
        process.tell(ask)
        try:
            seen = observer.watch(lambda wait: process.poll(wait) or time.monotonic() >= deadline)
        except OSError:
            seen = None  # a worker went away: the reply says how
        self.account.note(children_started=observer.children_started)
        done = process.hear(m.RoundDone, deadline, _running(ask.calls), since=began)
        return done, seen if seen and self._was_rightly_watched(seen, done) else None

    def _was_rightly_watched(self, seen: Watched, done: m.RoundDone) -> bool:
        """Whether the round is to be believed; if not, the next are watched in another way."""
        watching = self._watching
        assert watching is not None, "a round before open"
        if seen.refused is not None:
            watching.refuse(seen.refused)
        elif done.gil_enabled and not watching.gil.enabled:
            watching.believe_in_gil(done.gil_enabled_by)
        else:
            return True
        self._observe_anew()
        return False

    # -- looking at the processes -----------------------------------------------------------------------------------

    def _read_so_far(self) -> proc.BytesRead | None:
        """By the calls, and not by the process to hear its commands."""
        read = proc.bytes_read(self.process.pid)
        return None if read is None else read - proc.BytesRead(self.process.sent_bytes, 0)

    def look_for_native_pools(self, deadline: float) -> None:
        """Note the libraries with threads of their own that the process has loaded by now.

        :raises TrialEnded: when the process fails or does not answer in time
        """
        found = self.process.ask(m.Pools(), m.PoolsFound, deadline, "looking at its libraries")
        self.account.native_pools = found.pools

    def look_for_accelerators(self) -> None:
        """Note which it has open by now, and whether they are in use.

        :raises TrialEnded: when there is no process any more
        """
        self.account.accelerators = accelerators.opened_by(self.process.pid)
        if self.account.accelerators:
            self.account.accelerators_used = accelerators.in_use(self.account.accelerators)

    def weigh(self) -> None:
        """Note the memory of all processes, that of the workers, and by what this has grown since the first time."""
        workers = self.account.known.workers
        self._weigh_all()
        known = [size for pid in self._pids if (size := proc.memory(pid)) is not None]
        if len(known) != workers or any(worker.interpreter for worker in self._workers):  # not a process each
            return
        self.account.note(memory_per_worker_bytes=sum(size.pss_bytes for size in known) // workers)
        now_bytes = sum(size.anonymous_bytes for size in known)
        if self._weighed is None:
            self._weighed = self.account.calls, now_bytes
            return
        calls = self.account.calls - self._weighed[0]
        if calls >= GROWTH_CALLS * workers:
            self.account.note(memory_growth_bytes=(now_bytes - self._weighed[1]) / calls)

    def _weigh_all(self) -> None:
        """What is gone meanwhile has no memory; without the workers, which may be on other hosts, it is unknown."""
        pids = {self.process.pid, *proc.descendants(self.process.pid)}
        sizes = [size.peak_bytes for pid in pids if (size := proc.memory(pid)) is not None]
        if self._pids and self._pids <= pids and sizes:
            self.account.note(memory_bytes=max(sum(sizes), self.account.known.memory_bytes or 0))

    # -- the end ----------------------------------------------------------------------------------------------------

    def listen(self) -> None:
        """Note what was printed so far."""
        if self._process is not None:
            self._note_printed(self._process)

    def _note_printed(self, process: TrialProcess) -> None:
        self.account.output, self.account.output_bytes = process.output.text(), process.output.total_bytes

    def end(self, ended: TrialEnded | None = None, grace_s: float = 0.0) -> None:
        """End the process and all it started; ``ended`` becomes the status."""
        if ended is not None and self.account.known.status == "ok":
            self.account.note(status=ended.status, reason=ended.reason)
        if self.runs:
            with uninterrupted(), self.left() as process:
                process.close(grace_s)

    @contextmanager
    def left(self) -> Iterator[TrialProcess]:
        """Its process, which is no longer the trial's, and is ended within."""
        process, self._process = self.process, None
        yield process
        self._note_printed(process)


def end_together(trials: Iterable[LiveTrial]) -> None:
    """End their processes and all these started, at once: none is asked to close its pool."""
    with uninterrupted(), ExitStack() as stack:
        close_all([stack.enter_context(trial.left()) for trial in trials if trial.runs])


def _running(calls: int) -> str:
    return "running a call" if calls == 1 else f"running {calls} calls"
