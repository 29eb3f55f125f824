"""Names of options that are none: who gives one that an earlier version had, or a similar one, is told today's."""

from __future__ import annotations

from collections.abc import Iterable

from gilscope.choosing import did_you_mean
from gilscope.errors import UsageError

__all__ = ["refuse_renamed", "refuse_unknown"]

#: Options of the command line and the notebook, and settings of `gilscope.analyze`.
_NOW = {
    "--from": "gilscope rank FOLDER, a command of its own",
    "--sampling": "--rate (-r)",
    "--anyway": "--force",
    "--predict-gil": "--free-threaded, which takes no value",
    "hot": "hot_lines",
    "predict_gil": "free_threaded",
    "wanted_per_s": "target_rate_per_s",
}


def refuse_renamed(names: Iterable[str]) -> None:
    """Nothing, where all these are names of today, or nobody's.

    :raises UsageError: for the first that has another now
    """
    for name in names:
        if now := _NOW.get(name.partition("=")[0]):
            raise UsageError(f"{name} has another name since gilscope 0.2: {now}")


def refuse_unknown(names: Iterable[str], known: Iterable[str]) -> None:
    """Nothing, where all these are names of settings.

    :raises UsageError: for the first that is none
    """
    refuse_renamed(names)
    words = set(known)
    for name in names:
        if name not in words:
            raise UsageError(f"there is no option {name!r}{did_you_mean(name, sorted(words))}")
