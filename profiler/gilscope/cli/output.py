"""Where results go: standard output in one format, files each in the format of its suffix."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from gilscope import report
from gilscope.cli import stdout
from gilscope.errors import UsageError
from gilscope.records import Result

__all__ = ["Destinations"]

STDOUT = "-"


class Destinations:
    """The ``-o`` options and the format of standard output, checked before anything is measured.

    :param names: the targets, which a folder's files are called after
    :raises OutputError: when one cannot be written, or its suffix says no format
    :raises UsageError: when there is no such format
    """

    def __init__(self, paths: Sequence[str], names: Sequence[str], format_name: str) -> None:
        if format_name not in report.FORMATS:
            raise UsageError(f"no format {format_name!r}; there are {', '.join(report.FORMATS)}")
        self._format = format_name
        files = [path for path in paths if path != STDOUT]
        self._files = [pair for path in files for pair in report.expand_outputs(path, names)]
        for path, _ in self._files:
            report.check_writable(path)
        stdout.require()

    def write(self, results: Sequence[Result], *, show_output: bool = False) -> list[Path]:
        """Write every file, each atomically, then standard output; the paths written."""
        for path, format_name in self._files:
            report.write_text(path, report.render(results, format_name))
        self._print(results, show_output)
        return [path for path, _ in self._files]

    def _print(self, results: Sequence[Result], show_output: bool) -> None:
        """Text in colour where the terminal has it, every other format as it is."""
        if self._format != "text":
            stdout.put(report.render(results, self._format).rstrip("\n") + "\n")
            return
        from rich.console import Console

        from gilscope.report import text

        console = Console(width=None if sys.stdout.isatty() else 80)
        with console.capture() as drawn:
            text.show(results, console, show_output=show_output)
        stdout.put(drawn.get())
