"""What was kept of the arguments of real calls, in a program that was run."""

from __future__ import annotations

import msgspec

from gilscope.records.base import Record

__all__ = ["Capture", "CapturedCalls"]


class CapturedCalls(Record, frozen=True, kw_only=True):
    """The calls of one function that were looked at so that some are kept (`gilscope run --capture`)."""

    spec: str
    calls: int = 0
    """That were counted: of a process that was killed nearly all, and where not ``complete`` there were more."""
    kept: int = 0
    kept_bytes: int = 0
    not_picklable: int = 0
    """Of those that were chosen to be kept."""
    reasons: dict[str, int] = msgspec.field(default_factory=dict)
    """Why, with how many of them."""
    not_considered: int = 0
    """Calls that could not be kept for want of room, or because another thread's was being kept."""
    processes: int = 0
    """That called it."""
    complete: bool = False
    """Whether every call of it is counted."""


class Capture(Record, frozen=True, kw_only=True):
    """What was kept of the arguments of real calls."""

    folder: str
    functions: tuple[CapturedCalls, ...] = ()
    unreached: tuple[str, ...] = ()
    """Commands of interpreters in which nothing could be captured, as those that were started with ``-I``."""
