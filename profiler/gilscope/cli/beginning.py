"""What is begun while the command line is still read: that takes as long as an interpreter takes to start."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gilscope.measure.spares import Spares

__all__ = ["asks_for_an_analysis", "begun"]


@contextmanager
def begun(arguments: Sequence[str]) -> Iterator[Spares | None]:
    """A process for the serial run, where these arguments ask for one.

    :raises UsageError: where nothing can be measured
    """
    if not asks_for_an_analysis(arguments):
        yield None
        return
    from gilscope.measure.spares import first_spare

    with first_spare() as spares:
        yield spares


def asks_for_an_analysis(arguments: Sequence[str]) -> bool:
    """Whether functions are to be run, by the look of it: not where the help or a dry run is asked for, nor by another
    Python."""
    options = {argument.partition("=")[0] for argument in arguments}
    elsewhere = any(os.environ.get(name) for name in ("GILSCOPE_PYTHON", "GILSCOPE_ANALYZE_PYTHON"))
    asked = arguments[:1] == ["analyze"] and len(arguments) > 1
    return asked and not elsewhere and not options & {"-h", "--help", "-V", "--version", "--dry-run", "--python"}
