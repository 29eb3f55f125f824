"""The steady part of a round: from when every worker has begun until the queue first runs dry.

Before it workers are still to start, after it they end one by one: 368 calls on 256 workers take as long as two waves,
though they are 1.44. Only between the two does a round show what a configuration can do.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import accumulate, pairwise

from gilscope.backends.base import ChunkReport

__all__ = ["LEAST_PART", "steady_s"]

#: The steady part lasts at least this part of a chunk, else next to no worker has been handed a second one, and what
#: handing over costs is not in it.
LEAST_PART = 0.25
#: Beside chunks that last so long, handing over costs nothing; then a moment at which all are in flight is steady part
#: enough.
LONG_CHUNK_S = 0.05


def steady_s(reports: Sequence[ChunkReport], workers: int, alone_s: float | None = None) -> float | None:
    """Seconds that the calls of a round would have taken at the pace of its steady part; None where it has none, or
    where its chunks ran by another clock.

    The steady part counts as it is, with what workers wait between their chunks. What is done before and after counts
    by the chunks in flight, as a part of those that it takes for the full pace. Where calls take as long as alone,
    these are as many as in the steady part (Little's law: throughput is the calls in flight over the mean seconds
    of a call); where they take three times as long, because they share something, a third of them have the same pace.
    Every call counts whole: to leave out those that lie across an end would miss long ones.

    :param reports: of one round, in any order
    :param workers: chunks that are run at a time
    :param alone_s: seconds of such a call alone; None is taken as what it took here
    """
    made = [report for report in reports if report.calls]
    if len(made) < workers or not all(report.one_clock for report in made):
        return None
    started = sorted(report.started_ns for report in made)
    begin, dry = started[workers - 1], started[-1]
    busy_ns = sum(report.ended_ns - report.started_ns for report in made)
    flying = _flying(made, begin, dry, mean_ns=busy_ns / len(made))
    if flying is None:
        return None
    stretched = busy_ns / 1e9 / sum(report.calls for report in made) / alone_s if alone_s else 1.0
    needed = flying / max(1.0, stretched)
    outside_ns = sum(
        (until - since) * min(1.0, count / needed)
        for since, until, count in _in_flight(made)
        if until <= begin or since >= dry
    )
    return (dry - begin + outside_ns) / 1e9


def _flying(made: Sequence[ChunkReport], begin: int, dry: int, mean_ns: float) -> float | None:
    """Chunks in flight in the steady part, in the mean; None where that is too short to tell."""
    if dry - begin >= LEAST_PART * mean_ns:
        within_ns = sum(max(0, min(report.ended_ns, dry) - max(report.started_ns, begin)) for report in made)
        return within_ns / (dry - begin) or None
    at_once = sum(report.started_ns <= begin < report.ended_ns for report in made)
    begun = sum(report.started_ns <= begin for report in made)
    return float(at_once) if at_once == begun and mean_ns >= LONG_CHUNK_S * 1e9 else None


def _in_flight(reports: Sequence[ChunkReport]) -> Iterator[tuple[int, int, int]]:
    """From when until when how many chunks were in flight, in order."""
    moments = sorted([(each.started_ns, 1) for each in reports] + [(each.ended_ns, -1) for each in reports])
    counts = accumulate(change for _, change in moments)
    return ((since, until, flying) for ((since, _), (until, _)), flying in zip(pairwise(moments), counts, strict=False))
