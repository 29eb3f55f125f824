"""When the solo run told nothing: each backend once, so that its fate is known too."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from gilscope.analysis.opening import load, prepare, start
from gilscope.analysis.rounds import attempt
from gilscope.backends.base import Configuration
from gilscope.measure.live import LiveTrial

if TYPE_CHECKING:
    from gilscope.analysis.campaign import Campaign

__all__ = ["measure_blindly"]

#: How long the one round may take.
BLIND_ROUND_S = 1.0


def measure_blindly(campaign: Campaign) -> None:
    """One observed round of each backend, with a worker for each CPU."""
    workers = campaign.options.workers or (max(2, math.ceil(campaign.cpus.usable)),)
    for name, facts in campaign.facts.items():
        if name == "serial" or campaign.budget.remaining_s <= 0:
            continue
        method = (campaign.options.start_method or "spawn") if facts.start_methods else None
        trial = LiveTrial(Configuration(name, facts.fixed_workers or workers[0], 1, method))
        campaign.others.append(trial)
        campaign.say(f"trying {name}")
        start(campaign, trial)
        load(campaign, trial)
        attempt(campaign, trial, lambda: _try_once(campaign, trial))  # noqa: B023  called at once


def _try_once(campaign: Campaign, trial: LiveTrial) -> None:
    prepare(campaign, trial)
    limit_s = min(campaign.options.timeout_s, max(BLIND_ROUND_S, campaign.budget.remaining_s / 4))
    calls = min(trial.configuration.workers, campaign.budget.calls_left)
    trial.rounds.append(trial.run_round(calls, 1, campaign.budget.deadline(limit_s), observed=True))
    campaign.budget.spend(calls)
