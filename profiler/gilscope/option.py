"""One option of an analysis: how it is typed, shown and checked."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any

from gilscope.choosing import require_choice, require_kind
from gilscope.config import Key
from gilscope.errors import UsageError
from gilscope.parsing import seconds
from gilscope.reading import MOST
from gilscope.units import exact

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["Option", "option"]

#: The longest time that can be asked for.
LONGEST_S = 1e9
_PLACEHOLDERS: dict[type, str] = {int: "N", float: "N"}
#: What a program may give for a value of each kind, and what that is called.
_GIVEN: dict[type, tuple[Any, str]] = {
    bool: (bool, "True or False"),
    int: (Integral, "whole number"),
    float: (Real, "number"),
    str: (str | os.PathLike, "text"),
}


@dataclass(frozen=True)
class Option:
    """An option of an analysis: what it means, how it is typed, and what its values may be."""

    help: str
    flags: tuple[str, ...] = ()
    """How it is typed."""
    panel: str = ""
    """Among which others the help shows it."""
    parse: Callable[[str, str], Any] | None = None
    """From what is typed, and the flag, to the value; None where it is typed as what it is."""
    typed: str | None = None
    """The default as it would be typed."""
    metavar: str | None = None
    repeatable: bool = False
    least: float | None = None
    choices: tuple[str, ...] = ()
    in_python: str | None = None
    """The help where it differs for who does not type."""
    name: str = ""
    annotation: str = ""
    default: Any = None
    kind: type[bool | int | float | str] = str
    """Of one value."""

    @property
    def flag(self) -> str:
        """The long one; of a pair of which one says yes and one no, that which says yes."""
        return next(flag for flag in self.flags if flag.startswith("--")).partition("/")[0]

    @property
    def placeholder(self) -> str | None:
        """What stands for the value in the help; None where the option takes none."""
        if self.kind is bool and self.parse is None:
            return None
        return f"[{'|'.join(self.choices)}]" if self.choices else self.metavar or _PLACEHOLDERS.get(self.kind, "TEXT")

    @property
    def most(self) -> float:
        """Of a number: no clock waits longer, no float counts further, and a saved result may hold it."""
        return LONGEST_S if self.parse is seconds else MOST

    @property
    def key(self) -> Key:
        """As files and the environment name it."""
        flag = self.kind is bool and self.parse is None
        return Key(self.flag.removeprefix("--"), "flag" if flag else "text", self.repeatable)

    def keywords(self) -> Iterator[tuple[str, str]]:
        """Each long flag, with what says the same in Python."""
        for flag in (each for pair in self.flags for each in pair.split("/") if each.startswith("--")):
            is_flag = self.kind is bool and self.parse is None
            yield flag, f"{self.name}={not flag.startswith('--no-')}" if is_flag else self.name

    def as_typed(self, text: Any) -> Any:
        """From text to what `value` takes.

        :raises UsageError: where it is no number, and ought to be
        """
        if self.parse is not None or self.kind in (bool, str):
            return text
        try:
            return self.kind(text)
        except ValueError:
            raise UsageError(f"{self.flag} {text!r} is no {'whole ' if self.kind is int else ''}number") from None

    def value(self, typed: Any) -> Any:
        """From what was typed to the value.

        :raises UsageError: where it cannot be read
        """
        if self.parse is None:
            return typed
        if self.repeatable:
            return tuple(value for text in typed for value in self.parse(text, self.flag))
        return self.parse(typed, self.flag)

    def refuse_other_kinds(self, value: Any) -> None:
        """Nothing, where the value is of the kind that a program gives.

        :raises UsageError: when it is of another
        """
        several = isinstance(self.default, tuple)
        if several and (isinstance(value, str | bytes) or not isinstance(value, Iterable)):
            raise UsageError(f"{self.name} {value!r:.80} is no list: give [{value!r:.80}]")
        if value is None and self.default is None:
            return
        for each in value if several else (value,):
            self._refuse_another_kind(each)

    def _refuse_another_kind(self, value: Any) -> None:
        kind, wanted = _GIVEN[int if self.annotation.startswith("tuple[int") else self.kind]
        if isinstance(value, bool) and kind is not bool:  # which is a number to Python
            raise UsageError(f"{self.name} {value} is no {wanted}")
        require_kind(self.name, value, kind, wanted)

    def refuse_nonsense(self, value: Any, typed: Any = None) -> None:
        """Nothing, where the value means something.

        :param typed: as it was, if it was
        :raises UsageError: when it is none of the choices, too small, or beyond what can be reckoned with
        """
        if self.choices and value is not None:
            require_choice(self.name if typed is None else self.flag, value, self.choices)
        for each in value if isinstance(value, tuple) else (value,):
            if self.least is not None and each is not None and not each >= self.least:
                raise UsageError(f"{self._told(typed, each)} makes no sense: it must be at least {self.least}")
            if isinstance(each, int | float) and not -self.most <= each <= self.most:
                raise UsageError(f"{self._told(typed, '')} makes no sense: it is beyond {exact(self.most)}")

    def _told(self, typed: Any, value: Any) -> str:
        """As it was typed, else as a program has it."""
        if typed is None:
            return f"{self.name} {value}".rstrip()
        return f"{self.flag} {' '.join(map(str, typed) if isinstance(typed, list | tuple) else [str(typed)])!r}"


def option(panel: str, default: Any, usage: str, told: str, **more: Any) -> Any:
    """A field that is an option; ``usage`` are its flags, and what stands behind them."""
    words = usage.split()
    flags = tuple(word for word in words if word.startswith("-"))
    metavar = next((word for word in words if not word.startswith("-")), None)
    return field(default=default, metadata={"option": Option(told, flags, panel, metavar=metavar, **more)})
