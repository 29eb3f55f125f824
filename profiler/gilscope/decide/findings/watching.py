"""How well the analysis itself could see."""

from __future__ import annotations

from gilscope.decide.demands import in_call_wall_s
from gilscope.decide.findings.base import Facts, Said
from gilscope.records import Trial
from gilscope.units import percent, slowdown

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


def observer_slowdown(facts: Facts) -> Said | None:
    """Observed rounds that ran slower than clean ones."""
    factor, noise = facts.instrument.observer_slowdown, facts.noise
    spread = noise.round_spread or 0.0 if noise else 0.0
    if factor is None or factor <= OBSERVER_SLOWDOWN + SIGMAS * spread:
        return None
    return Said(
        "warning",
        "Watching slowed the function down",
        f"observed rounds ran {slowdown(factor)} than clean ones",
        "Throughput is from clean rounds and stands; the shares of the ledger may be off. "
        "A machine with a CPU to spare for the sampler helps.",
    )


def workers_lost(facts: Facts) -> Said | None:
    """Workers on other hosts that did not stay."""
    told = [(trial.name, trial.queue) for trial in facts.trials if trial.queue and trial.queue.workers_lost]
    if not told:
        return None
    each = (f"{name}: {queue.workers_lost} lost, {queue.tasks_again or 0} tasks done again" for name, queue in told)
    return Said(
        "warning",
        "Workers on other hosts were lost",
        "; ".join(each),
        "Rounds went on with fewer workers until others had taken their place, so the throughput is on the low side. "
        "What gilscope worker says on those hosts tells why: look there, and measure again.",
    )


def busy_machine(facts: Facts) -> Said | None:
    """Other programs had the CPUs that the workers should have had."""
    shares = [(share, trial) for trial in facts.trials if (share := _waited(trial, facts)) is not None]
    share, trial = max(shares, key=lambda pair: pair[0], default=(0.0, None))
    if trial is None or share < WAITED_FOR_CPUS:
        return None
    return Said(
        "warning",
        "Other programs kept the CPUs busy",
        f"{trial.name}: no more workers than the {facts.environment.cpus_usable:g} usable CPUs, and yet they waited "
        f"for one for {percent(share)} of their time",
        "What uses several CPUs was measured with fewer than there are: measure again when the machine is quiet, or "
        "tell with --cpus how many are yours.",
    )


def _waited(trial: Trial, facts: Facts) -> float | None:
    """The share of its calls' time that a trial's workers waited for a CPU, where each should have had one."""
    ledger = trial.ledger
    alone = trial.workers <= facts.environment.cpus_usable
    if not alone or ledger is None or ledger.runqueue_s is None or ledger.samples < SAMPLES:
        return None
    inside_s = in_call_wall_s(ledger)
    if inside_s <= 0 or ledger.own_threads_cpu_s or ledger.children_cpu_s:
        return None
    return ledger.runqueue_s / inside_s


def instrument_fallback(facts: Facts) -> Said | None:
    """An instrument that was not to be had, and why."""
    instrument = facts.instrument
    if instrument.reason is None:
        return None
    return Said(
        "info",
        "Not every instrument was available",
        f"ledger from {instrument.ledger_source}, GIL from {instrument.gil_source}: {instrument.reason}",
        "Figures that are unknown are shown as unknown; gilscope doctor tells what would help.",
    )
