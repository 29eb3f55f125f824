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
from pathlib import Path
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
#: What the environment prints before and after it is not meant.
_HEARD: Final = re.compile(r"^gilscope hears: (.*)$", re.MULTILINE)
#: Where an environment says which Python it was made with.
_HOME: Final = re.compile(r"^home\s*=\s*(.+?)\s*$", re.MULTILINE)

#: Says what installs a module, as it is installed there.
_PROVIDER: Final = """
import json, sys
from importlib.metadata import packages_distributions, version
found = packages_distributions().get(sys.argv[1], [])
print("\\ngilscope hears: " + json.dumps([f"{name}=={version(name)}" for name in found[:1]]))
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
    has_venv: bool = True
    """Whether ``python -m venv`` makes environments that have pip."""
    is_managed: bool = False
    """By the system's package manager: pip and uv install nothing there (PEP 668)."""
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
    is_folder = os.path.isdir(given)
    if is_folder:
        given = os.path.join(given, "bin", "python")
    found = os.path.abspath(given) if os.sep in given else shutil.which(given)
    as_in = "name an interpreter, as in .venv-3.14/bin/python"
    if found is None:
        here = os.path.join(os.curdir, given)
        as_in = f"did you mean {here!r}?" if os.path.exists(here) else as_in
        raise PythonError(f"there is no program {name!r} on the PATH: {as_in}")
    if home := _lost_home(found):
        raise PythonError(f"{name!r} is of an environment whose own Python is gone ({home}): make it anew")
    if os.path.islink(found) and not os.path.exists(found):
        raise PythonError(f"{name!r} is a link that leads nowhere ({os.readlink(found)}): {as_in}")
    if not os.path.exists(found):
        what = "no bin/python in the folder" if is_folder else "no program"
        raise PythonError(f"there is {what} {name!r}: {as_in}")
    if not os.access(found, os.X_OK):
        raise PythonError(f"{name!r} may not be executed: {as_in}")
    return found


def _lost_home(program: str) -> str | None:
    """The folder of the Python that its environment was made with, where that is not there any more."""
    try:
        text = (Path(program).parent.parent / "pyvenv.cfg").read_text("utf-8", "replace")
    except OSError:
        return None
    home = _HOME.search(text)
    return home[1] if home and not os.path.isdir(home[1]) else None


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
    """The command that installs something for a Python: with its own pip, or where it has none with uv; into a new
    environment, where the Python itself takes nothing."""
    path, what = shlex.quote(python.path), shlex.quote(requirement)
    if python.is_managed:
        return _installing_beside(python, path, what)
    return f"{path} -m pip install {what}" if python.has_pip else f"uv pip install --python {path} {what}"


def _installing_beside(python: Python, path: str, what: str) -> str:
    folder = f".venv-{'.'.join(python.python.split('.')[:2])}"
    if python.has_venv:
        return f"{path} -m venv {folder} && {folder}/bin/python -m pip install {what}"
    return f"uv venv --python {path} {folder} && uv pip install --python {folder} {what}"


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
        found: list[str] = msgspec.json.decode(_heard(said), type=list[str])
    except (PythonError, msgspec.DecodeError):
        return None
    return next(iter(found), None)


def _told(name: str, said: str) -> Python:
    try:
        return msgspec.json.decode(_heard(said), type=Python)
    except (msgspec.DecodeError, msgspec.ValidationError) as error:
        raise PythonError(f"{name!r} does not tell of itself (it said {said.strip()[-200:]!r})") from error


def _heard(said: str) -> str:
    return next(iter(_HEARD.findall(said)[-1:]), "")


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
        ended = f"asked who it is, it ended {exit_reason(code)}{_last(output)}"
        raise PythonError(f"{name!r} is no Python that runs: {ended}")
    return output.text()


def _last(output: OutputTail) -> str:
    lines = output.text().strip().splitlines()
    telling = [line for line in lines if line.startswith("Fatal Python error")] or lines[-1:]
    return f" and said {telling[0][:200]!r}" if telling else ""
