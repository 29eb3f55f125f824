"""A program in any format of reports."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import msgspec

from gilscope.errors import OutputError
from gilscope.records.programs import ProgramRecord
from gilscope.report.clean import encodable, printable
from gilscope.report.programs import perfetto, viewers

__all__ = ["render_program"]


def _json(record: ProgramRecord) -> str:
    return msgspec.json.format(msgspec.json.encode(encodable(record)), indent=2).decode() + "\n"


def _csv(record: ProgramRecord) -> str:
    """The rows of all tables, one after the other; the first column says of which each is. Names are the program's
    own, and may hold what a terminal obeys."""
    from gilscope.report import csv  # needs pandas, which takes as long to import as a report to be drawn
    from gilscope.report.programs import frames

    return csv.to_csv(frames.every_frame(printable(record)))


_FORMATS: Final[dict[str, Callable[[ProgramRecord], str]]] = {
    "json": _json,
    "csv": _csv,
    "perfetto": perfetto.perfetto,
    "speedscope": viewers.speedscope,
    "collapsed": viewers.collapsed,
}


def render_program(record: ProgramRecord, format_name: str) -> str:
    """A format that is for programs and viewers.

    :raises OutputError: when there is nothing of what the format is about, or it cannot hold a program
    """
    make = _FORMATS.get(format_name)
    if make is None:
        raise OutputError(
            f"a program cannot be told as {format_name}: take one of text, html, md, {', '.join(_FORMATS)}"
        )
    return make(record)
