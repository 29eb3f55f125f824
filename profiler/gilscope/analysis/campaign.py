"""The measuring of one target: solo, then every planned configuration, their rounds interleaved in random order."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from gilscope import backends
from gilscope.analysis.gather import kind_of, settled
from gilscope.analysis.options import Budget, Options
from gilscope.analysis.solo import MAX_CALLS, START_TIMEOUT_S, Solo, start_solo
from gilscope.backends.base import Backend, Configuration
from gilscope.decide.demands import combine, demands
from gilscope.decide.facts import LOOP_KINDS, BackendFacts, Machine, Plan
from gilscope.decide.plan import Schedule, calls_per_round, candidates, chunksize, schedule
from gilscope.decide.predict import predict, stations_for
from gilscope.measure import messages as m
from gilscope.measure.interrupts import uninterrupted
from gilscope.measure.live import LiveTrial, TimedRound, Watching
from gilscope.measure.record import ledgers_of
from gilscope.measure.trial import TrialEnded
from gilscope.observe.cpus import CpuBudget
from gilscope.observe.gil import GilLayout
from gilscope.observe.pyspy import HotRecorder
from gilscope.observe.watch import Interpreter
from gilscope.records import Demands, HotLine
from gilscope.targets import TargetSpec

__all__ = ["Campaign", "Progress", "Tell"]

#: What a process pool's dispatch costs, before it is measured here: enough to plan with.
EXPECTED_START_S = {"serial": 0.1, "thread": 0.15, "asyncio": 0.2, "process": 0.5}
#: Solo rounds that are watched before anything is planned.
SOLO_ROUND_S = 0.3
#: Chunks without calls that show what dispatch costs.
EMPTY_CHUNKS = 100
#: A round may take so many times its expected length before its trial is stopped, and at least `PATIENCE_S`.
PATIENCE, PATIENCE_S = 10.0, 2.0
#: The part of `--timeout` that a round is planned to take, so that one that is slower than planned is no failure.
TIMEOUT_SHARE = 0.25
#: Chunks of one round: what they need in memory and in submitting is bounded.
MAX_CHUNKS = 20_000
#: Where the solo run told nothing, the others still show what becomes of the target.
BLIND_ROUND_S = 1.0
#: A call so long is asked of each configuration only a few times.
LONG_CALL_S = 0.1
#: How long the tear-down of one trial may take.
TEAR_DOWN_S = 1.0
HOT_SHARE, HOT_ROUND_S, HOT_RATE_HZ = 0.1, 0.4, 200


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
    budget: Budget = field(init=False)
    solo: Solo | None = None
    others: list[LiveTrial] = field(default_factory=list)
    hot: tuple[HotLine, ...] | None = None
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
            self._tell("importing the target and calling it alone")
            self.solo = start_solo(self.target, self.options, self.budget, self._watching)
            if self.solo.call_s is None:
                self._measure_blindly()
            else:
                self._measure()
        finally:
            self._end_all()

    @property
    def trials(self) -> list[LiveTrial]:
        """All of them, the solo trial first."""
        return [*([self.solo.trial] if self.solo else []), *self.others]

    @property
    def facts(self) -> dict[str, BackendFacts]:
        """The backends of this analysis, as decisions see them."""
        return {
            name: BackendFacts(name, made.shares_gil, made.start_methods, made.fixed_workers)
            for name, made in self._backends.items()
        }

    @property
    def simplicity(self) -> dict[str, int]:
        return {name: made.simplicity for name, made in self._backends.items()}

    @property
    def machine(self) -> Machine:
        """The machine, with what is known by now of its pools' costs."""
        solo = self.solo
        return Machine(
            cpus=self.cpus.usable,
            gil_enabled=solo.gil_enabled if solo else True,
            dispatch_s={t.configuration.backend: t.dispatch_each_s for t in self.others if t.dispatch_each_s},
            pickle_s=(solo.pickled.seconds or 0.0) if solo and solo.pickled else 0.0,
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
        return Watching(Interpreter(gil_enabled, layout), self.options.rate_hz, self.rng, source, reason)

    def _tell(self, doing: str) -> None:
        self.tell(Progress(doing, self.budget.elapsed_s, self.options.budget_s))

    # -- the usual way ------------------------------------------------------------------------------------------------

    def _measure(self) -> None:
        solo, call_s = self._known_solo()
        half = max(1, self.budget.calls_left // 2)  # the rest is for the others
        self._round(solo.trial, SOLO_ROUND_S, observed=True, most=half)
        known = self.demands()
        if known is None or not solo.trial.alive:
            self._measure_blindly()
            return
        self._open(self._planned(known))
        self._interleave(self._schedule(call_s), known)
        self._look_for_hot_lines()

    def _known_solo(self) -> tuple[Solo, float]:
        assert self.solo is not None
        assert self.solo.call_s is not None
        return self.solo, self.solo.call_s

    def _planned(self, known: Demands) -> list[Plan]:
        return candidates(
            known,
            self.machine,
            kind=kind_of(self),
            backends=[facts for name, facts in self.facts.items() if name not in ("serial", self.left_out)],
            workers_asked=self.options.workers or None,
            chunksize_asked=self.options.chunksize,
            start_method=self.options.start_method,
        )

    def _open(self, plans: Sequence[Plan]) -> None:
        """Start a process for each plan, all at once; then open their pools one after the other, so that none slows
        another's start-up."""
        self._tell(f"starting {len(plans)} configurations")
        for plan in plans:
            trial = LiveTrial(Configuration(plan.backend, plan.workers, plan.chunksize, plan.start_method))
            self.others.append(trial)
            trial.start()
        for trial in self.others:
            self._attempt(trial, lambda: self._load(trial))  # noqa: B023  called at once
        for trial in [trial for trial in self.others if trial.alive]:
            self._tell(f"opening {trial.configuration.backend} × {trial.configuration.workers}")
            self._attempt(trial, lambda: self._prepare(trial))  # noqa: B023  called at once

    def _start_limit(self) -> float:
        return self.budget.deadline(START_TIMEOUT_S)

    def _load(self, trial: LiveTrial) -> None:
        trial.process.hear(m.Hello, self._start_limit(), "starting")
        trial.load(self.target, self.options.seed, self._start_limit())

    def _prepare(self, trial: LiveTrial) -> None:
        assert self.solo is not None
        limit = self._start_limit()
        trial.open(self.solo.watching, limit)
        trial.timed = self.solo.trial.timed
        trial.inputs_used = self.solo.trial.inputs_used
        trial.dispatch_each_s = trial.dispatch_s(EMPTY_CHUNKS, self.budget.deadline(START_TIMEOUT_S))

    def _schedule(self, call_s: float) -> Schedule:
        alive = [trial for trial in self.trials if trial.alive]
        reserve_s = HOT_SHARE * self.options.budget_s if self.options.hot else 0.0
        return schedule(self.budget.remaining_s - reserve_s, len(alive), call_s=call_s)

    def _interleave(self, plan: Schedule, known: Demands) -> None:
        """Rounds of all trials in random order, so that a noisy machine hits all alike."""
        self._warm_up(plan, known)
        kinds = {id(trial): self._kinds(plan) for trial in self.trials}
        for number in range(plan.clean_rounds + plan.observed_rounds):
            if number > plan.observed_rounds + 1 and settled(self):
                return
            self._tell(f"round {number + 1} of {plan.clean_rounds + plan.observed_rounds}")
            for waiting, trial in zip(range(len(self.trials), 0, -1), self._shuffled(), strict=True):
                if trial.alive and self.budget.remaining_s > 0 and self.budget.calls_left > 0:
                    share = max(1, self.budget.calls_left // waiting)
                    self._round(trial, plan.round_s, observed=kinds[id(trial)][number], most=share)

    def _shuffled(self) -> list[LiveTrial]:
        return self.rng.sample(self.trials, len(self.trials))

    def _kinds(self, plan: Schedule) -> list[bool]:
        """Which of a trial's rounds are observed: not the first, so that a short budget still gives a throughput, but
        an early one, so that what is settled early has its ledger too."""
        early = [False] * min(1, plan.clean_rounds - 1) + [True] * plan.observed_rounds
        return [False, *self.rng.sample(early, len(early)), *[False] * (plan.clean_rounds - 2)]

    def _warm_up(self, plan: Schedule, known: Demands) -> None:
        """A call for each worker, where it costs less than a round; and the chunksize, now that dispatch is known."""
        _, call_s = self._known_solo()
        for trial in self.others:
            self._choose_chunksize(trial, call_s, plan)
            trial.expected_per_s = self._expected(trial, known)
            if trial.alive and call_s < plan.round_s / 2 and self.budget.calls_left > 0:
                workers = min(trial.configuration.workers, self.budget.calls_left)
                self._attempt(trial, lambda: self._run(trial, workers, 1, observed=False))  # noqa: B023  called at once

    def _choose_chunksize(self, trial: LiveTrial, call_s: float, plan: Schedule) -> None:
        to = trial.configuration
        if to.backend in ("serial", "asyncio", "thread") or self.options.chunksize or not trial.dispatch_each_s:
            return
        calls = math.ceil(to.workers * plan.round_s / call_s)
        size = chunksize(call_s, calls, to.workers, trial.dispatch_each_s)
        trial.configuration = Configuration(to.backend, to.workers, size, to.start_method)

    def _expected(self, trial: LiveTrial, known: Demands) -> float:
        """Calls per second, by the model: enough to size the first round."""
        to = trial.configuration
        shape = self.facts[to.backend].shape(kind_of(self))
        stations = stations_for(shape, known, self.machine, backend=to.backend, chunksize=to.chunksize)
        return predict(known, stations, self.machine, to.workers)[0]

    # -- one round ----------------------------------------------------------------------------------------------------

    def _round(
        self, trial: LiveTrial, round_s: float, *, observed: bool, keep: bool = True, most: int = MAX_CALLS
    ) -> None:
        """Run a round of about ``round_s`` and of ``most`` calls, and ``keep`` it."""
        round_s = min(round_s, TIMEOUT_SHARE * self.options.timeout_s)
        _, call_s = self._known_solo()
        per_s = trial.expected_per_s or 1.0 / call_s
        to = trial.configuration
        chunk = self._known_solo()[0].chunksize() if to.backend == "serial" else to.chunksize
        calls = calls_per_round(
            call_s,
            round_s,
            speedup=per_s * call_s,
            workers=to.workers,
            input_count=trial.inputs_used,
            max_calls=min(most, MAX_CHUNKS * chunk, self.budget.calls_left),
        )

        def step() -> None:
            made = self._run(trial, calls, chunk, observed=observed, expected_s=calls / per_s)
            trial.expected_per_s = made.done.calls / made.done.wall_s
            if keep:
                trial.rounds.append(made)

        self._attempt(trial, step)

    def _attempt(self, trial: LiveTrial, step: Callable[[], Any]) -> None:
        """Do ``step``; a trial that ends in it keeps its fate. The end of the budget takes nothing from one that has
        rounds to show."""
        try:
            step()
        except TrialEnded as ended:
            fate: TrialEnded | None = ended
            if ended.status == "timeout" and self.budget.is_over:
                fate = None if trial.rounds else TrialEnded("timeout", "the budget was used up before it ended a round")
            trial.end(fate)

    def _run(self, trial: LiveTrial, calls: int, chunk: int, *, observed: bool, expected_s: float = 0.0) -> TimedRound:
        patience_s = min(self.options.timeout_s, max(PATIENCE_S, PATIENCE * expected_s))
        made = trial.run_round(calls, chunk, self.budget.deadline(patience_s), observed=observed)
        self.budget.spend(made.done.calls)
        return made

    # -- when the solo run told nothing -------------------------------------------------------------------------------

    def _measure_blindly(self) -> None:
        """Each backend once, with a worker for each CPU, so that its fate is known too."""
        workers = self.options.workers or (max(2, math.ceil(self.cpus.usable)),)
        for name, facts in self.facts.items():
            if name == "serial" or self.budget.remaining_s <= 0:
                continue
            method = (self.options.start_method or "spawn") if facts.start_methods else None
            trial = LiveTrial(Configuration(name, facts.fixed_workers or workers[0], 1, method))
            self.others.append(trial)
            self._tell(f"trying {name}")
            trial.start()
            self._attempt(trial, lambda: self._try_once(trial))  # noqa: B023  called at once

    def _try_once(self, trial: LiveTrial) -> None:
        self._load(trial)
        self._prepare(trial)
        limit_s = min(self.options.timeout_s, max(BLIND_ROUND_S, self.budget.remaining_s / 4))
        calls = min(trial.configuration.workers, self.budget.calls_left)
        trial.rounds.append(trial.run_round(calls, 1, self.budget.deadline(limit_s), observed=True))
        self.budget.spend(calls)

    # -- the end ------------------------------------------------------------------------------------------------------

    def _look_for_hot_lines(self) -> None:
        """One more solo round under py-spy, which is not counted."""
        trial = self._known_solo()[0].trial
        self.hot_reason = self._why_no_hot_lines(trial)
        if self.hot_reason is not None:
            return
        self._tell("looking for the hot lines")
        with HotRecorder(HOT_RATE_HZ, limit_s=self.options.budget_s) as recorder:
            recorder.start(trial.process.pid)
            self._round(trial, HOT_ROUND_S, observed=False, keep=False)
            hot = recorder.stop()
        self.hot, self.hot_reason, self.hot_gil_held_ratio = hot.lines, hot.reason, hot.gil_held_ratio

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
            for trial in self.trials:
                if trial.alive:
                    trial.weigh()
                trial.end(grace_s=TEAR_DOWN_S if trial.loaded and trial.loaded.tears_down else 0.0)
