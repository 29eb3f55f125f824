"""Inputs whose calls differ in kind: so costly beside others, or computing where others wait, that one verdict for all
of them is an average of two."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import fmean, median
from typing import NamedTuple

from gilscope.decide.classify import COMPUTE_SHARE, IO_SHARE
from gilscope.quantiles import quantile
from gilscope.records import InputGroup, Label
from gilscope.units import rough_duration

__all__ = ["Run", "groups"]

#: Calls differ in kind from this ratio of their costs on.
SPREAD = 10.0
#: More groups say less.
MOST_GROUPS = 4
#: Between groups there is a gap, as a ratio of costs; where there is none they are cut where they are widest.
GAP = 2.0
#: One call this long is evidence of its cost by itself; a shorter one may have been interrupted, and is believed when
#: it took as long again.
CERTAIN_S = 0.1
#: From so many inputs on, their spread without this part at either end is evidence too: single interruptions lie there.
MANY, FEW = 40, 0.05


class Run(NamedTuple):
    """A call of an input, alone."""

    wall_s: float
    cpu_s: float | None = None


@dataclass(frozen=True)
class _Input:
    """An input and the least that a call of it took, with the greatest share of CPU: noise only adds, and what it adds
    is no computing."""

    number: int
    wall_s: float
    cpu_share: float | None
    certain: bool

    @property
    def label(self) -> Label | None:
        if self.cpu_share is None:
            return None
        if self.cpu_share >= COMPUTE_SHARE:
            return "compute-bound"
        return "io-bound" if self.cpu_share <= IO_SHARE else "mixed"


def groups(runs: Mapping[int, Sequence[Run]], wait_share: float | None = None) -> tuple[InputGroup, ...]:
    """The inputs in groups of like calls, the shortest calls first; empty when all calls are alike.

    They are not when the costs spread over more than `SPREAD`, or when some inputs compute while others wait.

    :param runs: solo calls of each input, by its number
    :param wait_share: waiting ÷ (computing + waiting) over all of them, by the ledger: what else kept them off the CPU
        was the run queue, which is no doing of theirs. None where that is unknown
    """
    waited = _waited(runs, wait_share)
    inputs = [_input(number, made, waited) for number, made in runs.items() if made]
    parts = _by_kind(inputs)
    while len(parts) < MOST_GROUPS:
        cuts = [(cut, part) for part in parts if _spread(part) > SPREAD and (cut := _widest(part)) is not None]
        if not cuts:
            break
        cut, part = max(cuts, key=lambda found: found[0].gap)
        parts = [*(other for other in parts if other is not part), cut.below, cut.above]
    if len(parts) < 2:
        return ()
    return tuple(sorted((_group(part, runs) for part in parts), key=lambda group: group.call_s))


def _waited(runs: Mapping[int, Sequence[Run]], wait_share: float | None) -> float:
    """The part of the time off the CPU that was waiting."""
    known = [(run.wall_s, run.cpu_s) for made in runs.values() for run in made if run.cpu_s is not None]
    cpu_s = sum(cpu for _, cpu in known)
    off_s = sum(max(wall - cpu, 0.0) for wall, cpu in known)
    if wait_share is None or off_s <= 0 or wait_share >= 1:
        return 1.0
    return min(cpu_s * wait_share / (1 - wait_share) / off_s, 1.0)


def _input(number: int, made: Sequence[Run], waited: float) -> _Input:
    wall_s = max(min(run.wall_s for run in made), 1e-9)
    shares = [_cpu_share(run.wall_s, run.cpu_s, waited) for run in made if run.cpu_s is not None]
    return _Input(number, wall_s, max(shares, default=None), len(made) > 1 or wall_s >= CERTAIN_S)


def _cpu_share(wall_s: float, cpu_s: float, waited: float) -> float:
    used_s = cpu_s + max(wall_s - cpu_s, 0.0) * waited
    return cpu_s / used_s if used_s > 0 else 1.0


def _by_kind(inputs: Sequence[_Input]) -> list[list[_Input]]:
    """One part, or where some certainly compute and others certainly wait, a part for each kind."""
    certain = {one.label for one in inputs if one.certain}
    if not inputs or not {"compute-bound", "io-bound"} <= certain:
        return [list(inputs)] if inputs else []
    parts = [[one for one in inputs if one.label == label] for label in ("compute-bound", "mixed", "io-bound", None)]
    return [part for part in parts if part]


def _spread(part: Sequence[_Input]) -> float:
    """The ratio of the greatest cost to the least, by the evidence there is."""
    certain = [one.wall_s for one in part if one.certain]
    by_extremes = max(certain) / min(certain) if certain else 1.0
    if len(part) < MANY:
        return by_extremes
    low, high = (quantile([one.wall_s for one in part], fraction) or 1.0 for fraction in (FEW, 1 - FEW))
    return max(by_extremes, high / low)


@dataclass(frozen=True)
class _Cut:
    gap: float
    below: list[_Input]
    above: list[_Input]


def _widest(part: Sequence[_Input]) -> _Cut | None:
    """The cut at the widest gap that leaves certain inputs, or many, on either side; through the middle of the
    spread where no gap is wide."""
    ordered = sorted(part, key=lambda one: one.wall_s)
    many = FEW * len(part) if len(part) >= MANY else len(part)
    cuts = [
        _Cut(above.wall_s / below.wall_s, ordered[:at], ordered[at:])
        for at, (below, above) in enumerate(pairwise(ordered), start=1)
        if _is_real(ordered[:at], many) and _is_real(ordered[at:], many)
    ]
    if not cuts:
        return None
    widest = max(cuts, key=lambda cut: cut.gap)
    middle = math.sqrt(ordered[0].wall_s * ordered[-1].wall_s)
    return widest if widest.gap >= GAP else min(cuts, key=lambda cut: abs(math.log(cut.above[0].wall_s / middle)))


def _is_real(side: Sequence[_Input], many: float) -> bool:
    return any(one.certain for one in side) or len(side) > many


def _group(part: Sequence[_Input], runs: Mapping[int, Sequence[Run]]) -> InputGroup:
    cost_s = fmean(median(run.wall_s for run in runs[one.number]) for one in part)
    ordered = sorted(part, key=lambda one: one.wall_s)
    typical = ordered[len(ordered) // 2]
    shares = [one.cpu_share for one in part if one.cpu_share is not None]
    share = fmean(shares) if shares else None
    label = _Input(0, cost_s, share, certain=True).label
    doing = {"compute-bound": ", mostly computing", "io-bound": ", mostly waiting", "mixed": ", computing and waiting"}
    return InputGroup(
        name=f"calls of about {rough_duration(cost_s)}{doing.get(label or '', '')}",
        inputs=len(part),
        example=typical.number,
        call_s=cost_s,
        cpu_share=share,
        label=label,
    )
