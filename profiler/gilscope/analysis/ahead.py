"""What the end of an analysis needs is loaded while the last that is measured is not timed: that is half of the time
from the last round to the report, and nothing that the first progress should wait for."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

from gilscope.subprocesses import start_thread

__all__ = ["loading"]


def loading(also: Callable[[], object]) -> None:
    """Load what concluding needs, and ``also`` what its caller will, in a thread; where there is room for none, each is
    loaded when it is used."""
    with suppress(OSError):
        start_thread(_load, "gilscope-ahead", also)


def _load(also: Callable[[], object]) -> None:
    with suppress(ImportError):  # whoever uses it imports it once more, and tells why that fails
        import gilscope.analysis.conclude  # noqa: F401  for its import alone
        from gilscope.decide.code import load_templates
        from gilscope.decide.findings.words import words

        load_templates()
        words()
        also()
