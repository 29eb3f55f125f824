"""The manual page, ``docs/gilscope.1``, from what ``--help`` is made from: ``make man``."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer.main

from gilscope import __version__
from gilscope.cli.app import app

PAGE = Path(__file__).parent / "gilscope.1"
_VARIABLES = {
    "GILSCOPE_OUT": "A folder: every process of a program writes there what its functions that have @classify did.",
    "GILSCOPE_OBSERVE": "1: a process beside it looks at such a program from outside, and tells what it waited for.",
    "NO_COLOR": "Set to anything: reports on a terminal have no colours.",
}
_EXAMPLES = {
    "gilscope analyze shop/prices.py:price --inputs SAMPLE": "Which executor should run price?",
    "gilscope run -o seen.html work.py": "Who holds the GIL in a program, and who waits for it?",
    "gilscope check new.json --baseline old.json --fail-on 'throughput<0.9'": "A gate for continuous integration.",
}


def page() -> str:
    """The whole page, for man(1)."""
    group: Any = typer.main.get_command(app)
    parts = [
        f'.TH GILSCOPE 1 "" "gilscope {__version__}" "User Commands"',
        ".SH NAME",
        f"gilscope \\- {escaped(_first_line(group.help)).rstrip('.')}",
        ".SH SYNOPSIS",
        ".B gilscope\n.I COMMAND\n[\\fIOPTIONS\\fR] [\\fIARGUMENTS\\fR]",
        *_told(group.params),
        ".SH COMMANDS",
        *(part for name in sorted(group.commands) for part in _command(name, group.commands[name])),
        ".SH EXIT STATUS",
        *(part for status, meaning in exit_statuses() for part in (".TP", f".B {status}", escaped(meaning))),
        ".SH ENVIRONMENT",
        *(part for name, told in _VARIABLES.items() for part in (".TP", f".B {name}", escaped(told))),
        ".SH EXAMPLES",
        *(part for typed, told in _EXAMPLES.items() for part in (".TP", f".B {escaped(typed)}", escaped(told))),
        ".SH SEE ALSO",
        escaped("py-spy(1), perf(1); the documentation that comes with the source."),
    ]
    return "\n".join(parts) + "\n"


def _command(name: str, command: Any) -> Iterator[str]:
    arguments = [value(param) for param in command.params if param.param_type_name == "argument"]
    yield f'.SS "{escaped(" ".join(["gilscope", name, "[OPTIONS]", *arguments]))}"'
    for number, paragraph in enumerate(inspect.cleandoc(command.help or "").split("\n\n")):
        yield from ([".PP"] if number else [])
        yield escaped(" ".join(paragraph.split()))
    yield from _told(command.params)


def _told(params: list[Any]) -> Iterator[str]:
    for param in params:
        if not getattr(param, "hidden", False):
            yield from (".TP", f".B {escaped(_names(param))}", escaped(" ".join(_help(param).split())))


def _names(param: Any) -> str:
    if param.param_type_name == "argument":
        return value(param)
    names = ", ".join((*param.opts, *param.secondary_opts))
    return names if param.is_flag or param.count else f"{names} {value(param)}"


def value(param: Any) -> str:
    """What stands for one, whatever the version of Typer calls its type."""
    return str(param.metavar or param.opts[0].strip("-").upper())


def _help(param: Any) -> str:
    default = param.default
    plain = isinstance(default, str | int | float) and not isinstance(default, bool) and default not in ("", 0)
    return f"{param.help or ''} [default: {default}]" if plain else param.help or ""


def exit_statuses() -> Iterator[tuple[str, str]]:
    """Each with its meaning, as the documentation's page has them."""
    rows = re.findall(
        r"^\| (\d[\d, ]*) \| (.+?) \|", (PAGE.parent / "exit-statuses.md").read_text("utf-8"), re.MULTILINE
    )
    return ((status, meaning.replace("`", "")) for status, meaning in rows)


def _first_line(text: str | None) -> str:
    return inspect.cleandoc(text or "").partition("\n")[0]


def escaped(text: str) -> str:
    """For roff: no word of it is a request, a dash is a dash."""
    plain = text.replace("\\", "\\e").replace("-", "\\-").replace('"', "\\(dq").replace("…", "...")
    return f"\\&{plain}" if plain[:1] in {".", "'"} else plain


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
