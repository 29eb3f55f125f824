"""Progress on standard error."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from gilscope.units import duration

if TYPE_CHECKING:  # shown before it is imported
    from gilscope.analysis import Progress, Tell

__all__ = ["progress"]


@contextmanager
def progress(name: str, *, bar: bool, lines: bool) -> Iterator[Tell]:
    """Tell of an analysis: a ``bar`` that fills with the budget, where standard error is a terminal; or ``lines``,
    one a step; or nothing."""
    if lines:
        yield lambda told: _line(name, told)
    elif bar and sys.stderr.isatty():
        with _bar(name) as tell:
            yield tell
    else:
        yield lambda told: None


def _line(name: str, told: Progress) -> None:
    sys.stderr.write(f"{name}, {duration(told.elapsed_s)}: {told.doing}\n")


@contextmanager
def _bar(name: str) -> Iterator[Tell]:
    from rich.console import Console
    from rich.markup import escape
    from rich.progress import BarColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bar

    short = os.path.basename(name)  # a path would leave no room for what is being done
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Bar(*columns, console=Console(stderr=True), transient=True, refresh_per_second=2) as bar:
        task = bar.add_task(escape(f"{short}: starting a process"), total=1.0)

        def tell(told: Progress) -> None:
            done = min(1.0, told.elapsed_s / told.budget_s)
            bar.update(task, completed=done, description=escape(f"{short}: {told.doing}"))

        yield tell
