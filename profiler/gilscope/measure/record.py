"""From a trial that was live to the record of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from statistics import median

from gilscope.measure.histogram import histogram
from gilscope.measure.live import LiveTrial, TimedRound
from gilscope.observers.proc import BytesRead
from gilscope.quantiles import quantile
from gilscope.records import Ledger, Round, Timeline, Trial

__all__ = ["costs_of", "ledgers_of", "runs_of", "trial_record"]


def costs_of(serial: LiveTrial) -> dict[int, float]:
    """Mean solo seconds of each input, by number, over the serial trial's rounds."""
    heard: dict[int, list[float]] = {}
    for timed in serial.rounds:
        for number, seconds in timed.done.costs_s.items():
            heard.setdefault(number, []).append(seconds)
    return {number: sum(values) / len(values) for number, values in heard.items()}


def runs_of(serial: LiveTrial) -> dict[int, list[tuple[float, float | None]]]:
    """Solo seconds and, where taken, CPU seconds of each input, by number: the means of each round it ran in."""
    runs: dict[int, list[tuple[float, float | None]]] = {}
    for timed in serial.rounds:
        for number, seconds in timed.done.costs_s.items():
            runs.setdefault(number, []).append((seconds, timed.done.cpu_costs_s.get(number)))
    return runs


def ledgers_of(trial: LiveTrial) -> list[Ledger]:
    """The ledgers of the observed rounds."""
    return [timed.ledger for timed in trial.rounds if timed.ledger is not None]


def trial_record(trial: LiveTrial, costs: Mapping[int, float], ledger: Ledger | None) -> Trial:
    """The record of a trial, but for what follows from comparing it with others.

    :param costs: solo seconds of each input, by number
    :param ledger: of all its observed rounds together
    """
    rounds = [_round(number, timed, costs, trial.inputs_used) for number, timed in enumerate(trial.rounds)]
    clean = [made for made in rounds if not made.observed] or rounds
    to = trial.configuration
    return Trial(
        backend=to.backend,
        workers=to.workers,
        chunksize=to.chunksize,
        start_method=to.start_method,
        status=trial.status,
        reason=trial.reason,
        rounds=tuple(rounds),
        calls=sum(made.calls for made in rounds),
        errors=sum(made.errors for made in rounds),
        startup_s=trial.startup_s,
        import_s=trial.import_s,
        memory_per_worker_bytes=trial.memory_per_worker_bytes,
        memory_growth_bytes=trial.memory_growth_bytes,
        chunksize_one_per_s=trial.chunksize_one_per_s,
        read_bytes=_per_call(trial.rounds, lambda read: read.by_calls),
        storage_read_bytes=_per_call(trial.rounds, lambda read: read.from_storage),
        children_started=trial.children_started,
        default_pool_threads=trial.default_pool_threads,
        threads_before_fork=trial.threads_before_fork,
        results_compared=trial.results_compared,
        results_differing=trial.results_differing,
        observer_slowdown=_slowdown(rounds),
        latencies=histogram(timed.done.latencies for timed in trial.rounds if not timed.observed),
        ledger=ledger,
        timeline=_timeline(trial.rounds),
        queue=trial.queue,
        loop_lag_max_s=max((r.loop_lag_max_s for r in rounds if r.loop_lag_max_s is not None), default=None),
        **{name: _median([getattr(made, name) for made in clean]) for name in _MEDIANS},  # type: ignore[arg-type]
    )


def _timeline(rounds: Sequence[TimedRound]) -> Timeline | None:
    """Of the last round that has one: the warmest."""
    return next((timed.timeline for timed in reversed(rounds) if timed.timeline is not None), None)


def _per_call(rounds: Sequence[TimedRound], of: Callable[[BytesRead], int]) -> int | None:
    """The mean over the calls of the rounds in which it is known."""
    known = [(of(timed.read), timed.done.calls) for timed in rounds if timed.read is not None]
    calls = sum(count for _, count in known)
    return round(sum(read for read, _ in known) / calls) if calls else None


_MEDIANS = ("latency_p50_s", "latency_p99_s", "queue_wait_p50_s", "loop_lag_p50_s", "loop_lag_p99_s")


def _round(number: int, timed: TimedRound, costs: Mapping[int, float], inputs: int) -> Round:
    done = timed.done
    return Round(
        index=number,
        observed=timed.observed,
        calls=done.calls,
        errors=done.errors,
        wall_s=done.wall_s,
        work_s=_work_s(timed, costs, inputs),
        latency_p50_s=done.latency_p50_s,
        latency_p99_s=done.latency_p99_s,
        queue_wait_p50_s=done.queue_wait_p50_s,
        loop_lag_p50_s=done.loop_lag_p50_s,
        loop_lag_p99_s=done.loop_lag_p99_s,
        loop_lag_max_s=done.loop_lag_max_s,
    )


def _work_s(timed: TimedRound, costs: Mapping[int, float], inputs: int) -> float | None:
    """Solo seconds of a round's calls; None where an input was never run alone."""
    passes, rest = divmod(timed.done.calls, inputs)
    last = [(timed.first + number) % inputs for number in range(rest)]
    if any(number not in costs for number in (range(inputs) if passes else last)):
        return None
    every = sum(costs[number] for number in range(inputs)) if passes else 0.0
    return passes * every + sum(costs[number] for number in last)


def _median(values: Sequence[float | None]) -> float | None:
    """Of those that are known."""
    return quantile([value for value in values if value is not None], 0.5)


def _slowdown(rounds: Sequence[Round]) -> float | None:
    """Throughput of the clean rounds over that of the observed ones, each call counting by its solo seconds."""
    rates: dict[bool, list[float]] = {False: [], True: []}
    for made in rounds:
        if made.work_s is not None:
            rates[made.observed].append(made.work_s / made.wall_s)
    return median(rates[False]) / median(rates[True]) if rates[False] and rates[True] else None
