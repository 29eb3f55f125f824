"""The one palette of the ledger's states: every report draws a state in the same colour, letter and title."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

__all__ = ["STATE_STYLES", "StateStyle"]


@dataclass(frozen=True)
class StateStyle:
    """How a state of the ledger is drawn, in every report."""

    letter: str
    colour: str
    """An RGB colour that stands out on white and on black."""
    title: str


#: The states in the order of `gilscope.records.STATES`, then three for what could not be split.
STATE_STYLES: Final = {
    "cpu_gil": StateStyle("G", "#2f6fde", "on CPU, holding the GIL"),
    "cpu_free": StateStyle("C", "#12a594", "on CPU without the GIL"),
    "gil_wait": StateStyle("W", "#e5484d", "waiting for the GIL"),
    "runqueue": StateStyle("Q", "#f08c00", "ready, but given no CPU"),
    "network": StateStyle("N", "#8e4ec6", "network"),
    "disk": StateStyle("D", "#a07050", "disk"),
    "sleep": StateStyle("S", "#5eb6e4", "asleep"),
    "lock": StateStyle("L", "#e667b4", "waiting for a lock"),
    "child": StateStyle("P", "#8fae1b", "waiting for a process it started"),
    "other": StateStyle("O", "#6b7280", "blocked on something else"),
    "idle": StateStyle(".", "#b4bac4", "idle: no call to run"),
    "cpu": StateStyle("c", "#5f8fd8", "on CPU, with or without the GIL"),
    "blocked": StateStyle("b", "#ab86c9", "off CPU, undivided"),
    "unknown": StateStyle("?", "#8b8d98", "unknown"),
}
