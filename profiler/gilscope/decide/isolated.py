"""Interpreters of one process, each with a GIL of its own, against threads, which share one, and against processes,
which share nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from gilscope.decide.candidates import most_workers
from gilscope.decide.model import Model
from gilscope.decide.traits import Shape
from gilscope.options import Options
from gilscope.records import Trial
from gilscope.units import byte_size, duration, times

__all__ = ["LIGHTER", "by_what_they_take", "what_more_it_takes", "with_all_of_them", "without_need"]

#: Two starts of the same pool differ by less: a pool that takes so many times as long to start, and so many times the
#: memory for each worker, takes more.
LIGHTER: Final = 1.5
ISOLATED: Final = "interpreter"


def without_need(model: Model, options: Options, floor: float) -> dict[str, str]:
    """The backends of interpreters that are not tried unasked, and why: those that would do no more than threads.

    :param model: by what was measured alone

    :param floor: the gap up to which two configurations are a tie, as a fraction of the faster
    """
    if options.backends or not model.asks_for_something:
        return {}
    isolated = [name for name, traits in model.backends.items() if traits.in_process]
    return {name: why for name in isolated if (why := _why_no_need(model, name, floor)) is not None}


def _why_no_need(model: Model, name: str, floor: float) -> str | None:
    if not model.machine.gil_enabled:
        return "not tried: there is no GIL here, and threads need none of their own"
    threads, apart, alone = _best(model, "thread"), _best(model, "process", name), _best(model, "serial")
    if apart * (1 - floor) > max(threads, alone):
        return None
    if apart * (1 - floor) <= alone:
        return f"not tried: by the model it has no more than {times(apart / alone)} the throughput of the serial run"
    return "not tried: by the model threads do as much, for it is not the GIL that limits them"


def _best(model: Model, shape: Shape, backend: str = "") -> float:
    """Calls per second with the workers that would be planned; what a call is dispatched for is not known yet."""
    stations = model.stations(shape, backend, gil_share=model.gil_shares[1])
    return max(model.rates(stations, most_workers(model, shape)), default=0.0)


def by_what_they_take(simplicity: Mapping[str, float], ties: Sequence[Trial]) -> dict[str, float]:
    """What ties are broken by, the lower first: interpreters come before processes that are as fast, where all of these
    take longer to start and more memory; behind them where that is not so, or not known."""
    isolated = [trial for trial in ties if trial.backend == ISOLATED]
    processes = [trial for trial in ties if trial.backend == "process"]
    ranks = dict(simplicity)
    if isolated and processes and all(_takes_more(each, one) for each in processes for one in isolated):
        ranks[ISOLATED] = ranks.get("process", 0.0) - 0.5
    return ranks


def _takes_more(trial: Trial, than: Trial) -> bool:
    starts = (trial.startup_s, than.startup_s)
    sizes = (trial.memory_per_worker_bytes, than.memory_per_worker_bytes)
    return all(more is not None and less is not None and more >= LIGHTER * less for more, less in (starts, sizes))


def what_more_it_takes(trial: Trial, chosen: Trial) -> str | None:
    """Of processes that are as fast as the interpreters that were chosen; None of others."""
    if (trial.backend, chosen.backend) != ("process", ISOLATED) or not _takes_more(trial, chosen):
        return None
    start_s, size = trial.startup_s or 0.0, trial.memory_per_worker_bytes or 0
    return (
        f"it takes {duration(start_s)} to start instead of {duration(chosen.startup_s or 0.0)}, and "
        f"{byte_size(size)} for each worker instead of {byte_size(chosen.memory_per_worker_bytes or 0)}"
    )


def with_all_of_them(reason: str | None) -> str | None:
    """What became of a process, of which all interpreters are a part."""
    ended = reason is not None and reason.startswith(("its process ended", "its process was ended"))
    return f"{reason}; what ends one interpreter ends them all, for they are one process" if ended else reason
