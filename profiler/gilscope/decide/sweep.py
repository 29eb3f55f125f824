"""Which worker count to measure next: upwards until more workers stop paying, then between what was measured."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

__all__ = ["PAYS", "next_count"]

#: More workers pay when they add at least this part to the throughput: what a round's noise would hide is not worth
#: another process.
PAYS = 1.05
#: The model is believed while the measurement reaches this part of it; below, something that the solo run could not
#: show (a server's limit, a lock, convoys) bends the curve, and the top may lie at fewer workers.
AS_EXPECTED = 0.85
#: Workers that each do this part of what one does alone are not yet in each other's way, whatever the model says: at
#: its knee they would be.
LINEAR = 0.8
#: Neighbours this close are not refined: between them the curve moves less than its noise.
CLOSE = 2.0


def next_count(
    measured: Mapping[int, float],
    expected: Callable[[int], float],
    *,
    low: int,
    high: int,
    step: int,
    alone: float = 0.0,
    believed: bool = True,
) -> int | None:
    """The worker count to measure next, between ``low`` and ``high``; None when the top is found.

    :param measured: throughput by worker count
    :param expected: the model's throughput at a worker count
    :param step: how many times as many workers a step up takes
    :param alone: throughput of one worker; 0 when unknown
    :param believed: whether the model's word that more workers gain nothing is taken

    Throughput against workers has one top, so it is climbed: ``step`` times as many while that pays, or while the
    model expects that it will; then the geometric middle on either side of the best, while its neighbours are further
    than `CLOSE` away. Fewer workers than the best are not looked at while the model explains what it reached.
    """
    best = max(measured, key=lambda count: (measured[count], -count))
    if best == max(measured) and best < high:
        above = min(best * step, high)
        linear = alone > 0 and measured[best] >= LINEAR * best * alone
        if _paid(measured, best) and (linear or not believed or expected(above) >= PAYS * expected(best)):
            return above
    as_expected = measured[best] >= AS_EXPECTED * expected(best)
    return _between(measured, best, best if as_expected else low)


def _paid(measured: Mapping[int, float], best: int) -> bool:
    """Whether the step that led to the best was worth it; the first one has nothing to show against it."""
    below = [count for count in measured if count < best]
    return not below or measured[best] >= PAYS * measured[max(below)]


def _between(measured: Mapping[int, float], best: int, low: int) -> int | None:
    below = max((count for count in measured if count < best), default=None)
    above = min((count for count in measured if count > best), default=None)
    gaps = [(low, best)] if below is None and low < best else []
    gaps += [(below, best)] if below is not None and low < best and best > CLOSE * below else []
    gaps += [(best, above)] if above is not None and above > CLOSE * best else []
    if not gaps:
        return None
    under, over = max(gaps, key=lambda gap: gap[1] / gap[0])
    middle = 1 << round(math.log2(math.sqrt(under * over)))
    return next((count for count in (max(middle, low), under) if count not in measured), None)
