"""How well the analysis itself could see."""

from __future__ import annotations

from gilscope.decide.findings.base import Facts, Said

__all__ = ["instrument_fallback", "observer_slowdown"]

#: Beyond this the figures of the observed rounds differ from the clean ones by more than their usual noise.
OBSERVER_SLOWDOWN = 1.05
#: A trial is watched for one round: its slowdown is believed from so many standard deviations of a round on.
SIGMAS = 2.0


def observer_slowdown(facts: Facts) -> Said | None:
    """Observed rounds that ran slower than clean ones."""
    slowdown, noise = facts.instrument.observer_slowdown, facts.noise
    spread = noise.round_spread or 0.0 if noise else 0.0
    if slowdown is None or slowdown <= OBSERVER_SLOWDOWN + SIGMAS * spread:
        return None
    return Said(
        "warning",
        "Watching slowed the function down",
        f"observed rounds ran {slowdown - 1:.0%} slower than clean ones",
        "Throughput is from clean rounds and stands; the shares of the ledger may be off. "
        "A machine with a CPU to spare for the sampler helps.",
    )


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
