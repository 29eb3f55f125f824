"""What an analysis can do next. Trials are named by their numbers, in the order in which they were opened; the solo run
is number 0."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from gilscope.configuration import Configuration
from gilscope.decide.warm import MOST_LOOKS

__all__ = [
    "CheckResults",
    "LookForHotLines",
    "LookForNativePools",
    "MeasureMore",
    "Open",
    "Rounds",
    "SingleCalls",
    "Step",
    "TryOnce",
    "WarmUp",
    "WatchAlone",
]


@dataclass(frozen=True)
class WatchAlone:
    """An observed round of the solo run, to know what a call demands."""

    round_s: float
    most_calls: int


@dataclass(frozen=True)
class TryOnce:
    """One observed round of a configuration that nothing more is expected of."""

    configuration: Configuration


@dataclass(frozen=True)
class Open:
    """Start a process for each configuration, and open its pool."""

    configurations: tuple[Configuration, ...]
    twins_of: tuple[int, ...] = ()
    """The trials that these are the same as, one by one, where they are second processes of these."""


@dataclass(frozen=True)
class WarmUp:
    """Make a trial's first calls, which do not count, until they stop getting cheaper."""

    trial: int
    calls: int
    """In one look, one for each worker; none where calls are long and the first was no dearer, so that the first rounds
    tell as much."""
    chunksize: int
    """Calls that are handed over at once from then on."""
    expected_per_s: float
    round_s: float
    """What a round of any trial will take."""
    most_looks: int = MOST_LOOKS
    ramp: tuple[int, ...] = ()
    """Calls to let into flight first, ever more, for those that go to a network: see `gilscope.decide.ramp`."""


@dataclass(frozen=True)
class Rounds:
    """A round of each of these trials, in random order, so that a noisy machine hits all alike."""

    trials: tuple[int, ...]
    round_s: float
    purpose: Literal["first", "contest", "latency"]
    observed: bool = False
    passes_left: int = 1
    """Among how many such passes the calls that are left are divided, this one included."""


@dataclass(frozen=True)
class SingleCalls:
    """A clean round in chunks of one call, beside the trial's own rounds."""

    trial: int
    calls: int


@dataclass(frozen=True)
class MeasureMore:
    """Let the extensions measure."""


@dataclass(frozen=True)
class CheckResults:
    """Hold the results of so many calls of each trial against those of the solo run, over so many of the inputs."""

    trials: tuple[int, ...]
    calls: int
    inputs: int
    soon: int = 0
    """Processes that will be wanted next: nothing is timed here, so that they can start meanwhile."""


@dataclass(frozen=True)
class LookForNativePools:
    """Look which libraries with threads of their own the target has loaded by now."""


@dataclass(frozen=True)
class LookForHotLines:
    """A round of the solo run under py-spy."""

    why_not: str | None = None
    """Why there is none after all."""


Step = (
    WatchAlone
    | TryOnce
    | Open
    | WarmUp
    | Rounds
    | SingleCalls
    | MeasureMore
    | CheckResults
    | LookForNativePools
    | LookForHotLines
)
