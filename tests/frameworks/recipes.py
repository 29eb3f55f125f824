"""The recipes of a page: its files, and the commands that run them."""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
import sys
import sysconfig
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

DOCS = Path(__file__).parents[2] / "docs"


def files(page: str) -> dict[str, str]:
    """The blocks that have a file's name."""
    text = (DOCS / page).read_text()
    return dict(re.findall(r'^```python title="([\w.]+)"\n(.*?)^```', text, re.MULTILINE | re.DOTALL))


def programs(page: str) -> list[str]:
    """The blocks that have none."""
    return re.findall(r"^```python\n(.*?)^```", (DOCS / page).read_text(), re.MULTILINE | re.DOTALL)


def commands(page: str, program: str) -> list[str]:
    """What is to be typed to run a program."""
    lines = re.findall(r"^\$ (.*)$", (DOCS / page).read_text(), re.MULTILINE)
    return [line for line in lines if program in re.split(r"[ /]", line)]


@dataclass
class Site:
    """A server that answers."""

    process: subprocess.Popen[str]
    port: int

    def get(self, path: str) -> str:
        """What a page has."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=60) as answer:
            return str(answer.read().decode())


@contextmanager
def running(command: str, folder: Path, *more: str, end: int) -> Iterator[subprocess.Popen[str]]:
    """A program, as it is typed in that folder, and with options that keep it apart from others; ended by a signal, and
    by SIGKILL together with all that it started."""
    words = shlex.split(command)
    given = dict(word.split("=", 1) for word in words if re.match(r"[A-Z_]+=", word))
    path = f"{sysconfig.get_path('scripts')}{os.pathsep}{os.environ['PATH']}"
    with subprocess.Popen(
        [*(word for word in words if word.partition("=")[0] not in given), *more],
        cwd=folder,
        env={**os.environ, "PATH": path, "PYTHONUNBUFFERED": "1", **given},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            if end == signal.SIGKILL:
                os.killpg(process.pid, end)
            else:
                process.send_signal(end)
            process.communicate(timeout=60)


@contextmanager
def serving(command: str, folder: Path, *more: str, end: int) -> Iterator[Site]:
    """A server on a port that it chooses and tells."""
    with running(command, folder, *more, end=end) as process:
        yield Site(process, int(told(process, r"http://127\.0\.0\.1:(\d+)")))


def told(process: subprocess.Popen[str], pattern: str) -> str:
    """What matches the first group in what a program says; it is read no further."""
    assert process.stdout is not None
    said: list[str] = []
    for line in process.stdout:
        said.append(line)
        if found := re.search(pattern, line):
            return found[1]
    raise AssertionError(f"it ended without a word of {pattern}:\n{''.join(said)}")


def run(text: str, folder: Path) -> str:
    """What a program of lines says, on either stream, run in that folder."""
    done = subprocess.run(
        [sys.executable, "-c", text],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout
