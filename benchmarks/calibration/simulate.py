"""Analyses with a known truth, made up: the rounds are drawn, everything decided from them is gilscope's own."""

from __future__ import annotations

import math
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from benchmarks.regret.cells import unique
from benchmarks.regret.figures import throughput
from benchmarks.regret.judge import Judged
from gilscope.decide.contest import FEWEST_PASSES, HOPELESS, MOST_PASSES, MOST_TWINS, NEAR, is_enough
from gilscope.decide.noise import Pair, floor_of, noise_floor
from gilscope.decide.recommend import contenders, recommend
from gilscope.decide.throughput import by_process, round_rates, with_throughput
from gilscope.records import Classification, Noise, Recommendation, Round, Trial

__all__ = ["Said", "Truth", "simulated", "truths"]

#: A configuration: its backend and workers.
Place = tuple[str, int]
SERIAL: Place = ("serial", 1)
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
#: How many configurations an analysis tries beside the serial run, and for how many passes of the contest its budget is
#: enough.
TRIED, PASSES = (2, 7), (FEWEST_PASSES, MOST_PASSES)
#: What gilscope's rounds and plain code differ by, whatever the process: t with 3 degrees of freedom times this. In
#: ``benchmarks/regret`` the configurations that both measured differ by 9 % (robust standard deviation), of which their
#: rounds and processes explain two thirds.
HARNESS = 0.03


@dataclass(frozen=True)
class Truth:
    """What a function's configurations really reach."""

    name: str
    rates: Mapping[Place, float]
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
        rates: dict[Place, float] = {}
        for cell in unique([each.cell for each in measured if each.cell.executor in SIMPLICITY]):
            place, rate = (cell.executor, cell.workers), throughput(measured, cell) or 0.0
            rates[place] = max(rate, rates.get(place, 0.0))
        known = {place: rate for place, rate in sorted(rates.items(), key=lambda each: each[0][1]) if rate}
        found += [Truth(name, known)] if SERIAL in known and len(known) > 2 else []
    return found


def simulated(truth: Truth, rng: random.Random) -> Said:
    """One analysis, as `gilscope.decide.contest` has it: a round of all, then passes over the contenders and the
    leader's second process until it is clear or the budget is used up; in doubt some rivals have second ones too."""
    others = [place for place in truth.rates if place != SERIAL]
    tried = rng.sample(others, min(rng.randint(*TRIED), len(others)))
    race = _Race({place: truth.rates[place] for place in (SERIAL, *tried)}, rng)
    race.run([(place, 0) for place in race.rates])
    again = race.near(NEAR)[:1]
    for number in range(rng.randint(*PASSES)):
        if number and is_enough(race.advice()[0], number):
            break
        if number == FEWEST_PASSES:
            again += [place for place in race.near(NEAR) if place not in again][: MOST_TWINS - 1]
        places = dict.fromkeys([SERIAL, *race.near(HOPELESS if number < FEWEST_PASSES else NEAR)])
        race.run([(place, process) for place in places for process in ((0, 1) if place in again else (0,))])
    said, floor = race.advice()
    ratio = race.rates[said.backend or "serial", said.workers or 1] / max(race.rates.values())
    return Said(said.confidence, ratio, floor)


class _Race:
    """The rounds of one analysis."""

    def __init__(self, rates: Mapping[Place, float], rng: random.Random) -> None:
        self.rates, self._rng = rates, rng
        spread = SPREAD * math.exp(rng.gauss(0, BY_FUNCTION))
        self._spreads = {place: spread * math.exp(rng.gauss(0, BY_CELL)) for place in rates}
        self._machine, self._spread = 0.0, spread
        self._offsets: dict[tuple[Place, int], float] = {}
        self._harness = {place: self._offset() * HARNESS / PROCESS_SCALE for place in rates}
        self._rounds: dict[Place, list[Round]] = {place: [] for place in rates}

    def _offset(self) -> float:
        """Of a process: Student's t with 3 degrees of freedom."""
        return PROCESS_SCALE * self._rng.gauss(0, 1) / math.sqrt(self._rng.gammavariate(1.5, 2) / 3)

    def run(self, places: Sequence[tuple[Place, int]]) -> None:
        """A pass: a round of each of them, in one of its processes, in the same weather."""
        self._machine += self._rng.gauss(0, self._spread * math.sqrt(DRIFT))
        weather = self._machine + self._rng.gauss(0, self._spread * math.sqrt(SHARED))
        for place, process in places:
            own = self._rng.gauss(0, self._spreads[place] * math.sqrt(1 - SHARED))
            if (place, process) not in self._offsets:
                self._offsets[place, process] = self._offset()
            off = self._offsets[place, process] + self._harness[place]
            self._timed(place, self.rates[place] * math.exp(weather + own + off), process)

    def _timed(self, place: Place, rate: float, process: int) -> None:
        done = self._rounds[place]
        done.append(
            Round(index=len(done), observed=False, calls=1, errors=0, wall_s=1 / rate, work_s=None, process=process)
        )

    def near(self, share: float) -> list[Place]:
        """Those that still may win, the fastest first."""
        found = contenders(self.trials(), KIND, kind="coroutine", share=share)
        return [(each.backend, each.workers) for each in found]

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
