"""Programs that know themselves, run by any interpreter."""

from __future__ import annotations

import json
import mmap
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.programs.known import Told, Used, told
from gilscope.observers.thread_files import thread_scheduled
from gilscope.programs.threads import task_numbers

__all__ = ["Program", "Running", "started"]

HERE = Path(__file__).parent
WORD = 8


@dataclass(frozen=True)
class Program:
    """What is run: how many threads of which role, with which settings in ms."""

    name: str
    threads: tuple[tuple[str, int, Mapping[str, float]], ...]
    switch_interval_s: float | None = None
    processes: int = 1
    """Each with these threads."""

    @property
    def crowd(self) -> int:
        """How many threads, of all processes."""
        return self.processes * sum(number for _, number, _ in self.threads)


@dataclass
class Running:
    """One that runs."""

    process: subprocess.Popen[str]
    counts: memoryview
    """How often each thread has gone round."""
    folder: Path
    _window: list[int] = field(default_factory=list)
    _used: list[dict[int, Used]] = field(default_factory=list)

    @property
    def pid(self) -> int:
        return self.process.pid

    @property
    def rounds(self) -> int:
        """How often all threads have gone round."""
        return sum(self.counts)

    def rate(self, seconds: float) -> float:
        """Rounds a second, now."""
        began_s, before = time.monotonic(), self.rounds
        time.sleep(seconds)
        return (self.rounds - before) / (time.monotonic() - began_s)

    def mark(self) -> None:
        """The time that is told of begins now, or ends."""
        self._window.append(time.monotonic_ns())
        self._used.append(_used(self.pid))

    def truth(self) -> tuple[list[Told], tuple[int, int], dict[int, Used]]:
        """End it: what each thread told, the time from the first mark to the second, and what the kernel tells."""
        path = self.folder / "truth.json"
        self._say(f"{path}\n")
        threads = [told(thread) for thread in json.loads(path.read_text())["threads"]]
        first, last = self._used
        used = {
            tid: Used(last[tid].cpu_s - first[tid].cpu_s, last[tid].runqueue_s - first[tid].runqueue_s)
            for tid in first.keys() & last.keys()
        }
        return threads, (self._window[0], self._window[1]), used

    def _say(self, line: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(line)
        self.process.stdin.close()
        self.process.wait()


def _used(pid: int) -> dict[int, Used]:
    found = {}
    for tid in task_numbers(pid):
        scheduled = thread_scheduled(pid, tid)
        found[tid] = Used(scheduled.run_s, scheduled.runqueue_s or 0.0)
    return found


@contextmanager
def started(program: Program, python: str = sys.executable) -> Iterator[Running]:
    """Run it until the end of the statements of ``with``; its threads run when these begin."""
    with tempfile.TemporaryDirectory() as folder, _peer() as port:
        path = Path(folder, "counts")
        path.write_bytes(bytes(WORD * program.crowd))
        with open(path, "r+b") as file:
            counts = memoryview(mmap.mmap(file.fileno(), 0)).cast("Q")
        asked: dict[str, Any] = {
            "counts": str(path),
            "threads": _with_port(program.threads, port),
            "processes": program.processes,
        }
        if program.switch_interval_s is not None:
            asked["switch_interval"] = program.switch_interval_s
        command = [python, "-S", str(HERE / "target.py"), json.dumps(asked)]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            try:
                if process.stdout.readline() != "ready\n":
                    raise SystemExit(f"{program.name} did not start by {python}")
                yield Running(process, counts, Path(folder))
            finally:
                process.kill()


def _with_port(threads: Sequence[tuple[str, int, Mapping[str, float]]], port: int) -> list[Any]:
    return [[role, number, {**settings, "port": port}] for role, number, settings in threads]


@contextmanager
def _peer() -> Iterator[int]:
    """The process at the other end of their connections."""
    command = [sys.executable, "-S", str(HERE / "peer.py")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield int(process.stdout.readline())
        finally:
            process.kill()
