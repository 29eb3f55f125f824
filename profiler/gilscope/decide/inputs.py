"""Which of the inputs given are used: all of them where one pass alone fits into its part of the budget."""

from __future__ import annotations

from gilscope.decide.model import SHORTEST_CALL_S
from gilscope.units import counted, rough_duration

__all__ = ["PASS_SHARE", "inputs_to_use", "why_fewer"]

#: The part of the budget that one pass alone over the inputs may take.
PASS_SHARE = 0.25
#: The part of the calls allowed that it may take: the others have a pass to make as well, and more than one.
CALLS_SHARE = 0.25


def inputs_to_use(given: int, call_s: float | None, budget_s: float, calls_left: int) -> int:
    """How many of the inputs given are used, one at least.

    :param call_s: mean seconds of a call alone; None where no call ended
    """
    if call_s is None:
        return 1
    in_time = PASS_SHARE * budget_s / max(call_s, SHORTEST_CALL_S)
    return max(1, min(given, int(in_time), int(CALLS_SHARE * calls_left)))


def why_fewer(given: int, used: int, call_s: float | None, budget_s: float, max_calls: int | None) -> str | None:
    """Why not all of the inputs given were used; None where they were."""
    if used >= given:
        return None
    if call_s is None:
        return "no call ended in time"
    if max_calls is not None and CALLS_SHARE * max_calls < given:
        return f"one call of each is more than a quarter of the {counted(max_calls, 'call')} allowed"
    pass_s = given * call_s
    if pass_s <= PASS_SHARE * budget_s:
        return "later ones took longer than the first, and the time for one pass over all was over"
    budget = rough_duration(budget_s)
    return f"one pass over all takes {rough_duration(pass_s)} alone, more than a quarter of the budget of {budget}"
