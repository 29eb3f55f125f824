"""Who waited for the GIL while who held it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence, Set
from dataclasses import dataclass, field
from typing import Final

from gilscope.programs.moments import GilLook, ProcessMoment, PythonFunction, ThreadLook
from gilscope.programs.places import telling
from gilscope.programs.tally import Seconds, Whose

__all__ = ["MOST_PAIRS", "GilWaits", "Pair", "PairTimes"]

#: Of which more is not told apart.
MOST_PAIRS: Final = 10_000
#: Threads of which is remembered in which function they last held the GIL.
MOST_HOLDERS: Final = 10_000

#: The waiting and the holding function; None where that is unknown, or nobody held it.
Pair = tuple[PythonFunction | None, PythonFunction | None]


@dataclass(slots=True)
class PairTimes:
    """What was seen of one pair."""

    sampled_s: float = 0.0
    samples: int = 0
    threads: Whose = field(default_factory=Whose)
    """That waited."""


class GilWaits:
    """The blame table's view of the moments of one process.

    Looks during which the GIL changed hands are left out: whose stack was read may not be who held it when others were
    seen to wait. That is so the more often the shorter holds are. Which thread had it when the look began is known all
    the same: what was waited then is made good by the looks at which that thread had it, in the function in which it
    did the last time.
    """

    def __init__(self) -> None:
        self.pairs: dict[Pair, PairTimes] = {}
        self.dropped = 0
        """Looks at GILs that were left out though somebody waited."""
        self._left_out_s: Seconds[PythonFunction] = defaultdict(float)
        """Sampled waits at those, by the holding function."""
        self._held_in: dict[int, PythonFunction] = {}
        """In which function each thread last held the GIL while others waited."""

    def see(self, moment: ProcessMoment) -> None:
        for number, gil in enumerate(moment.gils):
            waiting = [look for look in moment.threads if look.gil == number and look.wait == "gil_wait"]
            if waiting and (gil.moved or gil.held is None):
                self.dropped += 1
                self._leave_out(gil, moment.threads, waiting, moment.span_s)
            elif waiting:
                self._blame(gil, waiting, moment.span_s)

    def _leave_out(
        self, gil: GilLook, looks: Sequence[ThreadLook], waiting: Sequence[ThreadLook], span_s: float
    ) -> None:
        """Of who waited when it was looked at: one that has it by then had waited for it, one that had it had not."""
        holder = None if gil.holder is None else gil.holder.tid
        holding = None if holder is None else self._held_in.get(holder)
        if holding is not None:
            waited = {look.tid for look in waiting} | {gil.next_holder}
            weights = (look.weight for look in looks if look.tid in waited and look.tid != holder)
            self._left_out_s[holding] += span_s * sum(weights)

    def _blame(self, gil: GilLook, waiting: list[ThreadLook], span_s: float) -> None:
        holding = telling(gil.holder_stack) if gil.held else None
        for look in waiting:
            times = self._times((telling(look.stack), holding))
            times.sampled_s += span_s * look.weight
            times.samples += 1
            times.threads.add(look.tid)
        if holding is not None and gil.holder is not None:
            if len(self._held_in) >= MOST_HOLDERS:
                self._held_in.clear()
            self._held_in[gil.holder.tid] = holding

    def _times(self, pair: Pair) -> PairTimes:
        key = pair if pair in self.pairs or len(self.pairs) < MOST_PAIRS else (None, None)
        return self.pairs.setdefault(key, PairTimes())

    def forget(self, ended: Set[int]) -> None:
        """These threads have ended."""
        for times in self.pairs.values():
            times.threads.forget(ended)
        for tid in self._held_in.keys() & ended:
            del self._held_in[tid]

    def sampled_s(self) -> dict[Pair, float]:
        """Thread-seconds of each pair, what was left out made good."""
        clear_s: Seconds[PythonFunction | None] = defaultdict(float)
        for (_, holding), times in self.pairs.items():
            clear_s[holding] += times.sampled_s
        left_out_s = self._left_out_s
        return {
            pair: times.sampled_s
            * (1 + left_out_s.get(pair[1], 0.0) / clear_s[pair[1]] if pair[1] is not None else 1.0)
            for pair, times in self.pairs.items()
        }

    def made_wait_s(self) -> Seconds[PythonFunction]:
        """The same, by the holding function."""
        found: Seconds[PythonFunction] = defaultdict(float)
        for (_, holding), seconds in self.sampled_s().items():
            if holding is not None:
                found[holding] += seconds
        return found
