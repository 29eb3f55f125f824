"""Commands that can be pasted into a shell, each on one line."""

from __future__ import annotations

import shlex
from collections.abc import Iterable

__all__ = ["shell_command", "shell_word"]


def shell_command(words: Iterable[str]) -> str:
    """The command that gives a program these words."""
    return " ".join(map(shell_word, words))


def shell_word(word: str) -> str:
    """One word. What would break the line, or cannot be seen, is written as an escape (``$'…'``, which POSIX has had
    since 2024, and bash, zsh and ksh much longer)."""
    if all(character.isprintable() for character in word):
        return shlex.quote(word)
    return f"$'{''.join(map(_escaped, word))}'"


_NAMED = {"\n": "\\n", "\t": "\\t", "\\": "\\\\", "'": "\\'"}


def _escaped(character: str) -> str:
    """As bytes: shells read those alike in every locale."""
    if character in _NAMED:
        return _NAMED[character]
    if character.isprintable():
        return character
    # three digits of each, for a shell takes what follows a shorter escape for more of it
    return "".join(f"\\{byte:03o}" for byte in character.encode("utf-8", "surrogateescape"))
