"""Where reports go: standard output in one format, files each in the format of its suffix."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from gilscope import report
from gilscope.choosing import require_choice
from gilscope.cli import stdout
from gilscope.cli.colours import of_console
from gilscope.errors import OutputError, UsageError
from gilscope.report import Content

if TYPE_CHECKING:
    from gilscope.report.document import Detail

__all__ = ["STDOUT", "Destinations", "Files", "room_for"]

STDOUT = "-"
CODE = "code"


def room_for(verbosity: int) -> Detail | None:
    """How much a terminal shows."""
    from gilscope.report.document import Detail

    rooms = (None, Detail.USUAL, Detail.THOROUGH)
    return rooms[min(verbosity, len(rooms) - 1)]


class Files:
    """The ``-o`` options, checked before anything is measured.

    :param names: the targets, which a folder's files are called after
    :raises OutputError: when one cannot be written, or its suffix says no format
    """

    def __init__(self, paths: Sequence[str], names: Sequence[str]) -> None:
        self._files = [pair for path in dict.fromkeys(paths) for pair in report.expand_outputs(path, names)]
        for path, _ in self._files:
            report.check_writable(path)

    @property
    def formats(self) -> set[str]:
        """The names of theirs."""
        return {format_name for _, format_name in self._files}

    def __bool__(self) -> bool:
        return bool(self._files)

    def write(self, content: Content) -> tuple[list[Path], str]:
        """Write every one, each atomically: those that were, and why others could not be drawn or written."""
        written: list[Path] = []
        failed: list[str] = []
        for path, format_name in self._files:
            try:
                report.write_text(path, report.render(content, format_name))
                written.append(path)
            except OutputError as error:  # what took a minute to measure is not lost for a format that cannot hold it
                failed.append(str(error))
        return written, "\n".join(dict.fromkeys(failed))


def program_of(content: Content) -> str:
    """The program to paste of the one result there is, for the caller that was asked for.

    :raises UsageError: when there are several, or something else
    :raises OutputError: when there is no code to recommend
    """
    if not isinstance(content, Sequence) or len(content) != 1:
        raise UsageError("--code prints the program of one analysis: name one target, or one saved result of one")
    (result,) = content
    if not result.recommendation.code:
        raise OutputError(f"there is no program to paste: {result.recommendation.reason}")
    return result.recommendation.code.rstrip("\n") + "\n"


class Destinations:
    """The ``-o`` options and the format of standard output, checked before anything is measured.

    :param names: the targets, which a folder's files are called after
    :raises OutputError: when one cannot be written, or its suffix says no format
    :raises UsageError: when there is no such format
    """

    def __init__(self, paths: Sequence[str], names: Sequence[str], format_name: str) -> None:
        if format_name != CODE:
            require_choice("--format", format_name, report.FORMATS)
        self._format = format_name
        self._files = Files([path for path in paths if path != STDOUT], names)
        self._in_a_line = bool(self._files) and STDOUT not in paths
        stdout.require()

    def load(self) -> None:
        """Import what will draw the results."""
        formats = {self._format, *self._files.formats} - {CODE}
        report.load(formats)
        if "text" in formats:
            importlib.import_module("rich.console")

    def write(self, content: Content, *, also: Collection[str] = (), quiet: bool = False, verbosity: int = 0) -> None:
        """Write every file, each atomically, then standard output; name the files unless ``quiet``.

        :param also: sections that are shown though a terminal has no room for them, by name
        :param verbosity: how much a terminal shows: 0 for who did not ask for more, 1, 2 for all
        :raises OutputError: when one could not be drawn or written, the others are; when there is no code
        """
        written, failed = self._files.write(content)
        self._print(content, also, room_for(verbosity), in_a_line=self._in_a_line and bool(written))
        if not quiet:
            sys.stderr.write("".join(f"wrote {path}\n" for path in written))
        if failed:
            raise OutputError(failed)

    def _print(self, content: Content, also: Collection[str], room: Detail | None, *, in_a_line: bool) -> None:
        """Text in colour where the terminal has it, a line where files have the rest; other formats as they are."""
        if self._format == CODE:
            stdout.put(program_of(content))
            return
        if self._format != "text":
            stdout.put(report.render(content, self._format).rstrip("\n") + "\n")
            return
        from rich.console import Console

        from gilscope.report import text

        page = stdout.Page()
        console = Console(file=page, width=None if page.isatty() else 80, **of_console())
        documents, plain = report.documents(content), stdout.has_only_ascii()
        if in_a_line and room is None and not also and documents.brief is not None:
            text.show_titles(documents, console, ascii_only=plain)
        else:
            text.show(documents, console, room=room, also=also, ascii_only=plain)
        stdout.put("".join(f"{line.rstrip()}\n" for line in page.getvalue().rstrip("\n").split("\n")))
