"""Where event loops are kept by what is not decorated: callbacks, middleware, endpoints that nobody thought of.

That a loop is kept is told by its heartbeat, which is late (`gilscope.production.loop_lag`); by what, by the stack of
the loop's thread at that moment (`gilscope.production.lookout`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gilscope.production.forks import after_fork
from gilscope.production.loop_sums import LoopSums
from gilscope.production.on_loops import BlockedAt, on_loops_of

if TYPE_CHECKING:
    from gilscope.production.loop_sums import Place

__all__ = ["blocked_elsewhere", "found_elsewhere"]

_sums = LoopSums()


def blocked_elsewhere() -> tuple[BlockedAt, ...]:
    """Where this process's loops were found kept by what is not decorated, most first."""
    found = on_loops_of(_sums)
    return found.blocked_at if found else ()


def found_elsewhere(place: Place, nanoseconds: int, stack: tuple[str, ...]) -> None:
    """A loop was found kept there, for so long since it was last looked at."""
    _sums.add_place(place, nanoseconds, stack)


@after_fork
def _forget() -> None:
    global _sums
    _sums = LoopSums()
