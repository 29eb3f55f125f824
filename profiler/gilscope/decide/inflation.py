"""What CPUs that are busy at the same time cost each other: caches, memory and clock that they share make the same work
take more CPU seconds."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from statistics import median

from gilscope.decide.demands import with_cpu
from gilscope.decide.model import Model
from gilscope.records import Trial

__all__ = ["growth", "inflated"]

#: Less is within what the CPU seconds of two ledgers of the same work differ by.
NOTABLE = 0.02
#: With fewer CPUs busy at a time than this, what calls cost more is not for the CPUs that others keep busy.
LEAST_BUSY = 1.5
#: Threads that share a GIL pay for passing it on, which is no matter of the CPUs.
_SHAPES = ("process",)


def growth(model: Model, trials: Iterable[Trial]) -> float:
    """By how much of itself the CPU time of a call grows for each further busy CPU: the median over the process pools
    that were watched; 0.0 where none was, or where it does not grow."""
    found = [part for trial in trials if (part := _of(model, trial)) is not None]
    return max(median(found), 0.0) if found else 0.0


def _of(model: Model, trial: Trial) -> float | None:
    shape, ledger = model.shape(trial.backend), trial.ledger
    if shape not in _SHAPES or trial.status != "ok" or ledger is None or not ledger.calls or ledger.wall_s <= 0:
        return None
    busy = min(trial.workers * ledger.cpu_s / ledger.wall_s, model.machine.cpus)
    if busy < LEAST_BUSY:
        return None
    alone_s = model.stations(shape, trial.backend, trial.chunksize)[0].demand_s
    if alone_s <= 0:
        return None
    more = ledger.cpu_s / ledger.calls / alone_s - 1
    return 0.0 if abs(more) < NOTABLE else more / (busy - 1)


def inflated(model: Model, per_cpu: float, measured_cpus: float) -> Model:
    """The model of a machine on which every CPU is busy, by what was measured with ``measured_cpus`` of them.

    On no more CPUs than that it is known. On more, what they share may be used up by then, or be used up in proportion:
    the geometric mean of the two is expected, and either may be.
    """
    known = 1 + per_cpu * (max(min(model.machine.cpus, measured_cpus), 1) - 1)
    most = 1 + per_cpu * (max(model.machine.cpus, 1) - 1)
    factor = (known * most) ** 0.5 if most > known else known
    doubt = (known / factor, most / factor) if most > known else ()
    return replace(model, demands=with_cpu(model.demands, factor), cpu_doubt=doubt)
