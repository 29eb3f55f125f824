"""Which calls are kept: a random sample of bounded size, divided among kinds of calls.

Reservoir sampling (Vitter 1985, Random sampling with a reservoir, algorithm R) within each stratum of calls, and strata
that share the places equally as long as each has more calls than its share (the "senate" of Acharya, Gibbons and
Poosala 2000, Congressional samples for approximate answering of group-by queries): a rare kind of call is kept however
many others there are, and what is kept of each kind is a uniform sample of all its calls, first or last.

A new stratum takes its places from the largest: a random subset of a uniform sample is uniform again. One that has lost
places, or calls that were not kept, gets no more, for its earlier calls cannot be asked any more. How often each kind
was called is counted, so that whoever draws from what was kept can draw as often as it was called (`proportional`).
"""

from __future__ import annotations

TYPE_CHECKING = False  # type checkers take it for True; importing typing would take longer than all the rest
if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Mapping

__all__ = ["MOST_STRATA", "OTHERS", "Reservoir", "proportional"]

#: Kinds of calls that are told apart; further ones are one kind together.
MOST_STRATA = 32
OTHERS = ("others",)


class Stratum:
    """One kind of calls."""

    __slots__ = ("calls", "number", "slots")

    def __init__(self, number: int) -> None:
        self.number = number
        self.calls = 0
        self.slots: list[int] = []
        """The places that hold calls of it."""


class Reservoir:
    """The places for calls that are kept, without the calls themselves."""

    def __init__(self, most: int, random: Callable[[], float]) -> None:
        """
        :param random: gives numbers from 0 to below 1
        """
        self._most = most
        self._random = random
        self._holders: list[Stratum] = []
        """By place, whose call is in it."""
        self._strata: dict[Hashable, Stratum] = {}

    def stratum(self, kind: Hashable) -> Stratum:
        """The stratum of a kind of calls."""
        if kind not in self._strata and len(self._strata) >= MOST_STRATA - 1:
            kind = OTHERS
        found = self._strata.get(kind)
        if found is None:
            found = self._strata[kind] = Stratum(len(self._strata))
        return found

    def choose(self, stratum: Stratum) -> int | None:
        """Count a call, and say which place it is to have; None where it is not to be kept."""
        stratum.calls += 1
        if len(self._holders) < self._most:
            return len(self._holders)
        kept = len(stratum.slots)
        if kept == stratum.calls - 1 and kept < self._most // len(self._strata):
            largest = max(self._strata.values(), key=lambda each: len(each.slots))
            return self._any(largest.slots)
        place = int(self._random() * stratum.calls)
        return stratum.slots[place] if place < kept else None

    def put(self, stratum: Stratum, slot: int) -> None:
        """A call of the stratum was put in that place, which `choose` gave."""
        if slot == len(self._holders):
            self._holders.append(stratum)
        elif self._holders[slot] is stratum:
            return
        else:
            self._holders[slot].slots.remove(slot)
            self._holders[slot] = stratum
        stratum.slots.append(slot)

    def _any(self, slots: list[int]) -> int:
        return slots[int(self._random() * len(slots))]


def proportional(calls: Mapping[int, int], kept: Mapping[int, int]) -> dict[int, int]:
    """How many to draw of each stratum, at least one of each: as many as can be had so that each has the share of its
    calls.

    :param calls: of each stratum
    :param kept: of each stratum, one at least
    """
    whole = sum(calls[number] for number in kept)
    most = min(kept[number] * whole / calls[number] for number in kept)
    return {number: min(kept[number], max(1, round(most * calls[number] / whole))) for number in kept}
