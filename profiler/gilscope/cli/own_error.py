"""What is said of an error of gilscope's own: all that somebody needs who is to mend it, and nothing secret."""

from __future__ import annotations

import os
import platform
import re
import shlex
import sys
import traceback
from collections.abc import Iterator, Sequence
from importlib import metadata
from typing import Final

from gilscope.addresses import HIDDEN, shown
from gilscope.version import __version__

__all__ = ["report_of", "typed"]

#: The versions that matter: what the command line and the measuring stand on.
_PACKAGES: Final = ("typer", "rich", "msgspec", "psutil", "py-spy", "numpy", "pandas")
_LABELS: Final = ("issues", "issue tracker", "bug tracker", "tracker", "bugs", "repository", "source", "homepage")
#: Options whose values are the user's data.
_DATA: Final = ("--arg", "--kwarg", "--secret-file")
#: Commands that are given a program with its arguments, which may be anything.
_OF_PROGRAMS: Final = ("run", "top")
#: User and password in an address, anywhere in a text.
_USER: Final = re.compile(r"(?<=//)[^/\s'\"]*@")


def report_of(error: BaseException, arguments: Sequence[str]) -> str:
    """A report to file as it is, with the command as it was typed, but for what is the user's own.

    :param arguments: of the command line
    """
    lines = (
        "gilscope: this is an error of gilscope's own, not of what you typed.",
        f"Please send all that follows, once you have read it, to {_tracker()}:",
        "",
        f"gilscope {__version__}, {_interpreter()}, {platform.platform()}",
        ", ".join(_versions()),
        f"$ {typed(arguments)}",
        "".join(traceback.format_exception(error)).rstrip(),
    )
    return _without_home(_USER.sub(f"{HIDDEN}@", "\n".join(lines))) + "\n"


def typed(arguments: Sequence[str]) -> str:
    """The command for a shell, without passwords, arguments of calls, and those of a program that was to be watched."""
    return " ".join(told if HIDDEN in told else shlex.quote(told) for told in ("gilscope", *_told(arguments)))


def _told(arguments: Sequence[str]) -> Iterator[str]:
    of_program = bool({*arguments} & {*_OF_PROGRAMS})  # its name need not come first
    before = ""
    for argument in arguments:
        option, equals, value = argument.partition("=") if argument.startswith("--") else ("", "", argument)
        if before in _DATA:
            yield _hidden(value)
        elif option in _DATA and equals:
            yield f"{option}={_hidden(value)}"
        else:
            yield f"{option}{equals}{shown(value)}" if "://" in value else argument
        if of_program and _begins_arguments(before, argument):
            yield HIDDEN
            return
        before = argument


def _begins_arguments(before: str, argument: str) -> bool:
    """Whether all that follows is the program's."""
    return argument.endswith(".py") or argument == "-c" or before in ("-m", "--")


def _hidden(value: str) -> str:
    """A value, or that of a name."""
    name, equals, _ = value.partition("=")
    return f"{name}={HIDDEN}" if equals and name.isidentifier() else HIDDEN


def _interpreter() -> str:
    return f"{platform.python_implementation()} {platform.python_version()}"


def _versions() -> Iterator[str]:
    for name in _PACKAGES:
        try:
            yield f"{name} {metadata.version(name)}"
        except metadata.PackageNotFoundError:
            yield f"no {name}"


def _tracker() -> str:
    """Where the package says that issues are filed."""
    try:
        pairs = [url.split(",", 1) for url in metadata.metadata("gilscope").get_all("Project-URL") or ()]
    except metadata.PackageNotFoundError:
        pairs = []
    urls = {label.strip().lower(): url.strip() for label, url in pairs}
    return next((urls[label] for label in _LABELS if label in urls), "gilscope's issue tracker")


def _without_home(text: str) -> str:
    """Paths as a shell writes them: the home folder's name is often that of its owner."""
    home = os.path.expanduser("~")
    return text if len(home) < 2 or home == sys.prefix else text.replace(home + os.sep, "~" + os.sep)
