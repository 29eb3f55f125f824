"""How well the analysis itself could see."""

from __future__ import annotations

from gilscope.decide.demands import in_call_wall_s
from gilscope.decide.findings.evidence import Evidence
from gilscope.records import Figures, Trial

__all__ = ["busy_machine", "instrument_fallback", "observer_slowdown", "workers_lost"]

#: Workers that have a CPU each wait for one when others use it: the parent, the sampler, and other programs. The first
#: two take less than this part of the workers' time.
WAITED_FOR_CPUS = 0.25
#: Fewer samples than this say little of a trial.
SAMPLES = 20

#: Beyond this the figures of the observed rounds differ from the clean ones by more than their usual noise.
OBSERVER_SLOWDOWN = 1.05
#: A trial is watched for one round: its slowdown is believed from so many standard deviations of a round on.
SIGMAS = 2.0


def observer_slowdown(evidence: Evidence) -> Figures | None:
    """Observed rounds that ran slower than clean ones."""
    factor, noise = evidence.instrument.observer_slowdown, evidence.noise
    spread = noise.round_spread or 0.0 if noise else 0.0
    if factor is None or factor <= OBSERVER_SLOWDOWN + SIGMAS * spread:
        return None
    return {"observer_slowdown": factor}


def workers_lost(evidence: Evidence) -> Figures | None:
    """Workers on other hosts that did not stay."""
    lost = [(trial.name, trial.queue) for trial in evidence.trials if trial.queue and trial.queue.workers_lost]
    if not lost:
        return None
    each = (f"{name}: {queue.workers_lost} lost, {queue.tasks_again or 0} tasks done again" for name, queue in lost)
    return {"workers_lost": sum(queue.workers_lost or 0 for _, queue in lost), "configurations": "; ".join(each)}


def busy_machine(evidence: Evidence) -> Figures | None:
    """Other programs had the CPUs that the workers should have had."""
    shares = [(share, trial) for trial in evidence.trials if (share := _waited(trial, evidence)) is not None]
    share, trial = max(shares, key=lambda pair: pair[0], default=(0.0, None))
    if trial is None or share < WAITED_FOR_CPUS:
        return None
    return {"configuration": trial.name, "cpus_usable": evidence.environment.cpus_usable, "runqueue_share": share}


def _waited(trial: Trial, evidence: Evidence) -> float | None:
    """The share of its calls' time that a trial's workers waited for a CPU, where each should have had one."""
    ledger = trial.ledger
    alone = trial.workers <= evidence.environment.cpus_usable
    if not alone or ledger is None or ledger.runqueue_s is None or ledger.samples < SAMPLES:
        return None
    inside_s = in_call_wall_s(ledger)
    if inside_s <= 0 or ledger.own_threads_cpu_s or ledger.children_cpu_s:
        return None
    return ledger.runqueue_s / inside_s


def instrument_fallback(evidence: Evidence) -> Figures | None:
    """An instrument that was not to be had, and why."""
    instrument = evidence.instrument
    if instrument.reason is None:
        return None
    return {
        "ledger_source": instrument.ledger_source,
        "gil_source": instrument.gil_source,
        "reason": instrument.reason,
    }
