"""The mutants: lines to break by hand, each with the tests that are expected to notice."""

from __future__ import annotations

from fnmatch import fnmatchcase
from pathlib import Path

import msgspec

__all__ = ["Mutant", "listed", "named"]

LIST = Path(__file__).with_name("mutants.toml")


class Mutant(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A line, and what it becomes."""

    name: str
    breaks: str
    """What is wrong then, in a sentence."""
    find: str
    """The anchor (`tests.mutants.anchors.pattern`)."""
    put: str
    """What stands in its place."""
    tests: tuple[str, ...]
    """Files of tests, or single ones (``file.py::test``), below the folder of tests."""
    where: str = "**/*"
    """In which files of the package to look: a glob."""
    before: str = ""
    """The test that caught it in the code as it was before the restructuring; empty where none did, or for a mutant
    that is newer."""

    @property
    def package(self) -> str:
        """The part of gilscope that it belongs to."""
        return self.name.partition("-")[0]


class _List(msgspec.Struct, forbid_unknown_fields=True):
    mutant: tuple[Mutant, ...]


def listed() -> tuple[Mutant, ...]:
    """All of them.

    :raises msgspec.ValidationError: when one is written down wrongly
    """
    return msgspec.toml.decode(LIST.read_bytes(), type=_List).mutant


def named(patterns: list[str]) -> list[Mutant]:
    """Those whose names fit one of the patterns (``observers-*``), in the order of the list; all without a pattern.

    :raises KeyError: for a pattern that fits none
    """
    mutants = listed()
    for wanted in patterns:
        if not any(fnmatchcase(mutant.name, wanted) for mutant in mutants):
            raise KeyError(wanted)
    return [one for one in mutants if not patterns or any(fnmatchcase(one.name, wanted) for wanted in patterns)]
