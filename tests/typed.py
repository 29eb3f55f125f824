"""What the documents tell people to type, and how it is typed here: in a shell, in a folder."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
_BLOCK = re.compile(r"^ *```(\w*)([^\n]*)\n(.*?)^ *```(?:\n\nSaved as `([\w.]+)`)?", re.MULTILINE | re.DOTALL)
_TITLE = re.compile(r'title="([\w.]+)"')
_ENDED = "trap 'jobs -p | xargs --no-run-if-empty kill 2>/dev/null; wait' EXIT"


def page(name: str) -> str:
    """Its text."""
    return (ROOT / name).read_text(encoding="utf-8")


def blocks(text: str) -> Iterator[tuple[str, str, str | None]]:
    """In order: the language, the text, and the name that a program is to be saved under."""
    for language, more, body, saved in _BLOCK.findall(text):
        title = _TITLE.search(more)
        yield language, body, saved or (title[1] if title else None)


def commands(block: str) -> list[str]:
    """Those that are typed in it, each on one line."""
    joined = re.sub(r"\\\n\s*", " ", block)
    return re.findall(r"^ *\$ (.*)$", joined, re.MULTILINE)


def bare(command: str) -> str:
    """Without the remark behind it."""
    return re.sub(r"\s+#.*", "", command)


def run_in_shell(commands: list[str], folder: Path, **variables: str) -> str:
    """What they say, one after the other; what goes on behind them is ended."""
    return run(["bash", "-e", "-o", "pipefail", "-c", "\n".join([_ENDED, *commands])], folder, **variables)


def run_program(name: str, folder: Path, **variables: str) -> str:
    """What it says."""
    return run([sys.executable, name], folder, **variables)


def run(command: list[str], folder: Path, **variables: str) -> str:
    """What it says, having done well."""
    path = f"{sysconfig.get_path('scripts')}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, **variables}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, (command[-1], done.stdout[-2000:], done.stderr[-2000:])
    return done.stdout
