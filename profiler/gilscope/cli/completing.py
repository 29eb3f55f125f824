"""What a shell is offered to complete a word with."""

from __future__ import annotations

from collections.abc import Callable, Iterable

__all__ = ["backends_beginning", "one_of"]


def one_of(words: Iterable[str]) -> Callable[[str], list[str]]:
    """Completes one of these words."""
    known = tuple(words)

    def beginning(incomplete: str) -> list[str]:
        return [word for word in known if word.startswith(incomplete)]

    return beginning


def backends_beginning(incomplete: str) -> list[str]:
    """The backends that may stand last in a list with commas between, each with those before it."""
    from gilscope.backends import known

    before, comma, last = incomplete.rpartition(",")
    taken = {*before.split(","), "serial"}
    return [f"{before}{comma}{name}" for name in known() if name.startswith(last) and name not in taken]
