"""The arguments of the calls: taken from an iterable that may be endless, or written as expressions."""

from __future__ import annotations

import ast
import builtins
import inspect
import math
import pickle
import random
import sys
import time
from hashlib import blake2b
from itertools import islice, zip_longest
from typing import TYPE_CHECKING, Any

from gilscope.digest import digest
from gilscope.errors import InputsError, TargetError
from gilscope.targets.blame import blame, one_line

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from types import ModuleType

#: The most seconds that looking at the sizes of inputs may take.
SIZES_S = 0.1
#: The most that telling them apart from those of another analysis may take: a gigabyte, about.
DIGEST_S = 1.0
MOST_FLOAT = sys.float_info.max


def take(source: Any, limit: int, label: str) -> tuple[list[Any], bool]:
    """The first ``limit`` inputs of an iterable, or of what a callable makes, and whether there were more.

    Asks for one item beyond the limit at most, so an endless generator and ten million items are alike.

    :raises InputsError: when it is not iterable, is empty, or is one text rather than several inputs
    :raises TargetFailedError: when the user's iterable or callable raises
    """
    if is_maker(source):
        source = _made_by(source, label)
    if isinstance(source, str | bytes | bytearray):
        raise InputsError(f"{label} is one {type(source).__name__}, not several inputs: wrap it in a list, [{label}]")
    if not _is_iterable(source):
        raise InputsError(f"{label} is of type {type(source).__name__}, which is not iterable: give a list of inputs")
    with blame(f"iterating over {label}"):
        items = list(islice(iter(source), limit + 1))
    if not items:
        raise InputsError(f"{label} is empty: at least one input is needed to measure a call")
    return items[:limit], len(items) > limit


def is_maker(source: Any) -> bool:
    """Whether inputs are made by calling this, rather than by iterating over it."""
    return callable(source) and not _is_iterable(source)


def unpackable(items: list[Any], label: str) -> list[tuple[Any, ...]]:
    """The inputs as tuples of positional arguments.

    :raises InputsError: when one of them cannot be unpacked
    """
    for index, item in enumerate(items):
        if not _is_iterable(item):
            raise InputsError(
                f"input {index} of {label} is of type {type(item).__name__}, which star cannot unpack: "
                "each input must be a tuple of arguments"
            )
    return [tuple(item) for item in items]


def order_of(items: Sequence[Any], seed: int) -> list[int]:
    """The order in which inputs are used, by position, such that the first few are a fair sample of all.

    They are ranked by size, and by position among equals. Then halves take turns, and within a half its own halves, so
    that as many as are taken from the front are spread over all ranks alike (stratified sampling). Which of two halves
    goes first the seed decides each time, so that no pattern in the list meets another, and costs that grow along a
    list are no trend in time.
    """
    sizes = _sizes(items)
    ranked = sorted(range(len(items)), key=lambda position: (sizes[position], position))
    return _spread(ranked, random.Random(seed))


def digest_of(items: Sequence[Any], kwargs: Mapping[str, Any]) -> str | None:
    """The digest of the arguments of all calls; None when one of them has none, or when that takes too long."""
    whole, until = blake2b(digest_size=16), time.monotonic() + DIGEST_S
    for item in (*items, dict(kwargs)):
        own = digest(item)
        if own is None or time.monotonic() > until:
            return None
        whole.update(own.encode())
    return whole.hexdigest()


def _spread(ranked: list[int], rng: random.Random) -> list[int]:
    if len(ranked) < 2:
        return ranked
    middle = len(ranked) // 2
    halves = [_spread(ranked[:middle], rng), _spread(ranked[middle:], rng)]
    rng.shuffle(halves)
    return [position for pair in zip_longest(*halves) for position in pair if position is not None]


def _sizes(items: Sequence[Any]) -> list[float]:
    """Of numbers their magnitude, of all else the bytes when pickled; zeros where these cannot be told in time."""
    if all(isinstance(item, int | float) and item == item for item in items):  # NaN is no number
        return [float(abs(item)) if abs(item) < MOST_FLOAT else math.inf for item in items]
    sizes, until = [], time.monotonic() + SIZES_S
    for item in items:
        size = _pickled_bytes(item)
        if size is None or time.monotonic() > until:
            return [0.0] * len(items)
        sizes.append(float(size))
    return sizes


def _pickled_bytes(item: Any) -> int | None:
    try:
        return len(pickle.dumps(item))
    except Exception:  # whatever the user's own __reduce__ raises
        return None


def evaluate(expression: str, module: ModuleType, option: str) -> Any:
    """The value of an expression the user typed, with the names of the target's module.

    :raises TargetError: when it is not an expression or raises
    """
    try:
        return eval(expression, _names(expression, module))
    except NameError as exc:
        raise TargetError(
            f"{option} {expression}: {one_line(exc)}; text needs quotes of its own, as in \"'text'\""
        ) from exc
    except (Exception, SystemExit) as exc:
        raise TargetError(f"{option} {expression}: {one_line(exc)}; give a Python expression") from exc


def _names(expression: str, module: ModuleType) -> dict[str, Any]:
    """The module's namespace, and those names used that only its ``__getattr__`` knows."""
    tree = ast.parse(expression.strip(), mode="eval")
    used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    hidden = used - vars(module).keys() - vars(builtins).keys()
    return {**vars(module), **{name: getattr(module, name) for name in hidden if hasattr(module, name)}}


def _is_iterable(value: Any) -> bool:
    # A class has its instances' __iter__ as attribute, so the type is asked: an Enum is iterable, list not.
    return hasattr(type(value), "__iter__") or hasattr(type(value), "__getitem__")


def _made_by(make: Callable[[], Any], label: str) -> Any:
    if inspect.iscoroutinefunction(make) or inspect.isasyncgenfunction(make):
        raise InputsError(f"{label} is asynchronous: give a list, a generator or a plain function that makes one")
    try:
        signature = inspect.signature(make)
    except (TypeError, ValueError):
        signature = inspect.Signature()
    try:
        signature.bind()
    except TypeError as exc:
        raise InputsError(
            f"{label}{signature} makes the inputs, so it must be callable without arguments: {exc}"
        ) from exc
    with blame(f"calling {label}()"):
        return make()
