"""What the parser of the command line cannot read, in a line, with the option and the value as typed."""

from __future__ import annotations

from typing import Any

import typer

from gilscope.errors import UsageError

__all__ = ["explained", "nearest_command"]


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


def nearest_command(typed: str) -> str | None:
    """The command that takes what was typed in the place of one; None where none does."""
    if ":" in typed:
        return f"analyze {typed}"
    if typed.isdigit():
        return f"attach {typed}"
    if typed.endswith((".json", ".html")):
        return f"report {typed}"
    return f"run {typed}" if typed.endswith(".py") else None
