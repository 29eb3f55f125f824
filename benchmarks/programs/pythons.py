"""The interpreters that programs are run by."""

from __future__ import annotations

import platform
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

__all__ = ["VERSIONS", "Python", "found"]

VERSIONS = ("3.11", "3.12", "3.13", "3.14", "3.15")


@dataclass(frozen=True)
class Python:
    """One that is here."""

    version: str
    """As ``3.13.0``."""
    path: str

    @property
    def minor(self) -> str:
        return self.version.rpartition(".")[0]


def found(versions: Sequence[str]) -> list[Python]:
    """Those of these versions (or paths) that are on this machine: on the path, or pyenv's."""
    return [python for version in versions if (python := _one(version)) is not None]


def _one(version: str) -> Python | None:
    if "/" in version:
        return _asked(version)
    if platform.python_version().startswith(f"{version}."):
        return Python(platform.python_version(), sys.executable)
    installed = sorted(Path.home().glob(f".pyenv/versions/{version}.*/bin/python"))
    named = shutil.which(f"python{version}")
    candidates = [*map(str, installed), *([named] if named else [])]
    return next((python for path in candidates if (python := _asked(path)) is not None), None)


def _asked(path: str) -> Python | None:
    """None of one that does not start: pyenv leaves names of versions that are not there."""
    command = [path, "-c", "import platform; print(platform.python_version())"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError:
        return None
    return Python(done.stdout.strip(), path) if done.returncode == 0 else None
