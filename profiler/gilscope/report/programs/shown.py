"""What of a live view is shown, and what keys change of it. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final, Literal

__all__ = ["KEYS", "SORTS", "VIEWS", "Action", "Shown", "Sort", "View", "pressed"]

View = Literal["threads", "functions", "blame", "holds", "loops", "processes"]
Sort = Literal["held", "waited", "cpu", "total"]
#: What a key asks for that is no change of what is shown.
Action = Literal["save", "quit", "lost"]

VIEWS: Final[dict[str, View]] = {
    "t": "threads",
    "f": "functions",
    "b": "blame",
    "g": "holds",
    "l": "loops",
    "p": "processes",
}
#: As the columns stand, from the left.
SORTS: Final[dict[str, Sort]] = {"1": "held", "2": "waited", "3": "cpu", "4": "total"}
_ACTIONS: Final[dict[str, Action]] = {"s": "save", "q": "quit", "end": "lost"}
_PLACES: Final = {"tab": 1, "right": 1, "backtab": -1, "left": -1}
_COLUMNS: Final = {">": 1, "<": -1}

#: The keys, for people.
KEYS: Final = (
    ("t f b g l p", "threads, functions, who waits for whom, holds of the GIL, event loops, processes"),
    ("tab, arrows", "the next view, the previous one"),
    ("1 2 3 4", "sort by time: held the GIL, waited for it, on a CPU, all that is not idle"),
    ("< >", "sort by the column to the left, to the right"),
    ("space", "pause the figures, and go on"),
    ("s", "save the result of the seconds that are shown"),
    ("q", "quit; a program that was started here is asked to end (SIGTERM)"),
    ("? or h", "this help"),
)


@dataclass(frozen=True)
class Shown:
    """What is shown, and how."""

    view: View = "threads"
    sort: Sort = "total"
    paused: bool = False
    helps: bool = False
    """Whether the keys are told instead of figures."""
    told: str = ""
    """The last thing that was done: where a result was saved."""


def pressed(shown: Shown, key: str) -> tuple[Shown, Action | None]:
    """What is shown after a key, and what else it asks for.

    :param key: the character; ``tab``, ``backtab``, ``left``, ``right``, ``escape``; ``end`` of a terminal that is gone
    """
    if key in _ACTIONS:
        return shown, _ACTIONS[key]
    if key in ("?", "h"):
        return replace(shown, helps=not shown.helps), None
    if key == " ":
        return replace(shown, paused=not shown.paused, told=""), None
    return replace(shown, view=_view(shown.view, key), sort=_sort(shown.sort, key), helps=False), None


def _view(view: View, key: str) -> View:
    order = list(VIEWS.values())
    return VIEWS.get(key, order[(order.index(view) + _PLACES.get(key, 0)) % len(order)])


def _sort(sort: Sort, key: str) -> Sort:
    order = list(SORTS.values())
    return SORTS.get(key, order[(order.index(sort) + _COLUMNS.get(key, 0)) % len(order)])
