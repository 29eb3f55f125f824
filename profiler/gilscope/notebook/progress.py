"""Progress under a cell: one line that is rewritten in a notebook, a line for each step in a terminal."""

from __future__ import annotations

import html
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from IPython.core.interactiveshell import InteractiveShell
from IPython.display import display

from gilscope.analysis import Progress, Tell
from gilscope.cli.progress import progress as in_a_terminal
from gilscope.units import duration, given_duration

__all__ = ["progress"]

#: The least time between two updates: each is a message to the browser.
PAUSE_S = 0.2


@contextmanager
def progress(shell: InteractiveShell, name: str, *, quiet: bool) -> Iterator[Tell]:
    """Tell of an analysis where the shell shows it."""
    if not quiet and has_kernel(shell):
        with _rewritten(name) as tell:
            yield tell
    else:
        with in_a_terminal(name, bar=False, lines=not quiet) as tell:
            yield tell


def has_kernel(shell: InteractiveShell) -> bool:
    """Whether a notebook or another front end is behind it, rather than a terminal."""
    return shell.has_trait("kernel")


@contextmanager
def _rewritten(name: str) -> Iterator[Tell]:
    handle: Any = display(_line(name, None), raw=True, display_id=True)  # type: ignore[no-untyped-call]
    shown_s = time.monotonic()

    def tell(told: Progress) -> None:
        nonlocal shown_s
        if time.monotonic() - shown_s >= PAUSE_S:
            shown_s = time.monotonic()
            handle.update(_line(name, told), raw=True)

    try:
        yield tell
    finally:
        handle.update({"text/html": "", "text/plain": ""}, raw=True)


def _line(name: str, told: Progress | None) -> dict[str, Any]:
    """In both forms that a front end may show."""
    doing = (
        "starting" if told is None else f"{told.doing}, {duration(told.elapsed_s)} of {given_duration(told.budget_s)}"
    )
    done = 0.0 if told is None else min(1.0, told.elapsed_s / told.budget_s)
    bar = f'<progress value="{round(done, 3)}" aria-label="part of the budget that is used"></progress>'
    return {"text/html": f"{bar} {html.escape(f'{name}: {doing}')}", "text/plain": f"{name}: {doing}"}
