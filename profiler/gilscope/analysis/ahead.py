"""What the end of an analysis needs is loaded while the last that is measured is not timed: that is half of the time
from the last round to the report, and nothing that the first progress should wait for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from gilscope.measure.interrupts import uninterrupted
from gilscope.subprocesses import start_thread

__all__ = ["loading"]


@contextmanager
def loading(also: Callable[[], object]) -> Iterator[None]:
    """Within, what concluding needs is loaded in a thread, and ``also`` what its caller will; at the end it is. Where
    there is room for no thread, each is loaded when it is used.

    The caller should import nothing within: where two threads import at once, Ctrl-C may come to the one that has just
    been given the lock of all imports, which CPython then never lets go of.
    """
    thread = None
    with suppress(OSError):
        thread = start_thread(_load, "gilscope-ahead", also)
    try:
        yield
    finally:
        if thread is not None:
            with uninterrupted():
                thread.join()


def _load(also: Callable[[], object]) -> None:
    with suppress(ImportError):  # whoever uses it imports it once more, and tells why that fails
        import gilscope.analysis.conclude  # noqa: F401  for its import alone
        from gilscope.decide.code import load_templates
        from gilscope.decide.findings.words import words

        load_templates()
        words()
        also()
