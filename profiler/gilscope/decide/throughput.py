"""Throughput and speed-up of trials, from their clean rounds."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from gilscope.decide.stats import median_interval
from gilscope.records import Round, Trial

__all__ = ["by_process", "pooled", "round_rates", "telling_rounds", "with_throughput"]


def round_rates(trials: Sequence[Trial], call_s: float | None = None, *, watched: bool = False) -> list[list[float]]:
    """Calls that succeeded per second, in each clean round of each trial, fit to be compared between trials.

    A round's calls are divided by its steady seconds where it has them, else by its wall clock. Where the solo seconds
    of the calls are known of every clean round, a call counts by its cost: solo seconds worked off per second, in units
    of ``call_s``, the solo seconds of an average call (solo seconds themselves without it). Else every call counts the
    same. Rounds in which nothing succeeded are left out. A trial whose budget allowed only observed rounds is judged
    by these.

    :param watched: take the observed rounds too, each a little slower: for what is not compared closely
    """
    clean = [telling_rounds(trial, watched=watched) for trial in trials]
    weighted = all(r.work_s for rounds in clean for r in rounds)
    return [[_work(r, weighted, call_s) / r.paced_s for r in rounds] for rounds in clean]


def pooled(trial: Trial, twins: Sequence[Trial]) -> Trial:
    """A trial with the rounds of other processes of its configuration, as far as these were measured."""
    made, rounds = [trial, *(twin for twin in twins if twin.rounds)], list(trial.rounds)
    for process, twin in enumerate(made[1:], start=1):
        rounds += [
            msgspec.structs.replace(each, process=process, index=len(rounds) + each.index) for each in twin.rounds
        ]
    return msgspec.structs.replace(
        trial,
        rounds=tuple(rounds),
        calls=sum(each.calls for each in made),
        errors=sum(each.errors for each in made),
    )


def by_process(trial: Trial, rates: Sequence[float]) -> list[list[float]]:
    """The rates of a trial's rounds (`round_rates`), those of each of its processes in turn."""
    found: dict[int, list[float]] = {}
    for timed, rate in zip(telling_rounds(trial), rates, strict=True):
        found.setdefault(timed.process, []).append(rate)
    return list(found.values())


def telling_rounds(trial: Trial, *, watched: bool = False) -> list[Round]:
    """The clean rounds of warm workers in which calls succeeded, or the observed ones where there was no clean one."""
    made = [r for r in trial.rounds if r.wall_s > 0 and r.calls > r.errors and not r.cold]
    return [r for r in made if watched or not r.observed] or made


def _work(timed: Round, weighted: bool, call_s: float | None) -> float:
    succeeded = timed.calls - timed.errors
    if not weighted or not timed.work_s:
        return float(succeeded)
    return timed.work_s / (call_s or 1.0) * succeeded / timed.calls


def with_throughput(trials: Sequence[Trial], call_s: float | None = None) -> tuple[Trial, ...]:
    """The trials with their throughput, its interval and their speed-up over the serial trial filled in.

    Trials without clean rounds, or whose status is not ok, stay as they are.
    """
    rated = [_rated(trial, rates) for trial, rates in zip(trials, round_rates(trials, call_s), strict=True)]
    serial = next((trial.throughput_per_s for trial in rated if trial.backend == "serial"), None)
    return tuple(_sped_up(trial, serial) for trial in rated)


def _rated(trial: Trial, rates: Sequence[float]) -> Trial:
    if trial.status != "ok" or not rates:
        return trial
    middle = median_interval(rates)
    return msgspec.structs.replace(
        trial, throughput_per_s=middle.value, throughput_low=middle.low, throughput_high=middle.high
    )


def _sped_up(trial: Trial, serial_per_s: float | None) -> Trial:
    if serial_per_s is None or trial.throughput_per_s is None:
        return trial
    return msgspec.structs.replace(trial, speedup=trial.throughput_per_s / serial_per_s)
