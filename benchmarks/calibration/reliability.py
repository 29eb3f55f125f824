"""How often verdicts hold, by what they said: the table and its picture."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import fmean

from benchmarks.calibration.simulate import Said
from gilscope.decide.stats import NORMAL_QUANTILE

__all__ = ["Bin", "bins", "picture", "table"]

#: The verdicts from one of these confidences to the next are counted together.
EDGES = (0.0, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 1.0)
#: Fewer verdicts than this say nothing.
FEWEST = 5


@dataclass(frozen=True)
class Bin:
    """The verdicts said with about the same confidence."""

    low: float
    high: float
    verdicts: int
    said: float
    """Their mean confidence."""
    held: float
    """The part of them that is within the floor of the best."""

    @property
    def interval(self) -> tuple[float, float]:
        """Of the part that holds, 90 % (Wilson 1927)."""
        z, n = NORMAL_QUANTILE**2, self.verdicts
        centre = (self.held + z / (2 * n)) / (1 + z / n)
        half = math.sqrt(z * (self.held * (1 - self.held) / n + z / (4 * n * n))) / (1 + z / n)
        return max(centre - half, 0.0), min(centre + half, 1.0)


def bins(said: Sequence[Said]) -> list[Bin]:
    """Those that hold enough verdicts, the least sure first."""
    found = []
    for low, high in pairwise(EDGES):
        within = [each for each in said if low <= each.confidence and (each.confidence < high or high == EDGES[-1])]
        if len(within) >= FEWEST:
            confidence, held = fmean(each.confidence for each in within), fmean(each.holds for each in within)
            found.append(Bin(low, high, len(within), confidence, held))
    return found


def table(found: Sequence[Bin]) -> str:
    """In Markdown."""
    lines = ["| said | verdicts | mean | held (90 % interval) |", "| --- | --- | --- | --- |"]
    for each in found:
        low, high = each.interval
        lines.append(
            f"| {each.low:.0%} to {each.high:.0%} | {each.verdicts} | {each.said:.0%} "
            f"| {each.held:.0%} ({low:.0%} to {high:.0%}) |"
        )
    return "\n".join(lines)


_SIZE, _MARGIN = 420, 50


def picture(found: Sequence[Bin], title: str) -> str:
    """What held against what was said, as SVG: on the diagonal, verdicts hold as often as they say."""
    ticks = "".join(
        f'<path d="M{_x(at)} {_y(0)}V{_y(1)}M{_x(0)} {_y(at)}H{_x(1)}" stroke="#ddd"/>'
        f'<text x="{_x(at)}" y="{_y(0) + 18}" text-anchor="middle">{at:.0%}</text>'
        f'<text x="{_x(0) - 6}" y="{_y(at) + 4}" text-anchor="end">{at:.0%}</text>'
        for at in (0, 0.2, 0.4, 0.6, 0.8, 1.0)
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_SIZE} {_SIZE}" width="{_SIZE}" role="img" '
        f'font-family="sans-serif" font-size="12"><title>{title}</title><rect width="100%" height="100%" fill="white"/>'
        f'{ticks}<path d="M{_x(0)} {_y(0)}L{_x(1)} {_y(1)}" stroke="#888" stroke-dasharray="4"/>'
        f"{''.join(map(_mark, found))}"
        f'<text x="{_SIZE / 2}" y="{_SIZE - 10}" text-anchor="middle">confidence of the verdict</text>'
        f'<text transform="translate(12 {_SIZE / 2}) rotate(-90)" text-anchor="middle">within the floor of the best'
        f'</text><text x="{_SIZE / 2}" y="18" text-anchor="middle">{title}</text></svg>\n'
    )


def _mark(each: Bin) -> str:
    low, high = each.interval
    return (
        f'<path d="M{_x(each.said)} {_y(low)}V{_y(high)}" stroke="#0969da" stroke-width="2"/>'
        f'<circle cx="{_x(each.said)}" cy="{_y(each.held)}" r="4" fill="#0969da">'
        f"<title>said {each.said:.0%}, held {each.held:.0%} of {each.verdicts}</title></circle>"
    )


def _x(share: float) -> float:
    return round(_MARGIN + share * (_SIZE - _MARGIN - 20), 1)


def _y(share: float) -> float:
    return round(_SIZE - _MARGIN - share * (_SIZE - _MARGIN - 30), 1)
