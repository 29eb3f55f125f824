"""What the rules of the findings look at, and the few questions that several of them ask."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from typing import TypeVar

import msgspec

from gilscope.decide.demands import in_call_wall_s
from gilscope.decide.recommended import recommended
from gilscope.records import LOOP_KINDS, HotLine, ResultRecord, Trial

__all__ = [
    "BUSY_SHARE",
    "NOTABLE_SHARE",
    "OWN_GILS",
    "Evidence",
    "in_words",
    "is_watched_enough",
    "longest_call_s",
    "per_call",
    "share",
    "with_most",
]

T = TypeVar("T")

#: From this part of a call on, something beside its work (pickling, holding the GIL while blocked, native
#: threads) is said: less is within what a repetition would differ by.
NOTABLE_SHARE = 0.1
#: From this utilization on a resource is taken to be what limits: at 0.7 a call already waits there, on average,
#: for two others (M/M/1: ρ ÷ (1 − ρ)).
BUSY_SHARE = 0.7
#: Backends whose workers have a GIL each.
OWN_GILS = ("process", "interpreter")
#: Samples that tell a share of one half to ±8 points (binomial, 90%): enough where a rule asks for twice of something.
ENOUGH_SAMPLES = 100


class Evidence(ResultRecord, frozen=True, kw_only=True):
    """A result that is complete but for its findings, with what only the analysis knows."""

    dispatch_s: Mapping[str, float] = msgspec.field(default_factory=dict)
    """Seconds to hand one call to a worker, by backend."""
    output_bytes: int | None = None
    """Bytes that the target printed, over all trials."""

    @classmethod
    def of(cls, result: ResultRecord, *, dispatch_s: Mapping[str, float], output_bytes: int | None) -> Evidence:
        """That of a result."""
        parts = {name: getattr(result, name) for name in ResultRecord.__struct_fields__}
        return cls(**parts, dispatch_s=dispatch_s, output_bytes=output_bytes)

    @property
    def call_s(self) -> float | None:
        """Wall clock of a call alone; None when unknown."""
        seconds = 0.0 if self.demands is None else in_call_wall_s(self.demands)
        return seconds if seconds > 0 else None

    @property
    def chosen(self) -> Trial | None:
        """The trial that was recommended; the fastest one where there is no recommendation."""
        good = [trial for trial in self.trials if trial.status == "ok"]
        if self.recommendation.backend is not None:
            return recommended(self.recommendation, self.trials)
        return max(good, key=lambda trial: trial.throughput_per_s or 0.0, default=None)

    @property
    def on_loop(self) -> bool:
        """Whether event loops run the calls as coroutines, rather than in threads beside them."""
        return self.target.kind in LOOP_KINDS

    def measured(self, *backends: str) -> list[Trial]:
        """The trials of these backends that went well."""
        return [trial for trial in self.trials if trial.status == "ok" and trial.backend in backends]

    def is_notable(self, seconds: float | None) -> bool:
        """Whether so many seconds are a part of a call worth a word."""
        return seconds is not None and self.call_s is not None and seconds >= NOTABLE_SHARE * self.call_s

    def gil_busy(self, trial: Trial) -> float | None:
        """The fraction of the time in which the trial's GIL was held: as watched, else by the utilization law, with all
        CPU time where the part with the GIL is unknown. None when unknown."""
        held = None if trial.ledger is None else trial.ledger.gil_held_ratio
        if held is not None or not self.environment.gil_enabled:
            return held or 0.0
        if trial.backend in OWN_GILS:
            return 0.0  # each worker has its own: the CPUs are what they share
        if trial.throughput_per_s is None or self.demands is None:
            return None
        cpu_gil_s = self.demands.cpu_gil_s
        return trial.throughput_per_s * (self.demands.cpu_s if cpu_gil_s is None else cpu_gil_s)

    def cpus_busy(self, trial: Trial) -> float | None:
        """The fraction of the usable CPUs that the trial's calls kept busy (utilization law); None when unknown."""
        demands, cpus = self.demands, self.environment.cpus_usable
        if trial.throughput_per_s is None or demands is None or cpus <= 0:
            return None
        cpu_s = demands.cpu_s + (demands.own_threads_cpu_s or 0.0) + (demands.children_cpu_s or 0.0)
        return trial.throughput_per_s * cpu_s / cpus


def with_most(items: Iterable[T], amount: Callable[[T], float], least: float) -> T | None:
    """The one that has most of something, where that is at least so much."""
    most = max(items, key=amount, default=None)
    return most if most is not None and amount(most) >= least else None


def per_call(trial: Trial, state: str) -> float | None:
    """Seconds of a state that a call of this trial spent; None when unknown."""
    seconds = None if trial.ledger is None else trial.ledger.state_s(state)
    return None if seconds is None or trial.ledger is None or not trial.ledger.calls else seconds / trial.ledger.calls


def share(trial: Trial, state: str) -> float:
    """The fraction of the time inside calls that this trial's workers spent in a state; 0.0 when unknown."""
    seconds = None if trial.ledger is None else trial.ledger.state_s(state)
    inside = 0.0 if trial.ledger is None else in_call_wall_s(trial.ledger)
    return seconds / inside if seconds is not None and inside > 0 else 0.0


def longest_call_s(trial: Trial, evidence: Evidence) -> float:
    """No call took longer, alone or in this trial: what lasts longer is not one step of the function. Infinite where
    calls were not timed."""
    known = [each.longest_call_s for each in (trial, *evidence.measured("serial"))]
    return max((seconds for seconds in known if seconds is not None), default=math.inf)


def is_watched_enough(trial: Trial) -> bool:
    """Whether the trial's threads were looked at often enough to tell their shares: each of them at each moment."""
    ledger = trial.ledger
    return ledger is not None and ledger.samples * max(ledger.threads, 1) >= ENOUGH_SAMPLES


def in_words(line: HotLine) -> str:
    """A line in words: ``load (app.py:17), calling urllib.request.urlopen``."""
    calling = f", calling {line.callee}" if line.callee else ""
    return f"{line.function} ({line.file}:{line.line}){calling}"
