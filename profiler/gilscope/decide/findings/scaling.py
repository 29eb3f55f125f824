"""Why more workers stop helping where neither the GIL nor a want of CPUs is to blame: a lock, a limit elsewhere, or
work that gets dearer in company."""

from __future__ import annotations

import math

from gilscope.decide.findings.evidence import (
    BUSY_SHARE,
    NOTABLE_SHARE,
    OWN_GILS,
    Evidence,
    is_watched_enough,
    per_call,
    share,
    with_most,
)
from gilscope.decide.findings.loops import LOOP_LAG_S
from gilscope.decide.locks import LOCK_SHARE, share_at_lock
from gilscope.records import Figures, Trial

__all__ = ["cpu_inflation", "lock_bound", "resource_limit"]

#: CPU per call this much above its figure alone is neither a cold cache nor a busy neighbour.
INFLATION = 0.2
#: The knee: the fewest workers with this part of the best throughput. The next step has at least twice as many workers,
#: so that to gain nothing from them is far outside the noise.
KNEE_SHARE, STEP = 0.9, 2
#: With a noise floor like this even a doubling may hide.
TOO_NOISY = 0.3


def cpu_inflation(evidence: Evidence) -> Figures | None:
    """The same call costs more CPU when others run beside it."""
    trials = [trial for trial in evidence.measured("thread", *OWN_GILS) if trial.workers > 1]
    trial = max(trials, key=lambda t: _extra_cpu_s(t, evidence), default=None)
    if trial is None or not evidence.is_notable(_extra_cpu_s(trial, evidence)):
        return None
    fewer = [t.workers for t in trials if t.backend == trial.backend and not _extra_cpu_s(t, evidence)]
    expected_s = _expected_cpu_s(trial, evidence)
    return {
        "configuration": trial.name,
        "cpu_s": expected_s + _extra_cpu_s(trial, evidence),
        "alone_cpu_s": expected_s,
        "workers_without": max(fewer, default=None),
    }


def _expected_cpu_s(trial: Trial, evidence: Evidence) -> float:
    """CPU of a call under this configuration if company cost nothing: as alone, with what the worker does for dispatch
    and pickling."""
    if evidence.demands is None:
        return 0.0
    dispatch_s = evidence.dispatch_s.get(trial.backend, 0.0) / max(trial.chunksize, 1)
    return (
        evidence.demands.cpu_s + (evidence.demands.own_threads_cpu_s or 0.0) + dispatch_s + (trial.pickle_s or 0.0) / 2
    )


def _extra_cpu_s(trial: Trial, evidence: Evidence) -> float:
    """CPU a call beyond that, where it is beyond the noise and `INFLATION`; 0.0 where nothing can be said."""
    cpu_s, own_s = per_call(trial, "cpu"), per_call(trial, "own_threads_cpu")
    expected_s = _expected_cpu_s(trial, evidence)
    # Where threads wait for the GIL, taking and giving it costs CPU: that is contention, and said as such.
    if (
        cpu_s is None
        or expected_s <= 0
        or share(trial, "gil_wait") >= NOTABLE_SHARE
        or not _same_calls(trial, evidence)
    ):
        return 0.0
    extra_s = min(cpu_s + (own_s or 0.0), _most_cpu_s(trial, evidence)) - expected_s
    return extra_s if extra_s > max(INFLATION, _floor(evidence)) * expected_s else 0.0


def _most_cpu_s(trial: Trial, evidence: Evidence) -> float:
    """What a call can have cost in the clean rounds, for the CPUs give no more than all their time (utilization law).
    The watched rounds may have been few, or at a bad moment."""
    cpus = evidence.environment.cpus_usable
    if not trial.throughput_per_s:
        return math.inf
    single = evidence.demands is not None and not evidence.demands.own_threads_cpu_s
    return (min(cpus, trial.workers) if single else cpus) / trial.throughput_per_s


def _same_calls(trial: Trial, evidence: Evidence) -> bool:
    """Whether what was watched is a fair sample: where calls differ in kind, each input must have been in it."""
    return not evidence.groups or (trial.ledger is not None and trial.ledger.calls >= evidence.target.input_count)


def _floor(evidence: Evidence) -> float:
    return 0.0 if evidence.noise is None else evidence.noise.floor


def lock_bound(evidence: Evidence) -> Figures | None:
    """Workers that stand at a lock which a call alone never waits for, and not at the GIL by way of a thread of theirs
    that waits with it in its hands."""
    if evidence.demands is not None and evidence.is_notable(evidence.demands.gil_held_off_cpu_s):
        return None
    trials = evidence.measured("thread", *OWN_GILS, "asyncio")
    several = [trial for trial in trials if trial.workers > 1 and not (trial.backend == "asyncio" and evidence.on_loop)]
    trial = with_most(several, lambda t: _at_lock(t, evidence), LOCK_SHARE)
    if trial is None:
        return None
    waiting = _at_lock(trial, evidence)
    return {
        "configuration": trial.name,
        "workers": trial.workers,
        "useful_workers": max(1, round(trial.workers * (1 - waiting))),
        "lock_share": waiting,
    }


def _at_lock(trial: Trial, evidence: Evidence) -> float:
    return share_at_lock(trial, evidence.demands)


def resource_limit(evidence: Evidence) -> Figures | None:
    """A throughput that stops growing while nothing of this machine is busy."""
    found = (_knee(backend, evidence) for backend in ("thread", "asyncio", *OWN_GILS))
    knee, most = next((pair for pair in found if pair is not None), (None, None))
    if knee is None or most is None:
        return None
    here = (p for p in evidence.predictions if p.measured_per_s is not None)  # others are of another machine
    expected = next((p for p in here if (p.backend, p.workers) == (most.backend, most.workers)), None)
    return {
        "knee": knee.name,
        "knee_workers": knee.workers,
        "knee_per_s": knee.throughput_per_s,
        "most": most.name,
        "most_per_s": most.throughput_per_s,
        "gil_held_ratio": evidence.gil_busy(most),
        "cpu_utilization": evidence.cpus_busy(most),
        "expected_per_s": expected.model_per_s or expected.throughput_per_s if expected else None,
    }


def _knee(backend: str, evidence: Evidence) -> tuple[Trial, Trial] | None:
    """The fewest workers with the backend's throughput and the most that gained nothing, where nothing was busy."""
    known = [t for t in evidence.measured("serial", backend) if t.throughput_per_s]
    curve = sorted(known, key=lambda trial: trial.workers)
    best = max((t.throughput_per_s or 0.0 for t in curve), default=0.0)
    knee = next((t for t in curve if (t.throughput_per_s or 0.0) >= KNEE_SHARE * best), None)
    if knee is None or curve[-1].workers < STEP * knee.workers or _floor(evidence) >= TOO_NOISY:
        return None
    idle = _is_idle(curve[-1], evidence) and (knee.backend == "serial" or _is_idle(knee, evidence))
    return (knee, curve[-1]) if idle else None


def _is_idle(trial: Trial, evidence: Evidence) -> bool:
    """Whether nothing that this machine and this program have was busy, or waited for, in a trial that had enough to
    do."""
    gil, cpus = evidence.gil_busy(trial), evidence.cpus_busy(trial)
    if gil is None or cpus is None or max(gil, cpus, _parent_busy(trial, evidence)) >= BUSY_SHARE:
        return False
    waited = max(share(trial, "gil_wait"), share(trial, "runqueue"), _at_lock(trial, evidence))
    return (
        is_watched_enough(trial)
        and waited < NOTABLE_SHARE
        and _has_enough_calls(trial)
        and not _waits_for_itself(trial, evidence)
    )


def _parent_busy(trial: Trial, evidence: Evidence) -> float:
    """The utilization of the submitting side, by dispatch and by its half of the pickling."""
    dispatch_s = evidence.dispatch_s.get(trial.backend, 0.0) / max(trial.chunksize, 1)
    return (trial.throughput_per_s or 0.0) * (dispatch_s + (trial.pickle_s or 0.0) / 2)


def _has_enough_calls(trial: Trial) -> bool:
    """Whether there was a call for each worker: else the rounds, and nothing else, were the limit."""
    return max((made.calls for made in trial.rounds), default=0) >= trial.workers


def _waits_for_itself(trial: Trial, evidence: Evidence) -> bool:
    """Whether coroutines wait for their own loop, or for threads of its default executor: findings of their own."""
    few_threads = trial.default_pool_threads is not None and trial.workers > trial.default_pool_threads
    return (
        trial.backend == "asyncio" and evidence.on_loop and (few_threads or (trial.loop_lag_p99_s or 0.0) >= LOOP_LAG_S)
    )
