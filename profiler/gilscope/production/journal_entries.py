"""What a journal tells: its entries (`gilscope.production.journal_layout`) back to figures. Pure."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from gilscope.production.cell import Sums
from gilscope.production.journal_layout import ADDRESS, FIGURES, Entry, Tag, entries, sums_of
from gilscope.production.profile import Profile, recounted
from gilscope.production.sketch import BUCKETS
from gilscope.thread_address import ThreadAddress

__all__ = ["Heading", "Journaled", "journaled"]


class Heading(msgspec.Struct, frozen=True, kw_only=True):
    """Who writes the journal, and what a cell's figures are called."""

    host: str
    pid: int
    born: str | None
    """What tells the process from an earlier one of its id (`gilscope.production.liveness`)."""
    python: str
    started: float
    figures: tuple[str, ...] = FIGURES
    buckets: int = BUCKETS
    interpreter: bool = False
    """Whether it is of interpreters of the process beside the main one: several at different times."""


@dataclass(frozen=True)
class Journaled:
    """What a journal tells."""

    heading: Heading
    alive_at: float
    """When the process last said that it lives, in seconds since 1970."""
    profiles: tuple[Profile, ...]
    """Of each function that all is told of, since the process began to count."""
    complete: bool
    """Whether all is told of every function."""
    functions: tuple[Profile, ...] = ()
    """Of every function that has an entry, in their order."""
    threads: tuple[ThreadAddress, ...] = ()
    """That publish which of them they are in."""


def journaled(data: bytes) -> Journaled | None:
    """What the bytes of a journal tell; None where its heading was never finished.

    :raises ValueError: when it is damaged, or another thing than a journal
    """
    found = list(entries(data))
    if not found:
        return None
    if found[0].tag != Tag.HEADING:
        raise ValueError("it does not begin as a journal does")
    heading = msgspec.json.decode(found[0].body, type=Heading)
    functions = [entry for entry in found if entry.tag == Tag.FUNCTION]
    sums = [_passed(entry) for entry in functions]
    for entry in found:
        if entry.tag == Tag.CELL:
            sums[entry.words[0]].add(sums_of(entry, heading.figures, heading.buckets))
    profiles = [
        recounted(msgspec.json.decode(entry.body, type=Profile), of) for entry, of in zip(functions, sums, strict=True)
    ]
    whole = [profile for entry, profile in zip(functions, profiles, strict=True) if not entry.words[1]]
    threads = [entry.body for entry in found if entry.tag == Tag.THREAD and entry.words[0]]
    return Journaled(
        heading,
        alive_at=found[0].words[0] / 1e9,
        profiles=tuple(profile for profile in whole if profile.calls),
        complete=not found[0].words[1] and len(whole) == len(functions),
        functions=tuple(profiles),
        threads=tuple(ThreadAddress(*ADDRESS.unpack(body)) for body in threads),
    )


def _passed(function: Entry) -> Sums:
    sums = Sums()
    sums.calls = function.words[0]
    return sums
