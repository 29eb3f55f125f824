"""What takes confidence from a recommendation after the rounds themselves have spoken."""

from __future__ import annotations

from typing import TypeVar

import msgspec

from gilscope.records import ResultRecord

__all__ = ["BUSY_CONFIDENCE", "doubted"]

R = TypeVar("R", bound=ResultRecord)

#: The most that is claimed when other programs had the CPUs: the rounds agree with each other, but on another machine
#: than the one that the user has.
BUSY_CONFIDENCE = 0.5


def doubted(result: R) -> R:
    """The result, its recommendation less sure where the machine was busy with something else."""
    advice = result.recommendation
    busy = any(finding.code == "busy-machine" for finding in result.findings)
    if not busy or advice.backend is None:
        return result
    reason = f"{advice.reason}; other programs kept the CPUs busy: measure again when the machine is quiet"
    confidence = min(advice.confidence, BUSY_CONFIDENCE)
    return msgspec.structs.replace(
        result, recommendation=msgspec.structs.replace(advice, confidence=confidence, reason=reason)
    )
