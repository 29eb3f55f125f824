"""How a program's functions and threads are called in reports."""

from __future__ import annotations

from pathlib import PurePath

from gilscope.records.programs import Place, ThreadAccount
from gilscope.units import UNKNOWN

__all__ = ["called", "place_told", "thread_name"]


def called(place: Place | None) -> str:
    """``tokenize (text.py:12)``: short, and told from others of its name."""
    return UNKNOWN if place is None else f"{place.function} ({place_told(place.file, place.line)})"


def place_told(file: str, line: int) -> str:
    """``text.py:12``; of what is called alike everywhere, with the folder."""
    path = PurePath(file)
    name = "/".join(path.parts[-2:]) if path.name in ("__init__.py", "__main__.py") else path.name or file
    return f"{name}:{line}"


def thread_name(thread: ThreadAccount) -> str:
    """Its name, or what kind of thread it is, and its number."""
    return f"{thread.name or ('native' if thread.native else 'thread')} ({thread.tid})"
