"""One function whose calls are captured, in one process: its sample, and what is counted of it."""

from __future__ import annotations

import signal
import sys
from _random import Random  # random itself takes longer to import, for distributions not needed here
from itertools import count

from gilscope.capture.pickles import pickled, reason
from gilscope.capture.records import Call, Totals
from gilscope.capture.reservoir import Reservoir
from gilscope.capture.strata import kind_of_call

TYPE_CHECKING = False  # type checkers take it for True; importing typing would take longer than all the rest
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType
    from typing import Any

    from gilscope.capture.reservoir import Stratum

__all__ = ["CapturedFunction", "arguments_of", "raised_by_handler"]

_VARARGS, _VARKEYWORDS = 0x4, 0x8
#: Reasons that are told apart.
MOST_REASONS = 10
OTHER_REASONS = "another reason"
#: A kind of call of which none of so many could be pickled is not tried any more.
TRIED = 20


class CapturedFunction:
    """What is known of it."""

    def __init__(self, number: int, spec: str, most: int) -> None:
        self.number = number
        self.place, _, self.qualname = spec.rpartition(":")
        self.file = ""
        self.whole = True
        """Whether all its calls were looked at, so far."""
        self.passed = 0
        """Calls that were not considered for the sample."""
        self._reservoir = Reservoir(most, Random().random)
        self._strata: dict[str, int] = {}
        self._refused: dict[str, int] = {}
        self._failed: dict[int, tuple[str, int]] = {}
        """By stratum: why the first call of it could not be pickled, and how many could not."""
        self._counter = count()  # whose next() is one step, in whichever thread
        self._looked = 0

    def count(self) -> None:
        """A call began."""
        next(self._counter)

    @property
    def calls(self) -> int:
        """That were counted."""
        found = next(self._counter) - self._looked
        self._looked += 1
        return found

    def totals(self, *, ended: bool) -> Totals:
        """What is counted of it.

        :param ended: whether that is all
        """
        refused, whole = dict(self._refused), ended and self.whole
        return Totals(self.number, self.calls, self.passed, dict(self._strata), refused, self.file, whole)

    def offer(self, frame: FrameType, write: Callable[[Call], bool]) -> None:
        """Keep the call that begins in ``frame``, or do not.

        :param write: False where there is no room for it
        :raises OSError: when it cannot be written
        :raises Exception: whatever a signal's handler of the user's raises meanwhile
        """
        arguments, named = arguments_of(frame)
        stratum = self._reservoir.stratum(kind_of_call(named.values()))
        slot = self._reservoir.choose(stratum)
        self._strata[str(stratum.number)] = stratum.calls
        if slot is None:
            return
        data = self._pickled(arguments, named, stratum)
        if data is None:
            return
        if write(Call(self.number, slot, stratum.number, stratum.calls, data)):
            self._reservoir.put(stratum, slot)
        else:
            self.passed += 1

    def _pickled(self, arguments: Any, named: dict[str, Any], stratum: Stratum) -> bytes | None:
        """None where that cannot be, which is counted."""
        why, failed = self._failed.get(stratum.number, ("", 0))
        if failed >= TRIED and not stratum.slots:
            self._refuse(why)
            return None
        try:
            return pickled(arguments)
        except Exception as error:
            if raised_by_handler(error):
                raise
            why = why or reason(named, error)
            self._failed[stratum.number] = why, failed + 1
            self._refuse(why)
            return None

    def _refuse(self, why: str) -> None:
        if why not in self._refused and len(self._refused) >= MOST_REASONS:
            why = OTHER_REASONS
        self._refused[why] = self._refused.get(why, 0) + 1


def arguments_of(frame: FrameType) -> tuple[tuple[tuple[Any, ...], dict[str, Any]], dict[str, Any]]:
    """Of a call that begins: as they can be passed on, and by their parameters' names. All that can be passed by
    position is."""
    code, known = frame.f_code, frame.f_locals
    positional, keywords = code.co_argcount, code.co_kwonlyargcount
    stars = bool(code.co_flags & _VARARGS) + bool(code.co_flags & _VARKEYWORDS)
    names = code.co_varnames[: positional + keywords + stars]
    named = {name: known[name] for name in names}
    if sys.version_info < (3, 13):
        known.clear()  # a copy that the frame keeps: what the function lets go of must not stay for it
    rest = [named[name] for name in names[positional + keywords :]]
    args = tuple(named[name] for name in names[:positional]) + (rest[0] if code.co_flags & _VARARGS else ())
    kwargs = {name: named[name] for name in names[positional : positional + keywords]}
    kwargs.update(rest[-1] if code.co_flags & _VARKEYWORDS else ())
    return (args, kwargs), named


def raised_by_handler(error: BaseException) -> bool:
    """Whether a handler of the user's for signals raised it: it is meant for whatever runs, and so for the call."""
    handlers = {getattr(signal.getsignal(number), "__code__", None) for number in signal.valid_signals()} - {None}
    traceback = error.__traceback__
    while traceback is not None:
        if traceback.tb_frame.f_code in handlers:
            return True
        traceback = traceback.tb_next
    return False
