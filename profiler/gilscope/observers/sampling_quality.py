"""How well a sampler samples: what it could read, how well it keeps its rate, and what it costs of late."""

from __future__ import annotations

from dataclasses import dataclass, field

from gilscope.units import percent

__all__ = ["HOLDER", "PLACE", "WAIT", "Readings", "RecentCost", "SamplingQuality", "refusal"]

#: What is read at a moment, by the words for it in a refusal.
HOLDER, WAIT, PLACE = "who holds the GIL", "what threads wait for", "whether threads are on a CPU"
#: From this share of failed readings on, those that succeeded are no fair sample.
MOST_FAILED = 0.5


@dataclass
class Readings:
    """How often something was read, and how often that failed though what was watched was there."""

    tried: int = 0
    failed: int = 0
    why: str = ""
    """The last failure."""

    def __iadd__(self, other: Readings) -> Readings:
        self.tried += other.tried
        self.failed += other.failed
        self.why = other.why or self.why
        return self


@dataclass
class SamplingQuality:
    """How well the sampler kept its rate."""

    asked_hz: float
    moments: int = 0
    missed: int = 0
    """Slots that passed before the sampler woke."""
    errors: int = 0
    """Readings that failed: of threads and processes that were ending, and others."""
    elapsed_s: float = 0.0
    cpu_s: float = 0.0
    readings: dict[str, Readings] = field(default_factory=lambda: {what: Readings() for what in (HOLDER, WAIT, PLACE)})

    def __iadd__(self, other: SamplingQuality) -> SamplingQuality:
        self.moments += other.moments
        self.missed += other.missed
        self.errors += other.errors
        self.elapsed_s += other.elapsed_s
        self.cpu_s += other.cpu_s
        for what, readings in other.readings.items():
            self.readings[what] += readings
        return self

    def note(self, what: str, error: Exception) -> None:
        """A reading that failed."""
        self.errors += 1
        if not isinstance(error, (ProcessLookupError, FileNotFoundError)):
            self.readings[what].failed += 1
            self.readings[what].why = str(error)


def refusal(quality: SamplingQuality) -> str | None:
    """Why no ledger can be made of these samples; None when one can."""
    for what, readings in quality.readings.items():
        if readings.failed > MOST_FAILED * readings.tried:
            share = percent(readings.failed / readings.tried)
            return f"{what} could not be read {share} of the time ({readings.why})"
    return None


class RecentCost:
    """What looking costs the watched, by the last ``moments`` or so: each moment counts less the older it is.

    :param moments: after so many more, a moment counts about a third
    """

    def __init__(self, moments: int) -> None:
        self._keep = 1.0 - 1.0 / moments
        self._weight = self._each_s = self._saturated_s = self._began_s = 0.0

    def begin(self, cpu_s: float) -> None:
        """A moment is looked at, the sampler having used so much CPU so far."""
        self._began_s = cpu_s

    def end(self, cpu_s: float, saturated: bool) -> None:
        """It was looked at; every CPU was taken meanwhile, or not."""
        took_s = cpu_s - self._began_s
        self._weight = self._keep * self._weight + 1.0
        self._each_s = self._keep * self._each_s + took_s
        self._saturated_s = self._keep * self._saturated_s + (took_s if saturated else 0.0)

    @property
    def each_s(self) -> float:
        """CPU seconds of a moment."""
        return self._each_s / self._weight if self._weight else 0.0

    @property
    def saturated_s(self) -> float:
        """CPU seconds of a moment, taken from the watched: 0 where a CPU was free."""
        return self._saturated_s / self._weight if self._weight else 0.0
