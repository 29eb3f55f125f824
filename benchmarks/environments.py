"""Environments of the interpreter that runs this, with all that it has: Pythons that are told apart and differ in
nothing."""

from __future__ import annotations

import site
import sysconfig
import venv
from pathlib import Path

import gilscope

__all__ = ["make_environment"]


def make_environment(folder: Path, *, bare: bool = False) -> Path:
    """An environment in ``folder``: its interpreter.

    :param bare: with the standard library alone
    """
    venv.EnvBuilder(symlinks=True).create(folder)
    if not bare:
        there = (*site.getsitepackages(), sysconfig.get_paths()["purelib"], str(Path(gilscope.__file__).parents[1]))
        lines = [f"import site; site.addsitedir({path!r})" for path in dict.fromkeys(there)]
        (library,) = folder.glob("lib/python*/site-packages")
        (library / "as_here.pth").write_text("\n".join(lines) + "\n")
    return folder / "bin" / "python"
