"""What ended a command, told on standard error, and the exit status that follows from it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from gilscope.cli.exits import OWN_ERROR, complain, status_of_error
from gilscope.errors import GilscopeError, MeasurementError

__all__ = ["only_told", "refused", "tell_failure"]


def refused(error: OSError | MemoryError) -> MeasurementError:
    """What the system does not give, as an error to be told."""
    return MeasurementError(f"the system refused: {error or 'no memory is left'}; gilscope doctor tries it all")


def tell_failure(error: Exception) -> int:
    """Tell an error in a line, one of gilscope's own in a report; the exit status."""
    if isinstance(error, OSError | MemoryError):
        error = refused(error)
    if isinstance(error, GilscopeError):
        complain(error)
        return status_of_error(error)
    from gilscope.cli.own_error import report_of

    sys.stderr.write(report_of(error, sys.argv[1:]))
    return OWN_ERROR


@contextmanager
def only_told() -> Iterator[None]:
    """An error within is told and decides nothing: a program that gilscope runs ends as it ends."""
    try:
        yield
    except Exception as error:
        tell_failure(error)
