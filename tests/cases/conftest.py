"""The command, in the folder of the programs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.conftest import Cli, _leaving_nothing, _orphans_come_here

__all__ = ["PROGRAMS", "Cli", "_orphans_come_here", "cli"]

PROGRAMS = Path(__file__).parent / "programs"


@pytest.fixture
def cli(tmp_path: Path, _orphans_come_here: None) -> Iterator[Cli]:
    """The command where the programs are; after the test no process and no temporary file of it may be left."""
    with _leaving_nothing(tmp_path / "work") as made:
        made.cwd = PROGRAMS
        yield made
