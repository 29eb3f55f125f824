"""The options of gilscope itself: they stand before the command or among its own, as users type them."""

from __future__ import annotations

import functools
from typing import Annotated, Any, Final

import typer

from gilscope.choosing import require_choice
from gilscope.cli.colours import Colours, choose
from gilscope.cli.completing import one_of
from gilscope.cli.stdout import put
from gilscope.version import __version__

__all__ = ["common", "common_params", "reads_no_file"]

_NO_CONFIG: Final = "gilscope.no_config"
_COLOURS: Final = tuple(map(str, Colours))


def _version(asked: bool) -> None:
    if asked:
        put(f"gilscope {__version__}\n")
        raise typer.Exit


def _no_config(context: typer.Context, asked: bool) -> None:
    context.meta[_NO_CONFIG] = asked or reads_no_file(context)


def _color(context: typer.Context, typed: str | None) -> None:
    """Where a command is told nothing, what stands before it holds."""
    if typed is not None:
        require_choice("--color", typed, _COLOURS)
    if typed is not None or context.parent is None:
        choose(Colours(typed or Colours.AUTO))


def common(
    version: Annotated[
        bool,
        typer.Option("--version", "-V", callback=_version, is_eager=True, expose_value=False, help="Show the version."),
    ] = False,
    no_config: Annotated[
        bool, typer.Option("--no-config", callback=_no_config, expose_value=False, help="Read no pyproject.toml.")
    ] = False,
    color: Annotated[
        str | None,
        typer.Option(
            "--color",
            callback=_color,
            metavar=f"[{'|'.join(_COLOURS)}]",
            autocompletion=one_of(_COLOURS),
            expose_value=False,
            help="Colours: on terminals unless NO_COLOR is set, always, or never.",
        ),
    ] = None,
) -> None:
    """Options of gilscope itself."""
    del version, no_config, color  # their callbacks have them


@functools.cache
def common_params() -> tuple[Any, ...]:
    """They as parameters of a command."""
    app = typer.Typer(add_completion=False)
    app.command()(common)
    return tuple(typer.main.get_command(app).params)


def reads_no_file(context: Any) -> bool:
    """Whether ``--no-config`` was typed, before the command or behind it."""
    return bool(context.meta.get(_NO_CONFIG))
