"""The conditions of a gate, as they are written: ``throughput<0.9,label,gil_held+0.05``."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from typing import Final, Literal

from gilscope.decide.changes import FIGURES
from gilscope.errors import UsageError
from gilscope.units import typed

__all__ = ["WORDS", "Condition", "parsed"]

Sign = Literal["<", ">", "+", ""]

#: What fails when it is another than it was, or for errors when there are some and were none.
WORDS: Final = ("label", "backend", "errors")
_KNOWN: Final = tuple(dict.fromkeys((*FIGURES, *WORDS)))
#: What is measured per second fails when there is less of it; every other ratio when there is more.
_SIGNS: Final[dict[str, Sign]] = {
    name: "+" if figure.is_share else "<" if figure.unit == "per_s" else ">" for name, figure in FIGURES.items()
}
_EXAMPLES: Final[dict[Sign, str]] = {"<": "0.9", ">": "1.1", "+": "0.05"}


@dataclass(frozen=True)
class Condition:
    """What makes a gate fail."""

    name: str
    """Of `gilscope.decide.changes.FIGURES`, or of `WORDS`."""
    sign: Sign = ""
    """Below or above a ratio of new to old; by how much a share rose; or any other word."""
    limit: float | None = None
    """None without a sign."""

    def __str__(self) -> str:
        return self.name if self.limit is None else f"{self.name}{self.sign}{typed(self.limit)}"


def parsed(text: str) -> tuple[Condition, ...]:
    """The conditions in a list with commas between.

    :raises UsageError: for what is no condition, with what may have been meant
    """
    parts = [part.strip() for part in text.split(",")]
    if not any(parts):
        raise UsageError("--fail-on names no condition: write them as in throughput<0.9,label,gil_held+0.05")
    return tuple(_condition(part) for part in parts if part)


def _condition(text: str) -> Condition:
    match = re.fullmatch(r"(\w*)\s*([^\w\s.]*)\s*(.*)", text)
    name, sign, limit = match.groups() if match else (text, "", "")
    if name not in _KNOWN:
        nearest = difflib.get_close_matches(name.lower(), _KNOWN, n=1)
        hint = f"did you mean {nearest[0]}? " if nearest else ""
        raise UsageError(f"--fail-on {text!r}: nothing is called {name!r}; {hint}known are {', '.join(_KNOWN)}")
    if name in WORDS and not sign and not limit:
        return Condition(name)
    return _limited(text, name, sign, limit)


def _limited(text: str, name: str, sign: str, limit: str) -> Condition:
    needed = _SIGNS.get(name)
    if needed is None:
        raise UsageError(f"--fail-on {text!r}: {name} fails when it is another than it was: write {name} alone")
    if sign != needed:
        raise UsageError(f"--fail-on {text!r}: {_MEANING[needed]}: write {name}{needed}{_EXAMPLES[needed]}")
    value = _number(limit)
    if value is None or value <= 0 or (needed == "+" and value >= 1):
        raise UsageError(
            f"--fail-on {text!r}: {limit!r} is no {_LIMIT[needed]}: write it as in {name}{needed}{_EXAMPLES[needed]}"
        )
    return Condition(name, needed, value)


_MEANING: Final[dict[Sign, str]] = {
    "<": "it fails below a ratio of new to old",
    ">": "it fails above a ratio of new to old",
    "+": "it fails when the share rose by more than a difference",
}
_LIMIT: Final[dict[Sign, str]] = {
    "<": "ratio (a number above 0)",
    ">": "ratio (a number above 0)",
    "+": "difference of shares (a number between 0 and 1)",
}


def _number(text: str) -> float | None:
    return float(text) if re.fullmatch(r"[0-9]*\.?[0-9]+|[0-9]+\.", text) else None
