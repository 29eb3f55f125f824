"""What to type next: how the functions that are advised on are analyzed with the arguments of their real calls."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import PurePath
from typing import Final

from gilscope.decide.program_advice import ANALYZE
from gilscope.records.programs import ProgramRecord
from gilscope.report.document import Block, Code, Paragraph

__all__ = ["next_steps"]

FOLDER: Final = "captured"
_PYTHON: Final = re.compile(r"python[\d.]*t?(\.exe)?")
_AGAIN: Final = "Next: run it again, keep arguments of real calls, and analyze with them."
_ANEW: Final = (
    "Next: calls are kept of a program that gilscope starts. Start it so, in its own folder, and analyze with them."
)


def next_steps(record: ProgramRecord, most: int) -> Iterator[Block]:
    """The commands, where nothing was captured: nobody knows which arguments the functions need.

    :param most: functions that are told of
    """
    commands = [each.command for each in record.verdict.advice if each.command is not None]
    if record.capture is not None or not commands:
        return
    specs = [shlex.quote(command.removeprefix(f"{ANALYZE} ")) for command in dict.fromkeys(commands)][:most]
    run = f"gilscope run --capture {','.join(specs)} --capture-to {FOLDER} -- {_program(record.command)}"
    lines = (run, *(f"{ANALYZE} {spec} --inputs {FOLDER}" for spec in specs))
    yield Paragraph(_ANEW if record.exit_status is None else _AGAIN, "soft")
    yield Code("\n".join(lines), "commands to type", language="sh")


def _program(command: str) -> str:
    """What Python was given; in capitals, where the command does not tell it as it was typed."""
    try:
        python, *given = shlex.split(command)
    except ValueError:
        return "SCRIPT.py"
    if not given or _PYTHON.fullmatch(PurePath(python).name) is None:
        return "SCRIPT.py"
    return "-c CODE" if given[0].startswith("-c") else shlex.join(given)
