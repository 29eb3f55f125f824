"""The options of a command that were not typed: as the environment says, else a pyproject.toml, else their defaults."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextvars import ContextVar
from typing import Any

import typer

from gilscope.cli.common import common_params, reads_no_file
from gilscope.config import NO_KEYS, File, Key, Said, nearest_file, refuse_unknown, said, with_origins
from gilscope.errors import UsageError

__all__ = ["configure", "file_for", "key_of", "keys_of", "options_of", "told_with_origins"]

#: What was said of options elsewhere than on the command line, for messages that name them.
_origins: ContextVar[Mapping[str, Said]] = ContextVar("origins", default={})  # noqa: B039  never changed in place


def configure(ctx: Any, command: Any) -> None:
    """Set what was not typed and is said elsewhere.

    :raises UsageError: when that is no value, or names no option
    """
    if ctx.resilient_parsing:  # for completion
        return
    _origins.set({})
    file = file_for(ctx)
    parameters = {key_of(one).name: one for one in options_of(command)}
    if file is not None:
        _refuse_unknown(file, ctx, {*parameters})
    typed = {name for name, one in parameters.items() if _is_typed(ctx, one)}
    found = said(keys_of(command), command.name, file, os.environ, typed)
    _origins.set(found)
    for name, one in found.items():
        value = _value(ctx, parameters[name], one)
        if parameters[name].expose_value:
            ctx.params[parameters[name].name] = value


def file_for(ctx: Any) -> File | None:
    """The nearest file, unless none is to be read.

    :raises UsageError: when it is no TOML
    """
    if reads_no_file(ctx):
        return None
    try:
        return nearest_file(os.getcwd())
    except FileNotFoundError:  # the folder is gone
        return None


def keys_of(command: Any) -> list[Key]:
    """All that may be set of a command elsewhere than by typing it."""
    return [key for one in options_of(command) if (key := key_of(one)).name not in NO_KEYS]


def key_of(parameter: Any) -> Key:
    """An option's."""
    flag = next((each for each in parameter.opts if each.startswith("--")), parameter.opts[0])
    kind: Any = "count" if parameter.count else "flag" if parameter.is_flag else "text"
    return Key(flag.lstrip("-"), kind, bool(parameter.multiple))


def told_with_origins(message: str) -> str:
    """A message with where it is said, of each option that it names and that was not typed."""
    return with_origins(message, _origins.get())


def options_of(command: Any) -> Iterator[Any]:
    """Its options, and those of all commands, without its arguments."""
    return (one for one in (*command.params, *common_params()) if one.param_type_name == "option")


def _is_typed(ctx: Any, parameter: Any) -> bool:
    """Whether it was, behind the command or, as those of all commands may be, before it."""
    sources = [each.get_parameter_source(parameter.name) for each in (ctx, ctx.find_root())]
    return any(source is not None and source.name == "COMMANDLINE" for source in sources)


def _refuse_unknown(file: File, ctx: Any, own: set[str]) -> None:
    """To make all commands takes time, and is not needed where only options of this one are set."""
    if any(isinstance(value, Mapping) or name not in own or name in NO_KEYS for name, value in file.table.items()):
        commands = ctx.find_root().command.commands
        refuse_unknown(file, {name: {key_of(one).name for one in options_of(commands[name])} for name in commands})


def _value(ctx: Any, parameter: Any, one: Said) -> Any:
    try:
        return parameter.process_value(ctx, one.value)
    except typer.BadParameter as error:
        raise UsageError(f"{one.told}: {error.message.rstrip('.')}") from error
