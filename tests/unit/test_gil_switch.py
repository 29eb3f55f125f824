"""Which import enabled the GIL, in a build that can do without one: its loader is played, for there is none at hand."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from gilscope.measure.gil_switch import GilSwitch


class World:
    """An interpreter whose GIL is off until a module that is not ready is loaded."""

    def __init__(self, *ready: str, on: bool = False) -> None:
        self.permanent, self.loading = on, 0
        world = self

        class Loader:
            def create_module(self, spec: Any) -> Any:
                world.loading += 1  # while a module is loaded the GIL is in use in any case
                spec.inner()
                world.loading -= 1
                world.permanent |= spec.name not in ready
                return SimpleNamespace(__name__=spec.name)

            def exec_module(self, module: Any) -> None:
                if module.__name__ == "broken":
                    raise ImportError(module.__name__)

        self.loader = Loader
        self.plain = Loader.create_module
        self.switch = GilSwitch(Loader, lambda: world.permanent or world.loading > 0)

    def load(self, name: str, inner: Callable[[], object] = lambda: None) -> None:
        loader = self.loader()
        loader.exec_module(loader.create_module(SimpleNamespace(name=name, inner=inner)))


def test_the_module_that_enabled_it_is_named_and_no_later_one() -> None:
    world = World("json", "numpy")
    for name in ("json", "numpy"):
        world.load(name)
    assert world.switch.module is None
    for name in ("lxml.etree", "cv2"):
        world.load(name)
    assert world.switch.module == "lxml.etree"


def test_one_that_is_ready_is_not_blamed_for_what_loads_it() -> None:
    world = World("inner")
    world.load("outer", inner=lambda: world.load("inner"))
    assert world.switch.module == "outer"


def test_a_module_that_fails_to_load_fails_as_before() -> None:
    world = World("broken")
    with pytest.raises(ImportError, match="broken"):
        world.load("broken")
    assert world.switch.module is None


def test_where_the_gil_is_on_nothing_is_changed() -> None:
    world = World(on=True)
    assert world.loader.create_module is world.plain
    world.load("lxml.etree")
    assert world.switch.module is None
