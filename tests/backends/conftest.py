"""Every backend, run in a real trial's process, and the check that nothing of it is left."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest

from gilscope.measure import messages as m
from gilscope.measure.tree import MARK
from gilscope.measure.trial import TrialEnded, TrialProcess
from gilscope.records import StartMethod
from gilscope.targets import TargetSpec
from gilscope.thread_address import ThreadAddress
from tests.processes import left_of, lives

TARGETS = Path(__file__).with_name("targets.py")
PATIENCE_S = 60.0


@dataclass(frozen=True)
class Case:
    """A backend to test."""

    backend: str
    workers: int = 2
    start_method: StartMethod | None = None

    @property
    def in_processes(self) -> bool:
        return self.backend == "process"

    def __str__(self) -> str:
        return f"{self.backend}-{self.start_method}" if self.start_method else self.backend


PROCESSES = [Case("process", start_method="spawn"), Case("process", start_method="forkserver")]
PROCESSES += [Case("process", start_method="fork")]
CASES = [Case("serial", 1), Case("thread"), Case("asyncio"), *PROCESSES]
#: One for each backend, the start methods left out: they differ in how they start, not in how they call.
QUICK = [case for case in CASES if case.start_method in (None, "fork")]


@dataclass(frozen=True)
class Note:
    """What a call wrote down."""

    pid: int
    tid: int
    what: str
    words: tuple[int, ...]


class Trial:
    """A trial's process with an open pool, and the notes of its calls."""

    def __init__(self, case: Case, folder: Path, environment: dict[str, str]) -> None:
        self.case = case
        self._notes = folder / "notes"
        self._notes.touch()
        self.process = TrialProcess({**os.environ, "NOTES": str(self._notes), **environment})
        self.pid = self.process.pid
        self.hear(m.Hello)

    def hear(self, expected: type[Any]) -> Any:
        return self.process.hear(expected, time.monotonic() + PATIENCE_S, "testing")

    def ask(self, command: m.Command, expected: type[Any]) -> Any:
        self.process.tell(command)
        return self.hear(expected)

    def open(self, target: str, *, timed: bool = True, place: str = str(TARGETS), **options: Any) -> Trial:
        """Load a function of `targets` and open the pool.

        :raises TrialEnded: when the pool cannot be opened
        """
        spec = TargetSpec(spec=f"{place}:{target}", **options)
        self.loaded: m.Loaded = self.ask(m.Load(target=spec, seed=0), m.Loaded)
        to = self.case
        command = m.Open(backend=to.backend, workers=to.workers, start_method=to.start_method)
        self.timed = timed
        self.workers: tuple[ThreadAddress, ...] = self.ask(command, m.Ready).workers
        return self

    def round(self, calls: int = 10, chunksize: int = 1, *, first: int = 0, empty_chunks: int = 0) -> m.RoundDone:
        inputs = self.loaded.input_count
        command = m.Round(
            first=first, calls=calls, inputs=inputs, chunksize=chunksize, empty_chunks=empty_chunks, timed=self.timed
        )
        done: m.RoundDone = self.ask(command, m.RoundDone)
        return done

    @property
    def notes(self) -> list[Note]:
        lines = [line.split() for line in self._notes.read_text().splitlines()]
        return [Note(int(pid), int(tid), what, tuple(map(int, words))) for pid, tid, what, *words in lines]

    def forget(self) -> None:
        self._notes.write_text("")

    def begin(self, calls: int) -> None:
        """A round; return when its first call is under way."""
        self.forget()
        self.process.tell(m.Round(first=0, calls=calls, inputs=self.loaded.input_count, chunksize=1))
        limit = time.monotonic() + PATIENCE_S
        while not self.notes:
            assert time.monotonic() < limit
            time.sleep(0.005)

    def let(self, told: str) -> None:
        """What calls of ``do_as_told`` do from now on."""
        self._notes.with_name(f"{self._notes.name}.told").write_text(told)

    @property
    def family(self) -> list[psutil.Process]:
        """The process and all below it."""
        try:
            own = psutil.Process(self.pid)
            return [own, *own.children(recursive=True)]
        except psutil.NoSuchProcess:
            return []

    @property
    def alive(self) -> bool:
        return any(process.pid == self.pid and lives(process) for process in self.family)

    def close(self) -> None:
        """Close the pool in order; every process then ends by itself, and nobody has to be killed."""
        family = self.family
        self.ask(m.Close(), m.Closed)
        assert left_of(family, PATIENCE_S) == []

    def end(self) -> None:
        self.process.close()
        assert [process for process in psutil.process_iter() if belongs_to(process, self.process.token)] == []


def belongs_to(process: psutil.Process, token: str) -> bool:
    try:
        return process.environ().get(MARK) == token and lives(process)
    except (psutil.Error, OSError):
        return False  # ended meanwhile, or another user's


Start = Callable[..., Trial]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """``start(case, target, ...)``: a trial with its pool open. At the end it closes in order, unless it ended by
    itself, and nothing may be left of it."""
    made: list[Trial] = []

    def starting(case: Case, target: str, environment: dict[str, str] | None = None, **options: Any) -> Trial:
        made.append(Trial(case, tmp_path, environment or {}))
        return made[-1].open(target, **options)

    yield starting
    for trial in made:
        try:
            if trial.alive:
                trial.close()
        finally:
            trial.end()


@pytest.fixture(
    scope="module",
    params=[(case, kind) for kind in ("", "_coroutine") for case in CASES],
    ids=lambda p: f"{p[0]}{p[1]}",
)
def shared(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trial]:
    """A trial of ``call``, plain or as a coroutine function, on every backend; for tests that only call."""
    case, kind = request.param
    trial = Trial(case, tmp_path_factory.mktemp("shared"), {})
    try:
        yield trial.open(f"call{kind}", inputs="NUMBERS")
        trial.close()
    finally:
        trial.end()


__all__ = ["CASES", "PROCESSES", "QUICK", "Case", "Note", "Start", "Trial", "TrialEnded"]
