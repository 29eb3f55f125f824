"""An analysis rehearsed: what it would measure, and with how many calls, were the function of a certain kind.

The decisions are those of a real analysis (`gilscope.decide.next_steps`); what they ask for is answered by the model of
such a function, with the noise of a quiet machine, instead of by trials. Nothing is run.
"""

from __future__ import annotations

import math
import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from gilscope.configuration import Configuration
from gilscope.decide.demands import demands
from gilscope.decide.measured import Experiment, Left, Measured, Tried
from gilscope.decide.model import Model
from gilscope.decide.next_steps import HOT_ROUND_S, kept_for_hot_lines_s, next_step
from gilscope.decide.rounds import calls_per_round
from gilscope.decide.steps import CheckResults, LookForHotLines, Open, Rounds, SingleCalls, Step, WarmUp, WatchAlone
from gilscope.decide.traits import Machine, Shape
from gilscope.options import ORDINARY_START, Options
from gilscope.records import WAIT_STATES, Ledger, Round, Trial

__all__ = ["SORTS", "Plan", "Plans", "Rehearsed", "Sort", "rehearsed"]

#: How much two rounds of one configuration differ on a quiet machine, as a standard deviation of their logarithms.
NOISE = 0.03
#: What starting a process takes of an ordinary target, and what handing over a chunk takes.
START_S = 0.2
DISPATCH_S: dict[Shape, float] = {"serial": 0.0, "thread": 5e-5, "process": 2e-4, "loop": 5e-5}
#: Calls of the serial run before its first round: until they stop getting cheaper, and one whose result is pickled.
FIRST_CALLS = 4
#: By so much what was stopped is beyond its time.
TINY_S = 1e-6
#: Looks at the first calls of a pool's workers until they stop getting cheaper.
LOOKS = 2
#: By how much later than the budget an analysis ends: what is running then is stopped.
LATE = 1.1
#: Steps after which a rehearsal has gone wrong; a real analysis makes about forty.
MOST_STEPS = 1_000


@dataclass(frozen=True)
class Sort:
    """A kind of function."""

    name: str
    """What its calls are."""
    shares: Mapping[str, float]
    """Of the wall clock, by the state of the ledger; they sum to 1."""

    def ledger(self, calls: int, call_s: float, rate_hz: float) -> Ledger:
        """Of so many calls alone."""
        wall_s = calls * call_s
        states = dict.fromkeys(("cpu_gil", "cpu_free", "gil_wait", "runqueue", "idle", *WAIT_STATES), 0.0)
        seconds: dict[str, Any] = {f"{state}_s": wall_s * self.shares.get(state, 0.0) for state in states}
        cpu_s = seconds["cpu_gil_s"] + seconds["cpu_free_s"]
        samples = max(1, round(wall_s * rate_hz))
        return Ledger(
            calls=calls, samples=samples, threads=1, wall_s=wall_s, cpu_s=cpu_s, blocked_s=wall_s - cpu_s, **seconds
        )


#: Those that differ most in what there is to try.
SORTS = (
    Sort("Python code", {"cpu_gil": 1.0}),
    Sort("native code without the GIL", {"cpu_gil": 0.05, "cpu_free": 0.95}),
    Sort("waiting for a network", {"cpu_gil": 0.01, "network": 0.99}),
)


@dataclass(frozen=True)
class Rehearsed:
    """What an analysis would do."""

    sort: Sort
    call_s: float
    configurations: tuple[Configuration, ...]
    """Those that are tried beside the serial run, in order."""
    rounds: int
    calls: int
    elapsed_s: float
    """Of the budget."""
    best_per_s: float
    """Calls per second of the fastest configuration."""


@dataclass(frozen=True)
class Plan:
    """What there is to try in one Python, and what would be done with each sort of calls."""

    experiment: Experiment
    cases: tuple[Rehearsed, ...]
    python: str | None = None
    """Its name, where Pythons are measured side by side."""


@dataclass(frozen=True)
class Plans:
    """What an analysis would do in all."""

    options: Options
    plans: tuple[Plan, ...]
    refused: tuple[tuple[str, str], ...] = ()
    """Pythons that cannot be measured, by name, and why."""


def rehearsed(experiment: Experiment, sort: Sort, call_s: float, *, gil_enabled: bool = True) -> Rehearsed:
    """What an analysis would do with calls of a sort that take so long alone."""
    stage = _Stage(experiment, sort, call_s, gil_enabled)
    while (step := next_step(stage.measured)) is not None and len(stage.steps) < MOST_STEPS:
        stage.steps.append(step)
        stage.perform(step)
    tried = dict.fromkeys(actor.configuration for actor in stage.actors[1:])
    rounds = sum(len(actor.rounds) for actor in stage.actors)
    best_per_s = max(actor.per_s for actor in stage.actors)
    return Rehearsed(sort, call_s, tuple(tried), rounds, stage.calls, stage.elapsed_s, best_per_s)


@dataclass
class _Actor:
    """A trial that is only played."""

    configuration: Configuration
    per_s: float
    """Calls per second."""
    twin_of: int | None = None
    dispatch_s: float = 0.0
    rounds: list[Round] = field(default_factory=list)
    expected_per_s: float | None = None

    @property
    def calls(self) -> int:
        return sum(made.calls for made in self.rounds)


class _Stage:
    """The trials that are played, and what they have taken so far."""

    def __init__(self, experiment: Experiment, sort: Sort, call_s: float, gil_enabled: bool) -> None:
        self._experiment, self._sort, self._call_s, self._gil_enabled = experiment, sort, call_s, gil_enabled
        self._rng = random.Random(experiment.options.seed)
        self.steps: list[Step] = []
        self.actors = [_Actor(Configuration("serial"), 1 / call_s)]
        self.calls, self.elapsed_s = 0, 0.0
        self._start(1)
        self._spend(min(FIRST_CALLS, self._calls_left), 1 / call_s)

    # -- what decisions are made from --------------------------------------------------------------------------------

    @property
    def measured(self) -> Measured:
        """All of it by now, as a real analysis has it."""
        options, racing_s = self._experiment.options, self._racing_s
        remaining_s = options.budget_s - self.elapsed_s
        return Measured(
            self._experiment,
            Left(self._calls_left, self.elapsed_s, remaining_s, racing_s, racing_s, options.may_start_s),
            tuple(self._tried(actor) for actor in self.actors),
            tuple(self.steps),
            gil_enabled=self._gil_enabled,
            looked_s=self._call_s,
            average_call_s=self._call_s,
        )

    @property
    def _racing_s(self) -> float:
        options = self._experiment.options
        return options.budget_s - self.elapsed_s - kept_for_hot_lines_s(options)

    @property
    def _calls_left(self) -> int:
        most = self._experiment.options.max_calls
        return 10**9 if most is None else most - self.calls

    def _tried(self, actor: _Actor) -> Tried:
        to, options = actor.configuration, self._experiment.options
        observed = sum(made.calls for made in actor.rounds if made.observed)
        record = Trial(
            backend=to.backend,
            workers=to.workers,
            chunksize=to.chunksize,
            start_method=to.start_method,
            rounds=tuple(actor.rounds),
            calls=actor.calls,
            startup_s=START_S,
            ledger=self._sort.ledger(observed, self._call_s, options.rate_hz) if observed else None,
        )
        pooled = actor is not self.actors[0]
        return Tried(
            record,
            dispatch_s=actor.dispatch_s if pooled else None,
            expected_per_s=actor.expected_per_s,
            twin_of=actor.twin_of,
        )

    # -- what they ask for -------------------------------------------------------------------------------------------

    def perform(self, step: Step) -> None:
        """Play one step: its calls and its seconds."""
        solo = self.actors[0]
        match step:
            case WatchAlone(round_s, most):
                self._round(solo, round_s, most, observed=True)
            case Open(configurations, twins_of):
                twins: tuple[int | None, ...] = twins_of or (None,) * len(configurations)
                self._start(len(configurations))
                self.actors += [self._actor(to, twin) for to, twin in zip(configurations, twins, strict=True)]
            case WarmUp():
                self._warm_up(step)
            case Rounds():
                self._rounds(step)
            case SingleCalls(number, calls):
                self._spend(calls, self.actors[number].per_s)
            case CheckResults(trials, calls, inputs):
                self._spend(3 * inputs, solo.per_s)
                for number in trials:
                    self._spend(calls, self.actors[number].per_s)
            case LookForHotLines(None):
                self._round(solo, HOT_ROUND_S, self._calls_left, observed=False, keep=False)
            case _:
                pass  # what is left makes no calls

    def _actor(self, to: Configuration, twin_of: int | None) -> _Actor:
        """With the throughput that the model expects."""
        asked = demands(self._sort.ledger(1, self._call_s, 1.0))
        assert asked is not None
        experiment = self._experiment
        dispatch_s = DISPATCH_S[experiment.backends[to.backend].shape("sync")]
        machine = Machine(
            experiment.cpus,
            experiment.cores,
            gil_enabled=self._gil_enabled,
            dispatch_s={to.backend: dispatch_s},
        )
        model = Model(asked, machine, "sync", experiment.backends)
        stations = model.stations(model.shape(to.backend), to.backend, to.chunksize, model.gil_shares[1])
        return _Actor(to, model.rate(stations, to.workers), twin_of, dispatch_s)

    def _warm_up(self, step: WarmUp) -> None:
        actor = self.actors[step.trial]
        to = actor.configuration
        warm = self._actor(Configuration(to.backend, to.workers, step.chunksize, to.start_method), actor.twin_of)
        actor.configuration, actor.per_s, actor.expected_per_s = warm.configuration, warm.per_s, step.expected_per_s
        self._spend(min(LOOKS * step.calls + sum(step.ramp), self._calls_left), actor.per_s)

    def _rounds(self, step: Rounds) -> None:
        for waiting, number in zip(range(len(step.trials), 0, -1), step.trials, strict=True):
            actor = self.actors[number]
            workers = actor.configuration.workers
            most = max(1, self._calls_left // (waiting * step.passes_left))
            needed_s = max(step.round_s, workers / (actor.expected_per_s or actor.per_s)) if actor.rounds else 0.0
            in_calls = self._calls_left > 0 and (most >= workers or not actor.rounds)
            if in_calls and self._racing_s > needed_s:
                self._round(actor, step.round_s, most, observed=step.observed)

    def _round(self, actor: _Actor, round_s: float, most: int, *, observed: bool, keep: bool = True) -> None:
        to = actor.configuration
        calls = calls_per_round(
            self._call_s,
            round_s,
            speedup=(actor.expected_per_s or actor.per_s) * self._call_s,
            workers=to.workers,
            input_count=1,
            chunksize=to.chunksize,
            max_calls=min(most, self._calls_left),
        )
        wall_s = self._spend(calls, actor.per_s)
        actor.expected_per_s = calls / wall_s
        if keep and self.elapsed_s <= LATE * self._experiment.options.budget_s:
            own = Round(
                index=len(actor.rounds),
                observed=observed,
                calls=calls,
                errors=0,
                wall_s=wall_s,
                work_s=calls * self._call_s,
            )
            actor.rounds.append(own)

    def _spend(self, calls: int, per_s: float) -> float:
        """Make so many calls, as far as there is time for them; the seconds that all of them take."""
        wall_s = calls / per_s * math.exp(self._rng.gauss(0.0, NOISE))
        left_s = max(0.0, LATE * self._experiment.options.budget_s - self.elapsed_s)
        self.calls += calls if wall_s <= left_s else int(calls * left_s / wall_s)
        self.elapsed_s += min(wall_s, left_s + TINY_S)
        return wall_s

    def _start(self, processes: int) -> None:
        """Beyond what an ordinary process takes, starting is no part of the budget."""
        self.elapsed_s += min(START_S, processes * ORDINARY_START * self._experiment.options.budget_s)
