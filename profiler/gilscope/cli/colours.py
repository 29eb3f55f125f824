"""Whether what is drawn has colours: as the user says, or where there is a terminal for them."""

from __future__ import annotations

from enum import StrEnum
from typing import Any, Final

__all__ = ["Colours", "choose", "of_console"]


class Colours(StrEnum):
    """``auto``: on terminals, unless ``NO_COLOR`` is set."""

    AUTO = "auto"
    ALWAYS = "always"
    NEVER = "never"


_OF_CONSOLE: Final[dict[Colours, dict[str, Any]]] = {
    Colours.AUTO: {},
    Colours.ALWAYS: {"force_terminal": True, "color_system": "256", "no_color": False},
    Colours.NEVER: {"color_system": None},
}
_chosen: list[Colours] = [Colours.AUTO]


def choose(colours: Colours) -> None:
    """For all that this process draws."""
    _chosen[:] = [colours]


def of_console(*, drawn_at: bool = False) -> dict[str, Any]:
    """What a Rich console is to be told of it.

    :param drawn_at: it stands on a terminal whatever is chosen, which colours do not make of anything else
    """
    told = dict(_OF_CONSOLE[_chosen[0]])
    if drawn_at:
        told.pop("force_terminal", None)
    return told
