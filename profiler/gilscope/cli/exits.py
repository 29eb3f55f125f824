"""From what happened to the exit status: 0 a verdict; 1 a gate that failed; 2 usage; 3 the target failed; 4 nothing
could be measured or concluded; 70 an error of gilscope's own, which must not look like a gate's; 130 Ctrl-C."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from gilscope.errors import GilscopeError, TargetFailedError, UsageError

if TYPE_CHECKING:  # the record is not needed to show help, and takes longer to import than help may take
    from gilscope.records import ResultRecord
    from gilscope.records.pythons import PythonsRecord

__all__ = [
    "GATE_FAILED",
    "INTERRUPTED",
    "OWN_ERROR",
    "complain",
    "status_of_error",
    "status_of_pythons",
    "status_of_results",
    "tell_skipped",
]

OK, GATE_FAILED, USAGE, TARGET_FAILED, NOTHING, INTERRUPTED = 0, 1, 2, 3, 4, 130
#: As sysexits.h has it (EX_SOFTWARE).
OWN_ERROR = 70


def status_of_error(error: GilscopeError) -> int:
    """The exit status for an error of gilscope's own."""
    if isinstance(error, UsageError):
        return USAGE
    return TARGET_FAILED if isinstance(error, TargetFailedError) else NOTHING


def status_of_results(results: Sequence[ResultRecord]) -> int:
    """The exit status for results: whether every one holds a recommendation."""
    if any(result.interrupted for result in results):
        return INTERRUPTED
    return OK if results and all(result.recommendation.backend for result in results) else NOTHING


def status_of_pythons(result: PythonsRecord) -> int:
    """The same for several Pythons: whether each was measured and compared."""
    if result.interrupted:
        return INTERRUPTED
    return OK if all(one.status == "ok" and one.best is not None for one in result.pythons) else NOTHING


def complain(error: GilscopeError) -> None:
    """Tell an error on standard error: the user's own traceback, where there is one, then the message in a line."""
    if isinstance(error, TargetFailedError) and error.traceback:
        sys.stderr.write(error.traceback.rstrip() + "\n")
    from gilscope.cli.configured import told_with_origins  # not needed where the help is shown

    sys.stderr.write(f"gilscope: {told_with_origins(str(error))}\n")


def tell_skipped(what: str, why: str) -> None:
    """Tell on standard error what is left out, and go on."""
    sys.stderr.write(f"gilscope: skipped {what}: {why}\n")
