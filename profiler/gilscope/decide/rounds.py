"""How long a round takes: with how many calls, and how many of them handed over at once."""

from __future__ import annotations

import math

from gilscope.decide.model import SHORTEST_CALL_S

__all__ = ["MIN_ROUND_S", "calls_per_round", "chunksize", "round_s", "solo_chunksize"]

#: A chunk is long enough when its dispatch adds at most this part to its work.
DISPATCH_SHARE = 0.02
#: A chunk this long has divided the dispatch by so much that pickling its items costs more.
MAX_CHUNKSIZE = 1000
#: What a chunk of the solo loop lasts.
SOLO_CHUNK_S = 0.001
#: Chunks for each worker, so that the last one to finish leaves the others idle for a quarter of the round at
#: most.
CHUNKS_PER_WORKER = 4
#: Waves of a round (calls for each worker) where time allows, and the fewest that have a part in which every worker is
#: handed new calls.
WAVES, FEWEST_WAVES = 3, 2
#: "Where time allows": those waves may stretch a round to this many times its length.
STRETCH = 2.0
#: What a clean round should last: many times the scheduler's and the clock's grain of some milliseconds.
TARGET_ROUND_S = 0.1
#: Shorter rounds measure the scheduler.
MIN_ROUND_S = 0.05
#: Rounds that a budget should have room for, for each configuration.
ROUNDS = 6


def chunksize(call_s: float, calls: int | None, workers: int, dispatch_s: float) -> int:
    """Calls to hand over at once: enough to make dispatch cheap, few enough to keep every worker busy to the
    end."""
    if call_s < SHORTEST_CALL_S:
        return 1
    cheap = math.ceil(min(dispatch_s / (DISPATCH_SHARE * call_s), MAX_CHUNKSIZE))
    balanced = cheap if calls is None else calls // (CHUNKS_PER_WORKER * workers)
    return max(1, min(cheap, balanced))


def calls_per_round(
    call_s: float,
    round_s: float,
    *,
    speedup: float,
    workers: int,
    input_count: int,
    chunksize: int = 1,
    max_calls: int | None = None,
) -> int:
    """Calls that fill a round: whole waves, in each of which every worker is handed a chunk; `WAVES` where that does
    not `STRETCH` the round too far, one at least.

    Whole passes over the inputs where a round holds one, so that every round does the same work; never more
    than ``max_calls``. ``speedup`` is the one expected of the configuration.
    """
    wave, most = workers * chunksize, max_calls if max_calls is not None else 10**9
    filling = min(round_s * speedup / call_s if call_s > 0 else math.inf, most) / wave
    waves = max(1, round(filling), min(WAVES, math.floor(STRETCH * filling)))
    if waves * wave > most:
        return _fewer(wave, workers, most)
    passes = min(round(waves * wave / max(input_count, 1)), most // max(input_count, 1))
    return passes * input_count if passes * input_count >= FEWEST_WAVES * wave else waves * wave


def _fewer(wave: int, workers: int, most: int) -> int:
    """The calls that are left, in whole waves as far as there are any: of chunks, else of single calls."""
    whole = wave if most >= wave else workers if most >= workers else 1
    return max(1, most // whole * whole)


def round_s(budget_s: float, configurations: int) -> float:
    """What a round should last: `TARGET_ROUND_S`, less where the budget has no room for `ROUNDS` of each
    configuration."""
    affordable = max(budget_s, 0.0) / (ROUNDS * max(configurations, 1))
    return max(min(TARGET_ROUND_S, affordable), MIN_ROUND_S)


def solo_chunksize(call_s: float | None) -> int:
    """Calls in one chunk of the solo loop: about a millisecond of them."""
    return max(1, min(10_000, int(SOLO_CHUNK_S / call_s))) if call_s else 1
