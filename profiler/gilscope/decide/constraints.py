"""What the caller allows at most, and whether a configuration keeps to it."""

from __future__ import annotations

from dataclasses import dataclass

from gilscope.options import Options
from gilscope.records import ENOUGH_FOR_P99, Trial
from gilscope.units import byte_size, counted, duration, given_duration, given_size

__all__ = ["UNCONSTRAINED", "Constraints"]


@dataclass(frozen=True)
class Constraints:
    """Hard ones: what goes beyond them is no choice however fast it is."""

    max_p99_s: float | None = None
    max_memory_bytes: int | None = None

    @classmethod
    def of(cls, options: Options) -> Constraints:
        """Those that were asked for."""
        return cls(options.max_p99_s, options.max_memory_bytes)

    def broken(self, trial: Trial) -> str | None:
        """What of a trial is shown to go beyond them, with its figure."""
        return self._too_slow(trial) or self._too_large(trial)

    def unproven(self, trial: Trial) -> str | None:
        """What of a trial is not known, so that it is not shown to keep to them."""
        if self.max_p99_s is not None and trial.known_p99_s is None:
            few = f"{counted(trial.timed_calls, 'timed call')} are too few for a p99, {ENOUGH_FOR_P99} are needed"
            return f"not shown to keep within a p99 of {given_duration(self.max_p99_s)}: {few}"
        if self.max_memory_bytes is not None and trial.memory_bytes is None:
            return f"not shown to keep within {given_size(self.max_memory_bytes)}: its memory is unknown"
        return None

    def _too_slow(self, trial: Trial) -> str | None:
        """A p99 is no shorter than the p50, which fewer calls tell."""
        known = (("p99", trial.known_p99_s), ("p50", trial.latency_p50_s))
        for name, seconds in known:
            if self.max_p99_s is not None and seconds is not None and seconds > self.max_p99_s:
                return f"its {name} of {duration(seconds)} is beyond the {given_duration(self.max_p99_s)} allowed"
        return None

    def _too_large(self, trial: Trial) -> str | None:
        if self.max_memory_bytes is None or (trial.memory_bytes or 0) <= self.max_memory_bytes:
            return None
        return (
            f"its {byte_size(trial.memory_bytes)} of memory are beyond the {given_size(self.max_memory_bytes)} allowed"
        )


UNCONSTRAINED = Constraints()
