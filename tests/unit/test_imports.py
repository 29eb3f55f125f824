"""Telling what imports cost: of modules made to take a known time, and to need each other."""

from __future__ import annotations

import importlib
import sys
import threading
from collections.abc import Iterator
from importlib import _bootstrap
from pathlib import Path

import pytest

from gilscope.backends.imports import STEP, timed_imports
from gilscope.measure.imports import LEAST_S, MOST, costliest

MODULES = {
    "gs_outer.py": "import time; time.sleep(0.05); import gs_package.deep; from gs_package import other; VALUE = 7",
    "gs_package/__init__.py": "import time; time.sleep(0.1)",
    "gs_package/deep.py": "import gs_leaf, time; time.sleep(0.1)",
    "gs_package/other.py": "import importlib; importlib.import_module('gs_leaf')",
    "gs_leaf.py": "import time; time.sleep(0.4)",
    "gs_broken.py": "import gs_leaf; raise ValueError('broken')",
    "gs_quick.py": "",
}


@pytest.fixture
def modules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name, text in MODULES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    monkeypatch.syspath_prepend(str(tmp_path))
    yield
    for name in [name for name in sys.modules if name.startswith("gs_")]:
        del sys.modules[name]


def test_each_package_costs_what_it_took_itself(modules: None) -> None:
    with timed_imports() as seconds:
        assert importlib.import_module("gs_outer").VALUE == 7
    assert {"gs_outer", "gs_package", "gs_leaf"} <= set(seconds)
    assert seconds["gs_leaf"] >= 0.4
    assert 0.2 <= seconds["gs_package"] < seconds["gs_leaf"]  # of both its modules, without the leaf
    assert 0.05 <= seconds["gs_outer"] < seconds["gs_package"]


def test_a_module_that_is_there_already_costs_next_to_nothing(modules: None) -> None:
    importlib.import_module("gs_leaf")
    with timed_imports() as seconds:
        importlib.import_module("gs_leaf")
    assert seconds.get("gs_leaf", 0.0) < 0.1


def test_an_import_that_fails_fails_as_ever_and_is_told(modules: None) -> None:
    with timed_imports() as seconds, pytest.raises(ValueError, match="broken"):
        importlib.import_module("gs_broken")
    assert seconds["gs_broken"] < seconds["gs_leaf"]
    with timed_imports() as seconds, pytest.raises(ModuleNotFoundError, match="gs_nowhere"):
        importlib.import_module("gs_nowhere.part")


def test_imports_of_other_threads_are_not_the_targets(modules: None) -> None:
    with timed_imports() as seconds:
        thread = threading.Thread(target=importlib.import_module, args=("gs_quick",))
        thread.start()
        thread.join()
    assert "gs_quick" in sys.modules
    assert "gs_quick" not in seconds


def test_importing_is_left_as_it_was(modules: None) -> None:
    before = vars(_bootstrap)[STEP]
    with pytest.raises(KeyError), timed_imports():
        raise KeyError
    assert vars(_bootstrap)[STEP] is before


def test_where_there_is_no_such_step_nothing_is_told(modules: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gilscope.backends.imports.STEP", "_no_such_step")
    with timed_imports() as seconds:
        importlib.import_module("gs_quick")
    assert seconds == {}


def test_the_costliest_are_few_and_notable() -> None:
    many = {f"package{number}": LEAST_S * number for number in range(2 * MOST)}
    told = costliest({**many, "gilscope": 1.0})
    assert [cost.module for cost in told] == [f"package{number}" for number in range(2 * MOST - 1, MOST - 1, -1)]
    assert costliest({"quick": LEAST_S / 2}) == ()
