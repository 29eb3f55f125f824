"""What other packages add to an analysis: found by entry points, and nothing where they are not there."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from importlib.metadata import entry_points
from pathlib import Path

import pytest
import typer
import typer.main

from gilscope import extensions
from gilscope.cli.app import app
from gilscope.entry_points import declared
from gilscope.errors import UsageError
from gilscope.extensions import GROUP, Extension, installed
from gilscope.options import Options
from tests.unit.handmade import make_result

Declare = Callable[..., None]
MODULE = """
import {needed}
from gilscope.extensions import Extension

class Added(Extension):
    @property
    def environment(self):
        return {{"ADDED": str(self.options.seed)}}

    @staticmethod
    def add_commands(app):
        @app.command()
        def greet():
            "Say hello."

something = 3
"""


@pytest.fixture
def declare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Declare]:
    """Install a package that names one extension, of a module that imports ``needed``."""
    monkeypatch.syspath_prepend(str(tmp_path))
    folder = tmp_path / "added-1.0.dist-info"
    folder.mkdir()

    def declared(value: str, needed: str = "os") -> None:
        (tmp_path / "added_by_a_test.py").write_text(MODULE.format(needed=needed))
        (folder / "entry_points.txt").write_text(
            f"[console_scripts]\na = b:c\n\n[{GROUP}]\nadded = {value}\n\n[x]\ny=z\n"
        )
        installed.cache_clear()

    yield declared
    sys.modules.pop("added_by_a_test", None)
    installed.cache_clear()


def test_they_are_those_that_the_entry_points_name() -> None:
    assert declared(GROUP) == {entry.name: entry.value for entry in entry_points(group=GROUP)}


def test_task_queues_are_an_extension() -> None:
    assert [kind.__module__ for kind in installed()] == ["gilscope.queues.extension"]


def test_an_extension_adds_to_analyses_and_commands(declare: Declare) -> None:
    declare("added_by_a_test:Added")
    kinds = {kind.__name__: kind for kind in installed()}
    assert set(kinds) == {"Added", "Queues"}
    assert kinds["Added"](Options(seed=7)).environment == {"ADDED": "7"}
    assert {"greet", "worker"} < set(typer.main.get_group(app).commands)


@pytest.mark.parametrize("value", ["gilscope.no_such_folder.extension:Added", "no_such_package:Added"])
def test_one_whose_module_is_not_there_adds_nothing(declare: Declare, value: str) -> None:
    declare(value)
    assert [kind.__name__ for kind in installed()] == ["Queues"]
    assert "analyze" in typer.main.get_group(app).commands


@pytest.mark.parametrize(
    ("value", "needed", "told"),
    [
        ("added_by_a_test:Added", "no_such_library", "'added' .* cannot be loaded: .*'no_such_library'"),
        ("added_by_a_test:something", "os", "no subclass of gilscope.extensions.Extension"),
        ("added_by_a_test:nothing", "os", "'added' .* cannot be loaded: .*'nothing'"),
    ],
)
def test_a_broken_one_is_told(declare: Declare, value: str, needed: str, told: str) -> None:
    declare(value, needed)
    with pytest.raises(UsageError, match=told):
        installed()


def test_one_that_overrides_nothing_adds_nothing() -> None:
    plain = Extension(Options())
    with plain.around(print):
        assert plain.environment == {}
    assert plain.workers_of("thread") is None
    result = make_result()
    assert plain.completed(result, None) is result
    added = typer.Typer()
    extensions.Extension.add_commands(added)
    assert added.registered_commands == []
