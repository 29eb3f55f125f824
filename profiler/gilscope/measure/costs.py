"""What calls cost alone: the measure of the rounds that they are made in."""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["mean_alone_s", "work_s"]


def work_s(first: int, calls: int, inputs: int, costs: Mapping[int, float]) -> float | None:
    """Solo seconds of so many calls, which take the inputs from number ``first`` on and go round the first ``inputs``;
    None where one of them was never run alone.

    :param costs: solo seconds of each input, by number
    """
    passes, rest = divmod(calls, inputs)
    last = [(first + number) % inputs for number in range(rest)]
    if any(number not in costs for number in (range(inputs) if passes else last)):
        return None
    every = sum(costs[number] for number in range(inputs)) if passes else 0.0
    return passes * every + sum(costs[number] for number in last)


def mean_alone_s(first: int, calls: int, inputs: int, costs: Mapping[int, float]) -> float | None:
    """The mean of these calls alone; None where that is not known of each."""
    seconds = work_s(first, calls, inputs, costs)
    return seconds / calls if seconds and calls else None
