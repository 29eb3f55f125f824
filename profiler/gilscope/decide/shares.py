"""How exactly a ledger's shares are known."""

from __future__ import annotations

import math
from typing import Final

from gilscope.records import STATES, Ledger, ShareInterval

__all__ = ["Z_95", "share_intervals", "wilson_interval"]

#: Of the normal distribution, for an interval of 95%.
Z_95: Final = 1.959964
_ON_CPU: Final = ("cpu_gil", "cpu_free")


def share_intervals(ledger: Ledger) -> tuple[ShareInterval, ...]:
    """The 95% interval of each sampled state's share of the wall clock. The CPU time and the blocked time are exact;
    how they divide is a share of their samples.

    Samples at random moments, one in each equal slot, are at least as exact as independent ones.
    """
    found = []
    for state in STATES:
        seconds = ledger.state_s(state)
        on_cpu = state in _ON_CPU
        whole_s, samples = (ledger.cpu_s, ledger.cpu_samples) if on_cpu else (ledger.blocked_s, ledger.blocked_samples)
        if state == "runqueue" or seconds is None or samples is None or ledger.wall_s <= 0:
            continue
        low, high = wilson_interval(seconds / whole_s if whole_s > 0 else 0.0, samples)
        scale = whole_s / ledger.wall_s
        found.append(ShareInterval(state=state, low=low * scale, high=high * scale))
    return tuple(found)


def wilson_interval(share: float, samples: float, z: float = Z_95) -> tuple[float, float]:
    """Of a binomial share (Wilson 1927, Probable inference; Brown, Cai & DasGupta 2001, Interval estimation for a
    binomial proportion); all there can be without a sample."""
    if samples <= 0:
        return 0.0, 1.0
    scale = 1.0 + z**2 / samples
    middle = (share + z**2 / (2 * samples)) / scale
    half = z * math.sqrt(share * (1.0 - share) / samples + z**2 / (4 * samples**2)) / scale
    return max(0.0, min(share, middle - half)), min(1.0, max(share, middle + half))
