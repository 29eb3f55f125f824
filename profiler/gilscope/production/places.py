"""Where a step of a coroutine is right now: the line of the user's that keeps its loop, and what the line calls."""

from __future__ import annotations

import ast
import linecache
import os
from itertools import islice
from types import BuiltinFunctionType, CodeType, FrameType, ModuleType
from typing import TYPE_CHECKING

from gilscope.observers.origins import dotted_name, is_gilscopes, is_users

if TYPE_CHECKING:
    from gilscope.production.call import Call
    from gilscope.production.loop_sums import Place

__all__ = ["in_a_callback", "inside", "place_of", "stack_of"]

MOST_FRAMES = 30


def inside(frame: FrameType | None, call: Call) -> list[FrameType]:
    """What runs inside of a call's step, the innermost frame first. Empty where the call is not on the stack."""
    found: list[FrameType] = []
    while frame is not None:
        if frame.f_code.co_name == "__next__" and getattr(frame.f_locals.get("self"), "_call", None) is call:
            return found
        if not is_gilscopes(frame.f_code.co_filename):
            found.append(frame)
        frame = frame.f_back
    return []


def in_a_callback(frame: FrameType | None) -> list[FrameType]:
    """What of the user's runs inside of the callback that a loop is in, the innermost frame first. Empty where the loop
    waits, or nothing is the user's."""
    found: list[FrameType] = []
    while frame is not None and not _is_loops(frame.f_code.co_filename):
        if not is_gilscopes(frame.f_code.co_filename):
            found.append(frame)
        frame = frame.f_back
    return found if frame is not None and any(is_users(each.f_code.co_filename) for each in found) else []


def _is_loops(file: str) -> bool:
    return file.endswith(_LOOPS) or f"{os.sep}uvloop{os.sep}" in file


#: The files of the loops' own machinery that run callbacks.
_LOOPS = tuple(os.path.join("asyncio", name) for name in ("base_events.py", "events.py", "runners.py"))


def place_of(frames: list[FrameType], home: str | None) -> Place | None:
    """The user's innermost line of them; the innermost one where there is none of the user's.

    :param frames: the innermost first
    :param home: the package that the function is in, which is the user's wherever it is
    """
    if not frames:
        return None
    users = [at for at, frame in enumerate(frames) if is_users(frame.f_code.co_filename, home)]
    at = users[0] if users else 0
    frame, inner = frames[at], frames[at - 1] if at else None
    file, line = frame.f_code.co_filename, frame.f_lineno
    text = linecache.getline(file, line, frame.f_globals).strip()
    return file, line, frame.f_code.co_qualname, _callee(frame, inner), text or None


def stack_of(frames: list[FrameType]) -> tuple[str, ...]:
    """The lines as tracebacks name them, the outermost first."""
    told = [f"{each.f_code.co_qualname} ({each.f_code.co_filename}:{each.f_lineno})" for each in frames[:MOST_FRAMES]]
    return tuple(reversed(told))


def _callee(frame: FrameType, inner: FrameType | None) -> str | None:
    if inner is not None:
        code = inner.f_code
        return dotted_name(code.co_qualname, code.co_filename) or code.co_qualname
    called = _called_by(frame)
    return None if called is None else _in_full(called, frame)


def _called_by(frame: FrameType) -> str | None:
    """The dotted name in the expression that is being evaluated, if that is a call: of a function without a frame."""
    segment = _segment(frame.f_code, frame.f_lasti, frame)
    try:
        expression = ast.parse(segment.strip(), mode="eval").body
    except (SyntaxError, ValueError):
        return None
    names, node = [], expression.func if isinstance(expression, ast.Call) else None
    while isinstance(node, ast.Attribute):
        names.append(node.attr)
        node = node.value
    return ".".join([node.id, *reversed(names)]) if isinstance(node, ast.Name) else None


def _segment(code: CodeType, instruction: int, frame: FrameType) -> str:
    """The source of the expression that an instruction belongs to; empty where it is not known."""
    known = islice(code.co_positions(), instruction // 2, None)
    first, last, begins, ends = next(known, (None, None, None, None))
    if first is None or last is None or begins is None or ends is None:
        return ""
    lines = [linecache.getline(code.co_filename, line, frame.f_globals).encode() for line in range(first, last + 1)]
    lines[-1] = lines[-1][:ends]
    lines[0] = lines[0][begins:]
    return b"".join(lines).decode(errors="replace")


def _in_full(name: str, frame: FrameType) -> str:
    """With the module that the first of its parts is, or is from. Nothing of the user's is asked for an attribute."""
    head, dot, rest = name.partition(".")
    known = frame.f_globals.get(head)
    if isinstance(known, ModuleType):
        return known.__name__ + dot + rest
    if isinstance(known, BuiltinFunctionType) and not rest:
        return f"{known.__module__}.{known.__qualname__}"
    return name
