"""Where reports go: standard output in one format, files each in the format of its suffix."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from gilscope import report
from gilscope.cli import stdout
from gilscope.errors import OutputError, UsageError
from gilscope.records import ResultRecord
from gilscope.report.sheet import Sheet

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["Destinations", "Drawing", "Results", "Table"]

STDOUT = "-"


class Drawing(Protocol):
    """What can be drawn in every format."""

    def render(self, format_name: str) -> str:
        """The whole of a file."""

    def show(self, console: Console, *, ascii_only: bool) -> None:
        """Text in colour."""


@dataclass(frozen=True)
class Results:
    """Results of analyses."""

    results: Sequence[ResultRecord]
    show_output: bool = False
    """Whether the text tells what the target printed."""

    def render(self, format_name: str) -> str:
        return report.render(self.results, format_name)

    def show(self, console: Console, *, ascii_only: bool) -> None:
        from gilscope.report import text
        from gilscope.report.results import documents

        also = frozenset({"output"} if self.show_output else ())
        text.show(documents(self.results), console, also=also, ascii_only=ascii_only)


@dataclass(frozen=True)
class Table:
    """What is made of recorded profiles."""

    sheet: Sheet

    def render(self, format_name: str) -> str:
        return report.render_sheet(self.sheet, format_name)

    def show(self, console: Console, *, ascii_only: bool) -> None:
        from gilscope.report import text

        text.show(self.sheet.documents, console, ascii_only=ascii_only)


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

    def write(self, drawing: Drawing, *, quiet: bool = False) -> None:
        """Write every file, each atomically, then standard output; name the files unless ``quiet``.

        :raises OutputError: when one could not be drawn or written; the others are
        """
        written: list[Path] = []
        failed: list[str] = []
        for path, format_name in self._files:
            try:
                report.write_text(path, drawing.render(format_name))
                written.append(path)
            except OutputError as error:  # what took a minute to measure is not lost for a format that cannot hold it
                failed.append(str(error))
        self._print(drawing)
        if not quiet:
            sys.stderr.write("".join(f"wrote {path}\n" for path in written))
        if failed:
            raise OutputError("; ".join(dict.fromkeys(failed)))

    def _print(self, drawing: Drawing) -> None:
        """Text in colour where the terminal has it, every other format as it is."""
        if self._format != "text":
            stdout.put(drawing.render(self._format).rstrip("\n") + "\n")
            return
        from rich.console import Console

        console = Console(width=None if sys.stdout.isatty() else 80)
        with console.capture() as drawn:
            drawing.show(console, ascii_only=stdout.has_only_ascii())
        stdout.put("".join(f"{line.rstrip()}\n" for line in drawn.get().rstrip("\n").split("\n")))
