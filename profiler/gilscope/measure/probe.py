"""What a Python tells of itself, and of the gilscope that it has.

It is run as a file by that Python, with the names of the backends that are asked for, so that nothing of gilscope is
imported before it is looked for.
"""

from __future__ import annotations

import json
import os
import platform
import sys
import sysconfig
from collections.abc import Sequence
from importlib.util import find_spec
from typing import Any


def _itself() -> dict[str, Any]:
    paths = sysconfig.get_paths()
    return {
        "python": platform.python_version(),
        "implementation": platform.python_implementation(),
        "free_threaded": bool(sysconfig.get_config_var("Py_GIL_DISABLED")),
        "prefix": sys.prefix,
        "has_pip": find_spec("pip") is not None,
        "has_venv": find_spec("ensurepip") is not None,
        "is_managed": sys.prefix == sys.base_prefix and os.path.exists(f"{paths['stdlib']}/EXTERNALLY-MANAGED"),
        "paths": {name: paths[name] for name in ("purelib", "platlib", "stdlib")},
    }


def _gilscope() -> dict[str, Any]:
    """Of the parts that a trial's process needs; what is missing is told by the error of the import."""
    found = find_spec("gilscope")
    if found is None or found.origin is None:  # a folder of that name is no package
        return {}
    told = {"gilscope": _version_of_another()}
    try:
        from gilscope.version import __version__

        told = {"gilscope": __version__}
        from gilscope import backends
        from gilscope.measure import child
        from gilscope.observers.environment import PACKAGES, package_versions
    except Exception as error:
        return {**told, "problem": f"{type(error).__name__}: {error}"}
    assert child.main is not None
    return {**told, **_backends(backends.names(), sys.argv[1:]), "packages": package_versions(PACKAGES)}


def _version_of_another() -> str:
    """Of one that does not keep it where this one does."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("gilscope")
    except PackageNotFoundError:
        return "of an unknown version"


def _backends(names: Sequence[str], asked: Sequence[str]) -> dict[str, Any]:
    """Those that are tried unasked and those that are asked for, as plans need to know them."""
    from gilscope import backends
    from gilscope.errors import UsageError

    traits, missing = {}, {}
    for name in dict.fromkeys([*names, *asked]):
        try:
            traits[name] = backends.get(name).traits()
        except UsageError as error:
            missing[name] = str(error)
    return {"backends": names, "traits": traits, "missing": {name: missing[name] for name in asked if name in missing}}


if __name__ == "__main__":
    sys.stdout.write("\ngilscope hears: " + json.dumps({**_itself(), **_gilscope()}) + "\n")
