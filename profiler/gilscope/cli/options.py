"""The options of an analysis as those of a command."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gilscope.cli.completing import backends_beginning, one_of

if TYPE_CHECKING:  # declaring them takes time, which those who ask for other commands need not wait for
    from gilscope.options import Option

__all__ = ["spliced", "with_options"]

AFTER = "options_after"


def with_options(after: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Give a command every option, behind its parameter ``after``; it gets what was typed as further keywords, as
    `gilscope.options.Options.read` takes it."""

    def marked(command: Callable[..., None]) -> Callable[..., None]:
        setattr(command, AFTER, after)
        return command

    return marked


def spliced(command: Callable[..., None]) -> Callable[..., None]:
    """The command, its signature with the options in it where they belong there."""
    after = command.__dict__.pop(AFTER, None)
    if after is not None:
        own = inspect.signature(command, eval_str=True)
        command.__signature__ = own.replace(parameters=list(_parameters(own, after)))  # type: ignore[attr-defined]
        command.__annotations__ = {}  # the signature has all of them, and has read them already
    return command


def _parameters(own: inspect.Signature, after: str) -> Iterator[inspect.Parameter]:
    from gilscope.options import all_options

    for parameter in own.parameters.values():
        if parameter.kind is not parameter.VAR_KEYWORD:
            yield parameter
        if parameter.name == after:
            yield from (_parameter(option) for option in all_options())


def _parameter(option: Option) -> inspect.Parameter:
    kind: Any = str if option.parse else option.kind
    default = option.typed if option.parse else option.default
    kind = list[kind] if option.repeatable else kind
    kind = kind | None if default is None else kind
    told: Any = typer.Option(
        *option.flags,
        help=option.help,
        metavar=option.placeholder,
        rich_help_panel=option.panel,
        autocompletion=_completion(option),
    )
    typed: Any = Annotated[kind, told]
    return inspect.Parameter(option.name, inspect.Parameter.POSITIONAL_OR_KEYWORD, default=default, annotation=typed)


def _completion(option: Option) -> Callable[[str], list[str]] | None:
    if option.name == "backends":
        return backends_beginning
    return one_of(option.choices) if option.choices else None
