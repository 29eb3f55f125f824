"""What was seen in the course of a run, moment by moment."""

from __future__ import annotations

from gilscope.records.base import Record

__all__ = ["Histogram", "Lane", "Stack", "Timeline"]


class Histogram(Record, frozen=True, kw_only=True):
    """How often what was counted fell between one edge and the next; as many counts as edges, less one."""

    edges_s: tuple[float, ...]
    """Rising."""
    counts: tuple[int, ...]


class Lane(Record, frozen=True, kw_only=True):
    """What one worker thread was seen doing in the course of a round: ``states[i]`` from ``edges_s[i]`` to the next."""

    pid: int
    tid: int
    edges_s: tuple[float, ...]
    """Since the round began, rising; one more than there are states. Between two looks the earlier holds on."""
    states: tuple[str, ...]
    """Of `STATES`, and ``unknown`` where nobody looked."""


class Timeline(Record, frozen=True, kw_only=True):
    """One observed round as it was sampled, bounded in size: a long round is told from its beginning only."""

    wall_s: float
    """What is told of the round."""
    lanes: tuple[Lane, ...] = ()


class Stack(Record, frozen=True, kw_only=True):
    """A stack of the solo run and how often py-spy saw it."""

    frames: tuple[str, ...]
    """Outermost first: ``function (file:line)``."""
    samples: int
    gil_samples: int | None = None
    """Of them, those in which it held the GIL."""
