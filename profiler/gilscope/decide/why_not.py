"""Why a configuration is not the recommended one, in figures."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from gilscope.decide.demands import in_call_wall_s
from gilscope.decide.isolated import what_more_it_takes
from gilscope.decide.stats import Estimate
from gilscope.records import Trial
from gilscope.units import byte_size, counted, duration, percent, times

__all__ = ["NOTABLE_SHARE", "ended_early", "why_not"]

#: A wait or a cost is named as a cause from this part of the workers' time on.
NOTABLE_SHARE = 0.1
#: On a CPU for this part of its time, a loop has little left for more coroutines.
FULL_LOOP = 0.7


def why_not(
    trial: Trial,
    chosen: Trial | None,
    ratio: Estimate | None,
    *,
    tied: bool = False,
    bound: float | None = None,
    barred: str | None = None,
) -> str:
    """Why ``trial`` is not recommended.

    :param ratio: its throughput over that of ``chosen``; None if unmeasured
    :param bound: the most times the serial throughput that it can reach, where it was left out for that
    :param barred: why it is no choice however fast it is
    """
    if trial.status != "ok":
        return f"{_STATUSES[trial.status]}: {trial.reason or 'no reason given'}"
    if trial.calls and trial.errors >= trial.calls:
        return f"all of its {counted(trial.calls, 'call')} raised"
    if barred is not None:
        return barred
    if ratio is None or chosen is None:
        return "measured, but it does not fit the caller" if trial.rounds else "no round was finished"
    compared = f"{times(ratio.value, ratio.low, ratio.high)} the throughput of {chosen.name}"
    if bound is not None:
        return f"by its ledger it can reach {times(bound)} the serial throughput at most; measured: {compared}"
    if tied:
        return f"a tie, {compared}, and {_less_modest(trial, chosen)}"
    if ratio.value > 1:
        return f"{compared}, but it does not fit the caller"
    causes = [cause for find in _CAUSES if (cause := find(trial))]
    return f"{compared}{': ' if causes else ''}{'; '.join(causes)}"


def ended_early(trials: Sequence[Trial]) -> str:
    """Of each backend one that failed or hung, to be said with the verdict: to have had no time is no failure."""
    ended = [trial for trial in trials if trial.status in ("failed", "timeout") and trial.ran_out is None]
    told = {trial.backend: f"; {trial.name} {_STATUSES[trial.status]}: {trial.reason}" for trial in reversed(ended)}
    return "".join(reversed(told.values()))


_STATUSES = {"refused": "refused", "failed": "failed", "timeout": "timed out"}


def _less_modest(trial: Trial, chosen: Trial) -> str:
    if (heavier := what_more_it_takes(trial, chosen)) is not None:
        return heavier
    if trial.backend == chosen.backend and trial.workers > chosen.workers:
        return f"it takes {trial.workers} workers instead of {chosen.workers}"
    return "it is less simple" if trial.backend != chosen.backend else "it is no better"


def _gil_wait(trial: Trial) -> str | None:
    share = _share(trial, "gil_wait")
    return None if share is None else f"its workers waited {percent(share)} of their time for the GIL"


def _one_loop(trial: Trial) -> str | None:
    """Coroutines of one thread, which is busy with them."""
    ledger = trial.ledger
    if ledger is None or trial.backend != "asyncio" or not ledger.threads == 1 < trial.workers:
        return None
    share = ledger.cpu_s / ledger.wall_s if ledger.wall_s > 0 else 0.0
    return f"its one loop computed for {percent(share)} of the time" if share >= FULL_LOOP else None


def _runqueue(trial: Trial) -> str | None:
    share = _share(trial, "runqueue")
    return None if share is None else f"its workers waited {percent(share)} of their time for a CPU"


def _lock(trial: Trial) -> str | None:
    share = _share(trial, "lock")
    return None if share is None else f"its workers waited {percent(share)} of their time for locks"


def _pickling(trial: Trial) -> str | None:
    if trial.pickle_s is None or trial.pickle_bytes is None or trial.throughput_per_s is None:
        return None
    if trial.pickle_s * trial.throughput_per_s < NOTABLE_SHARE:
        return None
    return f"a call pickles {byte_size(trial.pickle_bytes)} in {duration(trial.pickle_s)}"


def _starved(trial: Trial) -> str | None:
    """Workers of a process pool that waited to be handed a call: dispatch is the limit."""
    share = _share(trial, "idle", of_calls=False)
    return None if share is None else f"its workers waited {percent(share)} of their time to be handed a call"


def _share(trial: Trial, state: str, *, of_calls: bool = True) -> float | None:
    """The part of the workers' time in a state where it is notable: of the time inside calls, or of all."""
    if trial.ledger is None:
        return None
    seconds = trial.ledger.state_s(state)
    whole = in_call_wall_s(trial.ledger) if of_calls else trial.ledger.wall_s
    if seconds is None or whole <= 0 or seconds < NOTABLE_SHARE * whole:
        return None
    return seconds / whole


_CAUSES: tuple[Callable[[Trial], str | None], ...] = (_one_loop, _gil_wait, _runqueue, _lock, _pickling, _starved)
