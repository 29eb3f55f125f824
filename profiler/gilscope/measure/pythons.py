"""Other Pythons than the one that runs this: whether they can run a trial, asked before anything is measured."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import signal
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, Final

import msgspec

from gilscope.errors import PythonError
from gilscope.measure import probe
from gilscope.measure.trial import OutputTail
from gilscope.subprocesses import exit_reason
from gilscope.units import given_duration
from gilscope.version import __version__

__all__ = ["LEAST", "Python", "asked", "gilscope_requirement", "installing", "requirement_of"]

#: The oldest Python that gilscope runs on.
LEAST: Final = (3, 11)
#: How long a Python may take to tell of itself: with gilscope's imports it is a fraction of a second.
PROBE_LIMIT_S: Final = 20.0
#: Valid in every Python there is, which is why it says nothing that is newer.
_WHO: Final = (
    "import platform, sys; "
    'print("\\ngilscope asks: " + platform.python_implementation() + " " + ".".join(map(str, sys.version_info[:3])))'
)
_ANSWER: Final = re.compile(r"^gilscope asks: (\w+) (\d+)\.(\d+)\.(\d+)$", re.MULTILINE)


#: Says what installs a module, as it is installed there.
_PROVIDER: Final = """
import json, sys
from importlib.metadata import packages_distributions, version
found = packages_distributions().get(sys.argv[1], [])
print("\\n" + json.dumps([f"{name}=={version(name)}" for name in found[:1]]))
"""


class Python(msgspec.Struct, frozen=True, kw_only=True):
    """A Python that can run trials, as it tells of itself."""

    path: str = ""
    """The program that is started, absolute; links are kept, for by its own place a Python knows its environment."""
    python: str
    """Its version."""
    implementation: str
    free_threaded: bool
    prefix: str
    """The folder of its environment."""
    has_pip: bool
    paths: dict[str, str]
    """Where its modules are, as `sysconfig.get_paths` names them."""
    gilscope: str | None = None
    problem: str | None = None
    """Why its gilscope cannot be imported."""
    backends: tuple[str, ...] = ()
    """Those that are tried unasked there."""
    traits: dict[str, dict[str, Any]] = {}
    """Of these and of those that were asked for, as `gilscope.backends.base.Backend.traits` tells them."""
    missing: dict[str, str] = {}
    """Those that were asked for and are not there, and why."""
    packages: dict[str, str] = {}
    """Versions of those that matter, by name."""


def asked(name: str, backends: Sequence[str] = ()) -> Python:
    """What the Python of this name or path tells of itself.

    :param backends: that are asked for by name
    :raises PythonError: when it is not there, is no Python, or cannot run trials
    """
    path = _program(name)
    _require_new_cpython(name, path)
    told = _told(name, _said(name, [path, "-P", probe.__file__, *backends]))
    python = msgspec.structs.replace(told, path=path)
    _require_gilscope(name, python)
    others = [each for each in backends if each != "serial"]
    if others and all(each in python.missing for each in others):
        raise PythonError(f"{name!r} has none of what is asked for: {'; '.join(python.missing.values())}")
    return python


def _program(name: str) -> str:
    """The program itself: a name without a folder is looked for as a shell does, and a folder is an environment's."""
    given = os.path.expanduser(name)
    if os.path.isdir(given):
        given = os.path.join(given, "bin", "python")
    found = os.path.abspath(given) if os.sep in given else shutil.which(given)
    if found is None or not os.path.exists(found):
        where = "on the PATH" if found is None else "there"
        raise PythonError(f"no program {name!r} is {where}: name an interpreter, as in .venv-3.14/bin/python")
    if not os.access(found, os.X_OK):
        raise PythonError(f"{name!r} may not be executed: name an interpreter, as in .venv-3.14/bin/python")
    return found


def _require_new_cpython(name: str, path: str) -> None:
    found = _ANSWER.search(said := _said(name, [path, "-c", _WHO]))
    if found is None:
        told = f" (it said {said.strip()[-200:]!r})" if said.strip() else ""
        raise PythonError(f"{name!r} is no Python{told}: name an interpreter")
    implementation, *version = found.groups()
    if implementation != "CPython":
        raise PythonError(
            f"{name!r} is {implementation} {'.'.join(version)}, and gilscope measures CPython alone: another "
            "implementation has another lock, or none"
        )
    if tuple(map(int, version)) < LEAST:
        least = ".".join(map(str, LEAST))
        raise PythonError(f"{name!r} is Python {'.'.join(version)}, and gilscope needs {least} or newer")


def _require_gilscope(name: str, python: Python) -> None:
    command = installing(python, gilscope_requirement())
    if python.gilscope is None:
        raise PythonError(f"{name!r} has no gilscope: {command}", command)
    if python.gilscope != __version__:
        raise PythonError(f"{name!r} has gilscope {python.gilscope}, and this is {__version__}: {command}", command)
    if python.problem is not None:
        raise PythonError(f"the gilscope of {name!r} cannot be imported ({python.problem}): {command}", command)


def installing(python: Python, requirement: str) -> str:
    """The command that installs something for a Python: with its own pip, or where it has none with uv."""
    path, what = shlex.quote(python.path), shlex.quote(requirement)
    return f"{path} -m pip install {what}" if python.has_pip else f"uv pip install --python {path} {what}"


def gilscope_requirement() -> str:
    """What installs the gilscope that runs this: from where it was installed itself (PEP 610), else its version."""
    from importlib import metadata

    try:
        text = metadata.distribution("gilscope").read_text("direct_url.json")
        told: dict[str, Any] = msgspec.json.decode(text or "{}")
    except (metadata.PackageNotFoundError, msgspec.DecodeError, OSError):
        told = {}
    url = str(told.get("url") or "")
    if "vcs_info" in told:
        made: dict[str, str] = told["vcs_info"]
        return f"{made['vcs']}+{url}@{made['commit_id']}"
    return url.removeprefix("file://") if url else f"gilscope=={__version__}"


def requirement_of(module: str, python: Python) -> str | None:
    """What installs this module, in the version that a Python has; None where it has none that was installed so."""
    try:
        said = _said(python.path, [python.path, "-P", "-c", _PROVIDER, module])
        found: list[str] = msgspec.json.decode(said.strip().rpartition("\n")[2], type=list[str])
    except (PythonError, msgspec.DecodeError):
        return None
    return next(iter(found), None)


def _told(name: str, said: str) -> Python:
    try:
        return msgspec.json.decode(said.strip().rpartition("\n")[2], type=Python)
    except (msgspec.DecodeError, msgspec.ValidationError) as error:
        raise PythonError(f"{name!r} does not tell of itself (it said {said.strip()[-200:]!r})") from error


def _said(name: str, command: list[str]) -> str:
    """The last that a program prints; it is ended after `PROBE_LIMIT_S`, with what it started.

    :raises PythonError: when it cannot be started, or does not end
    """
    try:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    except OSError as error:
        raise PythonError(f"{name!r} cannot be started ({error.strerror}): name an interpreter") from error
    assert process.stdout is not None
    output = OutputTail(process.stdout)
    try:
        code = process.wait(PROBE_LIMIT_S)
    except subprocess.TimeoutExpired:
        raise PythonError(f"{name!r} does not answer within {given_duration(PROBE_LIMIT_S)}: is it a Python?") from None
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        output.close()
    if code != 0:
        raise PythonError(f"{name!r} is no Python: asked who it is, it ended {exit_reason(code)}{_last(output)}")
    return output.text()


def _last(output: OutputTail) -> str:
    lines = output.text().strip().splitlines()
    return f" and said {lines[-1][:200]!r}" if lines else ""
