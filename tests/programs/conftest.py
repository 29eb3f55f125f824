"""Programs that run beside the tests."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

TARGET = Path(__file__).with_name("target.py")
Start = Callable[..., int]


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts the target with threads that do what is asked for; its process number."""
    started: list[subprocess.Popen[bytes]] = []

    def run(*names: str) -> int:
        program = subprocess.Popen(
            [sys.executable, "-S", str(TARGET), *names], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        started.append(program)
        assert program.stdout is not None
        assert program.stdout.readline() == b"ready\n"
        return program.pid

    yield run
    for program in started:
        program.kill()
        program.communicate()
