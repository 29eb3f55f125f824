"""Where reports go: standard output in one format, files each in the format of its suffix."""

from __future__ import annotations

import sys
from collections.abc import Collection, Sequence
from pathlib import Path

from gilscope import report
from gilscope.cli import stdout
from gilscope.errors import OutputError, UsageError
from gilscope.report import Content

__all__ = ["Destinations", "Files"]

STDOUT = "-"


class Files:
    """The ``-o`` options, checked before anything is measured.

    :param names: the targets, which a folder's files are called after
    :raises OutputError: when one cannot be written, or its suffix says no format
    """

    def __init__(self, paths: Sequence[str], names: Sequence[str]) -> None:
        self._files = [pair for path in paths for pair in report.expand_outputs(path, names)]
        for path, _ in self._files:
            report.check_writable(path)

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
        return written, "; ".join(dict.fromkeys(failed))


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
        self._files = Files([path for path in paths if path != STDOUT], names)
        stdout.require()

    def write(self, content: Content, *, also: Collection[str] = (), quiet: bool = False) -> None:
        """Write every file, each atomically, then standard output; name the files unless ``quiet``.

        :param also: sections that are shown though a terminal has no room for them, by name
        :raises OutputError: when one could not be drawn or written; the others are
        """
        written, failed = self._files.write(content)
        self._print(content, also)
        if not quiet:
            sys.stderr.write("".join(f"wrote {path}\n" for path in written))
        if failed:
            raise OutputError(failed)

    def _print(self, content: Content, also: Collection[str]) -> None:
        """Text in colour where the terminal has it, every other format as it is."""
        if self._format != "text":
            stdout.put(report.render(content, self._format).rstrip("\n") + "\n")
            return
        from rich.console import Console

        from gilscope.report import text

        page = stdout.Page()
        console = Console(file=page, width=None if page.isatty() else 80)
        text.show(report.documents(content), console, also=also, ascii_only=stdout.has_only_ascii())
        stdout.put("".join(f"{line.rstrip()}\n" for line in page.getvalue().rstrip("\n").split("\n")))
