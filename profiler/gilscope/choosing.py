"""What was given, where only certain words or sorts of things have a meaning."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from gilscope.errors import UsageError

__all__ = ["did_you_mean", "require_choice", "require_kind"]

#: How like a known word another must be to be taken for it (`difflib.SequenceMatcher.ratio`).
LIKE = 0.5


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """The known word that is most like this one, as the end of a sentence; nothing where none is like it."""
    import difflib  # the options are declared before it is known whether one is wrong

    near = difflib.get_close_matches(word.lower(), list(known), 1, LIKE)
    return f"; did you mean {near[0]!r}?" if near else ""


def require_choice(name: str, word: str, known: Iterable[str]) -> None:
    """Nothing, where the word is one of those known.

    :param name: what it is the value of, as it is typed
    :raises UsageError: where it is none
    """
    words = tuple(known)
    if word not in words:
        raise UsageError(f"{name} {word!r} is none of {', '.join(words)}{did_you_mean(word, words)}")


def require_kind(name: str, value: object, kind: Any, wanted: str) -> None:
    """Nothing, where the value is of this kind.

    :param name: what it is the value of
    :param kind: as `isinstance` takes it
    :param wanted: what to give, in words
    :raises UsageError: where it is not
    """
    if not isinstance(value, kind):
        raise UsageError(f"{name} {value!r:.80} is no {wanted}")
