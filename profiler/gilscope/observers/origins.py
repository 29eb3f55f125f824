"""Whose code a file is, and what its functions are called from outside."""

from __future__ import annotations

import sysconfig
from functools import cache
from pathlib import Path, PurePath

__all__ = ["dotted_name", "is_gilscopes", "is_users", "package_of"]

_PACKAGE = Path(__file__).parents[1]
#: Folders that packages are installed into.
_INSTALLED = frozenset({"site-packages", "dist-packages"})
_FROZEN = "<frozen "
#: What IPython calls a cell of a terminal session; those of a notebook have names like files.
_CELL = "<ipython-input-"


@cache
def is_gilscopes(file: str) -> bool:
    """Whether the file is gilscope's machinery; its examples are targets like any other."""
    path = Path(file)
    return path.is_relative_to(_PACKAGE) and not path.is_relative_to(_PACKAGE / "examples")


@cache
def is_users(file: str, home: str | None = None) -> bool:
    """Whether the file belongs to whoever wrote the target: to its package ``home``, or to neither the standard library
    nor an installed package nor gilscope."""
    if home is not None and PurePath(file).is_relative_to(home):
        return True
    if file.startswith("<"):
        return file.startswith(_CELL)
    return not is_gilscopes(file) and _module_path(file) is None


def package_of(file: str) -> str:
    """The folder of the outermost package that the file is in; the file itself where it is in none."""
    outermost, folder = Path(file), Path(file).parent
    while (folder / "__init__.py").exists():
        outermost, folder = folder, folder.parent
    return str(outermost)


def dotted_name(function: str, file: str) -> str | None:
    """The name of a library's function: ``urllib.request.urlopen``. None for other functions."""
    if file.startswith(_FROZEN):
        return f"{file[len(_FROZEN) : -1]}.{function}"
    path = _module_path(file)
    if path is None:
        return None
    parts = path.with_suffix("").parts
    return ".".join([*(parts[:-1] if parts[-1] == "__init__" else parts), function])


def _module_path(file: str) -> PurePath | None:
    """The path of a library's file from the folder on that ``sys.path`` names; None for what is in no library."""
    path = PurePath(file)
    installed = [at for at, part in enumerate(path.parts) if part in _INSTALLED]
    if installed:
        return PurePath(*path.parts[installed[-1] + 1 :])
    return next((path.relative_to(root) for root in _standard_roots() if path.is_relative_to(root)), None)


@cache
def _standard_roots() -> tuple[Path, ...]:
    """As they are named and as they are: an environment's interpreter may reach its library by a link."""
    named = [Path(sysconfig.get_path(name)) for name in ("stdlib", "platstdlib")]
    return tuple(dict.fromkeys([*named, *(path.resolve() for path in named)]))
