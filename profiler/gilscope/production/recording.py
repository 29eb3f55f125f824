"""Writing this process's profiles to a folder: its own file there is replaced every few seconds, and at its end.

What a process has counted outlives it however it ends: that is in its journal too (`gilscope.production.journal`),
which is beside the file until the process has written at its end.
"""

from __future__ import annotations

import atexit
import os
import secrets
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from gilscope.production import OUT_VARIABLE, clocks
from gilscope.production.beside import beside
from gilscope.production.cells import on_new_cell
from gilscope.production.described import described_process, host, python
from gilscope.production.elsewhere import blocked_elsewhere
from gilscope.production.files import ProfileFile, part_of, write_profiles
from gilscope.production.folders import hour_of, put_together
from gilscope.production.forks import after_fork
from gilscope.production.function import Function, functions
from gilscope.production.journal import Journal
from gilscope.production.liveness import locked
from gilscope.production.loop_lag import loop_lag
from gilscope.production.merging import merged
from gilscope.production.names import ENDED_SUFFIX, LOCK
from gilscope.production.since import since
from gilscope.production.unavailable import greenlets_of, tell
from gilscope.subprocesses import start_thread

if TYPE_CHECKING:
    from gilscope.production.cell import Cell
    from gilscope.production.cells import Cells
    from gilscope.production.profile import Profile

__all__ = ["INTERVAL_S", "Recorder", "flush", "record"]

INTERVAL_S = 2.0
#: Of the intervals.
PUT_TOGETHER_EVERY = 150
TROUBLE = "profiles are not recorded"
NO_JOURNAL = "the calls of the last two seconds will be lost if this process is killed"

_recorder: Recorder | None = None


def record(folder: str) -> None:
    """Write to ``folder`` from now on. To be called once in a process.

    Not in one whose threads are greenlets, which is told: a recorder among them would be waited for at the program's
    end, for ever, and what it wrote of clocks would be wrong (`gilscope.production.unavailable.greenlets_of`).
    """
    global _recorder
    if (library := greenlets_of()) is not None:
        tell(TROUBLE, f"its threads are {library}'s greenlets, whose clocks cannot be told apart")
        return
    recorder = Recorder(folder)
    recorder.begin_journal()
    _recorder = recorder
    recorder.keep_all()
    atexit.register(_finish)
    # A worker process of multiprocessing ends with os._exit, but runs what was registered here before: this last.
    if util := sys.modules.get("multiprocessing.util"):
        util.Finalize(None, _finish, exitpriority=-100)
    try:
        start_thread(recorder.run, "gilscope-recorder")
    except OSError as error:
        tell("profiles are recorded at the end of the process only", error)


def flush() -> None:
    """Write to ``GILSCOPE_OUT`` now what the calls of this process have shown, where it records: when a server is told
    to shut down, say. Never raises, and need not be called: what was counted is not lost when the process ends, however
    it does."""
    if _recorder is not None:
        _recorder.flush()


def _finish() -> None:
    if _recorder is not None:
        _recorder.finish()


@after_fork
def _forget() -> None:
    """The child will have a recorder and a file of its own."""
    global _recorder
    if _recorder is not None:
        _recorder.abandon()
    _recorder = None
    atexit.unregister(_finish)


def _keep(function: Cells, cell: Cell) -> None:
    """This is within a call of the user's, which nothing here may fail."""
    if _recorder is not None and isinstance(function, Function):
        _recorder.keep(function, cell)


on_new_cell.append(_keep)


class Recorder:
    """This process's own file in a folder."""

    def __init__(self, folder: str) -> None:
        self._host = host()
        stem = f"gilscope-{self._host}-{os.getpid()}-{secrets.token_hex(4)}"
        self.path = Path(os.path.abspath(folder), f"{stem}.profiles.json")
        self._ended_path = self.path.with_name(stem + ENDED_SUFFIX)
        self._started = time.time()
        self._lock = threading.Lock()
        self._written: tuple[tuple[Profile, ...], float | None] = ((), None)
        self._part = 0
        self._before: tuple[Profile, ...] = ()
        self._closed: ProfileFile | None = None
        self._ended: float | None = None
        self._journal: Journal | None = None

    def begin_journal(self) -> None:
        """Begin to keep counts where they outlive the process; where that cannot be, it is logged."""
        heading = described_process(self._started)
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._journal = Journal(self.path.with_name(self.path.stem + ".journal"), heading)
        except (OSError, ValueError) as error:
            tell(NO_JOURNAL, error)

    def keep_all(self) -> None:
        """Keep what threads have counted that made their first calls while recording began."""
        for function in functions():
            for cell in function.cells():
                self.keep(function, cell)

    def keep(self, function: Function, cell: Cell) -> None:
        """Keep in the journal what a thread counts of a function."""
        if self._journal is not None:
            try:
                self._journal.attach(function, cell)
            except Exception as error:
                tell(NO_JOURNAL, error)

    def abandon(self) -> None:
        """In a forked child: all is the parent's."""
        if self._journal is not None:
            self._journal.abandon()

    def run(self) -> None:
        """Write every few seconds, in a thread of its own, as long as the process lives."""
        clocks.gilscope_threads.add(threading.get_ident())
        pause = threading.Event()
        times = 0
        while not pause.wait(INTERVAL_S):
            self.sign()
            self.look_beside()
            self.flush()
            if times % PUT_TOGETHER_EVERY == 0:
                self.put_together()
            times += 1

    def sign(self) -> None:
        """Say in the journal that the process lives."""
        if self._journal is not None:
            self._journal.sign()

    def look_beside(self) -> None:
        """Find the interpreters beside this one."""
        try:
            beside.look(self.path.parent)
        except Exception as error:  # as of `flush`
            tell("calls in interpreters beside the main one are not observed", error)

    def finish(self) -> None:
        """The process is about to end: write for the last time."""
        self._ended = self._ended or time.time()
        self.flush()
        self.put_together()

    def put_together(self) -> None:
        """Keep the folder small."""
        try:
            put_together(self.path.parent)
        except Exception as error:  # as of `flush`: nobody's call, or thread, is to fail for it
            tell("files of ended processes are not put together", error)

    def flush(self) -> None:
        """Write what the calls have shown, unless it is written already. What goes wrong is logged, once, and never
        raised: this is at the program's end, or in a thread that it does not know of."""
        try:
            self._flush()
        except OSError as error:
            tell(TROUBLE, f"{error}; set {OUT_VARIABLE} to another folder")
        except Exception as error:  # an interpreter that is about to end imports nothing any more, for one
            tell(TROUBLE, error)

    def _flush(self) -> None:
        with self._lock:
            counted = [profile for function in functions() if (profile := function.recorded()).calls]
            if seen := beside.profiles():
                counted = merged([*counted, *seen])
            if self._ended is None and self._closed is None and hour_of(time.time()) != hour_of(self._started):
                self._begin_period(tuple(counted))
            if self._closed is not None:
                self._close_period(self._closed)
            profiles = since(counted, self._before)
            if profiles and (profiles, self._ended) != self._written:
                write_profiles(self.path if self._ended is None else self._ended_path, self._file(profiles))
                self._written = (profiles, self._ended)
            if self._ended is not None:
                self.path.unlink(missing_ok=True)
                if self._journal is not None:
                    self._journal.remove()
                self._journal = None

    def _begin_period(self, counted: tuple[Profile, ...]) -> None:
        """The hour is over: what was counted in it is to have a file of its own."""
        closing, now = since(counted, self._before), time.time()
        if closing:
            # What is of the process as a whole is told by the file that runs on.
            whole = {"loop_lag": None, "blocked_at": ()}
            closed = msgspec.structs.replace(self._file(closing), ended=now, part=0, before=(), **whole)
            begun = {"part": self._part + 1, "processes": 0, "before": counted, "closing": closing, "started": now}
            write_profiles(self.path, msgspec.structs.replace(self._file(()), **begun))
            self._part, self._before, self._closed = self._part + 1, counted, closed
            self._written = ((), None)
        self._started = now

    def _close_period(self, closed: ProfileFile) -> None:
        """Give it that file. Wherever the process is killed meanwhile, one of the two tells of it; where another
        process has the folder's lock, it will be done the next time."""
        with locked(self.path.parent / LOCK, exclusive=True) as mine:
            if mine or self._ended is not None:
                write_profiles(part_of(self.path, self._part - 1), closed)
                self._closed = None
                write_profiles(self.path, self._file(()))
                self._written = ((), None)

    def _file(self, profiles: tuple[Profile, ...]) -> ProfileFile:
        return ProfileFile(
            host=self._host,
            pid=os.getpid(),
            python=python(),
            started=self._started,
            written=time.time(),
            ended=self._ended,
            processes=0 if self._part else 1,
            part=self._part,
            before=self._before if self._ended is None else (),
            closing=self._closed.profiles if self._closed else (),
            profiles=profiles,
            loop_lag=loop_lag(),
            blocked_at=blocked_elsewhere(),
        )
