"""Programs that run beside the tests."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from gilscope.observers.proc import child_processes

TARGET = Path(__file__).with_name("target.py")
Start = Callable[..., int]


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts the target with threads that do what is asked for; its process number."""
    started: list[subprocess.Popen[bytes]] = []

    def run(*names: str, before: Sequence[str] = (), python: str = sys.executable, **environment: str) -> int:
        command = [*before, python, "-S", str(TARGET), *names]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        program = subprocess.Popen(command, env={**os.environ, **environment}, **pipes)  # type: ignore[call-overload]
        started.append(program)
        assert program.stdout.readline() == b"ready\n"
        return next(iter(child_processes(program.pid))) if before else int(program.pid)

    yield run
    for program in started:
        for pid in (*child_processes(program.pid), program.pid):
            os.kill(pid, signal.SIGKILL)
        program.communicate()
