"""Where functions are defined, in 3.11: when a module that was named has been imported, and while ``__main__`` runs.

The modules' finders are asked as ever; of a module that was named, the loader is told to say when it is done. What is
``__main__`` is run by the interpreter itself, without a finder: it is followed by a trace function until the last of
the functions' definitions, which is before most programs begin to work.
"""

from __future__ import annotations

import gc
import os
import sys
from types import CodeType, FunctionType

TYPE_CHECKING = False  # type checkers take it for True; importing typing would take longer than all the rest
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import FrameType, ModuleType
    from typing import Any

    Found = Callable[[list[FunctionType]], None]

__all__ = ["watch_definitions"]


def watch_definitions(places: frozenset[str], qualnames: frozenset[str], found: Found) -> None:
    """Call ``found`` with functions of these names as soon as they are defined.

    :param places: names of modules, and paths of files
    """
    sys.meta_path.insert(0, _Finder(places, qualnames, found))
    if sys.gettrace() is None:
        sys.settrace(_MainTrace(qualnames, found).called)


def _functions(names: dict[str, Any], qualnames: frozenset[str]) -> list[FunctionType]:
    """Those of a module, decorated ones and methods too, and those of others that it has under such a name."""
    own = [
        each
        for each in gc.get_objects()
        if type(each) is FunctionType and each.__globals__ is names and each.__code__.co_qualname in qualnames
    ]
    offered = [names.get(name) for name in qualnames]
    return own + [each for each in offered if type(each) is FunctionType and each not in own]


class _Finder:
    """Finds what the others do."""

    def __init__(self, places: frozenset[str], qualnames: frozenset[str], found: Found) -> None:
        self._names = frozenset(place for place in places if not place.endswith(".py"))
        self._files = places - self._names
        self._qualnames = qualnames
        self._found = found

    def find_spec(self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None) -> Any:
        if name not in self._names and not self._files:
            return None
        others = [finder for finder in sys.meta_path if finder is not self and hasattr(finder, "find_spec")]
        for finder in others:
            spec = finder.find_spec(name, path, target)
            if spec is not None:
                if name in self._names or os.path.realpath(spec.origin or "") in self._files:
                    self._follow(spec.loader)
                return spec
        return None

    def _follow(self, loader: Any) -> None:
        """Have the loader say when it has executed the module, once."""
        execute = getattr(loader, "exec_module", None)
        if execute is None or isinstance(loader, type):  # of builtin and frozen modules, which have no such functions
            return

        def execute_and_tell(module: ModuleType) -> None:
            del loader.exec_module
            execute(module)
            try:
                self._found(_functions(vars(module), self._qualnames))
            except Exception:
                return  # nothing of it is captured; the import is the user's, and succeeded

        loader.exec_module = execute_and_tell


class _MainTrace:
    """Follows the lines of ``__main__``, and of what multiprocessing calls so in a process that it spawned."""

    def __init__(self, qualnames: frozenset[str], found: Found) -> None:
        self._qualnames = qualnames
        self._found = found
        self._is_spawned = any(word.startswith("from multiprocessing.") for word in sys.orig_argv)
        self._heads: dict[str, Any] = {}
        self._pending: dict[str, int] = {}
        """The functions that are yet to be defined, with the last lines of their code."""

    def called(self, frame: FrameType, _event: str, _arg: Any) -> Any:
        code, name = frame.f_code, frame.f_globals.get("__name__")
        if self._is_spawned and code.co_name == "_bootstrap":  # its ``__main__`` is run
            sys.settrace(None)
        if code.co_name != "<module>" or name != ("__mp_main__" if self._is_spawned else "__main__"):
            return None
        self._pending = {each.co_qualname: _last_line(each) for each in _within(code, self._qualnames)}
        self._heads = {each.partition(".")[0]: None for each in self._pending}
        if not self._pending:
            sys.settrace(None)
            return None
        return self._in_main

    def _in_main(self, frame: FrameType, event: str, _arg: Any) -> Any:
        try:
            names = frame.f_globals
            heads = {head: names.get(head) for head in self._heads}
            is_over = event == "return" or frame.f_lineno > max(self._pending.values())
            if is_over or any(heads[head] is not self._heads[head] for head in heads):
                self._heads = heads
                functions = _functions(names, self._qualnames)
                self._found(functions)
                for function in functions:
                    self._pending.pop(function.__code__.co_qualname, None)
        except Exception:
            is_over = True
        if is_over or not self._pending:
            sys.settrace(None)
            return None
        return self._in_main


def _within(code: CodeType, qualnames: frozenset[str]) -> list[CodeType]:
    found = [each for each in code.co_consts if isinstance(each, CodeType)]
    inner = [deeper for each in found for deeper in _within(each, qualnames)]
    return [each for each in found if each.co_qualname in qualnames] + inner


def _last_line(code: CodeType) -> int:
    return max((line for _, _, line in code.co_lines() if line), default=code.co_firstlineno)
