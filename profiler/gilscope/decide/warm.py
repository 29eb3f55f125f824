"""When workers are warm: their calls have stopped getting cheaper.

First calls import, connect, compile and fill caches. What they take beside the work is a cost of its own, told apart
from the work's; nothing is planned or judged by it.
"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median_high

from gilscope.records import ColdCost

__all__ = ["CHEAPER", "MOST_LOOKS", "cold_excess_s", "cold_rounds", "is_notable", "is_warm"]

#: Calls that take less than this part of those before are notably cheaper: equal ones seldom differ so much on a busy
#: machine, and imports, connections and compilers take many times the work.
CHEAPER = 0.7
#: Looks at a worker's first calls after which it is taken as it is: what still gets cheaper then takes longer to become
#: warm than there is time for.
MOST_LOOKS = 6
#: What a person notices, about.
NOTABLE_S = 0.1


def is_warm(call_s: Sequence[float]) -> bool:
    """Whether calls have stopped getting cheaper, by the seconds of a call in each look so far, in order; one look has
    nothing to show against it."""
    if len(call_s) >= MOST_LOOKS:
        return True
    return len(call_s) >= 2 and call_s[-1] >= CHEAPER * call_s[-2]


def is_notable(cold: ColdCost) -> bool:
    """Whether first calls take so much beside the work that it is worth a word: someone who waits would notice, and it
    is more than the work."""
    return cold.cost_s is not None and cold.cost_s >= max(NOTABLE_S, cold.warm_s or 0.0)


def cold_excess_s(call_s: Sequence[float]) -> float:
    """Seconds that looks at equal calls took beyond as many warm ones, the last being that; 0.0 where none was cold."""
    return sum(seconds - call_s[-1] for seconds in call_s[: cold_rounds(call_s)])


def cold_rounds(call_s: Sequence[float]) -> int:
    """How many of a trial's first rounds were not warm yet, by the seconds of a call in each, in order: those that the
    rounds behind them, by their median, were notably cheaper than. The last has nothing behind it to show that."""
    number = 0
    while number < len(call_s) - 1 and median_high(call_s[number + 1 :]) < CHEAPER * call_s[number]:
        number += 1
    return number
