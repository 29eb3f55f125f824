"""What measuring one configuration has shown so far: data that only grows, and no process."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import msgspec

from gilscope.backends.base import CallError, FirstCall
from gilscope.configuration import Configuration
from gilscope.measure.messages import RoundDone
from gilscope.observers.proc import BytesRead
from gilscope.observers.sampling_quality import SamplingQuality
from gilscope.records import Ledger, NativePool, Timeline, Trial
from gilscope.targets import Loaded

__all__ = ["TimedRound", "TrialAccount"]


@dataclass(frozen=True)
class TimedRound:
    """One round as it was run; the calls took the inputs from number ``first`` on, going round the first ``inputs``."""

    first: int
    inputs: int
    observed: bool
    done: RoundDone
    ledger: Ledger | None = None
    read: BytesRead | None = None
    """What the calls read, where they ran in the trial's process; None where that may not be seen."""
    timeline: Timeline | None = None


@dataclass
class TrialAccount:
    """One trial: its record as far as it is known without its rounds, and these."""

    known: Trial
    rounds: list[TimedRound] = field(default_factory=list)
    calls: int = 0
    errors: int = 0
    """Warm-up included."""
    first_calls: list[FirstCall] = field(default_factory=list)
    """Of the workers; empty where the backend does not tell them."""
    error: CallError | None = None
    """The first."""
    loaded: Loaded | None = None
    order: tuple[int, ...] = ()
    """The positions of the inputs, in the order in which calls take them."""
    sampling: SamplingQuality | None = None
    """How well the sampler kept its rate; None when nothing was sampled."""
    native_pools: tuple[NativePool, ...] = ()
    accelerators: tuple[str, ...] = ()
    """The devices that its process has open."""
    accelerators_used: bool | None = None
    """Whether they worked when last looked at; None where nobody can tell."""
    output: str = ""
    output_bytes: int = 0

    @classmethod
    def of(cls, to: Configuration) -> TrialAccount:
        """Nothing known yet."""
        return cls(Trial(backend=to.backend, workers=to.workers, chunksize=to.chunksize, start_method=to.start_method))

    def note(self, **known: Any) -> None:
        """Fields of the record, as they become known."""
        self.known = msgspec.structs.replace(self.known, **known)

    def note_calls(self, done: RoundDone) -> None:
        """What calls showed, whether their round is kept or not."""
        self.error = self.error or done.error
        self.errors += done.errors
        self.calls += done.calls
        if done.kind is not None and self.loaded is not None:
            target = msgspec.structs.replace(self.loaded.target, kind=done.kind)
            self.loaded = msgspec.structs.replace(self.loaded, kind=done.kind, target=target)
        self.first_calls += done.first_calls[: max(0, self.known.workers - len(self.first_calls))]
        threads = [self.known.default_pool_threads, done.default_pool_threads]
        self.note(
            queue=done.queue or self.known.queue,
            default_pool_threads=max((count for count in threads if count is not None), default=None),
        )
