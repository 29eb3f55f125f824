"""Who waited for the GIL while who held it."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Final

from gilscope.programs.moments import GilLook, ProcessMoment, PythonFunction, ThreadLook
from gilscope.programs.places import telling
from gilscope.programs.tally import Seconds

__all__ = ["MOST_PAIRS", "GilWaits", "Pair", "PairTimes"]

#: Of which more is not told apart.
MOST_PAIRS: Final = 10_000

#: The waiting and the holding function; None where that is unknown, or nobody held it.
Pair = tuple[PythonFunction | None, PythonFunction | None]


@dataclass(slots=True)
class PairTimes:
    """What was seen of one pair."""

    sampled_s: float = 0.0
    samples: int = 0
    threads: set[int] = field(default_factory=set)
    """That waited."""


class GilWaits:
    """The blame table's view of the moments of one process. Moments at which the GIL changed hands while it was looked
    at are left out: who holds it now is not who held it when others were seen to wait."""

    def __init__(self) -> None:
        self.pairs: dict[Pair, PairTimes] = {}
        self.dropped = 0
        """Looks at GILs that were left out though somebody waited."""
        self.made_wait_s: Seconds[PythonFunction] = defaultdict(float)
        """Sampled, by the holding function."""

    def see(self, moment: ProcessMoment) -> None:
        for number, gil in enumerate(moment.gils):
            waiting = [look for look in moment.threads if look.gil == number and look.wait == "gil_wait"]
            if waiting and (gil.moved or gil.held is None):
                self.dropped += 1
            elif waiting:
                self._blame(gil, waiting, moment.span_s)

    def _blame(self, gil: GilLook, waiting: list[ThreadLook], span_s: float) -> None:
        holding = telling(gil.holder_stack) if gil.held else None
        for look in waiting:
            seconds = span_s * look.weight
            times = self._times((telling(look.stack), holding))
            times.sampled_s += seconds
            times.samples += 1
            times.threads.add(look.tid)
            if holding is not None:
                self.made_wait_s[holding] += seconds

    def _times(self, pair: Pair) -> PairTimes:
        key = pair if pair in self.pairs or len(self.pairs) < MOST_PAIRS else (None, None)
        return self.pairs.setdefault(key, PairTimes())

    @property
    def sampled_s(self) -> float:
        """Of all pairs."""
        return sum(times.sampled_s for times in self.pairs.values())
