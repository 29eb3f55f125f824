"""Analyses with a known truth, made up: the rounds are drawn, everything decided from them is gilscope's own."""

from __future__ import annotations

import math
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from benchmarks.regret.cells import unique
from benchmarks.regret.figures import throughput
from benchmarks.regret.judge import Judged
from gilscope.decide.noise import Pair, floor_of, noise_floor
from gilscope.decide.recommend import contenders, recommend
from gilscope.decide.throughput import by_process, round_rates, with_throughput
from gilscope.records import Classification, Noise, Recommendation, Round, Trial

__all__ = ["Said", "Truth", "simulated", "truths"]

#: As the backends say of themselves.
SIMPLICITY = {"serial": 0, "asyncio": 1, "thread": 2, "process": 3}
KIND = Classification(label="mixed", confidence=1.0, reason="made up")
#: The noise of a function's rounds, as the two processes of every cell in ``benchmarks/regret`` show it: the median
#: over functions, how it varies from function to function, and between the configurations of one (standard deviations
#: of its logarithm).
SPREAD, BY_FUNCTION, BY_CELL = 0.045, 0.9, 0.5
#: What one process differs from the next by: t with 3 degrees of freedom times this, 3 % in root mean square.
PROCESS_SCALE = 0.019
#: The part of a round's noise that all configurations of a pass share, and the part that a drift from pass to pass is.
SHARED, DRIFT = 0.12, 0.05
#: How many configurations an analysis tries beside the serial run, and how many passes its budget allows.
TRIED, PASSES = (2, 7), (3, 20)
#: Passes in the same processes; then the contenders are started anew.
FRESH = 5
#: What gilscope's rounds and plain code differ by, whatever the process: t with 3 degrees of freedom times this. In
#: ``benchmarks/regret`` the configurations that both measured differ by 9 % (robust standard deviation), of which their
#: rounds and processes explain two thirds.
HARNESS = 0.03
#: Who stays in the race, and when it is over, as in `gilscope.decide.next_steps`.
HOPELESS, NEAR, SURE, FEWEST = 0.5, 0.8, 0.95, 3


@dataclass(frozen=True)
class Truth:
    """What a function's configurations really reach."""

    name: str
    rates: Mapping[tuple[str, int], float]
    """Calls per second, by backend and workers; the serial run first."""


@dataclass(frozen=True)
class Said:
    """How sure a verdict was, and whether it holds."""

    confidence: float
    ratio: float
    """What is recommended over the best."""
    floor: float

    @property
    def holds(self) -> bool:
        """Whether it is within the floor of the best."""
        return self.ratio * (1 + self.floor) >= 1


def truths(functions: Mapping[str, Judged]) -> list[Truth]:
    """Of every function of a regret benchmark, what its exhaustive search measured, taken for the truth."""
    found = []
    for name, judged in functions.items():
        measured = [*judged.screening, *judged.final]
        rates: dict[tuple[str, int], float] = {}
        for cell in unique([each.cell for each in measured if each.cell.executor in SIMPLICITY]):
            place, rate = (cell.executor, cell.workers), throughput(measured, cell) or 0.0
            rates[place] = max(rate, rates.get(place, 0.0))
        known = {place: rate for place, rate in sorted(rates.items(), key=lambda each: each[0][1]) if rate}
        found += [Truth(name, known)] if ("serial", 1) in known and len(known) > 2 else []
    return found


def simulated(truth: Truth, rng: random.Random) -> Said:
    """One analysis: rounds of all, then of the contenders until it is clear or the budget is used up."""
    others = [place for place in truth.rates if place != ("serial", 1)]
    tried = rng.sample(others, min(rng.randint(*TRIED), len(others)))
    race = _Race({("serial", 1): truth.rates["serial", 1], **{place: truth.rates[place] for place in tried}}, rng)
    places = list(race.rates)
    for number in range(rng.randint(*PASSES)):
        race.run(places, number // FRESH)
        said, floor = race.advice()
        if number + 1 >= FEWEST and said.confidence >= SURE:
            break
        near = contenders(race.trials(), KIND, kind="coroutine", share=HOPELESS if number + 1 < FEWEST else NEAR)
        places = list(dict.fromkeys([("serial", 1), *((each.backend, each.workers) for each in near)]))
    if rng.random() < 0.7:  # else the budget does not allow it
        race.run_again()
    said, floor = race.advice()
    ratio = race.rates[said.backend or "serial", said.workers or 1] / max(race.rates.values())
    return Said(said.confidence, ratio, floor)


class _Race:
    """The rounds of one analysis."""

    def __init__(self, rates: Mapping[tuple[str, int], float], rng: random.Random) -> None:
        self.rates, self._rng = rates, rng
        spread = SPREAD * math.exp(rng.gauss(0, BY_FUNCTION))
        self._spreads = {place: spread * math.exp(rng.gauss(0, BY_CELL)) for place in rates}
        self._machine, self._spread = 0.0, spread
        self._offsets: dict[tuple[tuple[str, int], int], float] = {}
        self._harness = {place: self._offset() * HARNESS / PROCESS_SCALE for place in rates}
        self._rounds: dict[tuple[str, int], list[Round]] = {place: [] for place in rates}

    def _offset(self) -> float:
        """Of a process: Student's t with 3 degrees of freedom."""
        return PROCESS_SCALE * self._rng.gauss(0, 1) / math.sqrt(self._rng.gammavariate(1.5, 2) / 3)

    def run(self, places: Sequence[tuple[str, int]], process: int = 0) -> None:
        """A pass: a round of each of them, in the same weather."""
        self._machine += self._rng.gauss(0, self._spread * math.sqrt(DRIFT))
        weather = self._machine + self._rng.gauss(0, self._spread * math.sqrt(SHARED))
        for place in places:
            own = self._rng.gauss(0, self._spreads[place] * math.sqrt(1 - SHARED))
            if (place, process) not in self._offsets:
                self._offsets[place, process] = self._offset()
            offset = self._offsets[place, process]
            rate = self.rates[place] * math.exp(weather + own + offset + self._harness[place])
            done = self._rounds[place]
            done.append(
                Round(
                    index=len(done),
                    observed=False,
                    calls=1,
                    errors=0,
                    wall_s=1 / rate,
                    work_s=None,
                    process=process,
                )
            )

    def run_again(self) -> None:
        """The leader in a second process, two rounds: an A/A comparison."""
        said, _ = self.advice()
        for _ in range(2):
            self.run([(said.backend or "serial", said.workers or 1)], process=99)

    def trials(self) -> tuple[Trial, ...]:
        made = [
            Trial(backend=backend, workers=workers, rounds=tuple(rounds), calls=len(rounds))
            for (backend, workers), rounds in self._rounds.items()
        ]
        return with_throughput(made)

    def advice(self) -> tuple[Recommendation, float]:
        trials = self.trials()
        floor = floor_of(_noise(trials))
        return recommend(trials, KIND, kind="coroutine", simplicity=SIMPLICITY, floor=floor), floor


def _noise(trials: Sequence[Trial]) -> Noise | None:
    processes = [by_process(trial, rates) for trial, rates in zip(trials, round_rates(trials), strict=True)]
    pairs = [
        Pair(trial.backend, trial.workers, first, other)
        for trial, (first, *others) in zip(trials, processes, strict=True)
        for other in others
    ]
    return noise_floor(pairs, [rounds for each in processes for rounds in each]) if pairs else None
