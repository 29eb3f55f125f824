"""Which configuration to use: the fastest one measured; within the noise, the simplest and smallest."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from gilscope.decide.code import CodeTarget, Execution, both_programs
from gilscope.decide.code.limits import NativeLimits, native_limits
from gilscope.decide.confidence import (
    NEGLIGIBLE_LOSS,
    Standing,
    confidence,
    expected_loss,
    looks,
    ratio,
    standings,
    tied,
)
from gilscope.decide.constraints import UNCONSTRAINED, Constraints
from gilscope.decide.demands import in_call_wall_s
from gilscope.decide.eligible import Standard, ineligible
from gilscope.decide.isolated import by_what_they_take
from gilscope.decide.noise import TIE_MARGIN
from gilscope.decide.recommended import UNSURE
from gilscope.decide.stats import Estimate
from gilscope.decide.throughput import by_process, round_rates
from gilscope.decide.why_not import ended_early, why_not
from gilscope.records import LOOP_KINDS, Alternative, Classification, Context, Kind, Recommendation, StartMethod, Trial
from gilscope.units import times

__all__ = ["FEWEST_ROUNDS", "contenders", "recommend"]

#: Rounds of warm workers before nobody expects more of a trial: the first may have been unlucky.
FEWEST_ROUNDS = 2
#: Blocked with the GIL held for this part of a call, a coroutine is no good neighbour on its loop.
KEPT_SHARE = 0.2
#: The executors that ``loop.run_in_executor`` takes and gilscope writes code for, by the backend that
#: measured them.
_OFFLOADS = {"asyncio": "thread", "thread": "thread", "process": "process", "interpreter": "interpreter"}


@dataclass(frozen=True)
class _Candidate:
    """A trial that worked, with its calls per second in each clean round, and what is known of it by them."""

    trial: Trial
    rates: Sequence[float]
    standing: Standing

    @property
    def rate(self) -> float:
        return self.standing.rate

    def over(self, other: _Candidate) -> Estimate:
        """How many times the throughput of another."""
        return ratio(self.standing, other.standing)


@dataclass(frozen=True)
class _Choice:
    """What the recommended one is the best of."""

    configurations: int
    no_choice: Sequence[_Candidate]
    best: _Candidate
    some_ruled_out: bool

    @property
    def limit(self) -> str:
        """In words, where something else was faster than the best of it; else nothing."""
        if all(each.standing.middle <= self.best.standing.middle for each in self.no_choice):
            return ""
        return " that is not ruled out" if self.some_ruled_out else " that fits the caller"


def recommend(
    trials: Sequence[Trial],
    classification: Classification,
    *,
    kind: Kind,
    simplicity: Mapping[str, float],
    context: Context = "sync",
    target: CodeTarget | None = None,
    call_s: float | None = None,
    floor: float = TIE_MARGIN,
    bounds: Mapping[str, float] | None = None,
    constraints: Constraints = UNCONSTRAINED,
) -> Recommendation:
    """How to run a function, judged from the clean rounds of its trials.

    A configuration ties with the fastest when the interval of their ratio does not tell them apart, or when it is
    slower by less than ``floor``, the noise of this run; of those that tie, the lowest in ``simplicity`` wins (for
    plain functions asyncio comes after threads), then the fewest workers. ``context="async"`` means that the caller is
    a coroutine: only what leaves its loop free is considered, unless the call is shorter than any dispatch. What is no
    choice however fast it is, `gilscope.decide.eligible` says.

    ``bounds`` is the most times the serial throughput that each backend can reach (`Model.most_speedup`): one that
    cannot beat the serial run by more than the floor is not recommended, however fast its rounds were by luck.

    The confidence is the chance that nothing measured that fits the caller is faster than the recommended one by more
    than ``floor``, all of it compared at once (`gilscope.decide.confidence`).
    """
    worked, barred = _candidates(trials, call_s), ineligible(trials, Standard.of(trials, kind, constraints))
    fitting = _fitting(worked, classification, kind, context, barred)
    unable = {id(each.trial): most for each in worked if (most := _bound(each, bounds or {})) <= 1 + floor}
    serial_fits = any(each.trial.backend == "serial" for each in fitting)
    eligible = [each for each in fitting if not serial_fits or id(each.trial) not in unable]
    bound = {key: most for key, most in unable.items() if key not in {id(each.trial) for each in eligible}}
    if not eligible:
        return _nothing(trials, context, barred)
    best = max(eligible, key=lambda candidate: candidate.rate)
    ties = [candidate for candidate in eligible if tied(best.standing, candidate.standing, floor)]
    simplicity = by_what_they_take(simplicity, [each.trial for each in ties])
    chosen = min(ties, key=lambda each: _simplest(each, simplicity, kind))
    serial = next((candidate for candidate in worked if candidate.trial.backend == "serial"), None)
    speedup = None if serial is None else Estimate(1.0, 1.0, 1.0) if serial is chosen else chosen.over(serial)
    execution = _execution(chosen.trial, kind, context)
    executor = execution.executor or chosen.trial.executor
    looped = execution.backend == "asyncio" or (context == "async" and executor is not None)
    limits = _native_limits(target, execution, classification)
    code, other_code = both_programs(target, execution, context, classification) if target else ("", "")
    others = [each.standing for each in eligible if each is not chosen]
    suited = _fitting(worked, classification, kind, context)
    unlikely = [each for each in fitting if id(each.trial) in bound]
    ruled_out = [*unlikely, *(each for each in suited if id(each.trial) in barred)]
    sure = confidence(chosen.standing, others, floor, [each.standing for each in ruled_out], speedup)
    no_choice = [each for each in worked if each not in eligible]
    choice = _Choice(len(trials), no_choice, best, some_ruled_out=bool(ruled_out))
    loss = expected_loss(chosen.standing, others, floor, looks(chosen.standing.passes))
    return Recommendation(
        backend=execution.backend,
        workers=execution.workers,
        chunksize=execution.chunksize,
        start_method=execution.start_method,
        runner="event-loop" if looped else chosen.trial.runner,
        executor=executor,
        native_threads=limits.threads,
        native_variables=(*limits.variables, *(pool.variable for pool in limits.early if pool.variable)),
        trial=next(number for number, trial in enumerate(trials) if trial is chosen.trial),
        context=context,
        speedup=speedup.value if speedup else None,
        speedup_low=speedup.low if speedup else None,
        speedup_high=speedup.high if speedup else None,
        confidence=sure,
        expected_loss=loss,
        reason=_reason(chosen, best, speedup, execution, classification, unlikely, choice)
        + _passed_over(suited, barred)
        + ended_early(trials)
        + _doubt(sure, loss, bool(others), bool(ruled_out)),
        code=code,
        other_code=other_code,
        alternatives=_alternatives(trials, barred, worked, ties, chosen, bound),
    )


def contenders(
    trials: Sequence[Trial],
    classification: Classification,
    *,
    kind: Kind,
    context: Context = "sync",
    call_s: float | None = None,
    share: float,
    constraints: Constraints = UNCONSTRAINED,
) -> list[Trial]:
    """The trials that could still be recommended: those whose fastest round of warm workers, watched or not,
    reached ``share`` of the leader's middle one, the fastest first. Noise slows rounds, so one fast round is the better
    witness; fewer than `FEWEST_ROUNDS` are none against a trial."""
    barred = ineligible(trials, Standard.of(trials, kind, constraints, proven=False))
    eligible = _fitting(_candidates(trials, call_s), classification, kind, context, barred)
    seen = list(zip(eligible, round_rates([each.trial for each in eligible], call_s, watched=True), strict=True))
    leader = max((median(rates) for _, rates in seen), default=0.0)
    near = [each for each, rates in seen if len(rates) < FEWEST_ROUNDS or max(rates) >= share * leader]
    return [candidate.trial for candidate in sorted(near, key=lambda candidate: -candidate.rate)]


def _candidates(trials: Sequence[Trial], call_s: float | None) -> list[_Candidate]:
    worked = [trial for trial in trials if trial.status == "ok" and not (trial.calls and trial.errors >= trial.calls)]
    rates = round_rates(worked, call_s)
    raced = [(trial, rated) for trial, rated in zip(worked, rates, strict=True) if rated]
    known = standings([by_process(*each) for each in raced])
    return [_Candidate(*each, standing) for each, standing in zip(raced, known, strict=True)]


def _fitting(
    worked: Sequence[_Candidate],
    classification: Classification,
    kind: Kind,
    context: Context,
    barred: Mapping[int, str] | None = None,
) -> list[_Candidate]:
    """Those that fit where the caller stands, but for those that are barred. A coroutine on a running loop stays
    there, one call after the other or many at a time, unless it stops the loop itself, waiting with the GIL held; a
    plain function is offloaded, for it would stop the loop, or called directly when that is over sooner than handing
    it over. A plain caller of a plain function has no loop to offload from."""
    worked = [each for each in worked if id(each.trial) not in (barred or {})]
    if context == "sync":
        return [each for each in worked if kind in LOOP_KINDS or each.trial.backend != "asyncio"]
    if kind in LOOP_KINDS:
        wanted: tuple[str, ...] = ("serial", "asyncio", *(("process",) if _keeps_the_gil(worked) else ()))
    else:
        wanted = ("serial",) if classification.label == "overhead-bound" else tuple(_OFFLOADS)
    return [candidate for candidate in worked if candidate.trial.backend in wanted]


def _keeps_the_gil(worked: Sequence[_Candidate]) -> bool:
    """Whether the function, alone, waits with the GIL held for much of a call: no loop goes on beside it then, in
    threads of its process neither."""
    ledger = next((each.trial.ledger for each in worked if each.trial.backend == "serial"), None)
    held_s = None if ledger is None else ledger.gil_held_off_cpu_s
    return ledger is not None and held_s is not None and held_s >= KEPT_SHARE * in_call_wall_s(ledger) > 0


def _bound(candidate: _Candidate, bounds: Mapping[str, float]) -> float:
    """The most times the serial throughput that it can reach; as much as you like where that is unknown."""
    serial = candidate.trial.backend == "serial"
    return math.inf if serial else bounds.get(candidate.trial.backend, math.inf)


def _simplest(candidate: _Candidate, simplicity: Mapping[str, float], kind: Kind) -> tuple[float, bool, int, float]:
    """What ties are broken by. A loop that only offloads is a thread pool with a loop on top: after
    threads."""
    trial = candidate.trial
    offloads = trial.backend == "asyncio" and kind not in LOOP_KINDS
    last = max(simplicity.values(), default=0) + 1
    rank = simplicity.get("thread" if offloads else trial.backend, last)
    return rank, offloads, trial.workers, -candidate.rate


def _doubt(confidence: float, loss: float, others: bool, ruled_out: bool) -> str:
    """That it is a best guess, and what would settle it, if anything is at stake."""
    if confidence >= UNSURE:
        return ""
    if not others and not ruled_out:
        return "; cannot tell whether anything is faster: nothing else that fits the caller was measured"
    if loss <= NEGLIGIBLE_LOSS:
        return "; these rounds do not tell it from the next best, and next to nothing would be gained by knowing"
    return "; these rounds do not tell it from the next best: a longer --budget or more inputs would"


def _passed_over(fitting: Sequence[_Candidate], barred: Mapping[int, str]) -> str:
    """Of each backend one that is no choice however fast it is, and why; the serial run is what all are better than."""
    pools = [each.trial for each in fitting if each.trial.backend != "serial"]
    why = {pool.backend: (pool.name, barred[id(pool)]) for pool in pools if id(pool) in barred}
    return "".join(f"; {name} is ruled out: {reason}" for name, reason in why.values())


def _execution(trial: Trial, kind: Kind, context: Context) -> Execution:
    """The trial as a way to run the function where the caller stands."""
    method: StartMethod | None = trial.start_method
    executor = None
    backend = trial.backend
    if kind not in LOOP_KINDS and backend in _OFFLOADS and (context == "async" or backend == "asyncio"):
        backend, executor = "asyncio", _OFFLOADS[backend]
    return Execution(backend, trial.workers, trial.chunksize, method, executor)


def _native_limits(target: CodeTarget | None, execution: Execution, classification: Classification) -> NativeLimits:
    """As of the program to paste."""
    if target is None:
        return NativeLimits()
    in_processes = "process" in (execution.backend, execution.executor)
    native = classification.subtype == "own-threads"
    return native_limits(target, execution.workers, processes=in_processes, native=native)


def _reason(
    chosen: _Candidate,
    best: _Candidate,
    speedup: Estimate | None,
    execution: Execution,
    classification: Classification,
    unlikely: Sequence[_Candidate],
    choice: _Choice,
) -> str:
    name = f"offloading to {execution.executor} × {execution.workers}" if execution.executor else chosen.trial.name
    if chosen.trial.backend == "serial":
        return _why_serial(chosen, best, classification, unlikely, choice)
    if best is not chosen:
        return f"{name} is a tie with the fastest{choice.limit}, {best.trial.name}, and smaller or simpler"
    if speedup is None:
        return f"{name} had the highest throughput; there was no serial run to compare it with"
    return f"{name} was the fastest{choice.limit or ' of what was measured'}"


def _why_serial(
    chosen: _Candidate,
    best: _Candidate,
    classification: Classification,
    unlikely: Sequence[_Candidate],
    choice: _Choice,
) -> str:
    if classification.label == "overhead-bound":
        return "call it directly: a call is over sooner than it is handed to a worker"
    if choice.configurations == 1:
        return "only the serial run was measured"
    lucky = max(unlikely, key=lambda each: each.standing.middle, default=chosen)
    if best is chosen and lucky.standing.middle > chosen.standing.middle:
        return f"{lucky.trial.name} had faster rounds, but by its ledger it cannot be faster"
    if best is chosen:
        return f"nothing{choice.limit or ' measured'} was faster than the serial run"
    gain = best.over(chosen)
    return f"the fastest{choice.limit}, {best.trial.name}, is a tie at {times(gain.value, gain.low, gain.high)}"


def _alternatives(
    trials: Sequence[Trial],
    barred: Mapping[int, str],
    worked: Sequence[_Candidate] = (),
    ties: Sequence[_Candidate] = (),
    chosen: _Candidate | None = None,
    unable: Mapping[int, float] | None = None,
) -> tuple[Alternative, ...]:
    """Every trial but the chosen one, and why not.

    :param barred: why those are no choice that are none, by trial
    :param unable: the bounds of those that cannot beat the serial run, by trial
    """
    measured = {id(candidate.trial): candidate for candidate in worked}
    best, found = chosen.trial if chosen else None, []
    for trial in (trial for trial in trials if trial is not best):
        candidate = measured.get(id(trial))
        ratio = candidate.over(chosen) if candidate and chosen else None
        bound, bar = (unable or {}).get(id(trial)), barred.get(id(trial))
        reason = why_not(trial, best, ratio, tied=candidate in ties, bound=bound, barred=bar)
        found.append(
            Alternative(
                backend=trial.backend,
                workers=trial.workers,
                speedup=trial.speedup,
                why_not=reason,
                no_choice=bar is not None,
            )
        )
    return tuple(found)


def _nothing(trials: Sequence[Trial], context: Context, barred: Mapping[int, str]) -> Recommendation:
    alternatives = _alternatives(trials, barred)
    reasons = "; ".join(f"{trial.name}: {each.why_not}" for trial, each in zip(trials, alternatives, strict=True))
    return Recommendation(
        backend=None,
        context=context,
        confidence=0.0,
        reason=f"nothing that could be recommended was measured: {reasons or 'none was tried'}",
        alternatives=alternatives,
    )
