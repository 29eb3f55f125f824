"""What to measure next, from what was measured so far.

First the function alone. Then the race: every backend once where the model expects its best, more worker counts where
more may pay, and the contenders again, round by round, until the leader's lead is clear of the noise, which is measured
too. Then what a few calls more tell. Where the function does not survive being called alone, each backend once.

Each rule below asks for one step, or for none when it has nothing left to ask for; the first that asks has its way.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

from gilscope.configuration import Configuration
from gilscope.decide.candidates import STEP, candidates, most_workers
from gilscope.decide.classify import COMPUTE_SHARE, MIN_SAMPLES, compute_share
from gilscope.decide.comparing import check_first, check_leaders
from gilscope.decide.contest import contest, passes, planned_round_s, second_processes
from gilscope.decide.forking import fork_instead
from gilscope.decide.inputs import PASS_SHARE
from gilscope.decide.isolated import without_need
from gilscope.decide.measured import Measured, Tried
from gilscope.decide.mva import visited
from gilscope.decide.ramp import goes_to_a_network, limit_of, ramp, workers_within
from gilscope.decide.rounds import MIN_ROUND_S, chunksize
from gilscope.decide.smaller import smaller_pools
from gilscope.decide.steps import (
    CheckResults,
    LookForHotLines,
    LookForNativePools,
    MeasureMore,
    Open,
    Rounds,
    SingleCalls,
    Step,
    TryOnce,
    WarmUp,
    WatchAlone,
)
from gilscope.decide.sweep import PAYS, next_count
from gilscope.decide.throughput import round_rates
from gilscope.decide.warm import MOST_LOOKS
from gilscope.decide.within import enough_calls, fewer_workers
from gilscope.decide.within_lock import within_lock
from gilscope.options import Options
from gilscope.records import LOOP_KINDS, Trial

__all__ = ["HOT_ROUND_S", "kept_for_hot_lines_s", "left_out", "next_step"]

#: Solo rounds that are watched before anything is planned: as many as it takes for so many samples, within reason. A
#: share of one half is then known to 7 points (binomial σ).
SOLO_ROUND_S, SOLO_ROUNDS, ENOUGH_SAMPLES = 0.3, 3, 50
#: A round of the pass alone over the inputs takes so long at most, so that the pass ends not much later than it should;
#: by how much it may be late, for the first inputs may have been the cheap ones.
PASS_ROUND_S, PASS_LATE = 1.0, 1.3
#: The part of the calls allowed that may be spent on letting a pool's calls into flight by and by.
RAMP_SHARE = 0.1
#: A call so long is asked of each configuration only a few times.
LONG_CALL_S = 0.1
#: A backend is tried with other worker counts when its best comes this near the leader.
PROMISING = 0.7
#: The part of the budget after which no further worker counts are tried.
SWEEP_UNTIL = 0.6
#: The part of the budget kept for the hot lines, and what they take.
HOT_SHARE, HOT_ROUND_S = 0.1, 0.15
#: What is kept at least, for the round and what comes before it, and the most of a small budget.
HOT_KEPT_S, HOT_MOST = 1.0, 0.25


def next_step(measured: Measured) -> Step | None:
    """What to measure next; None when there is nothing more to measure."""
    watched = _watch_alone(measured)
    if watched is not None:
        return watched
    rules = _RACE if measured.asked(Open) or _speaks_for_itself(measured) else (_try_once,)
    return next((step for rule in rules if (step := rule(measured)) is not None), None)


def kept_for_hot_lines_s(options: Options) -> float:
    """Seconds of the budget that nothing else may take."""
    kept_s = min(max(HOT_SHARE * options.budget_s, HOT_KEPT_S), HOT_MOST * options.budget_s)
    return kept_s if options.hot_lines else 0.0


# -- alone ------------------------------------------------------------------------------------------------------------


def _watch_alone(measured: Measured) -> WatchAlone | None:
    before, solo = measured.asked(WatchAlone), measured.solo
    if solo is None or not solo.alive or measured.call_s is None or measured.asked(Open):
        return None
    enough = MIN_SAMPLES if measured.by_first_calls else ENOUGH_SAMPLES  # the clean rounds need inputs too
    seen = len(before) >= SOLO_ROUNDS or measured.machine.samples >= enough
    unseen_s = _unseen_s(measured, solo)
    most = measured.left.calls - (measured.experiment.options.max_calls or 0) // 2  # half of them are for the others
    if before and ((seen and not unseen_s) or most <= 0):
        return None
    return WatchAlone(min(max(SOLO_ROUND_S, unseen_s), PASS_ROUND_S), max(1, most))


def _unseen_s(measured: Measured, solo: Tried) -> float:
    """What the rest of one pass alone over the inputs takes; nothing where its time is over, and where inputs are kept
    for the rounds, which see each once."""
    spent_s = sum(made.wall_s for made in solo.record.rounds)
    over = spent_s >= PASS_LATE * PASS_SHARE * measured.experiment.options.budget_s or measured.left.calls <= 0
    return 0.0 if over or measured.by_first_calls else measured.inputs_unseen * (measured.call_s or 0.0)


def _speaks_for_itself(measured: Measured) -> bool:
    """Whether the solo run tells what a call demands."""
    return measured.solo is not None and measured.solo.alive and measured.demands is not None


def _try_once(measured: Measured) -> TryOnce | None:
    """Each backend, so that what becomes of it is known too."""
    options, tried = measured.experiment.options, {step.configuration.backend for step in measured.asked(TryOnce)}
    name = next((name for name in measured.experiment.backends if name not in {"serial", *tried}), None)
    if name is None or measured.left.remaining_s <= 0:
        return None
    fixed = measured.experiment.backends[name].fixed_workers
    workers = (*options.workers, max(2, math.ceil(measured.experiment.cpus)))[0]
    return TryOnce(_configuration(measured, name, fixed or workers))


def _configuration(measured: Measured, backend: str, workers: int, chunk: int = 1) -> Configuration:
    method = measured.experiment.options.start_method or "spawn"
    has_methods = bool(measured.experiment.backends[backend].start_methods)
    return Configuration(backend, workers, chunk, method if has_methods else None)


# -- the race ---------------------------------------------------------------------------------------------------------


def _first_counts(measured: Measured) -> Open | None:
    model = measured.model
    if measured.asked(Open) or model is None:
        return None
    unpromising = without_need(model, measured.experiment.options, measured.floor)
    names = [name for name in model.backends if name not in ("serial", left_out(measured), *unpromising)]
    return Open(tuple(candidates(model, names, measured.experiment.options)))


def left_out(measured: Measured) -> str | None:
    """A backend not tried, though nobody excluded it: a plain function is offloaded from a loop to the same threads
    that a thread pool has, and where a call takes long there is better use for the budget than both."""
    options = measured.experiment.options
    if options.backends or (measured.call_s or 0.0) < LONG_CALL_S or measured.kind in LOOP_KINDS:
        return None
    return "asyncio" if options.context == "sync" else "thread"


def _warm_up(measured: Measured) -> WarmUp | None:
    """The first calls of each trial that was opened; their chunks, now that it is known what handing one over takes."""
    done = {step.trial for step in measured.asked(WarmUp)}
    number = next((n for n, tried in enumerate(measured.trials) if n and tried.alive and n not in done), None)
    if number is None or measured.call_s is None:
        return None
    tried, length_s = measured.trials[number], planned_round_s(measured)
    size = _chunksize(measured, tried, length_s)
    to = tried.record
    short = measured.call_s < length_s / 2
    calls = to.workers if (short or measured.cold_s) and measured.left.calls > 0 else 0
    expected_per_s = _expected_per_s(measured, to.backend, to.workers, size)
    looks = MOST_LOOKS if short and not measured.by_first_calls else 1  # those take inputs from the rounds
    flights = () if tried.twin_of is not None else _ramp(measured, to, short)
    return WarmUp(number, calls, size, expected_per_s, length_s, looks, flights)


def _ramp(measured: Measured, to: Trial, short: bool) -> tuple[int, ...]:
    """Not where worker counts were asked for, nor where so few calls are allowed that nothing would be left to measure
    with. Where calls are long, the first round is the last look."""
    looks = ramp(to.workers) if short else ramp(to.workers)[:-1]
    asked = measured.experiment.options.workers or not goes_to_a_network(measured.demands)
    return () if asked or sum(looks) > RAMP_SHARE * measured.left.calls else looks


def _chunksize(measured: Measured, tried: Tried, length_s: float) -> int:
    to, asked = tried.record, measured.experiment.options.chunksize
    if (
        not measured.experiment.backends[to.backend].pickles
        or asked
        or tried.twin_of is not None
        or not tried.dispatch_s
    ):
        return to.chunksize
    work_s = (measured.call_s or 0.0) + measured.machine.hand_over(to.backend).seconds
    return chunksize(work_s, math.ceil(to.workers * length_s / work_s), to.workers, tried.dispatch_s)


def _expected_per_s(measured: Measured, backend: str, workers: int, chunk: int = 1) -> float:
    """Calls per second, by the model: enough to size a first round."""
    model, call_s = measured.model, measured.call_s
    assert model is not None
    assert call_s is not None
    stations = model.stations(model.shape(backend), backend, chunk)
    return model.predict(stations, workers)[0] if visited(stations) else workers / call_s


def _first_rounds(measured: Measured) -> Rounds | None:
    """A clean round of every trial that has none, then an observed one; of those that are no choice only that."""
    asked = measured.asked(Rounds)
    for observed, passes_left in ((False, 4), (True, 3)):
        done = {number for step in asked if step.observed == observed for number in step.trials}
        # The solo run was watched before anything was opened, and its long calls were timed then.
        done |= {0} if observed or any(not made.observed for made in measured.trials[0].record.rounds) else set()
        done |= set() if observed else {number for number in measured.racing if measured.is_aside(number)}
        fresh = tuple(number for number, tried in measured.racing.items() if tried.alive and number not in done)
        if fresh:
            return Rounds(fresh, planned_round_s(measured), "first", observed, passes_left)
    return None


def _what_is_borne(measured: Measured) -> Open | None:
    """Fewer workers of a backend that had to be ended because a network did not bear it."""
    trials, chunk = measured.records, measured.experiment.options.chunksize or 1
    limits = {name: limit for name in measured.experiment.backends if (limit := limit_of(trials, name)) is not None}
    missing = tuple(
        _configuration(measured, name, workers_within(limit), chunk)
        for name, limit in limits.items()
        if not any(trial.backend == name and trial.workers < limit for trial in trials)
    )
    return Open(missing) if missing and measured.left.racing_s > 0 and measured.left.calls > 0 else None


def _check_first(measured: Measured) -> CheckResults | None:
    """Beside it the processes start that are wanted next, by the rounds so far: for other counts, and one for the
    leader's second."""
    step = check_first(measured)
    wanted = _what_is_borne(measured) or _more_counts(measured) if step else None
    return step and replace(step, soon=1 + len(wanted.configurations if wanted else ()))


def _more_counts(measured: Measured) -> Open | None:
    """Other worker counts of the promising backends, while that pays and the budget has room for it."""
    options, left = measured.experiment.options, measured.left
    late = left.elapsed_s >= SWEEP_UNTIL * options.budget_s or left.calls <= 0
    if options.workers or options.exhaustive or late or passes(measured):
        return None
    counts = {name: _next_count(measured, name) for name in _promising(measured)}
    chunk = options.chunksize or 1
    more = tuple(_configuration(measured, name, count, chunk) for name, count in counts.items() if count is not None)
    return Open(more) if more else None


def _promising(measured: Measured) -> list[str]:
    """The backends whose best comes near the leader, and a coroutine function's own: alone, each of its calls had the
    turns of the event loop to itself, so that the model thinks it dearer than it is in company."""
    names = [measured.trials[number].record.backend for number in measured.contending(PROMISING)]
    native = ["asyncio"] if "asyncio" in measured.experiment.backends and measured.kind in LOOP_KINDS else []
    return list(dict.fromkeys([*names, *native]))


def _next_count(measured: Measured, name: str) -> int | None:
    traits, model = measured.experiment.backends[name], measured.model
    racing = list(measured.racing.values())
    rates = round_rates([tried.record for tried in racing], measured.average_call_s, watched=True)
    serial_per_s = max(rates[0], default=0.0)
    best = {
        tried.record.workers: max(rated)
        for tried, rated in zip(racing, rates, strict=True)
        if tried.record.backend == name and rated
    }
    limit = limit_of([tried.record for tried in racing], name)
    counts = {
        tried.record.workers for tried in racing if tried.record.backend == name and tried.record.unborne_calls is None
    }
    failed, helps = counts - set(best), len(best) < 2 or max(best.values()) >= PAYS * serial_per_s
    if traits.fixed_workers is not None or model is None or not best or failed or not helps:
        return None
    shape = model.shape(name)
    high = measured.experiment.options.max_workers or most_workers(model, shape)
    high = high if limit is None else min(high, max(limit // 2, *best))
    return next_count(
        best,
        lambda workers: _expected_per_s(measured, name, workers),
        low=min(2, high),
        high=high,
        step=STEP[shape],
        alone=serial_per_s,
        # Alone, a call that waits has a loop of its own, and takes more than on one for all: the model knows it so.
        believed=shape != "loop" or (compute_share(model.demands) or 0.0) >= COMPUTE_SHARE,
    )


def _single_calls(measured: Measured) -> SingleCalls | None:
    """What the fastest process pool whose calls go in chunks would do without: one short round shows it."""
    short = measured.left.racing_s < planned_round_s(measured) or measured.left.calls <= 0
    if short or measured.by_first_calls or measured.asked(SingleCalls):
        return None
    chunked = {n: t for n, t in measured.racing.items() if n and t.alive and t.record.chunksize != 1 and t.dispatch_s}
    number = max(chunked, key=lambda n: chunked[n].expected_per_s or 0.0, default=None)
    if number is None:
        return None
    tried = chunked[number]
    per_s = min(1.0 / (tried.dispatch_s or 1.0), tried.expected_per_s or 1.0 / (measured.call_s or 1.0))
    calls = max(tried.record.workers, round(MIN_ROUND_S * per_s))
    return SingleCalls(number, min(calls, measured.left.calls))


# -- a few calls more -------------------------------------------------------------------------------------------------


def _look_for_native_pools(measured: Measured) -> LookForNativePools | None:
    """Of the solo run, whose calls have loaded by now what they load."""
    alive = measured.solo is not None and measured.solo.alive
    return LookForNativePools() if alive and not measured.asked(LookForNativePools) else None


def _look_for_hot_lines(measured: Measured) -> LookForHotLines | None:
    return None if measured.asked(LookForHotLines) else LookForHotLines(_why_no_hot_lines(measured))


def _why_no_hot_lines(measured: Measured) -> str | None:
    if not measured.experiment.options.hot_lines:
        return "not asked for"
    if measured.solo is None or not measured.solo.alive:
        return "the solo run had ended"
    if measured.left.calls <= 0:
        return "no calls were left in the budget"
    if measured.by_first_calls:
        return "no input was left that it had not seen before"
    return "no time was left in the budget" if measured.left.remaining_s < HOT_ROUND_S else None


_RACE: tuple[Callable[[Measured], Step | None], ...] = (
    _first_counts,
    fork_instead,
    _warm_up,
    _first_rounds,
    _check_first,
    within_lock,
    _what_is_borne,
    smaller_pools,
    _more_counts,
    fewer_workers,
    enough_calls,
    second_processes,
    contest,
    _single_calls,
    lambda measured: None if measured.asked(MeasureMore) else MeasureMore(),
    check_leaders,
    _look_for_native_pools,
    _look_for_hot_lines,
)
