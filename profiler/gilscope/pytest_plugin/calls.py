"""Which calls a test has made."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from gilscope.introspection import gil_enabled
from gilscope.production.function import functions
from gilscope.production.rate import MAX_BLOCK

if TYPE_CHECKING:
    from gilscope.production.profile import Profile

__all__ = ["begin", "end", "observation"]


@contextmanager
def observation(wanted: bool) -> Iterator[Callable[[], None]]:
    """Have this process watched within, if that is ``wanted`` and possible: calling what it gives catches up with what
    was seen. One that is under way goes on afterwards."""
    if not (wanted and gil_enabled() and sys.platform == "linux"):
        yield lambda: None
        return
    from gilscope.production import observing

    ours = not observing.is_observed()
    watch = observing.observe()
    try:
        watch.catch_up()  # it answers once it watches: of a short test, too little would be seen otherwise
        yield watch.catch_up
    finally:
        if ours:
            watch.stop()


def begin() -> None:
    """Tell the calls that follow apart from those before, and time each of them.

    The difference of two profiles would not do: the longest block of a whole run says nothing of one test, and of a
    function that was called often before, too few of the test's calls would be measured to judge from.
    """
    for function in functions():
        function.restart(max_block=1)


def end() -> list[Profile]:
    """The profiles of the functions called since then, of these calls only; from here on a sample is timed again."""
    found = [function.profile(recent=True) for function in functions()]
    for function in functions():
        function.rate.max_block = MAX_BLOCK
    return [profile for profile in found if profile.calls]
