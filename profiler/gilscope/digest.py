"""A short text for a value that is the same wherever an equal value is made: results of different workers are compared
by it without being sent anywhere.

Worker processes import this module, so that it imports nothing heavy before it is used.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from typing import Any

__all__ = ["digest"]

#: Of a value with more parts, or with more bytes in one of them, there is no digest: it would take too long.
MOST_PARTS = 1000
MOST_BYTES = 1 << 20
#: Digits to which floats are compared: sums made in another order differ in the last ones, and are no less right.
DIGITS = 9


class _NotPlain(Exception):  # noqa: N818  an answer, not a failure
    """The value is not plain data, or too large."""


def digest(value: Any) -> str | None:
    """The digest of plain data: None, bool, int, float, complex, str, bytes, numpy arrays of numbers, and tuples,
    lists, dicts and sets of them. None for anything else, subclasses too, and for what is too large.

    Dicts and sets have no order, NaN equals itself, floats are equal to `DIGITS` digits (arrays as 32-bit floats).
    """
    from hashlib import blake2b  # only where digests are asked for

    made = blake2b(digest_size=16)
    try:
        for part in _canonical(value, iter(range(MOST_PARTS))):
            made.update(part)
    except (_NotPlain, RuntimeError):  # too deep, or another call changes it meanwhile
        return None
    return made.hexdigest()


def _canonical(value: Any, parts: Iterator[int]) -> Iterator[bytes]:
    """The value as bytes, each part with its type and its length in front: no two values look the same."""
    if next(parts, None) is None:
        raise _NotPlain
    kind = type(value)
    if kind in _SCALARS:
        text = _SCALARS[kind](value)
        yield b"%s %d:" % (kind.__name__.encode(), len(text))
        yield text
    elif kind in _CONTAINERS:
        yield b"%s %d:" % (kind.__name__.encode(), len(value))
        yield from _CONTAINERS[kind](value, parts)
    else:
        yield from _array(value)


def _in_order(value: Iterable[Any], parts: Iterator[int]) -> Iterator[bytes]:
    return chain.from_iterable(_canonical(part, parts) for part in value)


def _unordered(value: Iterable[Any], parts: Iterator[int]) -> Iterator[bytes]:
    return iter(sorted(b"".join(_canonical(part, parts)) for part in value))


def _small(value: bytes) -> bytes:
    if len(value) > MOST_BYTES:
        raise _NotPlain
    return value


def _int(value: int) -> bytes:
    if value.bit_length() > 8 * MOST_BYTES:
        raise _NotPlain
    return b"%x" % value  # decimal digits would be refused beyond 4,300


def _float(value: float) -> bytes:
    return b"nan" if math.isnan(value) else f"{value + 0.0:.{DIGITS}g}".encode()  # + 0.0: minus zero equals zero


_SCALARS: dict[type, Callable[[Any], bytes]] = {
    type(None): lambda value: b"",
    bool: lambda value: b"%d" % value,
    int: _int,
    float: _float,
    complex: lambda value: _float(value.real) + b" " + _float(value.imag),
    str: lambda value: _small(value.encode("utf-8", "surrogatepass")),
    bytes: _small,
}
_CONTAINERS: dict[type, Callable[[Any, Iterator[int]], Iterator[bytes]]] = {
    tuple: _in_order,
    list: _in_order,
    dict: lambda value, parts: _unordered(value.items(), parts),
    set: _unordered,
    frozenset: _unordered,
}


def _array(value: Any) -> Iterator[bytes]:
    """A numpy array or scalar of numbers; numpy is there if the value is one."""
    numpy = sys.modules.get("numpy")
    if numpy is None or (type(value) is not numpy.ndarray and not isinstance(value, numpy.generic)):
        raise _NotPlain
    narrower = {"f": "f4", "c": "c8", "b": "?", "i": "i8", "u": "u8"}.get(value.dtype.kind)
    if narrower is None or value.nbytes > MOST_BYTES:
        raise _NotPlain
    yield f"array {value.dtype.str} {value.shape}:".encode()
    with numpy.errstate(all="ignore"):
        yield (value.astype(narrower) + numpy.zeros((), narrower)).tobytes()
