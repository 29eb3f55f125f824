"""Everything that comes of measuring one target, in order. Nothing in it is taken back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import msgspec

from gilscope.decide.demands import combine
from gilscope.decide.isolated import with_all_of_them
from gilscope.decide.measured import Experiment, Left, Measured, Tried
from gilscope.decide.steps import Step
from gilscope.decide.traits import HandOver
from gilscope.decide.warm import cold_rounds
from gilscope.measure.handing_over import HandedIn
from gilscope.measure.live import LiveTrial
from gilscope.measure.messages import Pickled
from gilscope.measure.record import call_seconds, costs_of, ledgers_of, trial_record
from gilscope.measure.watching import Watching
from gilscope.observers.pyspy import Hot
from gilscope.records import Repeats, Trial
from gilscope.targets import Loaded

__all__ = ["Journal"]


@dataclass
class Journal:
    """What was asked for and what came of it. Whatever ends an analysis, what stands here is its result."""

    experiment: Experiment
    steps: list[Step] = field(default_factory=list)
    trials: list[LiveTrial] = field(default_factory=list)
    """In the order in which they were opened, the solo run first."""
    twins_of: dict[int, int] = field(default_factory=dict)
    """Which of them are second processes of which, by number."""
    watching: Watching | None = None
    """The instrument; None before it is known."""
    unreturned: str = ""
    """Of which inputs the calls did not return, in a sentence."""
    looked_s: float | None = None
    """Mean seconds of a warm call alone, by the looks at the first calls; None when no call ended in time."""
    cold_s: float = 0.0
    """As in `gilscope.decide.measured.Measured`."""
    repeats: Repeats | None = None
    """Whether inputs that were seen before are cheap, once it was looked."""
    results_alone: dict[str, list[str]] = field(default_factory=dict)
    """Of calls one after the other: the digests of their results in the order of the calls, by that of the input."""
    pickled: Pickled | None = None
    hot: Hot | None = None

    @property
    def solo(self) -> LiveTrial | None:
        return self.trials[0] if self.trials else None

    @property
    def loaded(self) -> Loaded | None:
        """The target, as the solo run found it."""
        return self.solo.account.loaded if self.solo else None

    @property
    def call_s(self) -> float | None:
        """Mean seconds of a warm call alone, by the best figure known by now: over the solo rounds, each input counting
        the same, else by the looks at the first calls."""
        return self._average_call_s(self._costs()) or self.looked_s

    @property
    def by_first_calls(self) -> bool:
        """Whether it is judged by calls with inputs not seen before."""
        return self.repeats is not None and not self.repeats.elsewhere

    @property
    def racing(self) -> list[LiveTrial]:
        """The first trial of each configuration."""
        return [trial for number, trial in enumerate(self.trials) if number not in self.twins_of]

    def measured(self, left: Left) -> Measured:
        """All of it, for decisions."""
        costs = self._costs()
        shared = self.pickled.parent_share if self.pickled else None
        isolated = self.pickled.between_interpreters if self.pickled else None
        return Measured(
            self.experiment,
            left,
            trials=tuple(self._tried(number, trial, costs) for number, trial in enumerate(self.trials)),
            steps=tuple(self.steps),
            kind=self.loaded.kind if self.loaded else "sync",
            gil_enabled=self.watching.gil.enabled if self.watching else True,
            looked_s=self.looked_s,
            cold_s=self.cold_s,
            by_first_calls=self.by_first_calls,
            average_call_s=self._average_call_s(costs),
            inputs_unseen=sum(number not in costs for number in range(self.solo.inputs_used)) if self.solo else 0,
            pickle_s=(self.pickled.seconds or 0.0) if self.pickled else 0.0,
            pickle_parent_share=0.5 if shared is None else shared,
            hand_overs=self._hand_overs(isolated) if isolated else {},
            gil_held_ratio=self.hot.gil_held_ratio if self.hot else None,
            accelerators=self.solo.account.accelerators if self.solo else (),
            accelerators_used=self.solo.account.accelerators_used if self.solo else None,
        )

    def _hand_overs(self, measured: HandedIn) -> dict[str, HandOver]:
        share = measured.parent_s / measured.seconds if measured.seconds else 0.5
        isolated = [name for name, traits in self.experiment.backends.items() if traits.in_process]
        return dict.fromkeys(isolated, HandOver(measured.seconds, share))

    def _costs(self) -> dict[int, float]:
        return costs_of(self.solo.account) if self.solo else {}

    @staticmethod
    def _average_call_s(costs: Mapping[int, float]) -> float | None:
        return sum(costs.values()) / len(costs) if costs else None

    def _tried(self, number: int, trial: LiveTrial, costs: Mapping[int, float]) -> Tried:
        return Tried(
            self._record(trial, costs),
            alive=trial.alive,
            errors=trial.account.errors,
            dispatch_s=trial.dispatch_each_s,
            expected_per_s=trial.expected_per_s,
            twin_of=self.twins_of.get(number),
        )

    def _record(self, trial: LiveTrial, costs: Mapping[int, float]) -> Trial:
        cold = 0 if trial is self.solo else cold_rounds(call_seconds(trial.account, costs))
        ledgers, pickled = ledgers_of(trial.account, cold), self.pickled
        record = trial_record(trial.account, costs, combine(ledgers) if ledgers else None, cold)
        traits = self.experiment.backends[record.backend]
        way = traits.way(self.loaded.kind if self.loaded else "sync")
        record = msgspec.structs.replace(record, runner=way.runner, executor=way.executor)
        if traits.in_process and record.status == "failed":
            record = msgspec.structs.replace(record, reason=with_all_of_them(record.reason))
        if pickled is None or not traits.pickles:
            return record
        reason = _which_part(record.reason, pickled.problem)
        if traits.in_process:
            return _between_interpreters(msgspec.structs.replace(record, reason=reason), pickled.between_interpreters)
        return msgspec.structs.replace(record, pickle_bytes=pickled.bytes, pickle_s=pickled.seconds, reason=reason)


def _between_interpreters(record: Trial, handed: HandedIn | None) -> Trial:
    if handed is None:
        return record
    return msgspec.structs.replace(
        record, pickle_bytes=handed.pickled_bytes, pickle_s=handed.seconds, handed_over=handed.way
    )


def _which_part(reason: str | None, problem: str | None) -> str | None:
    """Why a trial was refused; of a result, which was in a worker, the solo run knows which part was in the way."""
    beginning = "a result cannot be pickled"
    both = all(text is not None and text.startswith(beginning) for text in (reason, problem))
    return problem if both else reason
