"""Which calls are measured: one at a random place in every block of calls.

The call is chosen before it is made, whatever becomes of it, so a measured call of a block of ``n`` stands for ``n``
calls without bias; and because there is one in every block, rather than gaps of random length, the estimate follows
what changes over time (stratified sampling: Cochran 1977, Sampling Techniques, §5).
"""

from __future__ import annotations

from _random import Random  # random itself takes longer to import than all the rest, for distributions not needed here
from itertools import repeat
from operator import length_hint, setitem
from time import sleep

from gilscope.production.forks import after_fork

TYPE_CHECKING = False  # type checkers take it for True; importing typing would take longer than all the rest
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import TypeAlias

    #: Calls let pass before, items given, the items, and the row before where another thread may still take from it.
    _Row: TypeAlias = "tuple[int, int, Iterator[object], tuple[int, Iterator[object]] | None]"

__all__ = ["CallSampler", "Places"]

#: How often another thread is let go first.
PATIENCE = 1000

_random = Random()
_store: Callable[[memoryview, int, int], None] = setitem  # type: ignore[assignment]


@after_fork
def _reseed() -> None:
    """A child must not choose the very calls that its parent does."""
    _random.seed()


class Places:
    """Random places in a row of blocks whose length may change from one block to the next."""

    __slots__ = ("_left", "_rest", "block")

    def __init__(self) -> None:
        self.block = 1
        self._rest = 0  # calls of the current block behind the one that is chosen
        self._left = 0  # calls to let pass

    def take(self, block: int) -> int:
        """How many calls this one stands for; 0 when it is not chosen. The next block is to have ``block`` calls."""
        if self._left:
            self._left -= 1
            return 0
        weight = self.block
        self._left = self.next_gap(block)
        return weight

    def next_gap(self, block: int) -> int:
        """How many calls to let pass until the next that is chosen, which is in a new block of this length."""
        place = int(_random.random() * block)
        gap = self._rest + place
        self.block, self._rest = block, block - 1 - place
        return gap


class CallSampler:
    """Chooses among the calls of all threads without a lock, and counts those that are not chosen.

    A call takes an item of ``passing``, which the interpreter does in one step, and is measured when there is none
    left. What was taken is what is missing: no counter is ever incremented by two threads. The step is one only under
    the GIL; without it, the sampler is stopped and each thread chooses for itself.
    """

    __slots__ = ("_kept", "_places", "_row", "_stopped", "_turn", "passing")

    def __init__(self) -> None:
        self._stopped = False
        self.reset()

    def reset(self) -> None:
        """Begin anew, in a forked child; what was stopped stays so."""
        self._turn = [] if self._stopped else [None]  # who pops it may change the rest
        self.passing: Iterator[object] = repeat(None, 0)
        self._row: _Row = (0, 0, self.passing, None)
        self._kept: tuple[Iterator[memoryview], Iterator[int]] | None = None
        self._places = Places()

    @property
    def passed(self) -> int:
        """Calls that were let pass unmeasured."""
        before, given, items, old = self._row
        return before + given - length_hint(items) + (old[0] - length_hint(old[1]) if old else 0)

    def choose(self, block: int) -> int:
        """How many calls the one that found nothing to take stands for; the next is chosen from ``block`` calls."""
        if block == self._places.block == 1:
            return 1
        try:
            self._turn.pop()
        except IndexError:
            return 1  # another thread chooses right now: this call is in no block and stands for itself
        try:
            return 1 if length_hint(self._row[2]) else self._begin(block)
        finally:
            self._turn.append(None)

    def _begin(self, block: int) -> int:
        weight, gap = self._places.block, self._places.next_gap(block)
        before, given, _, _ = self._row
        self._let_pass(before + given, gap)
        return weight

    def _let_pass(self, before: int, gap: int) -> None:
        items: Iterator[object] = repeat(None, gap)
        passing = items
        if self._kept is not None:  # who takes an item stores how many were taken, in the same step
            items = numbers = iter(range(before + 1, before + gap + 1))
            passing = map(_store, *self._kept, numbers)
        self._row = (before, gap, items, None)
        self.passing = passing

    def count_in(self, words: memoryview, place: int, already: int = 0) -> bool:
        """Keep what `passed` is in memory that outlives the process, from now on. False when another thread would not
        let it.

        :param already: calls that were let pass before, and are counted there
        """
        for _ in range(PATIENCE):
            if self._stopped:
                self._row = (self._row[0] + already, *self._row[1:])
                words[place] = self.passed
                return True
            try:
                self._turn.pop()
            except IndexError:  # another thread chooses right now
                sleep(0)
                continue
            before, given, items, _ = self._row
            before += already
            left = len(list(items))  # taken in one step, to be given again
            self._kept = (repeat(words), repeat(place))
            words[place] = before + given - left
            self._let_pass(before + given - left, left)
            self._turn.append(None)
            return True
        return False

    def stop(self) -> bool:
        """Let no call pass any more. False when another thread is choosing: ask again."""
        try:
            self._turn.pop()  # and never give it back
        except IndexError:
            return False
        self._stopped = True
        before, given, items, _ = self._row
        self.passing = repeat(None, 0)
        self._row = (before, 0, self.passing, (given, items))
        return True
