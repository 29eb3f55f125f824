"""The one palette: every report draws a state, and a backend, in the same colour, letter, shape and words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

__all__ = ["HOLDERS", "STATE_STYLES", "UNDIVIDED", "BackendStyle", "StateStyle", "backend_style"]


@dataclass(frozen=True)
class StateStyle:
    """How a state of the ledger is drawn."""

    letter: str
    colour: str
    """An RGB colour that stands out on white and on black."""
    ink: str
    """What is written on it in: the one of black and white that stands out more."""
    title: str


#: The states in the order of `gilscope.records.STATES`, then those for what could not be split.
STATE_STYLES: Final = {
    "cpu_gil": StateStyle("G", "#2f6fde", "#fff", "on CPU, holding the GIL"),
    "cpu_free": StateStyle("C", "#12a594", "#000", "on CPU without the GIL"),
    "gil_wait": StateStyle("W", "#e5484d", "#000", "waiting for the GIL"),
    "runqueue": StateStyle("Q", "#f08c00", "#000", "ready, but given no CPU"),
    "network": StateStyle("N", "#8e4ec6", "#fff", "network"),
    "disk": StateStyle("D", "#a07050", "#000", "disk"),
    "sleep": StateStyle("S", "#5eb6e4", "#000", "asleep"),
    "lock": StateStyle("L", "#e667b4", "#000", "waiting for a lock"),
    "child": StateStyle("P", "#8fae1b", "#000", "waiting for a process it started"),
    "other": StateStyle("O", "#6b7280", "#fff", "blocked on something else"),
    "idle": StateStyle(".", "#b4bac4", "#000", "idle: no call to run"),
    "cpu": StateStyle("c", "#5f8fd8", "#000", "on CPU, with or without the GIL"),
    "blocked": StateStyle("b", "#ab86c9", "#000", "off CPU, undivided"),
    "unknown": StateStyle("?", "#8b8d98", "#000", "unknown"),
}
#: Those for what could not be split.
UNDIVIDED: Final = ("cpu", "blocked", "unknown")


@dataclass(frozen=True)
class BackendStyle:
    """How a backend is drawn: by a colour that stands out on white and on black, and by a shape."""

    colour: str
    shape: str
    """An SVG path around the origin, some ten units wide."""


#: After Okabe & Ito, told apart by readers who see few colours; the first five are gilscope's own backends.
_BACKENDS: Final = {
    "serial": BackendStyle("#7b8190", "M-5 0a5 5 0 1 0 10 0a5 5 0 1 0-10 0z"),
    "thread": BackendStyle("#1f83c4", "M-4.5-4.5h9v9h-9z"),
    "process": BackendStyle("#d55e00", "M0-6 5.4 4.5h-10.8z"),
    "asyncio": BackendStyle("#009e73", "M0-6.5 5 0 0 6.5-5 0z"),
    "interpreter": BackendStyle("#cc79a7", "M-2-6h4v4h4v4h-4v4h-4v-4h-4v-4h4z"),
}
_OTHERS: Final = (
    BackendStyle("#b8860b", "M0 6 5.4-4.5h-10.8z"),
    BackendStyle("#8a6fc0", "M-3-5.2h6l3 5.2-3 5.2h-6l-3-5.2z"),
    BackendStyle("#a0522d", "M0-6.5 1.7-2h4.6L2.6.8 4 5.4 0 2.6-4 5.4-2.6.8-6.3-2h4.6z"),
)


def backend_style(backend: str, at: int) -> BackendStyle:
    """The style of a backend, the ``at``-th of those drawn."""
    return _BACKENDS.get(backend, _OTHERS[at % len(_OTHERS)])


#: Of functions that stand beside each other, each of which has one; the last is for all others. They stand out on white
#: and on black.
HOLDERS: Final = ("#3f7fd8", "#d9730d", "#129080", "#c2559e", "#8a6fd0", "#9a7b1c", "#c8504f", "#7b8190")
