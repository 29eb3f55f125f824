"""IPython in a process of its own: it changes a process for good (``__main__``, the prompt, the display).

As a program: reads cells as JSON, runs them in one shell, and writes what became of each as JSON. What a cell writes to
standard error is passed on while it runs.
"""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).parents[2]


@dataclass(frozen=True)
class Outcome:
    """What a cell wrote, and how it ended."""

    out: str
    err: str
    error: str | None
    """The name of the exception's class."""
    value: str | None
    """The representation of its last expression."""


def started(folder: Path, cells: list[str]) -> subprocess.Popen[str]:
    """The process, on its way with these cells; its standard error can be followed."""
    path = os.pathsep.join([str(REPOSITORY), os.environ.get("PYTHONPATH", "")])
    shell = subprocess.Popen(
        [sys.executable, "-m", "tests.notebook.shell"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=folder,
        env={**os.environ, "IPYTHONDIR": str(folder), "PYTHONPATH": path},
    )
    assert shell.stdin is not None
    shell.stdin.write(json.dumps(cells) + "\n")
    shell.stdin.flush()
    return shell


def ended(shell: subprocess.Popen[str]) -> list[Outcome]:
    """What became of the cells."""
    out, err = shell.communicate(timeout=120)
    assert shell.returncode == 0, err
    return [Outcome(**told) for told in json.loads(out)]


def ran(folder: Path, *cells: str) -> list[Outcome]:
    """Run cells in a fresh shell that has the magics."""
    return ended(started(folder, ["%load_ext gilscope", *cells]))[1:]


class _Tee(io.StringIO):
    """Text that is kept, and passed on."""

    def write(self, text: str) -> int:
        sys.__stderr__.write(text)  # type: ignore[union-attr]
        sys.__stderr__.flush()  # type: ignore[union-attr]
        return super().write(text)


def _run(shell: Any, cell: str) -> Outcome:
    with redirect_stdout(io.StringIO()) as out, redirect_stderr(_Tee()) as err:
        result = shell.run_cell(cell, store_history=True)
    failure = result.error_before_exec or result.error_in_exec
    value = None if result.result is None else repr(result.result)
    return Outcome(out.getvalue(), err.getvalue(), None if failure is None else type(failure).__name__, value)


def main() -> None:
    from IPython.core.history import HistoryManager
    from IPython.core.interactiveshell import InteractiveShell

    HistoryManager.enabled = False  # type: ignore[assignment]  # a trait, which takes the value
    shell = InteractiveShell.instance(colors="NoColor")
    told = [vars(_run(shell, cell)) for cell in json.loads(sys.stdin.readline())]
    sys.stdout.write(json.dumps(told))


if __name__ == "__main__":
    main()
