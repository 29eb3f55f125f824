"""The options of ``gilscope run`` that keep arguments of real calls."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

import typer

from gilscope.errors import InputsError, UsageError
from gilscope.units import thousands

if TYPE_CHECKING:
    from gilscope.capture.settings import Settings
    from gilscope.records.programs import ProgramRecord

__all__ = ["CAPTURE", "MOST", "TO", "Capturing", "capturing"]

_KEEPING = "Keeping calls"
CAPTURE = typer.Option(
    "--capture",
    metavar="SPEC,...",
    help="Functions of which to keep arguments of real calls, as analyze is told of them: module:function. Repeatable.",
    rich_help_panel=_KEEPING,
)
TO = typer.Option(
    "--capture-to",
    metavar="FOLDER",
    help="Where to: gilscope analyze --inputs takes them from there.",
    rich_help_panel=_KEEPING,
)
MOST = typer.Option(
    "--capture-most", metavar="N", help="Calls of each function that each process keeps.", rich_help_panel=_KEEPING
)
_MOST_CALLS = 65_000


class Capturing:
    """What a program is to keep, and then what it kept."""

    def __init__(self, settings: Settings | None = None, folder: str = "") -> None:
        self._settings = settings
        self._folder = folder

    @property
    def environment(self) -> dict[str, str] | None:
        """The program's; None is gilscope's own."""
        from gilscope.capture.folder import environment

        return None if self._settings is None else environment(self._settings, os.environ)

    def told_in(self, record: ProgramRecord) -> tuple[ProgramRecord, str]:
        """The record with what was kept, and why that cannot be told, if it cannot."""
        import msgspec

        from gilscope.capture.folder import captured_files
        from gilscope.capture.summary import reached, summary
        from gilscope.decide.program_advice import with_inputs

        if self._settings is None:
            return record, ""
        try:
            files = list(captured_files(self._settings.folder, run=self._settings.run))
        except InputsError as error:
            return record, str(error)
        capture = summary(self._settings, self._folder, files, reached(self._settings), record.processes)
        verdict = with_inputs(record.verdict, capture)
        return msgspec.structs.replace(record, capture=capture, verdict=verdict), ""


@contextmanager
def capturing(specs: Sequence[str], folder: str | None, most: int) -> Iterator[Capturing]:
    """Within, a program may be started that keeps its calls.

    :param specs: each may be several, with commas between
    :raises UsageError: when what was typed makes no sense, or the folder cannot be used
    """
    named = [spec.strip() for text in specs for spec in text.split(",") if spec.strip()]
    if not named and folder is None:
        yield Capturing()
        return
    if not named or folder is None:
        raise UsageError("--capture SPEC,... and --capture-to FOLDER go together: what is kept, and where")
    if not 1 <= most <= _MOST_CALLS:
        raise UsageError(f"--capture-most {most} makes no sense: give a number from 1 to {thousands(_MOST_CALLS)}")
    from gilscope.capture.folder import prepared
    from gilscope.targets import canonical

    with prepared(folder, [canonical(spec, os.getcwd()) for spec in dict.fromkeys(named)], most) as settings:
        yield Capturing(settings, folder)
