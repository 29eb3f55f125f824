"""Commands that the documents tell, anywhere: there are such commands, and they have such options."""

from __future__ import annotations

import functools
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer.main

from gilscope.cli.app import app

ROOT = Path(__file__).parents[2]
PAGES = sorted(str(path.relative_to(ROOT)) for path in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
#: What ends the options of `run` and `top`: the rest is the program's.
PROGRAM = re.compile(r"-m|-c|--|\S+\.py|\S+/celery")
#: No command: what reports call the frames of gilscope.
OWN_FRAMES = "gilscope itself"
#: Of the shell: what follows is another command's.
ENDS = {"|", ">", ">>", "&", "&&", ";", "||", "2>"}


def commands(text: str) -> Iterator[str]:
    """As they are typed in blocks, and as they stand in sentences."""
    for language, block in re.findall(r"^ *```(\w*).*?\n(.*?)^ *```", text, re.DOTALL | re.MULTILINE):
        if language in ("python", "text"):
            continue
        joined = re.sub(r"\\\n\s*", " ", block)
        yield from (match[1] for match in re.finditer(r"(?:^|[\s(])(gilscope [a-z]+ .*)", joined))
    outside = re.sub(r"^ *```.*?^ *```", "", text, flags=re.DOTALL | re.MULTILINE)
    told = (" ".join(match[1].split()) for match in re.finditer(r"`((?:\w+=\S+ )?gilscope [a-z]+[^`]*)`", outside))
    yield from (command for command in told if command != OWN_FRAMES)


def words(command: str) -> list[str]:
    """The command's own: not what the shell does with it, nor the arguments of a program."""
    lexer = shlex.shlex(re.sub(r".*?(?=gilscope )", "", command, count=1), posix=True, punctuation_chars="|&;>")
    lexer.whitespace_split = True
    found: list[str] = []
    try:
        for word in lexer:
            if word in ENDS or (found[1:2] in (["run"], ["top"]) and PROGRAM.fullmatch(word)):
                break
            found.append(word)
    except ValueError:  # a sentence's quotation marks
        return command.split()
    return found


@functools.cache
def options() -> dict[str, set[str]]:
    """Those of each command."""
    group: Any = typer.main.get_command(app)
    return {
        name: {"-h", "--help", *(flag for param in command.params for flag in (*param.opts, *param.secondary_opts))}
        for name, command in group.commands.items()
    }


def unknown(command: str) -> list[str]:
    """What of it there is not."""
    _, name, *rest = words(command)
    if name not in options():
        return [name]
    flags = [word.partition("=")[0] for word in rest if re.match(r"-{1,2}[a-z]", word)]
    return [flag for flag in flags if not exists(flag, options()[name])]


def exists(flag: str, known: set[str]) -> bool:
    """Whether it is one, or several of a letter: -vv."""
    return flag in known or (flag[1] != "-" and {f"-{letter}" for letter in flag[1:]} <= known)


def test_a_command_that_there_is_not_would_be_seen() -> None:
    text = "`gilscope analyse x` and `gilscope run --capture a:b x.py --own`, `gilscope report -vv x`"
    assert [unknown(command) for command in commands(text)] == [["analyse"], [], []]
    block = "```\n$ OUT=a gilscope check r.json --fail 'a' -q | less --what\n```\n"
    assert [unknown(command) for command in commands(block)] == [["--fail"]]


@pytest.mark.parametrize("page", [page for page in PAGES if page != "CHANGELOG.md"])
def test_every_command_and_option_exists(page: str) -> None:
    told = list(commands((ROOT / page).read_text()))
    assert [(command, unknown(command)) for command in told if unknown(command)] == []
