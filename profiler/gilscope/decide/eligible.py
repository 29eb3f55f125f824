"""Whether a configuration may be recommended at all, and why not: how fast it is comes after, for failing is fast, and
so is giving wrong results.

Each rule says in a few words why a trial is no choice, or None; what more is to be demanded of a configuration is one
more rule, and what it has to know of the others one more field of `Standard`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import NormalDist

from gilscope.decide.constraints import UNCONSTRAINED, Constraints
from gilscope.decide.locks import SharedLock, shared_lock
from gilscope.decide.stats import CONFIDENCE, share_difference
from gilscope.records import LOOP_KINDS, Kind, Trial
from gilscope.units import counted, thousands

__all__ = ["Standard", "ineligible"]


#: Backends whose calls share what is in memory.
IN_ONE_PROCESS = frozenset({"serial", "thread", "asyncio"})


@dataclass(frozen=True)
class Standard:
    """What every configuration is held against."""

    kind: Kind = "sync"
    serial: Trial | None = None
    """The function alone: what it gives and how often it raises is how it works."""
    pools: int = 1
    """How many are held against it."""
    differing: Mapping[str, Trial] = field(default_factory=dict)
    """By what the calls of a pool share (`_shared`): the trial whose results differ from those of the serial run;
    empty where the function does not give the same result twice when it is alone."""
    lock: SharedLock | None = None
    """What the calls of threads wait for, where that is what limits them."""
    constraints: Constraints = UNCONSTRAINED
    proven: bool = True
    """Whether a configuration must be shown to keep to the constraints, or only not shown to go beyond them."""

    @classmethod
    def of(
        cls, trials: Sequence[Trial], kind: Kind, constraints: Constraints = UNCONSTRAINED, *, proven: bool = True
    ) -> Standard:
        """That of one analysis."""
        serial = next((trial for trial in trials if trial.backend == "serial"), None)
        pools = [trial for trial in trials if trial.backend != "serial"]
        repeats = serial is not None and bool(serial.results_compared) and not serial.results_differing
        wrong = [trial for trial in pools if repeats and trial.results_differing]
        differing = {_shared(trial, kind): trial for trial in reversed(wrong)}
        return cls(kind, serial, max(1, len(pools)), differing, shared_lock(trials, kind), constraints, proven)


def ineligible(trials: Sequence[Trial], standard: Standard) -> dict[int, str]:
    """The trials that may not be recommended, by their `id`, and why not."""
    found = ((id(trial), why) for trial in trials if (why := _why(trial, standard)))
    return dict(found)


def _why(trial: Trial, standard: Standard) -> str | None:
    return next((why for rule in _RULES if (why := rule(trial, standard))), None)


def _shared(trial: Trial, kind: Kind) -> str:
    """What a pool's calls have in common. A plain function is offloaded from a loop to threads like a pool's."""
    return "thread" if trial.backend == "asyncio" and kind not in LOOP_KINDS else trial.backend


def _raises_more(trial: Trial, standard: Standard) -> str | None:
    """Its calls raise more often than alone. With so many pools, one in twenty analyses may say so of one that does
    not (Bonferroni's correction)."""
    alone = standard.serial
    if alone is None or trial is alone or not alone.calls or not trial.errors:
        return None
    quantile = NormalDist().inv_cdf(1 - (1 - CONFIDENCE) / 2 / standard.pools)
    more = share_difference(
        trial.errors / trial.calls, trial.calls, alone.errors / alone.calls, alone.calls, quantile=quantile
    )
    if more.low is None or more.low <= 0:
        return None
    first = f" ({trial.error})" if trial.error else ""
    raised = f"{thousands(trial.errors)} of its {counted(trial.calls, 'call')} raised{first}"
    return f"{raised}, alone {thousands(alone.errors)} of {thousands(alone.calls)}"


def _differs(trial: Trial, standard: Standard) -> str | None:
    """Calls that share the same give wrong results now and then: that one pool of them gave none is luck."""
    wrong = standard.differing.get(_shared(trial, standard.kind))
    if wrong is None or trial.workers < 2:
        return None
    figures = f"{thousands(wrong.results_differing or 0)} of {counted(wrong.results_compared or 0, 'result')}"
    where = "" if wrong is trial else f" under {wrong.name}"
    return f"{figures} differed from those of the serial run{where}"


def _passes_lock(trial: Trial, standard: Standard) -> str | None:
    """More calls at a time, each worker process with a lock of its own, than the one in memory lets through."""
    lock = standard.lock
    if lock is None or trial.backend in IN_ONE_PROCESS or trial.workers <= lock.lets_through:
        return None
    workers = "interpreters" if trial.backend == "interpreter" else "processes"
    through = f"{counted(lock.lets_through, 'call')} at a time (seen with {lock.trial.name})"
    return (
        f"each of its {workers} would have a lock, limit or pool of its own; the one in memory lets through {through}"
    )


def _goes_beyond(trial: Trial, standard: Standard) -> str | None:
    constraints = standard.constraints
    return constraints.broken(trial) or (constraints.unproven(trial) if standard.proven else None)


_RULES: tuple[Callable[[Trial, Standard], str | None], ...] = (
    _raises_more,
    _differs,
    _passes_lock,
    _goes_beyond,
)
