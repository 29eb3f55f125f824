"""What a backend costs beside the work, and from what length of a call on it pays."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from gilscope.decide.demands import call_s, scaled
from gilscope.decide.predict import calibrated, curve, gil_share_range, stations_for
from gilscope.records import BreakEven

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from gilscope.decide.traits import BackendTraits, Machine, Shape
    from gilscope.records import Demands, Kind, Trial

__all__ = ["break_even"]

#: The calls between which a break-even is looked for: nothing shorter can be called, nothing longer is waited for.
SHORTEST_S, LONGEST_S = 1e-7, 1e3
#: How closely it is found.
PRECISION = 1.005


def break_even(
    trials: Iterable[Trial],
    demands: Demands,
    machine: Machine,
    *,
    kind: Kind,
    backends: Mapping[str, BackendTraits],
    floor: float,
) -> tuple[BreakEven, ...]:
    """For each backend that was measured, in its fastest configuration.

    Calls of other lengths keep the shape of the one measured: as much of each second with the GIL, on a CPU, and
    waiting; the same argument and result to pickle. ``floor`` is the gap up to which two configurations are a tie,
    as a fraction of the faster.
    """
    trials = list(trials)
    solo = calibrated(demands, trials)
    if not solo.asks_for_something:
        return ()
    serial_per_s = next((trial.throughput_per_s for trial in trials if trial.backend == "serial"), None)
    return tuple(
        _of(trial, solo.demands, machine, backends[trial.backend].shape(kind), serial_per_s, floor)
        for trial in _fastest(trials)
        if trial.backend in backends
    )


def _fastest(trials: Iterable[Trial]) -> list[Trial]:
    best: dict[str, Trial] = {}
    for trial in trials:
        if trial.backend == "serial" or trial.status != "ok" or trial.throughput_per_s is None:
            continue
        known = best.get(trial.backend)
        if known is None or trial.throughput_per_s > (known.throughput_per_s or 0.0):
            best[trial.backend] = trial
    return list(best.values())


def _of(
    trial: Trial, demands: Demands, machine: Machine, shape: Shape, serial_per_s: float | None, floor: float
) -> BreakEven:
    return BreakEven(
        backend=trial.backend,
        workers=trial.workers,
        dispatch_s=machine.dispatch_s.get(trial.backend),
        pickle_s=machine.pickle_s if shape == "process" else None,
        startup_s=trial.startup_s,
        call_s=_shortest(_gain(trial, demands, machine, shape), 1 / (1 - floor)),
        calls=_repaid_after(trial, serial_per_s, floor),
    )


def _gain(trial: Trial, demands: Demands, machine: Machine, shape: Shape) -> Callable[[float], float]:
    """How many times the serial throughput this configuration has, by the model, with calls of so many seconds."""
    share, alone_s = gil_share_range(demands, machine.samples)[1], call_s(demands)

    def gain(seconds: float) -> float:
        like = scaled(demands, seconds / alone_s)
        stations, serial = (
            stations_for(as_shape, like, machine, backend=trial.backend, chunksize=trial.chunksize, gil_share=share)
            for as_shape in (shape, "serial")
        )
        return curve(stations, like, machine, trial.workers)[-1] / curve(serial, like, machine, 1)[-1]

    return gain


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


def _repaid_after(trial: Trial, serial_per_s: float | None, floor: float) -> int | None:
    """Calls whose gain, as measured, makes good for the start-up; None where there is none, or the start-up unknown."""
    per_s = trial.throughput_per_s
    if not serial_per_s or not per_s or trial.startup_s is None or serial_per_s >= per_s * (1 - floor):
        return None
    return math.ceil(trial.startup_s / (1 / serial_per_s - 1 / per_s))
