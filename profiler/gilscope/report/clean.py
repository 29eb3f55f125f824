"""Making the strings of a record harmless: they come from a stranger's function and may hold anything."""

from __future__ import annotations

import re
from dataclasses import fields, is_dataclass, replace
from typing import TYPE_CHECKING, Any, Final, TypeVar

import msgspec

from gilscope.units import thousands

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["clipped", "encodable", "in_ascii", "printable"]

#: A record or a dataclass, or strings and numbers in tuples, lists and dictionaries.
T = TypeVar("T")

#: Terminal control sequences: CSI (colours, cursor) and OSC (titles, links), as in ECMA-48.
_SEQUENCES: Final = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)")
#: Control characters but tab and newline, and the marks that reorder text (bidirectional overrides).
_CONTROLS: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
#: Signs that a line of English may have.
_PLAIN: Final = str.maketrans(
    {"…": "...", "×": "x", "µ": "u", "–": "-", "—": "--", "’": "'", "“": '"', "”": '"', "≤": "<="}
)


def encodable(value: T) -> T:
    """``value`` with its lone surrogates, which no encoding can write, shown as escapes."""
    clean: T = _mapped(value, lambda text: text.encode("utf-8", "backslashreplace").decode())
    return clean


def printable(value: T) -> T:
    """``value`` fit for people: colours dropped, control characters and lone surrogates shown as escapes."""
    clean: T = _mapped(value, _visible)
    return clean


def in_ascii(value: T) -> T:
    """``value`` in ASCII: signs in their plain form, every other character shown as an escape."""
    plain: T = _mapped(value, lambda text: text.translate(_PLAIN).encode("ascii", "backslashreplace").decode())
    return plain


def clipped(value: T, most: int) -> T:
    """``value`` with every string of more than ``most`` characters cut, and told how much of it is missing."""
    clean: T = _mapped(value, lambda text: _clip(text, most))
    return clean


def _clip(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[:most]}… ({thousands(len(text) - most)} more characters)"


def _visible(text: str) -> str:
    lines = _SEQUENCES.sub("", text).replace("\r\n", "\n")
    shown = _CONTROLS.sub(lambda match: match[0].encode("unicode_escape").decode(), lines)
    return shown.encode("utf-8", "backslashreplace").decode()


def _mapped(value: Any, change: Callable[[str], str]) -> Any:
    """``value`` with ``change`` made to every string in it."""
    if isinstance(value, str):
        return change(value)
    if isinstance(value, tuple | list):
        return type(value)(_mapped(part, change) for part in value)
    if isinstance(value, dict):
        return {_mapped(key, change): _mapped(part, change) for key, part in value.items()}
    if isinstance(value, msgspec.Struct):
        names = value.__struct_fields__
        return type(value)(**{name: _mapped(getattr(value, name), change) for name in names})
    if is_dataclass(value) and not isinstance(value, type):
        return replace(value, **{part.name: _mapped(getattr(value, part.name), change) for part in fields(value)})
    return value
