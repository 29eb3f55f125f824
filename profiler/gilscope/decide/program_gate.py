"""Whether a program that was watched may pass: conditions as ``gil_wait>0.2,loop_block>50ms``, each with its evidence.

A condition on what is unknown fails: a gate that cannot look must not let everything through.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, NamedTuple

from gilscope import parsing
from gilscope.errors import UsageError
from gilscope.records.programs import ProgramRecord
from gilscope.units import UNKNOWN, duration, exact, given_duration, number

__all__ = ["ProgramCondition", "ProgramJudged", "judge_program", "parsed_for_program"]


class _Figure(NamedTuple):
    of: Callable[[ProgramRecord], float | None]
    is_time: bool
    about: str


def _per_second(seconds: float | None, record: ProgramRecord) -> float | None:
    return None if seconds is None or record.watched_s <= 0 else seconds / record.watched_s


def _largest(values: list[float]) -> float:
    return max(values, default=0.0)


_FIGURES: Final[dict[str, _Figure]] = {
    "gil_wait": _Figure(lambda it: _per_second(it.account.gil_wait_s, it), False, "threads waiting for the GIL"),
    "gil_held": _Figure(lambda it: it.account.gil_held_ratio, False, "share of the time in which the GIL was held"),
    "runqueue": _Figure(lambda it: _per_second(it.account.runqueue_s, it), False, "threads ready and given no CPU"),
    "lock_wait": _Figure(lambda it: _per_second(it.account.lock_s, it), False, "threads waiting for other locks"),
    "cpus": _Figure(lambda it: _per_second(it.account.cpu_s, it), False, "CPUs used"),
    "hold": _Figure(
        lambda it: None if it.account.gil_held_ratio is None else _largest([each.longest_s for each in it.holds]),
        True,
        "the longest hold of the GIL that others wanted",
    ),
    "loop_block": _Figure(
        lambda it: _largest([block.longest_s for loop in it.loops for block in loop.blocked]),
        True,
        "the longest block of an event loop",
    ),
    "loop_lag": _Figure(
        lambda it: _largest([loop.lag_p99_s for loop in it.loops if loop.lag_p99_s is not None]),
        True,
        "the 99th percentile of an event loop's lag",
    ),
}


@dataclass(frozen=True)
class ProgramCondition:
    """A figure that must not be larger."""

    name: str
    limit: float

    def __str__(self) -> str:
        limit = given_duration(self.limit) if _FIGURES[self.name].is_time else exact(self.limit)
        return f"{self.name}>{limit}"


@dataclass(frozen=True)
class ProgramJudged:
    """A condition, held against a program."""

    condition: ProgramCondition
    value: float | None
    """None where it is unknown."""

    @property
    def passed(self) -> bool:
        """Whether it does not hold, as far as is known."""
        return self.value is not None and self.value <= self.condition.limit

    @property
    def told(self) -> str:
        """Its evidence."""
        figure = _FIGURES[self.condition.name]
        value = UNKNOWN if self.value is None else duration(self.value) if figure.is_time else number(self.value)
        return f"{figure.about}: {value}"


def parsed_for_program(text: str) -> tuple[ProgramCondition, ...]:
    """The conditions in a list with commas between.

    :raises UsageError: for what is no condition, with what may have been meant
    """
    parts = [part.strip() for part in text.split(",") if part.strip()]
    if not parts:
        raise UsageError("--fail-on names no condition: write them as in gil_wait>0.2,loop_block>50ms")
    return tuple(map(_condition, parts))


def _condition(text: str) -> ProgramCondition:
    match = re.fullmatch(r"(\w+)\s*>\s*(\S+)", text)
    name = match[1] if match else re.split(r"\W", text, maxsplit=1)[0]
    if name not in _FIGURES:
        nearest = difflib.get_close_matches(name, _FIGURES, n=1)
        hint = f"did you mean {nearest[0]}? " if nearest else ""
        known = ", ".join(_FIGURES)
        raise UsageError(f"--fail-on {text!r}: of a program nothing is called {name!r}; {hint}known are {known}")
    if match is None:
        raise UsageError(
            f"--fail-on {text!r} has no limit: write it as {name}>{'50ms' if _FIGURES[name].is_time else 0.2}"
        )
    read = parsing.seconds if _FIGURES[name].is_time else parsing.number
    return ProgramCondition(name, read(match[2], f"--fail-on {text!r}:"))


def judge_program(conditions: tuple[ProgramCondition, ...], record: ProgramRecord) -> tuple[ProgramJudged, ...]:
    """Hold each condition against it."""
    return tuple(ProgramJudged(condition, _FIGURES[condition.name].of(record)) for condition in conditions)
