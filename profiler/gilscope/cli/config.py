"""``gilscope config``: what every option is, and who says so."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gilscope.choosing import did_you_mean
from gilscope.cli.stdout import put
from gilscope.errors import UsageError

if TYPE_CHECKING:
    from gilscope.config import File, Said

__all__ = ["config"]


def config(
    context: typer.Context,
    command: Annotated[
        str | None, typer.Argument(metavar="[COMMAND]", help="Of this command alone; of all otherwise.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Show what every option is when it is not typed, and who says so: the environment, a pyproject.toml, or nobody."""
    from gilscope.cli.configured import file_for, key_of, keys_of, options_of
    from gilscope.config import refuse_unknown, unknown_variables, variables_of

    root: Any = context.find_root().command
    every = {name: one for name, one in root.commands.items() if keys_of(one)}
    if command is not None and command not in every:
        near = did_you_mean(command, every)
        raise UsageError(f"COMMAND {command!r} has no options, or is none: there are {', '.join(every)}{near}")
    file = file_for(context)
    if file is not None:
        refuse_unknown(file, {name: {key_of(each).name for each in options_of(one)} for name, one in every.items()})
    told = {name: _told(one, file) for name, one in every.items() if command in (None, name)}
    variables = {each for name, one in every.items() for key in keys_of(one) for each in variables_of(name, key)}
    strange = unknown_variables(os.environ, variables)
    if as_json:
        import msgspec

        where = None if file is None else str(file.path)
        encoded = msgspec.json.encode({"file": where, "unknown_variables": strange, "commands": told})
        put(msgspec.json.format(encoded).decode() + "\n")
    else:
        put("".join(f"{line}\n" for line in _lines(file, strange, told)))


def _options(command: Any) -> Iterator[Any]:
    return (one for one in command.params if one.param_type_name == "option")


def _told(command: Any, file: File | None) -> dict[str, dict[str, Any]]:
    """What each option of a command is, by name."""
    from gilscope.cli.configured import key_of, keys_of, options_of
    from gilscope.config import said

    found = said(keys_of(command), command.name, file, os.environ)
    parameters = {key_of(one).name: one for one in options_of(command)}
    return {key.name: _row(parameters[key.name], found.get(key.name), key.name) for key in keys_of(command)}


def _row(parameter: Any, one: Said | None, name: str) -> dict[str, Any]:
    from gilscope.addresses import shown
    from gilscope.config import TYPED_ONLY

    value = parameter.default if one is None else one.value
    return {
        "value": shown(value) if isinstance(value, str) else value,
        "source": "default" if one is None else one.source,
        "where": None if one is None else one.where,
        "file_may_set": name not in TYPED_ONLY,
    }


def _lines(
    file: File | None, strange: dict[str, str | None], told: dict[str, dict[str, dict[str, Any]]]
) -> Iterator[str]:
    yield f"file: {file.path}" if file else f"file: no pyproject.toml from {os.getcwd()} upwards has [tool.gilscope]"
    for name, near in strange.items():
        yield f"{name} sets nothing" + (f": did you mean {near}?" if near else "")
    for command, rows in told.items():
        yield ""
        yield f"gilscope {command}"
        widths = [max(len(text) for text in column) for column in (list(rows), [_text(row) for row in rows.values()])]
        for name, row in rows.items():
            yield f"  {name:{widths[0]}}  {_text(row):{min(40, widths[1])}}  {row['where'] or 'default'}"


def _text(row: dict[str, Any]) -> str:
    value = row["value"]
    if value is None or value == []:
        return "-"
    if isinstance(value, bool):
        return str(value).lower()
    return " ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
