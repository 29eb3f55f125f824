"""Folders that the modules of a program are imported from, as far as that is told from outside."""

from __future__ import annotations

import os
from contextlib import suppress
from functools import lru_cache
from pathlib import Path

from gilscope.observers.origins import package_of
from gilscope.programs.process import command_of
from gilscope.programs.views import Views

__all__ = ["package_roots", "roots_of", "script_folder", "working_folder"]


def roots_of(pid: int) -> tuple[str, ...]:
    """Folders that its modules are imported from, as far as that is told from outside: its working folder, that of its
    script, and what PYTHONPATH names."""
    found = [folder for folder in (working_folder(pid), script_folder(pid)) if folder is not None]
    with suppress(OSError):
        variables = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
        named = (each.partition(b"=")[2].decode(errors="replace") for each in variables if each[:11] == b"PYTHONPATH=")
        found += [folder for each in named for folder in each.split(os.pathsep) if folder]
    return tuple(dict.fromkeys(found))


def working_folder(pid: int) -> str | None:
    """That of a process; None where it is unknown."""
    with suppress(OSError):
        return os.readlink(f"/proc/{pid}/cwd")
    return None


def script_folder(pid: int) -> str | None:
    """The one that the script of a process is in, from which Python imports first; None of one that runs none."""
    scripts = [word for word in command_of(pid)[1:] if word.endswith(".py")]
    return os.path.normpath(Path(working_folder(pid) or "/", scripts[0]).parent) if scripts else None


def package_roots(views: Views) -> tuple[str, ...]:
    """Folders that hold the packages whose functions were seen, as far as these are on this machine."""
    functions = (function for each in views.processes.values() for function in each.stacks.functions())
    files = {function.file for function in functions if function.file.endswith(".py")}
    packages = {file: _package_of(file) for file in files}
    return tuple({str(Path(package).parent) for file, package in packages.items() if package != file})


@lru_cache(maxsize=4096)
def _package_of(file: str) -> str:
    return package_of(file)
