"""What a marker asks of the calls of a test, and whether they are so. What is unknown is not taken for good."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, get_args

from gilscope.errors import UsageError
from gilscope.parsing import seconds
from gilscope.records import LOOP_KINDS, Label
from gilscope.units import duration, percent

if TYPE_CHECKING:
    from gilscope.production.profile import Profile

__all__ = ["LABELS", "Limits", "exceeded", "limits_of"]

#: What a test may ask for. To be inconclusive is no property of a function.
LABELS: tuple[Label, ...] = tuple(label for label in get_args(Label) if label != "inconclusive")


@dataclass(frozen=True)
class Limits:
    """What the calls must be; None where anything will do."""

    label: Label | None = None
    """Of each function called."""
    max_loop_block: float | None = None
    """Seconds: the longest step of a coroutine."""
    max_gil_share: float | None = None
    """The part of the wall clock in which a call holds the GIL, 0 to 1."""


def limits_of(marks: Sequence[tuple[Sequence[object], Mapping[str, Any]]]) -> Limits:
    """The limits from the arguments of markers, positional and by keyword; a later one overrides an earlier one.

    :raises UsageError: for arguments that are unknown, wrong, or missing
    """
    given: dict[str, Any] = {}
    for positional, keywords in marks:
        _check(positional, keywords)
        given |= {name: _READERS[name](value) for name, value in keywords.items()}
    return Limits(**given)


def _check(positional: Sequence[object], keywords: Mapping[str, Any]) -> None:
    known = f"known are {', '.join(_READERS)}"
    if positional:
        raise UsageError(f'{positional[0]!r} has no name: write limits as label="io-bound"; {known}')
    if unknown := [name for name in keywords if name not in _READERS]:
        raise UsageError(f"there is no limit {unknown[0]!r}; {known}")
    if not keywords:
        raise UsageError(f"it names no limit, so nothing could ever fail; {known}")


def _label(value: Any) -> Label:
    label: Label | None = next((label for label in LABELS if label == value), None)
    if label is None:
        raise UsageError(f"label={value!r} is none of {', '.join(LABELS)}")
    return label


def _share(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        raise UsageError(f"max_gil_share={value!r} is no share: write it as a number from 0 to 1, as in 0.2")
    return float(value)


_READERS = {
    "label": _label,
    "max_loop_block": lambda value: seconds(str(value), "max_loop_block"),
    "max_gil_share": _share,
}


def exceeded(limits: Limits, found: Sequence[Profile]) -> list[str]:
    """Each reason why the calls are not as they must be, with its figures; none when they are."""
    if not found:
        return ["gilscope: unknown, for the test called no function decorated with @classify"]
    reasons = (*_other_label(limits, found), *_long_blocks(limits, found), *_gil_shares(limits, found))
    return [f"gilscope: {reason}" for reason in reasons]


def _other_label(limits: Limits, found: Sequence[Profile]) -> Iterator[str]:
    for profile in found if limits.label else ():
        verdict = profile.classification
        if verdict.label == "inconclusive":
            yield f"{profile.name}: whether it is {limits.label} is unknown: {verdict.reason}"
        elif verdict.label != limits.label:
            sure = f"confidence {percent(verdict.confidence)}"
            yield f"{profile.name}: it is {verdict.label}, not {limits.label} ({sure}): {verdict.reason}"


def _long_blocks(limits: Limits, found: Sequence[Profile]) -> Iterator[str]:
    limit = limits.max_loop_block
    if limit is None:
        return
    on_loops = [profile for profile in found if profile.kind in LOOP_KINDS]
    if not on_loops:
        yield "max_loop_block: unknown, for the test called no coroutine function decorated with @classify"
    for profile in on_loops:
        block = profile.longest_block_s
        if block is None or block > limit:
            yield f"{profile.name}: it kept its event loop for {duration(block)}, the limit is {duration(limit)}"


def _gil_shares(limits: Limits, found: Sequence[Profile]) -> Iterator[str]:
    limit = limits.max_gil_share
    if limit is None:
        return
    for profile in (profile for profile in found if profile.gil_enabled):
        share, at_most = profile.gil_held_ratio, profile.gil_held_at_most
        if share is not None and share > limit:
            held = f"it holds the GIL for {percent(share)} of its wall clock"
            yield f"{profile.name}: {held}, the limit is {percent(limit)}"
        elif at_most is None or at_most > limit:
            yield (
                f"{profile.name}: how long it holds the GIL is unknown, for its calls were hardly seen from outside "
                f"(the limit is {percent(limit)} of its wall clock): let the test call it for longer; "
                f"gilscope analyze {profile.spec} measures it"
            )
