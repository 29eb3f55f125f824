"""Whether anything can be measured here at all."""

from __future__ import annotations

import os
import sys

from gilscope.errors import UsageError
from gilscope.measure.tree import MARK

__all__ = ["inside_a_trial", "refuse_where_impossible"]


def inside_a_trial() -> bool:
    """Whether this process is a trial's, or was started by one."""
    return MARK in os.environ


def refuse_where_impossible() -> None:
    """Nothing can be measured by code that an analysis runs, nor on Windows.

    :raises UsageError: when that is so
    """
    if inside_a_trial():
        raise UsageError(
            "an analysis was started by code that an analysis runs: put the call of gilscope under "
            'if __name__ == "__main__":'
        )
    if sys.platform == "win32":
        raise UsageError("measuring on Windows is not possible yet: saved results can be drawn there, no more")
