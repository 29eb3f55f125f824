"""The measuring of one target: what is known of it so far, and the order of the steps."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from gilscope import backends
from gilscope.analysis.blind import measure_blindly
from gilscope.analysis.budget import Budget
from gilscope.analysis.facts_of import compare_results, look_for_native_pools
from gilscope.analysis.gather import kind_of, records_of
from gilscope.analysis.opening import load, start
from gilscope.analysis.race import LONG_CALL_S, race
from gilscope.analysis.rounds import run_round
from gilscope.analysis.solo import Solo, start_solo
from gilscope.backends.base import Backend, Configuration
from gilscope.decide.demands import combine, demands
from gilscope.decide.traits import BackendTraits, Machine
from gilscope.extensions import Extension
from gilscope.measure.interrupts import uninterrupted
from gilscope.measure.live import LiveTrial, Watching
from gilscope.measure.record import ledgers_of
from gilscope.observers.cpus import CpuBudget
from gilscope.observers.gil import Gil, GilLayout
from gilscope.observers.pyspy import HotRecorder
from gilscope.options import Options
from gilscope.records import LOOP_KINDS, Demands, HotLine, Noise, QueueFigures, Stack, Trial
from gilscope.targets import TargetSpec

__all__ = ["Campaign", "Progress", "Tell"]

#: Solo rounds that are watched before anything is planned.
SOLO_ROUND_S = 0.3
#: As many as it takes for so many samples, within reason: a share of one half is then known to 7 points (binomial σ).
ENOUGH_SAMPLES, SOLO_ROUNDS = 50, 3
#: How long the tear-down of one trial may take.
TEAR_DOWN_S = 1.0
#: The part of the budget kept for the hot lines, and what they take.
HOT_SHARE, HOT_ROUND_S, HOT_RATE_HZ = 0.1, 0.4, 200
#: What is kept at least, for the round and what comes before it, and the most of a small budget.
HOT_KEPT_S, HOT_MOST = 1.0, 0.25


@dataclass(frozen=True)
class Progress:
    """Where an analysis is."""

    doing: str
    elapsed_s: float
    budget_s: float


Tell = Callable[[Progress], None]


@dataclass
class Campaign:
    """Everything measured of one target, as it comes in. `run` fills it; whatever ends it, what is there stays."""

    target: TargetSpec
    options: Options
    cpus: CpuBudget
    tell: Tell
    extensions: Sequence[Extension] = ()
    budget: Budget = field(init=False)
    solo: Solo | None = None
    others: list[LiveTrial] = field(default_factory=list)
    twin: LiveTrial | None = None
    """The leader once more, in a second process: what differs between the two is noise."""
    kept_s: float = 0.0
    """Seconds kept for what extensions measure."""
    noise: Noise | None = None
    hot: tuple[HotLine, ...] | None = None
    stacks: tuple[Stack, ...] = ()
    hot_reason: str | None = None
    hot_gil_held_ratio: float | None = None
    """By py-spy, for want of something better where the ledger cannot see the GIL."""
    rng: random.Random = field(init=False)

    def __post_init__(self) -> None:
        self.budget = Budget(self.options.budget_s, self.options.max_calls)
        self.rng = random.Random(self.options.seed)
        self._backends: dict[str, Backend] = {name: backends.get(name) for name in self._names()}

    def _names(self) -> tuple[str, ...]:
        asked = self.options.backends or backends.names()
        return ("serial", *(name for name in dict.fromkeys(asked) if name != "serial"))

    def run(self) -> None:
        """Measure. Processes are ended however this ends.

        :raises UsageError: when the target or the inputs are not as asked
        :raises TargetFailedError: when the target's own code raises before or in every call
        """
        try:
            self.say("importing the target and calling it alone")
            self.solo = start_solo(self.target, self.options, self.budget, self._watching)
            known = self._demands_alone(self.solo) if self.solo.call_s is not None else None
            if known is None:
                measure_blindly(self)
            else:
                race(self, known)
                for extension in self.extensions:
                    extension.measure(self)
                compare_results(self)
                look_for_native_pools(self)
                self._look_for_hot_lines(self.solo.trial)
        finally:
            self._end_all()

    @property
    def trials(self) -> list[LiveTrial]:
        """All of them, the solo trial first."""
        return [*([self.solo.trial] if self.solo else []), *self.others]

    @property
    def facts(self) -> dict[str, BackendTraits]:
        """The backends of this analysis, as decisions see them."""
        return {
            name: BackendTraits(name, made.shares_gil, made.start_methods, self._fixed_workers(made), made.elsewhere)
            for name, made in self._backends.items()
        }

    def _fixed_workers(self, backend: Backend) -> int | None:
        given = (extension.workers_of(backend.name) for extension in self.extensions)
        return next((count for count in given if count is not None), backend.fixed_workers)

    def empty_chunks(self, backend: str) -> int:
        """Chunks without calls that show what its dispatch costs."""
        return self._backends[backend].empty_chunks

    @property
    def environment(self) -> dict[str, str]:
        """What the extensions tell the processes of trials."""
        return {name: value for extension in self.extensions for name, value in extension.environment.items()}

    # -- as a laboratory of extensions --

    @property
    def living(self) -> Sequence[Trial]:
        return [
            record
            for record, trial in zip(records_of(self), self.trials, strict=True)
            if trial.alive and record.backend != "serial"
        ]

    @property
    def dispatch_s(self) -> Mapping[str, float]:
        return self.machine.dispatch_s

    def without_calls(self, to: Configuration, chunks: int, environment: Mapping[str, str]) -> QueueFigures | None:
        assert self.solo is not None
        trial, limit = LiveTrial(to), self.budget.deadline(self.spare_s)
        try:
            start(self, trial, environment)
            load(self, trial)
            trial.open(self.solo.watching, limit)
            trial.without_calls(chunks, limit)
            return trial.queue
        finally:
            self.end(trial)

    @property
    def simplicity(self) -> dict[str, int]:
        return {name: made.simplicity for name, made in self._backends.items()}

    @property
    def machine(self) -> Machine:
        """The machine, with what is known by now of its pools' costs."""
        solo = self.solo
        shared = solo.pickled.parent_share if solo and solo.pickled else None
        return Machine(
            cpus=self.cpus.usable,
            gil_enabled=solo.gil_enabled if solo else True,
            dispatch_s={t.configuration.backend: t.dispatch_each_s for t in self.others if t.dispatch_each_s},
            pickle_s=(solo.pickled.seconds or 0.0) if solo and solo.pickled else 0.0,
            pickle_parent_share=0.5 if shared is None else shared,
            samples=sum(ledger.samples for ledger in ledgers_of(solo.trial)) if solo else 0,
        )

    def demands(self) -> Demands | None:
        """Of the solo run so far."""
        ledgers = ledgers_of(self.solo.trial) if self.solo else []
        return demands(combine(ledgers)) if ledgers else None

    @property
    def left_out(self) -> str | None:
        """A backend not tried, though nobody excluded it: a plain function is offloaded from a loop to the same threads
        that a thread pool has, and where a call takes long there is better use for the budget than both."""
        long = self.solo is not None and (self.solo.call_s or 0.0) >= LONG_CALL_S
        if self.options.backends or not long or kind_of(self) in LOOP_KINDS:
            return None
        return "asyncio" if self.options.context == "sync" else "thread"

    def _watching(self, layout: GilLayout | None, reason: str | None, gil_enabled: bool) -> Watching:
        source = "psutil" if self.options.observer == "psutil" else "proc"
        return Watching(Gil(gil_enabled, layout), self.options.rate_hz, self.rng, source, reason)

    def say(self, doing: str) -> None:
        """Tell whoever listens."""
        self.tell(Progress(doing, self.budget.elapsed_s, self.options.budget_s))

    @property
    def racing_s(self) -> float:
        """Seconds left for rounds: what other measurements need is kept back."""
        return self.spare_s - self.kept_s

    @property
    def spare_s(self) -> float:
        """Seconds left before the hot lines."""
        kept_s = min(max(HOT_SHARE * self.options.budget_s, HOT_KEPT_S), HOT_MOST * self.options.budget_s)
        return self.budget.remaining_s - (kept_s if self.options.hot else 0.0)

    def _demands_alone(self, solo: Solo) -> Demands | None:
        """What a call asks for, from a round that is watched; None when the target did not survive it."""
        half = max(1, self.budget.calls_left // 2)  # the rest is for the others
        for _ in range(SOLO_ROUNDS):
            run_round(self, solo.trial, SOLO_ROUND_S, observed=True, most=half)
            if not solo.trial.alive or sum(ledger.samples for ledger in ledgers_of(solo.trial)) >= ENOUGH_SAMPLES:
                break
        return self.demands() if solo.trial.alive else None

    def _look_for_hot_lines(self, trial: LiveTrial) -> None:
        """One more solo round under py-spy, which is not counted."""
        self.hot_reason = self._why_no_hot_lines(trial)
        if self.hot_reason is not None:
            return
        self.say("looking for the hot lines")
        file = trial.loaded.target.file if trial.loaded else None
        with HotRecorder(HOT_RATE_HZ, limit_s=self.options.budget_s, target_file=file) as recorder:
            recorder.start(trial.process.pid)
            run_round(self, trial, HOT_ROUND_S, observed=False, keep=False)
            hot = recorder.stop()
        self.hot, self.hot_reason, self.hot_gil_held_ratio = hot.lines, hot.reason, hot.gil_held_ratio
        self.stacks = hot.stacks

    def _why_no_hot_lines(self, solo: LiveTrial) -> str | None:
        if not self.options.hot:
            return "not asked for"
        if not solo.alive:
            return "the solo run had ended"
        if self.budget.calls_left <= 0:
            return "no calls were left in the budget"
        return "no time was left in the budget" if self.budget.remaining_s < HOT_ROUND_S else None

    def _end_all(self) -> None:
        """Weigh what still lives, and end it; closing a pool in order takes time that only tear-downs need."""
        with uninterrupted():
            for trial in [*self.trials, *([self.twin] if self.twin else [])]:
                if trial.alive:
                    trial.weigh()
                self.end(trial)

    @staticmethod
    def end(trial: LiveTrial) -> None:
        """End its process, in order where that is asked for."""
        trial.end(grace_s=TEAR_DOWN_S if trial.loaded and trial.loaded.tears_down else 0.0)
