"""Reading what a user types for a number, a time, a list."""

from __future__ import annotations

import re
from collections.abc import Sequence

from gilscope.errors import UsageError

__all__ = [
    "counts",
    "hertz",
    "key_values",
    "milliseconds",
    "names",
    "number",
    "one_count",
    "one_path",
    "per_second",
    "seconds",
    "size",
]

_UNITS = {"": 1.0, "ms": 1e-3, "s": 1.0, "sec": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0}


def seconds(text: str, option: str) -> float:
    """``10``, ``10s``, ``500ms``, ``2m``: seconds.

    :raises UsageError: for anything else
    """
    match = re.fullmatch(r"\s*([0-9]*\.?[0-9]+)\s*([a-z]*)\s*", text)
    if match is None or match[2] not in _UNITS:
        raise UsageError(f"{option} {text!r} is no time: write it as 10s, 500ms or 2m")
    return float(match[1]) * _UNITS[match[2]]


def one_path(text: str, option: str) -> tuple[str]:
    """A path, as it is.

    :raises UsageError: where there is none
    """
    if not text.strip():
        raise UsageError(f"{option} names nothing: give a path, as in {option} .venv-3.14/bin/python")
    return (text,)


def milliseconds(text: str, option: str) -> float:
    """``250``, ``250ms``, ``1.5s``: seconds.

    :raises UsageError: for anything else
    """
    if text.strip()[-1:].isalpha():
        return seconds(text, option)
    try:
        return seconds(f"{text}ms", option)
    except UsageError:  # the unit was not typed
        raise UsageError(f"{option} {text!r} is no time: write it as 250, in milliseconds, or 1.5s") from None


def size(text: str, option: str) -> int:
    """``512MiB``, ``2G``, ``1.5 GB``, ``1048576``: bytes. K, M, G and T alone are binary, as KiB, MiB, GiB and TiB.

    :raises UsageError: for anything else
    """
    match = re.fullmatch(r"\s*([0-9]*\.?[0-9]+)\s*(?:([kmgt])(i?b)?|b)?\s*", text.lower())
    if match is None:
        raise UsageError(f"{option} {text!r} is no size: write it as 512MiB or 2GiB")
    power = " kmgt".index(match[2] or " ")
    base = 1000 if match[3] == "b" else 1024
    return int(float(match[1]) * base**power)


def number(text: str, option: str) -> float:
    """``1e6``, ``1,000,000``: the number.

    :raises UsageError: for anything else
    """
    try:
        return float(text.replace(",", "").replace("_", ""))
    except ValueError:
        raise UsageError(f"{option} {text!r} is no number: write it as 1000000 or 1e6") from None


def per_second(text: str, option: str) -> float:
    """``500/s``, ``30/m``, ``2/h``: how many a second.

    :raises UsageError: for anything else
    """
    count, slash, unit = text.partition("/")
    if not slash or unit.strip() not in _UNITS:
        raise UsageError(f"{option} {text!r} is no rate: write it as 500/s")
    return number(count, option) / _UNITS[unit.strip()]


def counts(text: str, option: str) -> tuple[int, ...]:
    """``1,2,4``: the numbers; ``auto``: none, to be planned.

    :raises UsageError: for anything else
    """
    if text.strip() == "auto":
        return ()
    try:
        return tuple(int(part) for part in text.split(","))
    except ValueError:
        raise UsageError(f"{option} {text!r} is neither auto nor numbers with commas between, as in 1,2,4") from None


def hertz(text: str, option: str) -> float:
    """``100``, ``100Hz``: how many a second, where that is how often something is looked at.

    :raises UsageError: for anything else
    """
    try:
        return float(text.strip().lower().removesuffix("hz"))
    except ValueError:
        wanted = f"; calls that come at a rate are --target-rate {text}" if "/" in text else ""
        raise UsageError(f"{option} {text!r} is no sampling rate: write samples a second, as in 100{wanted}") from None


def one_count(text: str, option: str) -> int | None:
    """``4``: the number; ``auto``: None, to be planned.

    :raises UsageError: for anything else
    """
    several = counts(text, option)
    if len(several) > 1:
        raise UsageError(f"{option} {text!r} is more than one number: give one, or auto")
    return next(iter(several), None)


def names(text: str, option: str) -> tuple[str, ...]:
    """``thread,process``: the names."""
    del option  # there is nothing that is no name
    return tuple(name.strip() for name in text.split(",") if name.strip())


def key_values(items: Sequence[str], option: str) -> dict[str, str]:
    """``NAME=EXPR``, each: expressions by name.

    :raises UsageError: for one without a name
    """
    pairs = [item.partition("=") for item in items]
    for name, equals, _ in pairs:
        if not equals or not name.strip().isidentifier():
            raise UsageError(f"{option} {name!r}: write it as NAME=EXPR, as in timeout=60")
    return {name.strip(): expression for name, _, expression in pairs}
