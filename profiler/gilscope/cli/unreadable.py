"""What the parser of the command line cannot read, in a line, with the option and the value as typed."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import typer

from gilscope.choosing import did_you_mean
from gilscope.errors import UsageError

__all__ = ["explained", "flags_of", "no_command", "no_option", "refusal"]


def explained(error: Exception, command: Any, ctx: Any, arguments: list[str]) -> Exception:
    """The error itself, or one that names the value, where it is one value that cannot be read."""
    parameter = getattr(error, "param", None)
    if getattr(error, "ctx", ctx) is None:  # the parser itself knows of none
        error.ctx = ctx  # type: ignore[attr-defined]
    if type(error) is not typer.BadParameter or parameter is None:
        return error
    values, *_ = command.make_parser(ctx).parse_args(list(arguments))
    is_option = parameter.param_type_name == "option"
    name = next((flag for flag in parameter.opts if flag.startswith("--")), parameter.opts[0]) if is_option else None
    return UsageError(f"{name or parameter.metavar or parameter.name} {values.get(parameter.name)!r}: {_reason(error)}")


def refusal(error: Any) -> UsageError:
    """What the parser does not take: an option that there is not, a value too many, none where there must be one."""
    ctx = error.ctx
    if ctx is None:
        return UsageError(_reason(error))
    flags = flags_of(ctx)
    typed, missing = getattr(error, "option_name", ""), getattr(error, "param", None)
    if option := flags.get(typed):
        value = option.metavar or "VALUE"
        return UsageError(f"{typed} takes no value" if option.is_flag else f"{typed} needs a value: {typed} {value}")
    if typed:
        return no_option(ctx, typed, flags)
    name = ctx.info_name
    if missing is not None:
        what = _lower((getattr(missing, "help", None) or "").partition(";")[0].rstrip("."))
        return UsageError(f"{name} needs {missing.metavar or missing.name.upper()}" + (f": {what}" if what else ""))
    of = f"{name}: " if ctx.parent else ""
    return UsageError(f"{of}{_reason(error)}; {_path(ctx)} --help tells what it takes")


def flags_of(ctx: Any) -> dict[str, Any]:
    """The options of a command, by each of their names."""
    options = [one for one in ctx.command.get_params(ctx) if one.param_type_name == "option"]
    return {flag: one for one in options for flag in (*one.opts, *one.secondary_opts)}


def no_option(ctx: Any, typed: str, known: Iterable[str]) -> UsageError:
    """What was typed in the place of an option, with the one that is called almost so."""
    near = did_you_mean(typed, known) if typed.startswith("--") else ""
    of = f"{ctx.info_name} has" if ctx.parent else "there is"
    return UsageError(f"{of} no option {typed}{near or f'; {_path(ctx)} --help lists them'}")


def _path(ctx: Any) -> str:
    """How the command is typed, whatever the program is called that has started it."""
    return f"gilscope {ctx.info_name}" if ctx.parent else "gilscope"


def _lower(text: str) -> str:
    """As the rest of a sentence."""
    return text if text[1:2].isupper() else text[:1].lower() + text[1:]


def _reason(error: Any) -> str:
    """Its first part, as the rest of a sentence: what follows says the same in other words."""
    return _lower(error.message.partition(",")[0].rstrip("."))


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
