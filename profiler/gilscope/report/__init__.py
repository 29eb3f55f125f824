"""Reports: one file per format, each drawn from saved records, or from a `Sheet`, and from nothing else.

A format that people read is a module with ``render(documents: Documents) -> str``: it draws documents, and knows of
nothing that stands in them. One for programs has ``render(results: Sequence[ResultRecord]) -> str``, and where
it can hold a sheet ``render_sheet(sheet: Sheet) -> str``. Each is imported when asked for, so that this package stays
light: only HTML needs Jinja2, only CSV and the frames need pandas.
"""

from __future__ import annotations

import difflib
import importlib
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias

from gilscope.errors import OutputError, UsageError
from gilscope.records import ResultRecord
from gilscope.records.programs import ProgramRecord
from gilscope.records.pythons import PythonsRecord
from gilscope.report.files import check_writable, write_text

if TYPE_CHECKING:  # who only asks where a report goes need not wait for what it is made of
    from gilscope.report.document import Documents
    from gilscope.report.sheet import Sheet

__all__ = [
    "FORMATS",
    "Content",
    "Format",
    "check_writable",
    "documents",
    "expand_outputs",
    "format_for_path",
    "load",
    "render",
    "write_text",
]


class Format(NamedTuple):
    """A report format: the suffix of its files, and the module that draws it."""

    suffix: str
    module: str
    also: str | None = None
    """Another suffix that stands for it."""
    is_read: bool = False
    """Whether people read it: it draws documents."""
    sheets: bool = True
    """Whether a sheet can be drawn in it; a viewer of timelines or stacks finds none there."""


FORMATS: Final = {
    "text": Format(".txt", "text", is_read=True),
    "json": Format(".json", "json"),
    "csv": Format(".csv", "csv"),
    "html": Format(".html", "html", is_read=True),
    "md": Format(".md", "markdown", is_read=True),
    "perfetto": Format(".perfetto.json", "perfetto", ".trace.json", sheets=False),
    "speedscope": Format(".speedscope.json", "speedscope", sheets=False),
    "gecko": Format(".gecko.json", "gecko", ".profile.json", sheets=False),
    "collapsed": Format(".collapsed", "collapsed", ".folded", sheets=False),
}

#: Results of analyses, a sheet of something else, a program that was watched, or a function under several Pythons.
Content: TypeAlias = "Sequence[ResultRecord] | Sheet | ProgramRecord | PythonsRecord"

#: What a folder gets, in this order.
FOLDER_FORMATS: Final = ("html", "csv", "json", "md")


def render(content: Content, format_name: str) -> str:
    """Draw results, a sheet, a program, or several Pythons, in one of `FORMATS`.

    :raises UsageError: when there is no such format
    :raises OutputError: when there is nothing of what the format is about: a timeline, stacks
    """
    reporter, form = _reporter(format_name), FORMATS.get(format_name)
    if form is not None and form.is_read:
        return str(reporter.render(documents(content)))
    if isinstance(content, ProgramRecord):
        return str(importlib.import_module("gilscope.report.programs.rendering").render_program(content, format_name))
    if isinstance(content, PythonsRecord):
        return str(importlib.import_module("gilscope.report.pythons.rendering").render_pythons(content, format_name))
    from gilscope.report.sheet import Sheet

    if not isinstance(content, Sheet):
        return str(reporter.render(content))
    if form is not None and not form.sheets:
        raise OutputError(
            f"recorded profiles have neither timelines nor stacks, and {format_name} shows nothing else: "
            f"analyze a function, or take one of {', '.join(name for name, form in FORMATS.items() if form.sheets)}"
        )
    return str(reporter.render_sheet(content))


def load(format_names: Iterable[str]) -> None:
    """Import what draws results of analyses in these formats."""
    for part in ("results", "sheet"):
        importlib.import_module(f"gilscope.report.{part}")
    for name in format_names:
        _reporter(name)


def documents(content: Content) -> Documents:
    """What people read of results, of a sheet, of a program, or of several Pythons."""
    if isinstance(content, ProgramRecord):
        from gilscope.report.programs.document import program_documents

        return program_documents(content)
    if isinstance(content, PythonsRecord):
        from gilscope.report.pythons.document import pythons_documents

        return pythons_documents(content)
    from gilscope.report.sheet import Sheet

    if isinstance(content, Sheet):
        return content.documents
    from gilscope.report import results

    return results.documents(content)


def _reporter(format_name: str) -> ModuleType:
    if format_name not in FORMATS:
        raise UsageError(_unknown(f"no report format is called {format_name!r}", format_name, list(FORMATS)))
    return importlib.import_module(f"gilscope.report.{FORMATS[format_name].module}")


def format_for_path(path: str | Path) -> str:
    """The name of the format that the suffix of ``path`` stands for: of several, the longest.

    :raises OutputError: when no format has this suffix
    """
    place = Path(path)
    by_suffix = {suffix: name for name, form in FORMATS.items() for suffix in (form.suffix, form.also) if suffix}
    found = max((suffix for suffix in by_suffix if place.name.lower().endswith(suffix)), key=len, default=None)
    if found is None:
        raise OutputError(_unknown(f"cannot tell the format of {str(path)!r}", place.suffix.lower(), list(by_suffix)))
    return by_suffix[found]


def expand_outputs(path: str | Path, names: Sequence[str]) -> list[tuple[Path, str]]:
    """The files, each with its format, that an output ``path`` stands for.

    A folder (existing, written with a slash at its end, or without a suffix) gets one file per format, called
    after ``names``, the targets in the report. Anything else is one file, its format taken from the suffix.

    :raises OutputError: when no format has the suffix
    """
    place = Path(path)
    if not place.suffix and os.path.exists(place) and not os.path.isdir(place):
        raise OutputError(
            f"cannot tell the format of {str(path)!r}, which is no folder and has no suffix: name a file that has one; "
            "standard output is -, and its format -f"
        )
    if not (str(path).endswith(("/", "\\")) or os.path.isdir(place) or not place.suffix):
        return [(place, format_for_path(place))]
    stem = f"gilscope-{_file_name(names)}"
    return [(place / f"{stem}{FORMATS[name].suffix}", name) for name in FOLDER_FORMATS]


def _file_name(names: Sequence[str]) -> str:
    shown = [_safe(name) for name in names[:3]]
    more = [f"and-{len(names) - 3}-more"] if len(names) > 3 else []
    return "-".join(shown + more)[:120] or "result"


def _safe(name: str) -> str:
    """The last part of a target's name, fit for a file name on every platform."""
    short = name.rpartition(":")[2]
    kept = "".join(char if char.isalnum() or char in "._-" else "_" for char in short)
    return kept.strip("._") or "target"


def _unknown(problem: str, given: str, known: list[str]) -> str:
    nearest = difflib.get_close_matches(given, known, n=1, cutoff=0.4)
    hint = f"; did you mean {nearest[0]}?" if nearest else ";"
    return f"{problem}{hint} known are {', '.join(known)}"
