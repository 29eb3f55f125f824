"""The commands by their names, those of extensions too."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

import typer
import typer.core
import typer.main

from gilscope.cli.command import Command, ProcessCommand
from gilscope.cli.options import spliced
from gilscope.cli.plain_text import leave_text
from gilscope.cli.unreadable import explained, no_command
from gilscope.extensions import installed

if TYPE_CHECKING:
    from typer.models import CommandInfo

__all__ = ["group_of"]


#: Of commands whose options end with their first argument: what follows is the program's.
_PROGRAMS: Final = {"ignore_unknown_options": True, "allow_interspersed_args": False}
_SETTINGS: Final = {"run": _PROGRAMS, "top": _PROGRAMS}


_CLASSES: Final[dict[str, type[Command]]] = {"top": ProcessCommand}


class _Commands(Mapping[str, Any]):
    """Each is made when it is asked for, and extensions are looked for when one is that is not here: to make them all
    takes as long as everything else that showing the help does."""

    def __init__(self, functions: Sequence[Callable[..., None]]) -> None:
        self._own = _infos(
            lambda app: [
                app.command(context_settings=_SETTINGS.get(name))(function)
                for function in functions
                for name in (function.__name__,)
            ]
        )

    @cached_property
    def infos(self) -> Mapping[str, CommandInfo]:
        """What is known of each before it is made."""
        return {**self._own, **_infos(lambda app: [extension.add_commands(app) for extension in installed()])}

    def __getitem__(self, name: str) -> Any:
        info = self._own.get(name) or self.infos[name]
        if info.callback is not None:
            spliced(info.callback)
        info.cls = _CLASSES.get(name, Command)
        return typer.main.get_command_from_info(info, pretty_exceptions_short=True, rich_markup_mode=None)

    def __iter__(self) -> Iterator[str]:
        return iter(self.infos)

    def __len__(self) -> int:
        return len(self.infos)


def _infos(add: Callable[[typer.Typer], object]) -> dict[str, CommandInfo]:
    app = typer.Typer()
    add(app)
    return {info.name or info.callback.__name__: info for info in app.registered_commands if info.callback}


def group_of(*functions: Callable[..., None]) -> type[typer.core.TyperGroup]:
    """The group of these commands and those of extensions."""

    class Group(typer.core.TyperGroup):
        def __init__(self, **settings: Any) -> None:
            super().__init__(**settings)
            self.commands: Any = _Commands(functions)

        def get_params(self, ctx: Any) -> list[Any]:
            return leave_text(super().get_params(ctx))

        def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
            try:
                return super().parse_args(ctx, args)
            except Exception as error:
                raise explained(error, self, ctx, args) from None

        def resolve_command(self, ctx: Any, args: list[str]) -> Any:
            """What is no command may be what one takes."""
            if not args[0].startswith("-") and args[0] not in self.commands:
                raise no_command(args[0], self.commands)
            return super().resolve_command(ctx, args)

        def format_commands(self, ctx: Any, formatter: Any) -> None:  # noqa: ARG002  its base class's
            """The names, and what each does, which needs no command to be made."""
            infos = self.commands.infos
            limit = formatter.width - 6 - max(map(len, infos))
            shown = {name: typer.core.TyperCommand(name, help=inspect.getdoc(infos[name].callback)) for name in infos}
            with formatter.section("Commands"):
                formatter.write_dl([(name, command.get_short_help_str(limit)) for name, command in shown.items()])

    return Group
