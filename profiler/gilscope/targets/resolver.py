"""Finding what a target names: modules, files and attributes, with errors that say where was looked."""

from __future__ import annotations

import ast
import difflib
import importlib
import importlib.util
import inspect
import os
import pkgutil
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gilscope.errors import TargetError, TargetFailedError, UsageError
from gilscope.subprocesses import current_folder
from gilscope.targets.blame import blame
from gilscope.targets.spec import TargetSpec, is_path, parse

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from types import ModuleType

_importing = 0


def importing() -> bool:
    """Whether a target is being imported now: if it asks for an analysis, it would start itself again."""
    return _importing > 0


def prepare_path(spec: TargetSpec) -> None:
    """Put the user's folders first on ``sys.path``, whatever this interpreter was started with.

    ``python -m`` puts the working folder first too, but not under ``-P`` or ``PYTHONSAFEPATH``, and an
    installed command never does.
    """
    cwd = working_folder(spec)
    first = [entry or cwd for entry in spec.sys_path] or [cwd]
    sys.path[:] = dict.fromkeys([*first, *sys.path])
    importlib.invalidate_caches()


def working_folder(spec: TargetSpec) -> str:
    """The folder that relative paths refer to.

    :raises UsageError: when that is the process's own and was deleted
    """
    return spec.cwd or current_folder()


def find(text: str, cwd: str, home: ModuleType | None = None) -> tuple[ModuleType, Any, Any]:
    """Import what ``module:attribute`` names, and give the module, the attribute's owner and the attribute.

    A bare name is looked up in ``home``.

    :raises TargetError: when there is no such module, file or attribute
    :raises TargetFailedError: when the user's own code raised on import
    """
    if home is not None and ":" not in text and not is_path(text):
        module, attribute = home, text
    else:
        place, attribute = parse(text)
        module = import_place(place, cwd)
    owner, found = module, module
    for name in attribute.split("."):
        owner, found = found, _attribute(found, name, text)
    return module, owner, found


def import_place(place: str, cwd: str) -> ModuleType:
    """Import a module by its name, or a file by its path.

    :raises TargetError: when it is not there
    :raises TargetFailedError: when its own code raised
    """
    name = _expose(Path(cwd, place)) if is_path(place) else place
    try:
        with _marked_importing(), blame(f"importing {place!r}"):
            return importlib.import_module(name)
    except TargetFailedError as failed:
        cause = failed.__cause__
        if isinstance(cause, ModuleNotFoundError) and cause.name and f"{name}.".startswith(f"{cause.name}."):
            raise TargetError(_missing_module(place, cause.name, cwd)) from None
        if isinstance(cause, ImportError) and "relative import" in str(cause) and is_path(place):
            advice = "it is part of a package: give package.module:function"
            raise TargetFailedError(f"{failed}; {advice}", failed.traceback) from cause
        raise


@contextmanager
def _marked_importing() -> Iterator[None]:
    global _importing
    _importing += 1
    try:
        yield
    finally:
        _importing -= 1


# ---- files ----


def script_problem(path: Path) -> str | None:
    """Why other processes could not import this file by its stem; None when they can."""
    if "." in path.stem:
        return f"its name has a dot in {path.stem!r}, which import reads as a package"
    if path.stem in sys.stdlib_module_names:
        return f"its name hides the standard library's {path.stem!r}"
    return None


def _expose(path: Path) -> str:
    """Make the file importable by its stem, so that worker processes find it that way too; give the stem."""
    path = Path(os.path.abspath(path))
    _check_file(path)
    problem = script_problem(path)
    if problem is None:
        sys.path[:] = dict.fromkeys([str(path.parent), *sys.path])
        importlib.invalidate_caches()
        problem = _shadowed(path)
    if problem is not None:
        raise TargetError(f"cannot import {path}: {problem}; rename the file or give it as package.module:function")
    return path.stem


def _check_file(path: Path) -> None:
    if os.path.isdir(path):  # which minds no name, however long
        raise TargetError(f"{path} is a folder: give a file in it, path/to/file.py:function")
    if path.suffix != ".py":
        raise TargetError(f"{path} is not a .py file: give path/to/file.py:function or package.module:function")
    if not os.path.exists(path):
        there = os.path.isdir(path.parent)
        siblings = [entry.name for entry in path.parent.glob("*.py")] if there else []
        where = f"looked in {path.parent}" if there else f"there is no folder {path.parent}"
        raise TargetError(f"no file {path.name!r} ({where}){hint(path.name, siblings)}")


def _shadowed(path: Path) -> str | None:
    """What importing the stem would give instead of this file; None when it gives the file."""
    try:
        found = importlib.util.find_spec(path.stem)
    except ValueError:  # a module without a spec, such as __main__
        return f"{path.stem!r} is the name of a module already imported"
    origin = found.origin if found is not None else None
    if origin is not None and os.path.exists(origin) and os.path.samefile(origin, path):
        return None
    return f"the name {path.stem!r} belongs to {origin or 'another module'}"


# ---- names ----


def _attribute(owner: Any, name: str, text: str) -> Any:
    try:
        with blame(f"looking up {name!r} for {text!r}"):
            return getattr(owner, name)
    except TargetFailedError as failed:
        if not isinstance(failed.__cause__, AttributeError):
            raise
        why = _not_run(owner, name) or hint(name, dir(owner))
        raise TargetError(f"{text!r}: no {name!r} in {_place(owner)}{why}") from None


def _not_run(owner: Any, name: str) -> str:
    """As the end of a sentence, that a script defines the name only where it is the program; else nothing."""
    try:
        tree = ast.parse(inspect.getsource(owner)) if inspect.ismodule(owner) else ast.parse("")
    except (OSError, TypeError, SyntaxError):
        return ""
    guarded = [each for each in tree.body if isinstance(each, ast.If) and "__name__" in ast.dump(each.test)]
    parts = (part for each in guarded for part in ast.walk(each))
    if any(
        isinstance(part, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and part.name == name for part in parts
    ):
        return ": it is defined under if __name__ == '__main__', which no other process runs; define it above that"
    return ""


def _place(owner: Any) -> str:
    if inspect.ismodule(owner):
        return f"module {owner.__name__} ({getattr(owner, '__file__', None) or 'built in'})"
    name = getattr(owner, "__qualname__", type(owner).__name__)
    return f"class {name}" if inspect.isclass(owner) else f"object {name}"


def _missing_module(place: str, missing: str, cwd: str) -> str:
    parent, _, leaf = missing.rpartition(".")
    package = sys.modules.get(parent)
    if package is not None and hasattr(package, leaf):
        name = place.removeprefix(f"{parent}.")
        within = ".NAME" if inspect.isclass(getattr(package, leaf)) else ""
        return f"no module {missing!r}: {leaf!r} is a name in {parent}; did you mean {parent}:{name}{within}?"
    if parent:
        folders = list(getattr(package, "__path__", ()))
        where = f"looked in {', '.join(folders)}" if folders else f"{parent} is a module, not a package"
        return f"no module {missing!r} ({where}){hint(leaf, _modules_in(folders), parent + '.')}"
    where = f"looked in {cwd} and {len(sys.path) - 1} more places of sys.path"
    names = [*sys.stdlib_module_names, *_modules_in(None)]
    return f"no module {missing!r} ({where}){hint(leaf, names)}"


def _modules_in(folders: list[str] | None) -> list[str]:
    return [module.name for module in pkgutil.iter_modules(folders)]


def hint(name: str, candidates: Iterable[str], prefix: str = "") -> str:
    """A suggestion to append to an error: the candidate nearest to ``name``, or nothing."""
    public = [candidate for candidate in candidates if name.startswith("_") or not candidate.startswith("_")]
    near = difflib.get_close_matches(name, public, n=1)
    return f"; did you mean {prefix + near[0]!r}?" if near else ""


def need_callable(value: Any, text: str, error: type[UsageError] = TargetError) -> Any:
    """``value`` itself.

    :raises TargetError: (or ``error``) when it cannot be called
    """
    if callable(value):
        return value
    if inspect.ismodule(value):
        raise error(f"{text!r} is a module: name a function in it")
    raise error(f"{text!r} is of type {type(value).__name__}, which cannot be called: name a function")
