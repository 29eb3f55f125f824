"""What a backend costs beside the work, and from what length of a call on it pays."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable

from gilscope.configuration import Configuration
from gilscope.decide.model import Model
from gilscope.records import BreakEven, Trial

__all__ = ["break_even", "gain_of", "shortest_call_s"]

#: The calls between which a break-even is looked for: nothing shorter can be called, nothing longer is waited for.
SHORTEST_S, LONGEST_S = 1e-7, 1e3
#: How closely it is found.
PRECISION = 1.005


def break_even(model: Model, trials: Iterable[Trial], floor: float) -> tuple[BreakEven, ...]:
    """For each backend that was measured, in its fastest configuration.

    Calls of other lengths keep the shape of the one measured: as much of each second with the GIL, on a CPU, and
    waiting; the same argument and result to pickle. ``floor`` is the gap up to which two configurations are a tie,
    as a fraction of the faster.
    """
    trials = list(trials)
    model = model.calibrated(trials)
    if not model.asks_for_something:
        return ()
    serial = next((trial for trial in trials if trial.backend == "serial"), None)
    return tuple(_of(model, trial, serial, floor) for trial in _fastest(trials) if trial.backend in model.backends)


def _fastest(trials: Iterable[Trial]) -> list[Trial]:
    best: dict[str, Trial] = {}
    for trial in trials:
        if trial.backend == "serial" or trial.status != "ok" or trial.throughput_per_s is None:
            continue
        known = best.get(trial.backend)
        if known is None or trial.throughput_per_s > (known.throughput_per_s or 0.0):
            best[trial.backend] = trial
    return list(best.values())


def _of(model: Model, trial: Trial, serial: Trial | None, floor: float) -> BreakEven:
    return BreakEven(
        backend=trial.backend,
        workers=trial.workers,
        dispatch_s=model.machine.dispatch_s.get(trial.backend),
        pickle_s=model.machine.hand_over(trial.backend).seconds if model.shape(trial.backend) == "process" else None,
        startup_s=trial.startup_s,
        cold_s=trial.cold.cost_s if trial.cold else None,
        call_s=shortest_call_s(model, Configuration(trial.backend, trial.workers, trial.chunksize), floor),
        calls=_repaid_after(trial, serial, floor),
    )


def gain_of(model: Model, to: Configuration) -> Callable[[float], float]:
    """How many times the serial throughput a configuration has, by the model, with calls of so many seconds."""
    shape, share = model.shape(to.backend), model.gil_shares[1]

    def gain(seconds: float) -> float:
        like = model.with_calls_of(seconds)
        stations = like.stations(shape, to.backend, to.chunksize, share)
        return like.rate(stations, to.workers) / like.rate(like.stations("serial", "serial"), 1)

    return gain


def shortest_call_s(model: Model, to: Configuration, floor: float) -> float | None:
    """The shortest call of the model's shape that a configuration runs faster than the serial run by more than
    ``floor``; None when no length does."""
    return _shortest(gain_of(model, to), 1 / (1 - floor))


def _shortest(gain: Callable[[float], float], worth: float) -> float | None:
    """The shortest call with such a gain, by bisection on the logarithm: what a pool costs weighs less the longer a
    call is, so the gain grows with it. None when the longest has not got it."""
    low, high = SHORTEST_S, LONGEST_S
    if gain(high) <= worth:
        return None
    if gain(low) > worth:
        return low
    while high > PRECISION * low:
        middle = math.sqrt(low * high)
        low, high = (low, middle) if gain(middle) > worth else (middle, high)
    return high


def _repaid_after(trial: Trial, serial: Trial | None, floor: float) -> int | None:
    """Calls whose gain, as measured, makes good for the start-up and the first calls; None where there is none, or the
    start-up unknown."""
    serial_per_s, per_s = serial.throughput_per_s if serial else None, trial.throughput_per_s
    if not serial_per_s or not per_s or trial.startup_s is None or serial_per_s >= per_s * (1 - floor):
        return None
    beside_s = trial.startup_s + max(_cold_s(trial) - _cold_s(serial), 0.0)
    return math.ceil(beside_s / (1 / serial_per_s - 1 / per_s))


def _cold_s(trial: Trial | None) -> float:
    cost_s = trial.cold.cost_s if trial and trial.cold else None
    return cost_s or 0.0
