"""Backends by name: gilscope's own, and third parties' through an entry point."""

from __future__ import annotations

import os
import sys
import textwrap
from pathlib import Path

import pytest

from gilscope import backends
from gilscope.backends.base import Backend
from gilscope.errors import UsageError
from tests.backends.conftest import Case, Start

PLUGIN = """
from gilscope.backends.serial import Serial

class Twice(Serial):
    name = "twice"
    simplicity = 9

    def open(self, work, configuration):
        import dataclasses
        func = work.func
        def twice(item):
            func(item)
            return func(item)
        return super().open(dataclasses.replace(work, func=twice), configuration)

class NoBackend:
    pass

class Unfinished(__import__("gilscope.backends.base", fromlist=["Backend"]).Backend):
    name = "unfinished"
"""
ENTRY_POINTS = """
[gilscope.backends]
twice = plugin_of_a_test:Twice
missing = plugin_of_a_test:Missing
absent = module_that_is_not_there:Backend
none = plugin_of_a_test:NoBackend
unfinished = plugin_of_a_test:Unfinished
thread = plugin_of_a_test:Twice
"""


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder as an installer would leave it, on the path."""
    folder = tmp_path / "site"
    metadata = folder / "plugin_of_a_test-1.0.dist-info"
    metadata.mkdir(parents=True)
    (folder / "plugin_of_a_test.py").write_text(textwrap.dedent(PLUGIN))
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: plugin-of-a-test\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text(ENTRY_POINTS)
    monkeypatch.syspath_prepend(folder)
    monkeypatch.delitem(sys.modules, "plugin_of_a_test", raising=False)
    return folder


@pytest.mark.parametrize("name", ["serial", "thread", "process", "asyncio"])
def test_gilscopes_own_are_there(name: str) -> None:
    made = backends.get(name)
    assert isinstance(made, Backend)
    assert made.name == name
    assert name in backends.names()


def test_ties_go_to_the_simpler() -> None:
    by_simplicity = sorted(backends.names(), key=lambda name: backends.get(name).simplicity)
    assert by_simplicity[:4] == ["serial", "asyncio", "thread", "process"]


@pytest.mark.parametrize(("name", "meant"), [("threads", "thread"), ("proces", "process"), ("async", "asyncio")])
def test_an_unknown_name_is_refused_with_the_nearest(name: str, meant: str) -> None:
    with pytest.raises(UsageError, match=f"no backend '{name}'; there are serial, .*did you mean '{meant}'"):
        backends.get(name)


def test_a_name_like_none_is_refused_without_a_guess() -> None:
    with pytest.raises(UsageError, match="no backend 'xyz'; there are") as told:
        backends.get("xyz")
    assert "did you mean" not in str(told.value)


def test_third_parties_follow_gilscopes_own(site: Path) -> None:
    names = backends.names()
    assert names[:4] == ("serial", "thread", "process", "asyncio")
    assert {"twice", "missing"} <= set(names[4:])
    assert len(set(names)) == len(names)


def test_a_third_partys_backend_is_loaded_by_its_name(site: Path) -> None:
    made = backends.get("twice")
    assert isinstance(made, Backend)
    assert (made.name, made.simplicity) == ("twice", 9)


def test_nobody_takes_the_name_of_gilscopes_own(site: Path) -> None:
    assert type(backends.get("thread")).__module__ == "gilscope.backends.thread"


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("missing", r"backend 'missing' \(plugin_of_a_test:Missing\) cannot be loaded: AttributeError"),
        ("absent", r"backend 'absent' \(module_that_is_not_there:Backend\) cannot be loaded: ModuleNotFoundError"),
        ("unfinished", r"backend 'unfinished' .* cannot be loaded: TypeError.*open"),
        ("none", r"backend 'none' is not a gilscope.backends.base.Backend"),
    ],
)
def test_one_that_cannot_be_loaded_is_a_usage_error_with_the_reason(site: Path, name: str, told: str) -> None:
    with pytest.raises(UsageError, match=told):
        backends.get(name)


@pytest.mark.skipif(sys.platform == "win32", reason="trials run on POSIX")
def test_a_third_partys_backend_runs_in_a_trial(site: Path, start: Start) -> None:
    path = os.pathsep.join([str(site), *filter(None, [os.environ.get("PYTHONPATH")])])
    trial = start(Case("twice", 1), "call", {"PYTHONPATH": path}, inputs="NUMBERS")
    assert trial.round(10).calls == 10
    assert len(trial.notes) == 2 * 10 - 4  # the four that raise do so at once
