"""Paths as a report tells them: short, and without saying whose machine made it."""

from __future__ import annotations

import os
import sysconfig
from collections.abc import Callable, Mapping
from pathlib import Path

__all__ = ["known_places", "shortened"]


def known_places(python_paths: Mapping[str, str] | None = None) -> dict[str, str]:
    """What stands for a folder in a report, by the folder: nothing for the working folder, a name for Python's own.

    :param python_paths: as `sysconfig.get_paths` names those of the Python that runs the trials, where it is not this
    """
    paths = python_paths or sysconfig.get_paths()
    return {
        **_known(os.getcwd, ""),
        f"{paths['purelib']}/": "<site-packages>/",
        f"{paths['platlib']}/": "<site-packages>/",
        f"{paths['stdlib']}/": "<python>/",
        **_known(Path.home, "~/"),
    }


def _known(where: Callable[[], object], name: str) -> dict[str, str]:
    """The place with its name, where there is one: a target may delete its working folder, and a user without an entry
    in the list of users and without ``HOME`` has no home."""
    try:
        return {f"{where()}/": name}
    except (OSError, RuntimeError):
        return {}


def shortened(text: str, places: Mapping[str, str]) -> str:
    """``text`` with every path that lies in one of ``places`` told from there; the longest place first."""
    for place in sorted(places, key=len, reverse=True):
        if place != "/":
            text = text.replace(place, places[place])
    return text
