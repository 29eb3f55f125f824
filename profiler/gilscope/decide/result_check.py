"""Whether a function gives the same results when it runs concurrently."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

__all__ = ["Compared", "compare_alone", "compare_concurrent", "joined"]

#: Digests of results, by input.
Digests = Mapping[str, Sequence[str]]


class Compared(NamedTuple):
    """How many results were compared, and how many of them differ."""

    results: int
    differing: int


def joined(*runs: Digests) -> dict[str, list[str]]:
    """The digests of several runs over the same inputs, in that order."""
    keys = dict.fromkeys(key for run in runs for key in run)
    return {key: [digest for run in runs for digest in run.get(key, ())] for key in keys}


def compare_alone(alone: Digests) -> Compared:
    """The results of the serial run with its first of the same input."""
    repeats = [(digest, told[0]) for told in alone.values() for digest in told[1:]]
    return Compared(len(repeats), sum(digest != first for digest, first in repeats))


def compare_concurrent(alone: Digests, others: Digests) -> Compared:
    """Results with those of the serial run, where that gave the same one each time it was asked, twice at least: what
    differs from run to run alone (chance, the clock) says nothing of concurrency."""
    steady = {key: told[0] for key, told in alone.items() if len(told) > 1 and len(set(told)) == 1}
    pairs = [(digest, steady[key]) for key, told in others.items() if key in steady for digest in told]
    return Compared(len(pairs), sum(digest != expected for digest, expected in pairs))
