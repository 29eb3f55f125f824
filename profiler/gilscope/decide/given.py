"""What following the advice gains for the inputs that were given, which may be far fewer than it is good for."""

from __future__ import annotations

from gilscope.decide.model import Model
from gilscope.decide.mva import visited
from gilscope.records import GivenInputs, Trial

__all__ = ["given_inputs"]


def given_inputs(model: Model | None, serial: Trial | None, chosen: Trial, inputs: int) -> GivenInputs | None:
    """So many inputs run once, one after the other and as recommended, from opening the pool on.

    They go in waves of as many as there are workers; the last may be smaller. A wave takes as long as its calls do with
    that many at work: as measured, or where there are fewer inputs than workers, as the model expects. None where it
    was not measured what the two can do, or where the advice is to call one after the other.

    :param chosen: the recommended trial
    """
    serial_per_s = serial.throughput_per_s if serial else None
    if inputs < 2 or chosen.backend == "serial" or not serial_per_s or not chosen.throughput_per_s:
        return None
    workers = min(inputs, chosen.workers)
    waves, rest = divmod(inputs, workers)
    takes_s = waves * _wave_s(model, serial_per_s, chosen, workers)
    takes_s += _wave_s(model, serial_per_s, chosen, rest) if rest else 0.0
    startup_s = _startup_s(chosen, workers)
    return GivenInputs(
        inputs=inputs,
        workers=workers,
        waves=waves + bool(rest),
        serial_s=inputs / serial_per_s,
        startup_s=startup_s,
        takes_s=startup_s + takes_s,
    )


def _wave_s(model: Model | None, serial_per_s: float, chosen: Trial, at_work: int) -> float:
    """Seconds that so many calls take together: never more per second than all workers get done."""
    most_per_s = chosen.throughput_per_s or serial_per_s
    if at_work == chosen.workers:
        return at_work / most_per_s
    return at_work / min(_expected_per_s(model, chosen, at_work) or at_work * serial_per_s, most_per_s)


def _expected_per_s(model: Model | None, chosen: Trial, at_work: int) -> float | None:
    """By the model of the solo run as it was measured; None where there is none."""
    if model is None or chosen.backend not in model.backends:
        return None
    stations = model.stations(model.shape(chosen.backend), chosen.backend, chosen.chunksize, model.gil_shares[1])
    return model.rates(stations, at_work)[-1] if visited(stations) else None


def _startup_s(chosen: Trial, workers: int) -> float:
    """Of so many of its workers: they start together and share the CPUs, but one takes as long as the import does."""
    known = chosen.startup_s or 0.0
    return max(known * workers / chosen.workers, min(known, chosen.import_s or 0.0))
