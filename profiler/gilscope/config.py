"""What pyproject.toml and the environment say of options that nobody typed, as it would have been typed.

A file is read wherever gilscope is run, in folders that others wrote: what would run code, reach another machine or
write a file is therefore left to who types, and to the environment.
"""

from __future__ import annotations

import os
import re
import shlex
import stat
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final, Literal

from gilscope.errors import UsageError

__all__ = [
    "NO_KEYS",
    "TYPED_ONLY",
    "File",
    "Key",
    "Said",
    "nearest_file",
    "read_environment",
    "refuse_unknown",
    "said",
    "unknown_variables",
    "variables_of",
    "with_origins",
]

NAME: Final = "pyproject.toml"
TABLE: Final = "tool.gilscope"
PREFIX: Final = "GILSCOPE_"
_CODE: Final = "it would run what is in it"
_WRITES: Final = "it would write files"
_REACHES: Final = "it would send code and data to another machine"
#: Options that a file must not set, and why: whoever may write the file is not always who runs gilscope.
TYPED_ONLY: Final[Mapping[str, str]] = {
    "python": _CODE,
    "inputs": _CODE,
    "arg": _CODE,
    "kwarg": _CODE,
    "setup": _CODE,
    "teardown": _CODE,
    "output": _WRITES,
    "program-output": _WRITES,
    "capture": "it would keep data of the program",
    "capture-to": _WRITES,
    "capture-most": "it says how much data of the program is kept",
    "broker": _REACHES,
    "dask": _REACHES,
    "allow-remote-broker": _REACHES,
    "remote-workers": _REACHES,
    "secret-file": _REACHES,
}
#: What is asked for at a time, and no preference.
NO_KEYS: Final = frozenset("code dry-run from help install-completion json no-config show-completion version".split())
#: Of which one that comes first rules out the other.
_RIVALS: Final[Mapping[str, Collection[str]]] = {
    "items": ("target-rate",),
    "within": ("target-rate",),
    "target-rate": ("items", "within"),
    "quiet": ("verbose",),
    "verbose": ("quiet",),
}
#: Keys whose values are paths, from the file's folder on.
_PATHS: Final = ("baseline",)
#: What gilscope tells its own processes by such a name, and other things that such names stand for.
_TAKEN: Final = frozenset(
    PREFIX + name
    for name in (
        "ANALYSIS CAPTURE EXAMPLES_PORT OBSERVE OUT QUEUE_PREFIX QUEUE_SECRET QUEUE_TASKS_URL QUEUE_URL RTT_S TRIAL"
    ).split()
)
_WORDS: Final = {
    "1": True,
    "true": True,
    "yes": True,
    "on": True,
    "0": False,
    "false": False,
    "no": False,
    "off": False,
}
_NO_CONFIG: Final = "gilscope --no-config reads no file"


@dataclass(frozen=True)
class Key:
    """An option as files and the environment name it: its long flag without dashes."""

    name: str
    kind: Literal["text", "flag", "count"] = "text"
    repeatable: bool = False


@dataclass(frozen=True)
class Said:
    """What is said of an option, and where."""

    value: str | bool | int | list[str]
    """As it would be typed."""
    source: Literal["environment", "file"]
    where: str
    """The variable's name; the file's path and table."""
    told: str
    """All of it in a word or two, for messages."""


@dataclass(frozen=True)
class File:
    """A file with a table of ours."""

    path: Path
    table: Mapping[str, Any]
    """With dashes in all names."""

    def read(self, command: str, key: Key) -> Said | None:
        """What it says of an option of a command: in the command's own table, else in the one for all.

        :raises UsageError: when that is of another type, or not for a file to say
        """
        own = self.table.get(command)
        for table, name in ((own, f"{TABLE}.{command}"), (self.table, TABLE)):
            if isinstance(table, Mapping) and key.name in table and not isinstance(table[key.name], Mapping):
                told = f"{key.name} = {_shown(table[key.name])} in [{name}] of {self.path}"
                return Said(self._value(table[key.name], key, told), "file", f"{self.path} [{name}]", told)
        return None

    def _value(self, value: Any, key: Key, told: str) -> str | bool | int | list[str]:
        if key.name in TYPED_ONLY:
            variable = PREFIX + key.name.upper().replace("-", "_")
            raise UsageError(
                f"{told} is not for a file to say, for {TYPED_ONLY[key.name]}: type --{key.name}, or set {variable}"
            )
        made = _from_toml(value, key, told)
        return str(self.path.parent / made) if key.name in _PATHS and isinstance(made, str) else made


def nearest_file(folder: str | os.PathLike[str]) -> File | None:
    """The nearest file upwards from there that has a table of ours; None where there is none. Those that cannot be
    opened, do not mention it, or may be another user's in a folder open to all are passed over.

    :raises UsageError: when one does and is no TOML
    """
    for each in (Path(folder), *Path(folder).parents):
        try:
            content = b"" if _is_planted(each) else (each / NAME).read_bytes()
        except OSError:
            continue
        if b"gilscope" in content and (table := _table(each / NAME, content)) is not None:
            return File(each / NAME, table)
    return None


def _is_planted(folder: Path) -> bool:
    """Whether another user may have put the file there, as anybody may in /tmp; files of the administrator are fine."""
    if os.name != "posix" or not os.stat(folder).st_mode & stat.S_IWOTH:
        return False
    return os.stat(folder / NAME).st_uid not in (0, os.geteuid())


def _table(path: Path, content: bytes) -> Mapping[str, Any] | None:
    import tomllib

    try:
        table = tomllib.loads(content.decode()).get("tool", {}).get("gilscope")
    except ValueError as error:
        if TABLE.encode() not in content:
            return None
        raise UsageError(f"{path} is no TOML: {error}; mend it ({_NO_CONFIG})") from error
    except AttributeError:  # its tool is no table
        return None
    if table is not None and not isinstance(table, Mapping):
        raise UsageError(f"{TABLE} in {path} is no table: write [{TABLE}], and the options below it ({_NO_CONFIG})")
    return None if table is None else _dashed(table)


def _dashed(table: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name.replace("_", "-"): _dashed(value) if isinstance(value, Mapping) else value for name, value in table.items()
    }


def variables_of(command: str, key: Key) -> tuple[str, ...]:
    """The variables that set it, the command's own first."""
    name = key.name.upper().replace("-", "_")
    return tuple(
        variable for variable in (f"{PREFIX}{command.upper()}_{name}", PREFIX + name) if variable not in _TAKEN
    )


def read_environment(environment: Mapping[str, str], command: str, key: Key) -> Said | None:
    """What the environment says of it; an empty variable says nothing.

    :raises UsageError: when it cannot be read
    """
    for variable in variables_of(command, key):
        if text := environment.get(variable):
            told = f"{variable}={shlex.quote(text)}"
            return Said(_from_text(text, key, told), "environment", variable, told)
    return None


def said(
    keys: Iterable[Key], command: str, file: File | None, environment: Mapping[str, str], typed: Collection[str] = ()
) -> dict[str, Said]:
    """What is said of the options of a command, by name: the environment before the file, and of those that were not
    typed, nor ruled out by what comes before.

    :raises UsageError: when something cannot be read
    """

    def in_file(key: Key) -> Said | None:
        return None if file is None else file.read(command, key)

    left = [key for key in keys if key.name not in typed and key.name not in NO_KEYS]
    before, found = set(typed), dict[str, Said]()
    for read in (partial(read_environment, environment, command), in_file):
        now = {key.name: one for key in left if (one := read(key)) is not None}
        allowed = {name for name in now if name not in before and not before & {*_RIVALS.get(name, ())}}
        found |= {name: now[name] for name in allowed}
        before |= allowed
    return found


def refuse_unknown(file: File, commands: Mapping[str, Collection[str]]) -> None:
    """:raises UsageError: for what the file says and no command knows

    :param commands: the names of their options
    """
    every = {name for names in commands.values() for name in names}
    for name, value in file.table.items():
        if isinstance(value, Mapping):
            if name not in commands:
                raise _unknown(f"[{TABLE}.{name}]", name, commands, "no command", file)
            for key in value:
                _refuse(key, commands[name], f"{TABLE}.{name}", f"no option of gilscope {name}", file)
        else:
            _refuse(name, every, TABLE, "no option", file)


def _refuse(key: str, known: Collection[str], table: str, none: str, file: File) -> None:
    if key in NO_KEYS and key in known:
        instead = 'write format = "json"' if key == "json" else f"type --{key}"
        raise UsageError(f"{key} in [{table}] of {file.path} is no preference: {instead}")
    if key not in known:
        raise _unknown(f"{key} in [{table}]", key, [name for name in known if name not in NO_KEYS], none, file)


def _unknown(what: str, name: str, known: Iterable[str], none: str, file: File) -> UsageError:
    import difflib

    near = difflib.get_close_matches(name, list(known), n=1, cutoff=0.5)
    hint = f"did you mean {near[0]}?" if near else "gilscope config lists them"
    return UsageError(f"{what} of {file.path} names {none}: {hint} ({_NO_CONFIG})")


def unknown_variables(environment: Mapping[str, str], known: Collection[str]) -> dict[str, str | None]:
    """Variables that look like ours and set nothing, each with the nearest that does."""
    import difflib

    strange = sorted(name for name in environment if name.startswith(PREFIX) and name not in {*known, *_TAKEN})
    return {name: next(iter(difflib.get_close_matches(name, known, n=1)), None) for name in strange}


def with_origins(message: str, found: Mapping[str, Said]) -> str:
    """A message, with where it is said of each option that it is about."""
    told = [one.told for name, one in found.items() if one.told not in message and _is_about(message, name, one)]
    return f"{message} ({'; '.join(told)})" if told else message


def _is_about(message: str, name: str, one: Said) -> bool:
    """Whether it names the option, or quotes what it was set to, or one of several things."""
    values = one.value if isinstance(one.value, list) else [one.value, *str(one.value).split(",")]
    return bool(re.search(rf"(?<![\w-])--{name}(?![\w-])", message)) or any(
        isinstance(value, str) and repr(value) in message for value in values
    )


# -- values ------------------------------------------------------------------------------------------------------------


def _from_text(text: str, key: Key, told: str) -> str | bool | int | list[str]:
    if key.repeatable:
        try:
            return shlex.split(text)
        except ValueError as error:
            raise UsageError(
                f"{told}: {error}; several are written with spaces between, quoted as in a shell"
            ) from None
    word = _WORDS.get(text.strip().lower())
    if key.kind == "count" and text.strip().isdigit():
        return int(text)
    if key.kind == "text":
        return text
    if word is not None:
        return word if key.kind == "flag" else int(word)
    raise UsageError(f"{told} says neither yes nor no: write 1 or 0")


def _from_toml(value: Any, key: Key, told: str) -> str | bool | int | list[str]:
    if key.kind == "flag":
        if isinstance(value, bool):
            return value
        raise UsageError(f"{told} is neither true nor false")
    if key.kind == "count":
        if isinstance(value, int):
            return int(value)
        raise UsageError(f"{told} is no number: write 1 or 2")
    several = [*_texts(value if isinstance(value, list) else [value], told)]
    return several if key.repeatable else ",".join(several)


def _texts(values: Iterable[Any], told: str) -> Iterator[str]:
    for value in values:
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            raise UsageError(f'{told} is neither text nor a number: write it as it is typed, as in "10s"')
        yield str(value)


def _shown(value: Any) -> str:
    """As it stands in the file, but for strings in other quotes."""
    if isinstance(value, bool):
        return str(value).lower()
    return f'"{value}"' if isinstance(value, str) else str(value)
