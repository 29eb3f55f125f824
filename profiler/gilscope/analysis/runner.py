"""The one who owns the processes of an analysis and its budget: starts trials, has them run rounds, and ends them."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from itertools import count
from typing import Any, Literal

from gilscope.analysis.budget import Budget
from gilscope.analysis.journal import Journal
from gilscope.configuration import Configuration
from gilscope.decide.cached import unseen_calls
from gilscope.decide.measured import Measured
from gilscope.decide.rounds import calls_per_round, solo_chunksize
from gilscope.errors import MeasurementError
from gilscope.extensions import Extension
from gilscope.measure import messages as m
from gilscope.measure.interrupts import uninterrupted
from gilscope.measure.live import LiveTrial, end_together
from gilscope.measure.pythons import Python
from gilscope.measure.record import costs_of
from gilscope.measure.spares import Spares
from gilscope.measure.trial import TrialEnded
from gilscope.measure.trial_account import TimedRound
from gilscope.options import Options
from gilscope.records import QueueFigures, Trial
from gilscope.targets import TargetSpec
from gilscope.units import given_duration

__all__ = ["MAX_CALLS", "PATIENCE", "PATIENCE_S", "START_TIMEOUT_S", "Runner"]

START_TIMEOUT_S = 30.0
#: How long the tear-down of one trial may take.
TEAR_DOWN_S = 1.0
#: A round may take so many times its expected length before its trial is stopped, and at least `PATIENCE_S`.
PATIENCE, PATIENCE_S = 10.0, 2.0
#: Processes that are started before they are needed: as many as there are backends, within reason.
MOST_SPARES = 3
#: The part of `--timeout` that a round is planned to take, so that one that is slower than planned is no failure.
TIMEOUT_SHARE = 0.25
#: Calls of one round, and chunks: what they need in memory and in submitting is bounded.
MAX_CALLS, MAX_CHUNKS = 500_000, 20_000


class Runner:
    """Runs the trials of one target; what comes of it stands in its journal.

    Whatever happens to the process of a trial becomes the trial's status. It is a `gilscope.extensions.Laboratory`.

    :param python: which runs the trials; the one that runs this where it is None
    :param order: in which calls take the inputs, by their positions; empty where the first trial is to say
    """

    def __init__(
        self,
        target: TargetSpec,
        journal: Journal,
        budget: Budget,
        tell: Callable[[str], None],
        extensions: Sequence[Extension] = (),
        spares: Spares | None = None,
        python: Python | None = None,
        order: tuple[int, ...] = (),
    ) -> None:
        self.target, self.journal, self.budget, self.say, self.extensions = target, journal, budget, tell, extensions
        self.options: Options = journal.experiment.options
        self.rng = random.Random(self.options.seed)
        self._environment = {name: value for each in extensions for name, value in each.environment.items()}
        self.python, self.order = python, order
        self._spares = spares or Spares(self.program)
        self.ahead: Callable[[], object] = lambda: None
        """Loads what whoever asked for the analysis needs at its end, while the last of it is measured."""

    @property
    def program(self) -> str | None:
        """What runs the trials, as `gilscope.measure.trial.TrialProcess` takes it."""
        return self.python.path if self.python else None

    # -- starting ---------------------------------------------------------------------------------------------------

    def start_alone(self, trial: LiveTrial) -> None:
        """Start the process of the serial run, which is the first of all."""
        trial.start(spare=self._spares.take(), python=self.program)

    def start_first_spares(self) -> None:
        """Start the processes that the first trials will run in, one for each backend and one for the leader's
        second."""
        self.start_spares(1 + min(len(self.journal.experiment.backends) - 1, MOST_SPARES))

    def start_spares(self, wanted: int) -> None:
        """See that so many processes wait for trials, or are on their way, while nothing is timed."""
        with uninterrupted():
            self._spares.start(wanted - len(self._spares), {**os.environ, **self._environment})

    def settle_spares(self, limit: float) -> None:
        """Wait until they are idle, until ``limit`` on the monotonic clock: from then on they disturb nobody."""
        self._spares.settle(limit)

    def start(self, trial: LiveTrial, environment: Mapping[str, str] | None = None) -> None:
        """Start the process, which then imports the target by itself.

        :param environment: added to what every trial is told
        """

        def step() -> None:
            try:
                spare = None if environment else self._spares.take()
                trial.start({**self._environment, **(environment or {})}, spare, self.program)
            except MeasurementError as error:  # what the machine has no room for fails; the others go on
                raise TrialEnded("failed", str(error)) from error
            trial.begin_loading(self.target, self.options.seed)

        self.attempt(trial, step)

    def load(self, trial: LiveTrial, limit: float) -> None:
        """Wait until the process is up and has imported the target, until ``limit`` on the monotonic clock."""

        def step() -> None:
            trial.process.hear(m.Hello, limit, "starting")
            trial.end_loading(limit)

        self.attempt(trial, step, ran_out="start-limit")

    def prepare(self, trial: LiveTrial, limit: float, like: LiveTrial | None = None) -> None:
        """Open the pool, and measure what it takes to hand over nothing.

        :param like: the trial that this is a second process of, which has shown that
        """
        self.attempt(trial, lambda: self._prepare(trial, limit, like), ran_out="start-limit")

    def _prepare(self, trial: LiveTrial, limit: float, like: LiveTrial | None) -> None:
        solo, watching = self.journal.solo, self.journal.watching
        assert solo is not None
        assert watching is not None
        trial.open(watching, limit, solo.account.order)
        trial.timed, trial.inputs_used = solo.timed, solo.inputs_used
        if like is not None:
            trial.without_calls(trial.configuration.workers, limit)  # its workers import what they run
            trial.dispatch_each_s = like.dispatch_each_s
            return
        chunks = self.journal.experiment.backends[trial.configuration.backend].empty_chunks
        trial.dispatch_each_s = trial.dispatch_s(chunks, limit)

    def attempt(
        self, trial: LiveTrial, step: Callable[[], Any], ran_out: Literal["budget", "start-limit"] = "budget"
    ) -> None:
        """Do ``step``; a trial that ends in it keeps its exit reason. The end of the budget takes nothing from one that
        has rounds to show.

        :param ran_out: what is used up when it takes too long
        """
        try:
            step()
        except TrialEnded as ended:
            reason: TrialEnded | None = ended
            if ended.status == "timeout" and (self.budget.is_over or ran_out == "start-limit"):
                reason = None if trial.account.rounds else self._late(ended, ran_out)
                trial.account.note(ran_out=None if trial.account.rounds else ran_out)
            trial.end(reason)

    def _late(self, ended: TrialEnded, ran_out: str) -> TrialEnded:
        if ran_out == "budget":
            return TrialEnded("timeout", "the budget was used up before it ended a round")
        given = given_duration(self.options.may_start_s)
        return TrialEnded("timeout", f"{ended.reason}; --start-limit allows {given} for all that starts")

    def settle_inputs(self) -> None:
        """Use those inputs that ran alone, by which all others are judged: time may have been over before the last."""
        solo = self.journal.solo
        known = costs_of(solo.account) if solo else {}
        in_a_row = next(number for number in count() if number not in known)
        if solo and 0 < in_a_row < solo.inputs_used:
            solo.use_inputs(in_a_row)

    # -- rounds -----------------------------------------------------------------------------------------------------

    def run_round(
        self, trial: LiveTrial, round_s: float, *, observed: bool, keep: bool = True, most: int = MAX_CALLS
    ) -> None:
        """Run a round of about ``round_s`` and of ``most`` calls, and ``keep`` it. There is none where only inputs not
        seen before are judged, and none is left."""
        if self.journal.by_first_calls:
            rounds, alone = len(trial.account.rounds), trial is self.journal.solo
            most = min(most, unseen_calls(trial.unseen, rounds, trial.configuration.workers, watched_first=alone))
            if most < 1:
                return
        to, call_s = trial.configuration, self.call_s
        per_s = trial.expected_per_s or 1.0 / call_s
        # The solo loop takes some milliseconds of calls at once: there is nobody to hand them to.
        chunk = solo_chunksize(call_s) if to.backend == "serial" else to.chunksize
        calls = calls_per_round(
            call_s,
            min(round_s, TIMEOUT_SHARE * self.options.timeout_s),
            speedup=per_s * call_s,
            workers=to.workers,
            input_count=trial.inputs_used,
            chunksize=1 if to.backend == "serial" else chunk,
            max_calls=min(most, MAX_CHUNKS * chunk, self.budget.calls_left),
        )

        def step() -> None:
            made = self.run_calls(trial, calls, chunk, observed=observed, expected_s=calls / per_s)
            trial.expected_per_s = made.done.calls / made.done.wall_s
            if keep:
                trial.account.rounds.append(made)
                if len(trial.account.rounds) == 1:  # what a first round needs is no growth
                    trial.weigh()

        self.attempt(trial, step)

    def run_calls(
        self,
        trial: LiveTrial,
        calls: int,
        chunk: int,
        *,
        observed: bool = False,
        expected_s: float = 0.0,
        cold: bool = False,
    ) -> TimedRound:
        """Run so many calls, patiently but not for ever.

        :param cold: whether they are first calls, which may take as long as starting may
        :raises TrialEnded: when the trial fails or does not answer in time
        """
        patience_s = min(self.options.timeout_s, max(PATIENCE_S, PATIENCE * expected_s))
        costs = costs_of(self.journal.solo.account) if self.journal.solo else {}
        limit = self.budget.deadline(patience_s)
        if cold:
            limit = min(time.monotonic() + patience_s, self.budget.start_deadline())
        made = trial.run_round(calls, chunk, limit, observed=observed, costs=costs)
        self.budget.spend(made.done.calls)
        return made

    @property
    def call_s(self) -> float:
        """Mean seconds of a call, alone. Rounds are run once it is known."""
        assert self.journal.call_s is not None
        return self.journal.call_s

    # -- ending -----------------------------------------------------------------------------------------------------

    def weigh_all(self) -> None:
        """Weigh what still lives, and note what it has printed."""
        for trial in self.journal.trials:
            if trial.alive:
                trial.weigh()
                trial.listen()

    def end_all(self, but: Collection[LiveTrial] = ()) -> None:
        """Weigh what still lives, and end it, ``but`` these."""
        with uninterrupted():
            ending = [trial for trial in self.journal.trials if trial not in but]
            for trial in ending:
                if trial.alive:
                    trial.weigh()
                if _tears_down(trial):
                    self.end(trial)
            end_together(ending)
            self._spares.end()

    def end(self, trial: LiveTrial) -> None:
        """End its process; closing a pool in order takes time that only tear-downs need."""
        trial.end(grace_s=TEAR_DOWN_S if _tears_down(trial) else 0.0)

    @property
    def measured(self) -> Measured:
        """All of it by now, for decisions."""
        return self.journal.measured(self.budget.left)

    # -- for extensions ---------------------------------------------------------------------------------------------

    @property
    def living(self) -> Sequence[Trial]:
        racing = self.measured.racing.values()
        return [tried.record for tried in racing if tried.alive and tried.record.backend != "serial"]

    @property
    def dispatch_s(self) -> Mapping[str, float]:
        return self.measured.machine.dispatch_s

    @property
    def spare_s(self) -> float:
        return self.budget.spare_s

    def without_calls(self, to: Configuration, chunks: int, environment: Mapping[str, str]) -> QueueFigures | None:
        assert self.journal.watching is not None
        trial, limit = LiveTrial(to), self.budget.deadline(self.spare_s)
        try:
            self.start(trial, environment)
            self.load(trial, limit)
            trial.open(self.journal.watching, limit)
            trial.without_calls(chunks, limit)
            return trial.account.known.queue
        finally:
            self.end(trial)


def _tears_down(trial: LiveTrial) -> bool:
    return trial.account.loaded is not None and trial.account.loaded.teardown is not None
