"""Functions that keep what they did for an input: its first call in a process is dear, the same again is cheap.

Imports and connections are dear once; here inputs that come later are as dear at first. In the program that asks,
inputs may come once each, so that first calls are what is judged, as far as there are inputs for them.
"""

from __future__ import annotations

from collections.abc import Sequence

from gilscope.records import Repeats

__all__ = ["DEARER", "MOST_PROBED", "may_be_cached", "repeats", "unseen_calls"]

#: A first call that takes so many times as long as the same again did something that the other had not to do.
DEARER = 3.0
#: Inputs beside the first that are called twice to see that, and the fewest that show it.
MOST_PROBED, FEWEST_PROBED = 3, 2
#: Rounds that the inputs of a trial are to last for.
ROUNDS = 4


def may_be_cached(looks_s: Sequence[float], inputs: int) -> bool:
    """Whether it is worth looking, by the seconds of the first call and of the same again, in order."""
    return inputs > FEWEST_PROBED and len(looks_s) > 1 and looks_s[0] >= DEARER * looks_s[-1]


def repeats(probes_s: Sequence[tuple[float, float]]) -> Repeats | None:
    """What calls with inputs that were seen before save; None where they do not save most of it for each of the inputs.

    :param probes_s: seconds of the first call of an input and of the same again, of inputs beside the process's first
    """
    if len(probes_s) < FEWEST_PROBED or any(first_s < DEARER * again_s for first_s, again_s in probes_s):
        return None
    first_s, again_s = (sum(each) / len(probes_s) for each in zip(*probes_s, strict=True))
    return Repeats(inputs=len(probes_s), first_s=first_s, again_s=again_s)


def unseen_calls(unseen: int, rounds: int, workers: int, *, watched_first: bool = False) -> int:
    """Calls of the next round of a trial that has so many inputs left which it has not seen, after so many rounds: a
    part of them, so that they last, but one for each worker. 0 when there are none left.

    :param watched_first: whether the first round is to tell what a call demands: half of the inputs are for that
    """
    part = 2 if watched_first and not rounds else max(1, ROUNDS - rounds)
    return min(unseen, max(workers, unseen // part))
