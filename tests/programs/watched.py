"""Real programs that are watched: the examples of docs/programs.md, started, asked and ended."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gilscope.programs.watching import Ending, Settings, Watching, until_it_ends
from gilscope.records.programs import FunctionAccount, ProgramRecord
from tests.frameworks.recipes import Site, running, serving, told

EXAMPLES = Path(__file__).parents[2] / "examples/programs"


def watched(pid: int, seconds: float | None = None) -> ProgramRecord:
    """What is told of a program that was watched for so long, or until it ends: closely, for it is not long."""
    watching = Watching(pid, Settings(rate_hz=200.0, overhead=0.3))
    try:
        with until_it_ends(pid, seconds) as wait:
            watching.watch(wait)
    finally:
        watching.close()
    return watching.record(Ending())


@contextmanager
def example(command: str, says: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A program of the examples, once it has said so; and what it said that matches the first group."""
    with running(f"{sys.executable} {command}", EXAMPLES, end=signal.SIGKILL) as process:
        yield process, told(process, says)


@contextmanager
def asked(command: str, seconds: float, *paths: str) -> Iterator[Site]:
    """A server of the examples under load, for so long."""
    with serving(command, EXAMPLES, end=signal.SIGTERM) as site:
        load = [sys.executable, "load.py", str(site.port), str(seconds), *paths]
        with subprocess.Popen(load, cwd=EXAMPLES, stdout=subprocess.PIPE, text=True) as asking:
            assert asking.stdout is not None
            assert asking.stdout.readline() == "asks\n"
            yield site
            asking.communicate()
        assert asking.returncode == 0


def function(record: ProgramRecord, name: str) -> FunctionAccount:
    """The one that is called so."""
    return next(each for each in record.functions if each.place.function == name)
