"""Which module cannot be imported in a second interpreter of a process, and in which words it says so."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import _bootstrap
from typing import Any

from gilscope.backends.imports import STEP

__all__ = ["Imports", "is_import_refusal", "noting_imports", "why_refused"]

#: What extension modules say that know of one interpreter only: CPython for them, Cython, PyO3 and NumPy themselves.
REFUSALS = ("subinterpreter", "one interpreter per process", "more than once per process")
#: What a library raises in its own words when it cannot be imported whole.
_FAILED_IMPORTS = ("ImportError", "ModuleNotFoundError")


def is_import_refusal(error: BaseException) -> bool:
    """Whether an extension module has refused to be imported in a second interpreter, in whatever words."""
    return any(isinstance(each, ImportError) and _refuses(str(each)) for each in _chain(error))


def _refuses(message: str) -> bool:
    return any(words in message for words in REFUSALS)


def why_refused(error: BaseException, module: str | None) -> str:
    """Why what the function needs cannot be imported here.

    :param module: whose import failed, where that is known
    """
    refusing = [each for each in _chain(error) if isinstance(each, ImportError) and _refuses(str(each))]
    said = "".join(traceback.format_exception_only([error, *refusing][-1])).strip().partition("\n")[0]
    what = f"the module {module}" if module else "what the function needs"
    return f"{what} cannot be imported in an interpreter of its own ({said[:200]})"


class Imports:
    """The imports that failed, innermost first."""

    def __init__(self) -> None:
        self.failed: list[tuple[str, BaseException]] = []

    def innermost(self, error: BaseException) -> str | None:
        """The module whose import failed first of those that led to ``error``; None where none did."""
        causes = {id(each) for each in _chain(error)}
        return next((name for name, raised in self.failed if id(raised) in causes), None)

    def refused_for(self, kind: str, traceback: str) -> str | None:
        """Why the first that an extension module refused was not done, where a call raised for it; None where it
        raised for something else, for what is there to be tried only may be refused and do no harm.

        :param kind: the name of the exception's type
        :param traceback: of the call, with what it was raised from
        """
        found = [(name, error) for name, error in self.failed if is_import_refusal(error)]
        if kind not in _FAILED_IMPORTS and not any(str(error) in traceback for _, error in found):
            return None
        return next((why_refused(error, name) for name, error in found), None)


@contextmanager
def noting_imports() -> Iterator[Imports]:
    """Within, every import that fails in this interpreter is noted (see `gilscope.backends.imports`)."""
    noted, step = Imports(), vars(_bootstrap).get(STEP)

    def noting(name: str, import_: Callable[..., Any]) -> Any:
        assert step is not None
        try:
            return step(name, import_)
        except BaseException as error:
            noted.failed.append((name, error))
            raise

    if step is None:
        yield noted
        return
    vars(_bootstrap)[STEP] = noting
    try:
        yield noted
    finally:
        vars(_bootstrap)[STEP] = step


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """An exception, and what it was raised from or beside."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__
