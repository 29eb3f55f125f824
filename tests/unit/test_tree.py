"""Ending the processes of a trial, whatever they have become."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator

import psutil
import pytest

from gilscope.measure.tree import MARK, end_all
from tests.processes import lives

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="process groups and signals are of POSIX")

#: The marks of two trials. This process's own: ended is whoever bears a mark, those of tests that run beside these too.
MINE, OTHERS = (f"{whose}-{os.getpid()}" for whose in ("mine", "others"))
PRELUDE = '''
import os, signal, subprocess, sys
WAIT = [sys.executable, "-I", "-S", "-c", "import signal; print(flush=True); signal.pause()"]
def child(**options):
    made = subprocess.Popen(WAIT, stdout=subprocess.PIPE, **options)
    made.stdout.readline()
    return made.pid
def grandchild(*options):
    """Its parent has ended."""
    popen = ", ".join(["sys.argv[1:]", "stdout=-1", *options])
    code = f"import subprocess, sys; made = subprocess.Popen({popen}); made.stdout.readline(); print(made.pid)"
    return int(subprocess.run([sys.executable, "-c", code, *WAIT], stdout=subprocess.PIPE).stdout)
'''
START = """
print(*pids, flush=True)
signal.pause()
"""


class Root:
    """The process of a trial, and those that it started."""

    def __init__(self, program: str, token: str) -> None:
        code = PRELUDE + textwrap.dedent(program) + START
        environment = {**os.environ, MARK: token}
        self.process = subprocess.Popen(
            [sys.executable, "-c", code], stdout=subprocess.PIPE, env=environment, start_new_session=True
        )
        assert self.process.stdout is not None
        self.family = [psutil.Process(int(word)) for word in self.process.stdout.readline().split()]

    @property
    def living(self) -> list[psutil.Process]:
        own = psutil.Process(self.process.pid) if psutil.pid_exists(self.process.pid) else None
        return [one for one in [*self.family, *([own] if own else [])] if lives(one)]

    def close(self) -> None:
        for process in self.living:
            process.kill()
        self.process.communicate()


Start = Callable[..., Root]


@pytest.fixture
def start() -> Iterator[Start]:
    made: list[Root] = []

    def starting(program: str, token: str = MINE) -> Root:
        made.append(Root(program, token))
        return made[-1]

    yield starting
    for root in made:
        root.close()


@pytest.mark.parametrize(
    "program",
    [
        "pids = []",
        "pids = [child(), child()]",
        "pids = [child(start_new_session=True)]",
        "pids = [child(env={})]",
        "pids = [child(env={}, start_new_session=True)]",
        "pids = [grandchild()]",
        """
        from gilscope.backends.worker import adopt_orphans
        adopt_orphans()
        pids = [grandchild("env={}", "start_new_session=True")]
        """,
        "signal.signal(signal.SIGTERM, signal.SIG_IGN); pids = [child()]",
    ],
    ids=["alone", "children", "session", "environment", "both", "orphan", "daemon", "stubborn"],
)
def test_nothing_is_left(start: Start, program: str) -> None:
    root = start(program)
    assert root.living  # so that there is something to end
    end_all({MINE: root.process})
    root.process.wait()
    assert root.living == []


def test_what_outlives_the_process_is_ended_too(start: Start) -> None:
    root = start("pids = [child(), child(start_new_session=True)]")
    root.process.kill()
    root.process.wait()
    assert len(root.living) == 2
    end_all({MINE: root.process})
    assert root.living == []


def test_a_stopped_process_is_ended(start: Start) -> None:
    root = start("pids = [child()]; os.kill(pids[0], signal.SIGSTOP)")
    root.process.send_signal(signal.SIGSTOP)
    end_all({MINE: root.process})
    root.process.wait()
    assert root.living == []


def test_those_of_another_trial_live_on(start: Start) -> None:
    other = start("pids = [child(), child(start_new_session=True)]", token=OTHERS)
    mine = start("pids = [child()]")
    end_all({MINE: mine.process})
    mine.process.wait()
    assert mine.living == []
    assert len(other.living) == 3


def test_several_are_ended_at_once_and_only_they(start: Start) -> None:
    """What left its session and its environment belongs to the trial that it descends from."""
    strayed = "pids = [child(), child(env={}, start_new_session=True)]"
    first, second, other = start(strayed), start(strayed, token=f"{MINE}-too"), start(strayed, token=OTHERS)
    end_all({MINE: first.process, f"{MINE}-too": second.process})
    for root in (first, second):
        root.process.wait()
        assert root.living == []
    assert len(other.living) == 3


def test_ending_twice_is_no_error(start: Start) -> None:
    root = start("pids = [child()]")
    for _ in range(2):
        end_all({MINE: root.process})
        root.process.wait()
    assert root.living == []
