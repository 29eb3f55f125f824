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
#: What a step that had bad luck may have reached, as a part of the best: less is a fall.
BAD_LUCK = 0.6
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

    Throughput against workers has one top, so it is climbed: ``step`` times as many while that pays, and past one step
    that does not, for it may have had bad luck, or the curve a dent; as long as there is reason to think that more may
    come: each worker still does what it does alone, the model expects it, or the model does not explain what was
    reached. Then the geometric middle on either side of the best is tried, while its neighbours are further than
    `CLOSE` away. Fewer workers than the best are not looked at while the model explains what it reached.
    """
    best, top = max(measured, key=lambda count: (measured[count], -count)), max(measured)
    ratio = measured[best] / expected(best)
    hopeful = (
        not believed
        or (alone > 0 and measured[best] >= LINEAR * best * alone)
        or expected(min(top * step, high)) >= PAYS * expected(best)
        or not AS_EXPECTED <= ratio <= 1 / AS_EXPECTED
    )
    if top < high and hopeful and _may_have_been_bad_luck(measured):
        return min(top * step, high)
    return _between(measured, best, best if ratio >= AS_EXPECTED else low)


def _may_have_been_bad_luck(measured: Mapping[int, float]) -> bool:
    """Whether the last step up paid, or was the first that did not and fell by no more than luck can do; the first
    count of all has nothing to show against it."""
    best, missed = 0.0, 0
    for count in sorted(measured):
        missed = 0 if measured[count] >= PAYS * best else missed + 1
        best = max(best, measured[count])
    return missed == 0 or (missed == 1 and measured[max(measured)] >= BAD_LUCK * best)


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
