"""What the parser of the command line cannot read, in a line, with the option and the value as typed."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import typer

from gilscope.errors import UsageError

__all__ = ["explained", "no_command"]


def explained(error: Exception, command: Any, ctx: Any, arguments: list[str]) -> Exception:
    """The error itself, or one that names the value, where it is one value that cannot be read."""
    parameter = getattr(error, "param", None)
    if type(error) is not typer.BadParameter or parameter is None:
        return error
    values, *_ = command.make_parser(ctx).parse_args(list(arguments))
    is_option = parameter.param_type_name == "option"
    name = next((flag for flag in parameter.opts if flag.startswith("--")), parameter.opts[0]) if is_option else None
    return UsageError(f"{name or parameter.metavar or parameter.name} {values.get(parameter.name)!r}: {_reason(error)}")


def _reason(error: typer.BadParameter) -> str:
    """Its first part, as the rest of a sentence: what follows says the same in other words."""
    told = error.message.partition(",")[0].rstrip(".")
    return told[:1].lower() + told[1:]


def no_command(typed: str, known: Iterable[str]) -> UsageError:
    """What was typed in the place of a command, with the one that takes it, or is called almost so."""
    near = _taking(typed) or _nearest(typed, known)
    told = f"did you mean gilscope {near}?" if near else "gilscope --help lists them"
    return UsageError(f"{typed!r} is no command; {told}")


def _taking(typed: str) -> str | None:
    """The command that takes it, with it."""
    if ":" in typed:
        return f"analyze {typed}"
    if typed.isdigit():
        return f"attach {typed}"
    if typed.endswith((".json", ".html")):
        return f"report {typed}"
    return f"run {typed}" if typed.endswith(".py") else None


def _nearest(typed: str, known: Iterable[str]) -> str | None:
    import difflib

    return next(iter(difflib.get_close_matches(typed, list(known), 1)), None)
