"""Whose fault it was: running the user's code so that its failures are told apart from gilscope's own."""

from __future__ import annotations

import importlib
import os
import traceback
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from gilscope.errors import TargetFailedError

if TYPE_CHECKING:
    from collections.abc import Iterator

_PACKAGE = str(Path(__file__).parents[1]) + os.sep
_EXAMPLES = os.path.join(_PACKAGE, "examples") + os.sep


@contextmanager
def blame(doing: str) -> Iterator[None]:
    """Run the user's code; whatever it raises, `SystemExit` included, becomes a `TargetFailedError`.

    ``doing`` begins the message: "importing 'shop.orders'". Ctrl-C passes through.

    :raises TargetFailedError: with the user's traceback; the exception itself is its ``__cause__``
    """
    try:
        yield
    except KeyboardInterrupt:
        raise
    except SystemExit as exc:
        raise TargetFailedError(f"{doing} called sys.exit({exc.code!r})", user_traceback(exc)) from exc
    except BaseException as exc:
        raise TargetFailedError(f"{doing} raised {one_line(exc)}", user_traceback(exc)) from exc


def user_traceback(exc: BaseException) -> str:
    """The traceback as text, without the frames of gilscope and of the import machinery."""
    report = traceback.TracebackException.from_exception(exc)
    _prune(report)
    return "".join(report.format())


def one_line(exc: BaseException) -> str:
    """The exception's type and the first line of its message; of one in the source, where."""
    report = traceback.TracebackException.from_exception(exc)
    report.__notes__ = None  # notes follow the message, which is wanted alone
    told = list(report.format_exception_only())[-1].strip().partition("\n")[0]
    if isinstance(exc, SyntaxError) and exc.filename and exc.lineno:
        return f"{told} ({os.path.basename(exc.filename)}, line {exc.lineno})"
    return told


def _prune(report: traceback.TracebackException) -> None:
    """Of it, and of all that it is linked to: a chain may be longer than any recursion goes."""
    left: list[traceback.TracebackException | None] = [report]
    while left:
        each = left.pop()
        if each is not None:
            each.stack[:] = [frame for frame in each.stack if _is_users(frame.filename)]
            left += (each.__cause__, each.__context__, *(each.exceptions or ()))


def _is_users(filename: str) -> bool:
    if filename.startswith("<frozen importlib") or filename == importlib.__file__:
        return False
    return not filename.startswith(_PACKAGE) or filename.startswith(_EXAMPLES)
