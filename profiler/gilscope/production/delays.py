"""The record of how long what was due had to wait: callbacks for their turn on an event loop, calls for a thread of
their pool."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import msgspec

from gilscope.production.sketch import quantile_s
from gilscope.records import Record

if TYPE_CHECKING:
    from collections.abc import Iterable

    from gilscope.production.delay_sums import DelaySums

__all__ = ["Delays", "added_delays", "delays_of"]


class Delays(Record, frozen=True, kw_only=True):
    """Delays that were measured at moments chosen without regard to them: what anybody would have waited then."""

    total_s: float = 0.0
    longest_s: float = 0.0
    lengths: dict[int, int] = msgspec.field(default_factory=dict)
    """By their length: buckets as of a profile's ``durations``."""

    @property
    def count(self) -> int:
        """How many were measured."""
        return sum(self.lengths.values())

    @property
    def mean_s(self) -> float | None:
        """None where none was measured."""
        return self.total_s / self.count if self.lengths else None

    def quantile_s(self, share: float) -> float | None:
        """What ``share`` of them do not exceed, within 5.9% of itself; None where none was measured."""
        found = quantile_s(self.lengths, share)
        return None if found is None else min(found, self.longest_s)  # a bucket's middle may lie beyond it


def delays_of(sums: DelaySums | None) -> Delays | None:
    """The record of those that this process measured; None where it measured none."""
    if sums is None or not sums.lengths:
        return None
    return Delays(total_s=sums.total_ns / 1e9, longest_s=sums.longest_ns / 1e9, lengths=dict(sums.lengths))


def added_delays(parts: Iterable[Delays | None]) -> Delays | None:
    """Those of several processes."""
    known = [part for part in parts if part is not None]
    if not known:
        return None
    return Delays(
        total_s=sum(part.total_s for part in known),
        longest_s=max(part.longest_s for part in known),
        lengths=dict(sum((Counter(part.lengths) for part in known), Counter[int]())),
    )
