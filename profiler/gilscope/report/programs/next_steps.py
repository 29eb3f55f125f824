"""What to type next: how the functions that are advised on are analyzed, with the arguments of their real calls where
they take any."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Sequence
from pathlib import PurePath
from typing import Final, NamedTuple

from gilscope.decide.program_advice import ANALYZE
from gilscope.records.programs import Advice, ProgramRecord
from gilscope.report.document import Block, Code, Paragraph
from gilscope.report.shell_words import shell_command, shell_word

__all__ = ["Steps", "next_steps", "steps_of"]

FOLDER: Final = "captured"
_PYTHON: Final = re.compile(r"python[\d.]*t?(\.exe)?")
_AGAIN: Final = "Next: run it again, keep arguments of real calls, and analyze with them."
_ANEW: Final = (
    "Next: calls are kept of a program that gilscope starts. Start it so, in its own folder, and analyze with them."
)
_AT_ONCE: Final = "Next: analyze what takes no arguments as it is."
#: Of a program's command, which a person is to paste.
_MOST_CHARACTERS: Final = 10_000


class Steps(NamedTuple):
    """Commands to type, in this order."""

    run: str | None
    """The program again, keeping calls; None where none are needed."""
    analyses: tuple[str, ...]

    @property
    def text(self) -> str:
        """A line of each."""
        return "\n".join((*([self.run] if self.run else ()), *self.analyses))


def next_steps(record: ProgramRecord, most: int) -> Iterator[Block]:
    """The commands, where nothing was captured: nobody knows which arguments the functions need.

    :param most: functions that are told of
    """
    steps = None if record.capture is not None else steps_of(record, most)
    if steps is None:
        return
    told = _AT_ONCE if steps.run is None else _ANEW if record.exit_status is None else _AGAIN
    yield Paragraph(told, "soft")
    yield Code(steps.text, "commands to type", language="sh")


def steps_of(record: ProgramRecord, most: int) -> Steps | None:
    """The commands; None where no function can be analyzed.

    :param most: functions that are analyzed
    """
    named = {each.command: each for each in record.verdict.advice if each.command is not None}
    chosen = list(named.values())[:most]
    if not chosen:
        return None
    if record.capture is not None:
        return Steps(None, tuple(named)[:most])
    given = [_spec(each) for each in chosen if each.takes_arguments]
    run = f"gilscope run --capture {','.join(given)} --capture-to {FOLDER} -- {_program(record)}"
    return Steps(run if given else None, tuple(map(_analysis, chosen)))


def _spec(advice: Advice) -> str:
    return shell_word((advice.command or "").removeprefix(f"{ANALYZE} "))


def _analysis(advice: Advice) -> str:
    return f"{ANALYZE} {_spec(advice)}" + (f" --inputs {FOLDER}" if advice.takes_arguments else "")


def _program(record: ProgramRecord) -> str:
    """What Python was given; in capitals, where it is not known as it was typed."""
    words = record.argv or _words(record.command)
    if len(words) < 2 or _PYTHON.fullmatch(PurePath(words[0]).name) is None:
        return "SCRIPT.py"
    told = shell_command(words[1:])
    if len(told) > _MOST_CHARACTERS or (not record.argv and words[1].startswith("-c")):  # whose lines are not kept
        return "-c CODE" if words[1].startswith("-c") else "SCRIPT.py"
    return told


def _words(command: str) -> Sequence[str]:
    try:
        return shlex.split(command)
    except ValueError:
        return ()
