"""Real programs that are watched: the examples of docs/programs.md, started, asked and ended."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from gilscope.programs.watching import Ending, Settings, Watching, until_it_ends
from gilscope.records.programs import FunctionAccount, ProgramRecord
from tests.frameworks.recipes import Site, running, serving, told

EXAMPLES = Path(__file__).parents[2] / "examples/programs"


#: Closely, for it is not long.
CLOSELY = Settings(rate_hz=200.0, overhead=0.3)
#: After which it is seen whether enough was seen.
STRETCH_S = 0.4
#: Stretches after which a program that does not do what it is watched for is given up.
MOST_STRETCHES = 75


def watched(pid: int, seconds: float | None = None) -> ProgramRecord:
    """What is told of a program that was watched for so long, or until it ends."""
    with closing(Watching(pid, CLOSELY)) as watching:
        with until_it_ends(pid, seconds) as wait:
            watching.watch(wait)
        return watching.record(Ending())


def watched_until(pid: int, enough: Callable[[ProgramRecord], bool]) -> ProgramRecord:
    """What is told of a program that is watched until enough was seen, which takes longer on a busy machine. Where that
    takes too long, what was seen is told, and whoever asked finds what is missing."""
    with closing(Watching(pid, CLOSELY)) as watching:
        for _ in range(MOST_STRETCHES):
            with until_it_ends(pid, STRETCH_S) as wait:
                watching.watch(wait)
            record = watching.record(Ending())
            if enough(record):
                break
        return record


@contextmanager
def example(command: str, says: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A program of the examples, once it has said so; and what it said that matches the first group."""
    with running(f"{sys.executable} {command}", EXAMPLES, end=signal.SIGKILL) as process:
        yield process, told(process, says)


@contextmanager
def asked(command: str, seconds: float, *paths: str) -> Iterator[Site]:
    """A server of the examples under load, for so long at most."""
    with serving(command, EXAMPLES, end=signal.SIGTERM) as site:
        load = [sys.executable, "load.py", str(site.port), str(seconds), *paths]
        with subprocess.Popen(load, cwd=EXAMPLES, stdout=subprocess.PIPE, text=True) as asking:
            assert asking.stdout is not None
            assert asking.stdout.readline() == "asks\n"
            yield site
            asking.terminate()


def function(record: ProgramRecord, name: str) -> FunctionAccount:
    """The one that is called so."""
    return next(each for each in record.functions if each.place.function == name)


def looks_at(record: ProgramRecord, name: str) -> int:
    """How often the function that is called so was seen."""
    return sum(each.samples for each in record.functions if each.place.function == name)
