"""From the account of a trial to the record of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from statistics import median

import msgspec

from gilscope.backends.base import CallError
from gilscope.measure.cold import cold_cost
from gilscope.measure.costs import work_s
from gilscope.measure.histogram import histogram, quantile_s
from gilscope.measure.messages import RoundDone
from gilscope.measure.trial_account import TimedRound, TrialAccount
from gilscope.observers.proc import BytesRead
from gilscope.quantiles import quantile
from gilscope.records import ENOUGH_FOR_P99, Histogram, Ledger, Round, Timeline, Trial

__all__ = ["call_seconds", "costs_of", "ledgers_of", "runs_of", "trial_record"]

#: What the process of a trial tells of a round as it is recorded.
_TOLD = tuple(name for name in Round.__struct_fields__ if name in RoundDone.__struct_fields__)
#: Characters of an exception's message that fit into a sentence.
MOST_SAID = 100
_MEDIANS = ("latency_p50_s", "queue_wait_p50_s", "loop_lag_p50_s", "loop_lag_p99_s")


def costs_of(serial: TrialAccount) -> dict[int, float]:
    """Mean solo seconds of each input, by number, over the serial trial's rounds."""
    return {number: sum(wall_s for wall_s, _ in runs) / len(runs) for number, runs in runs_of(serial).items()}


def runs_of(serial: TrialAccount) -> dict[int, list[tuple[float, float | None]]]:
    """Solo seconds and, where taken, CPU seconds of each input, by number: the means of each round it ran in."""
    runs: dict[int, list[tuple[float, float | None]]] = {}
    for timed in serial.rounds:
        for number, seconds in timed.done.costs_s.items():
            runs.setdefault(number, []).append((seconds, timed.done.cpu_costs_s.get(number)))
    return runs


def call_seconds(trial: TrialAccount, costs: Mapping[int, float]) -> list[float]:
    """What a call took in each round, workers together: for each solo second where these are known of all its calls."""
    works = [_work_s(timed, costs) for timed in trial.rounds]
    known = all(works)
    parts = [work or 1.0 if known else float(timed.done.calls) for work, timed in zip(works, trial.rounds, strict=True)]
    paces = [timed.done.steady_s or timed.done.wall_s for timed in trial.rounds]
    return [pace_s / part if part else 0.0 for pace_s, part in zip(paces, parts, strict=True)]


def ledgers_of(trial: TrialAccount, cold: int = 0) -> list[Ledger]:
    """The ledgers of the observed rounds, the first ``cold`` rounds left out."""
    return [timed.ledger for timed in trial.rounds[cold:] if timed.ledger is not None]


def trial_record(trial: TrialAccount, costs: Mapping[int, float], ledger: Ledger | None, cold: int = 0) -> Trial:
    """The record of a trial, but for what follows from comparing it with others.

    :param costs: solo seconds of each input, by number
    :param ledger: of all its observed rounds together
    :param cold: how many of its first rounds were not warm yet
    """
    rounds = [_round(number, timed, costs, cold=number < cold) for number, timed in enumerate(trial.rounds)]
    warm = trial.rounds[cold:]
    clean = [made for made in rounds if not (made.observed or made.cold)] or rounds[cold:]
    counted = histogram(timed.done.latencies for timed in warm if not timed.observed)
    return msgspec.structs.replace(
        trial.known,
        rounds=tuple(rounds),
        calls=sum(made.calls for made in rounds),
        errors=sum(made.errors for made in rounds),
        error=_first_line(trial.error),
        read_bytes=_per_call(warm, lambda read: read.by_calls),
        storage_read_bytes=_per_call(warm, lambda read: read.from_storage),
        observer_slowdown=_slowdown(rounds[cold:]),
        latencies=counted,
        latency_p99_s=_p99_s(clean, counted),
        cold=cold_cost(trial.first_calls, _median([made.latency_p50_s for made in clean])),
        ledger=ledger,
        timeline=_timeline(warm),
        loop_lag_max_s=max((r.loop_lag_max_s for r in rounds if r.loop_lag_max_s is not None), default=None),
        **{name: _median([getattr(made, name) for made in clean]) for name in _MEDIANS},
    )


def _first_line(error: CallError | None) -> str | None:
    if error is None:
        return None
    message = error.message.strip().partition("\n")[0][:MOST_SAID]
    return f"{error.type}: {message}" if message else error.type


def _timeline(rounds: Sequence[TimedRound]) -> Timeline | None:
    """Of the last round that has one: the warmest."""
    return next((timed.timeline for timed in reversed(rounds) if timed.timeline is not None), None)


def _per_call(rounds: Sequence[TimedRound], of: Callable[[BytesRead], int]) -> int | None:
    """The mean over the calls of the rounds in which it is known."""
    known = [(of(timed.read), timed.done.calls) for timed in rounds if timed.read is not None]
    calls = sum(count for _, count in known)
    return round(sum(read for read, _ in known) / calls) if calls else None


def _round(number: int, timed: TimedRound, costs: Mapping[int, float], *, cold: bool) -> Round:
    told = {name: getattr(timed.done, name) for name in _TOLD}
    work = _work_s(timed, costs)
    return Round(index=number, observed=timed.observed, cold=cold, work_s=work, **told)


def _work_s(timed: TimedRound, costs: Mapping[int, float]) -> float | None:
    return work_s(timed.first, timed.done.calls, timed.inputs, costs)


def _median(values: Sequence[float | None]) -> float | None:
    """Of those that are known."""
    return quantile([value for value in values if value is not None], 0.5)


def _p99_s(clean: Sequence[Round], counted: Histogram | None) -> float | None:
    """Of rounds with few calls the median would be that of their longest calls."""
    own = _median([made.latency_p99_s for made in clean])
    if own is None or counted is None or all(made.calls >= ENOUGH_FOR_P99 for made in clean):
        return own
    return quantile_s(counted, 0.99) if sum(counted.counts) >= ENOUGH_FOR_P99 else own


def _slowdown(rounds: Sequence[Round]) -> float | None:
    """Throughput of the clean rounds over that of the observed ones, each call counting by its solo seconds."""
    rates: dict[bool, list[float]] = {False: [], True: []}
    for made in rounds:
        if made.work_s is not None:
            rates[made.observed].append(made.work_s / made.paced_s)
    return median(rates[False]) / median(rates[True]) if rates[False] and rates[True] else None
