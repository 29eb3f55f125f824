"""Progress on standard error."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from gilscope.cli.colours import of_console
from gilscope.units import duration, rough_duration

if TYPE_CHECKING:  # shown before it is imported
    from rich.progress import ProgressColumn, Task

    from gilscope.analysis import Progress, Tell

__all__ = ["left", "progress"]

#: A line that is rewritten so often neither flickers nor stands still.
_PER_S: Final = 2
#: Columns of the bar, and of the name.
_BAR, _NAME = 20, 24


@contextmanager
def progress(name: str, *, bar: bool, lines: bool) -> Iterator[Tell]:
    """Tell of an analysis: a ``bar`` that fills with the budget, where standard error is a terminal that can be drawn
    on; or ``lines``, one a step; or nothing."""
    if lines:
        yield lambda told: _line(name, told)
    elif bar and sys.stderr.isatty() and os.environ.get("TERM") != "dumb":
        with _bar(name) as tell:
            yield tell
    else:
        yield lambda told: None


def _line(name: str, told: Progress) -> None:
    sys.stderr.write(f"{name}, {duration(told.elapsed_s)}: {told.doing}\n")


def left(seconds: float) -> str:
    """For how much longer at most, in whole seconds; what is over soon does not count down."""
    if seconds < 1:
        return "nearly done"
    return f"at most {rough_duration(round(seconds))} left"


@contextmanager
def _bar(name: str) -> Iterator[Tell]:
    from rich.console import Console
    from rich.markup import escape
    from rich.progress import BarColumn, TextColumn
    from rich.progress import Progress as Bar
    from rich.table import Column

    from gilscope.report.terminal import cut

    short = cut(os.path.basename(name), _NAME)  # a path would leave no room for what is being done
    doing_what = TextColumn("{task.description}", table_column=Column(no_wrap=True, ratio=1))
    console = Console(stderr=True, **of_console(drawn_at=True))
    columns = (BarColumn(_BAR), _left(), doing_what)
    with Bar(*columns, console=console, transient=True, expand=True, refresh_per_second=_PER_S) as bar:
        task = bar.add_task(escape(f"{short}: starting a process"), total=None, ends_s=None)

        def tell(told: Progress) -> None:
            done = min(told.elapsed_s, told.budget_s)
            ends_s = time.monotonic() + told.left_s
            doing = escape(f"{short}: {told.doing}")
            bar.update(task, total=told.budget_s, completed=done, ends_s=ends_s, description=doing)

        yield tell


def _left(now_s: Callable[[], float] = time.monotonic) -> ProgressColumn:
    """What is left counts down between the steps, too."""
    from rich.progress import ProgressColumn
    from rich.text import Text

    class Left(ProgressColumn):
        def render(self, task: Task) -> Text:
            ends_s = task.fields["ends_s"]
            return Text("" if ends_s is None else left(ends_s - now_s()), no_wrap=True)

    return Left()
