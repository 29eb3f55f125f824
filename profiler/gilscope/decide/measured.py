"""What is known of a target by now: all that decisions rest on, without the processes that it comes from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TypeVar

from gilscope.decide.accelerator import waiting_for_accelerator
from gilscope.decide.classify import classify
from gilscope.decide.code import CodeTarget
from gilscope.decide.constraints import Constraints
from gilscope.decide.demands import demands
from gilscope.decide.model import Model
from gilscope.decide.noise import Pair, floor_of, noise_floor
from gilscope.decide.recommend import contenders, recommend
from gilscope.decide.steps import Step
from gilscope.decide.throughput import by_process, pooled, round_rates, with_throughput
from gilscope.decide.traits import BackendTraits, HandOver, Machine
from gilscope.options import Options
from gilscope.records import LOOP_KINDS, Classification, Demands, Kind, Noise, Recommendation, Trial

S = TypeVar("S", bound=Step)

__all__ = ["Experiment", "Left", "Measured", "Tried"]


@dataclass(frozen=True)
class Experiment:
    """What an analysis is to find out, and with what. Nothing of it changes while it measures."""

    options: Options
    cpus: float
    """Usable ones."""
    backends: Mapping[str, BackendTraits]
    """Those that may be tried, ``serial`` first."""
    cores: float | None = None
    """That the usable CPUs are on; None where that is unknown."""


@dataclass(frozen=True)
class Left:
    """What the budget has left."""

    calls: int
    elapsed_s: float
    remaining_s: float
    spare_s: float
    """Seconds before the hot lines."""
    racing_s: float
    """Seconds for rounds: what extensions need is kept back too."""
    starting_s: float = 0.0
    """Seconds that starts may take beside all these."""


@dataclass(frozen=True)
class Tried:
    """A configuration that was opened, as far as it got."""

    record: Trial
    """But for what follows from comparing it with others."""
    alive: bool = True
    errors: int = 0
    """Of all its calls, those included that warmed it up."""
    dispatch_s: float | None = None
    """Seconds to hand over one chunk; None where that was not measured."""
    expected_per_s: float | None = None
    """Calls per second to expect of its next round."""
    twin_of: int | None = None
    """The trial of which it is a second process; None for a first one."""


@dataclass(frozen=True)
class Measured:
    """Everything that was measured of one target so far."""

    experiment: Experiment
    left: Left
    trials: tuple[Tried, ...] = ()
    """In the order in which they were opened, the solo run first."""
    steps: tuple[Step, ...] = ()
    """What was asked for so far, in order."""
    kind: Kind = "sync"
    gil_enabled: bool = True
    looked_s: float | None = None
    """Seconds of a warm call alone, by the looks at the first calls; None when no call ended in time."""
    cold_s: float = 0.0
    """Seconds by which the first call of the solo run took longer than the same again, where notable; else 0."""
    by_first_calls: bool = False
    """Whether inputs that were seen before are so cheap that only calls with others are judged."""
    average_call_s: float | None = None
    """Solo seconds of a call, each input counting the same."""
    inputs_unseen: int = 0
    """Inputs in use that no round of the solo run has come to yet."""
    pickle_s: float = 0.0
    pickle_parent_share: float = 0.5
    hand_overs: Mapping[str, HandOver] = field(default_factory=dict)
    """As in `gilscope.decide.traits.Machine`."""
    gil_held_ratio: float | None = None
    """By py-spy, for want of something better where the ledger cannot see the GIL."""
    accelerators: tuple[str, ...] = ()
    """Devices that the solo run has open."""
    accelerators_used: bool | None = None
    """Whether they worked meanwhile; None where nobody can tell."""

    @property
    def call_s(self) -> float | None:
        """Seconds of a warm call alone, by the best figure known by now; None when no call ended in time."""
        return self.average_call_s or self.looked_s

    @property
    def solo(self) -> Tried | None:
        return self.trials[0] if self.trials else None

    @cached_property
    def racing(self) -> dict[int, Tried]:
        """The first trial of each configuration, by number, with the rounds of its other processes."""
        return {
            number: replace(
                tried, record=pooled(tried.record, [self.trials[twin].record for twin in self.twins(number)])
            )
            for number, tried in enumerate(self.trials)
            if tried.twin_of is None
        }

    def is_aside(self, number: int) -> bool:
        """Whether a trial is no choice for this caller, and nobody asked for it: one round tells what there is to tell.
        A plain caller of a plain function has no loop to offload from."""
        options, backend = self.experiment.options, self.trials[number].record.backend
        plain = options.context == "sync" and self.kind not in LOOP_KINDS
        return backend == "asyncio" and plain and not options.backends

    def twins(self, number: int) -> list[int]:
        """The other processes of a trial, by number."""
        return [twin for twin, tried in enumerate(self.trials) if tried.twin_of == number]

    @cached_property
    def records(self) -> tuple[Trial, ...]:
        """Of those that race, with their throughput and speed-up."""
        return with_throughput([tried.record for tried in self.racing.values()], self.average_call_s)

    @cached_property
    def demands(self) -> Demands | None:
        """Of one call, by the solo run."""
        ledger = self.solo.record.ledger if self.solo else None
        asked = demands(ledger) if ledger else None
        return asked and waiting_for_accelerator(asked, self.accelerators, used=self.accelerators_used)

    @cached_property
    def machine(self) -> Machine:
        """With what is known by now of the costs of its pools."""
        ledger = self.solo.record.ledger if self.solo else None
        pools = [tried for tried in self.trials[1:] if tried.dispatch_s and tried.twin_of is None]
        return Machine(
            cpus=self.experiment.cpus,
            cores=self.experiment.cores,
            gil_enabled=self.gil_enabled,
            dispatch_s={tried.record.backend: tried.dispatch_s for tried in pools if tried.dispatch_s},
            pickle_s=self.pickle_s,
            pickle_parent_share=self.pickle_parent_share,
            hand_overs=self.hand_overs,
            samples=ledger.samples if ledger else 0,
        )

    @cached_property
    def model(self) -> Model | None:
        """What to expect; None where it is not known what a call demands."""
        known = self.demands
        return None if known is None else Model(known, self.machine, self.kind, self.experiment.backends)

    @cached_property
    def noise(self) -> Noise | None:
        """By the rounds of trials in a second process of the same configuration; None where there was none."""
        by_process = [(tried.record, self._by_process(tried)) for tried in self.racing.values()]
        pairs = [Pair(of.backend, of.workers, rates[0], other) for of, rates in by_process for other in rates[1:]]
        return noise_floor(pairs, [rates for _, all_rates in by_process for rates in all_rates]) if pairs else None

    def _by_process(self, tried: Tried) -> list[list[float]]:
        (rates,) = self.rates([tried])
        return by_process(tried.record, rates)

    @property
    def floor(self) -> float:
        """The gap up to which two configurations are a tie, as a fraction of the faster."""
        return floor_of(self.noise)

    @cached_property
    def classification(self) -> Classification:
        """What kind of work the target does, by the solo run."""
        solo = self.solo.record if self.solo else None
        ledger = solo.ledger if solo else None
        held = ledger.gil_held_ratio if ledger else None
        return classify(
            self.demands,
            samples=ledger.samples if ledger else 0,
            gil_held_ratio=self.gil_held_ratio if held is None else held,
            gil_enabled=self.gil_enabled,
            dispatch_s=self.machine.dispatch_s,
            error_share=solo.errors / solo.calls if solo and solo.calls else 0.0,
            accelerators=self.accelerators,
        )

    def advice(self, target: CodeTarget | None = None) -> Recommendation:
        """What would be recommended by the rounds so far.

        :param target: for the code to paste
        """
        return recommend(
            self.records,
            self.classification,
            kind=self.kind,
            simplicity={name: traits.simplicity for name, traits in self.experiment.backends.items()},
            context=self.experiment.options.context,
            target=target,
            call_s=self.average_call_s,
            floor=self.floor,
            bounds=self._bounds,
            constraints=Constraints.of(self.experiment.options),
        )

    @cached_property
    def _bounds(self) -> dict[str, float]:
        """The most times the serial throughput, by backend."""
        model = self.model
        if model is None:
            return {}
        return {name: model.most_speedup(model.shape(name), self._least_in_company(name)) for name in model.backends}

    def _least_in_company(self, backend: str) -> Demands | None:
        """Of a call on a backend, where one asked for least CPU; None where none was watched."""
        records = [tried.record for tried in self.racing.values() if tried.record.backend == backend]
        known = [asked for record in records if record.ledger and (asked := demands(record.ledger))]
        return min(known, key=lambda asked: asked.cpu_s, default=None)

    def contending(self, share: float) -> list[int]:
        """The trials that reach ``share`` of the fastest of those that fit the caller, the fastest first."""
        near = contenders(
            self.records,
            self.classification,
            kind=self.kind,
            context=self.experiment.options.context,
            call_s=self.average_call_s,
            share=share,
            constraints=Constraints.of(self.experiment.options),
        )
        numbers = dict(zip(map(id, self.records), self.racing, strict=True))
        return [numbers[id(record)] for record in near]

    def rates(self, trials: Iterable[Tried]) -> list[list[float]]:
        """Calls per second of each clean round of each of them, fit to be compared."""
        return round_rates([tried.record for tried in trials], self.average_call_s)

    def asked(self, kind: type[S]) -> list[S]:
        """The steps of a kind so far."""
        return [step for step in self.steps if isinstance(step, kind)]
