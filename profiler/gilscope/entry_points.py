"""What other packages, and folders of this one that may be deleted, name in a group of entry points."""

from __future__ import annotations

import glob
import importlib
import sys

from gilscope.errors import UsageError

__all__ = ["declared", "loaded"]


def loaded(group: str) -> dict[str, object]:
    """What is named in a group, by its name; what is in a module that is not there is left out.

    :raises UsageError: when one is there and cannot be loaded, for it lacks another module or fails
    """
    return {name: found for name, value in declared(group).items() if (found := _load(name, value)) is not None}


def declared(group: str) -> dict[str, str]:
    """What installed packages declare in a group: ``module:attribute`` by name.

    Read without importlib.metadata, which would take longer than all the rest of ours that showing the help needs.
    """
    found: dict[str, str] = {}
    folders = (glob.escape(folder or ".") for folder in sys.path)
    for file in (file for folder in folders for file in glob.glob(f"{folder}/*.dist-info/entry_points.txt")):
        with open(file, encoding="utf-8") as lines:
            section = lines.read().partition(f"[{group}]")[2].partition("\n[")[0]
        pairs = (line.partition("=") for line in section.splitlines() if "=" in line)
        found = {name.strip(): value.strip() for name, _, value in pairs} | found
    return found


def _load(name: str, value: str) -> object:
    """None where its module is not there; one that lacks another module is broken."""
    module, _, attribute = value.partition(":")
    try:
        return getattr(importlib.import_module(module), attribute)
    except Exception as error:
        if isinstance(error, ModuleNotFoundError) and f"{module}.".startswith(f"{error.name}."):
            return None
        raise UsageError(f"{name!r} ({value}) cannot be loaded: {error!r}; ask its author to mend it") from error
