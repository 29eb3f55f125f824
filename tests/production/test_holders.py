"""The order of decorators: what was given the bare function calls it past `@classify`, and is named."""

from __future__ import annotations

import functools
import weakref
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from gilscope import classify
from gilscope.production import holders, unavailable

pytestmark = pytest.mark.interpreter

Route = Callable[[Any], Any]
ROUTES: dict[str, Any] = {}


class Router:
    """Keeps what it is given in every way that libraries do."""

    def __init__(self) -> None:
        self.endpoint: Any = None
        self.views: dict[str, list[Any]] = {}
        self.receivers: list[Any] = []

    def attribute(self, func: Any) -> Any:
        self.endpoint = func
        return func

    def container(self, func: Any) -> Any:
        self.views.setdefault("all", []).append(func)
        return func

    def signal(self, func: Any) -> Any:
        self.receivers.append(weakref.ref(func))
        return func


def register(func: Any) -> Any:
    ROUTES[func.__name__] = func
    return func


@functools.singledispatch
def price(item: object) -> int:
    return 0


ROUTER = Router()


@pytest.fixture(autouse=True)
def _untold(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unavailable, "_told", set())
    monkeypatch.setattr(holders, "_spent_s", 0.0)


@pytest.mark.parametrize(
    ("route", "holder"),
    [
        (ROUTER.attribute, f"{__name__}.Router"),
        (ROUTER.container, f"{__name__}.Router"),
        (ROUTER.signal, f"{__name__}.Router"),
        (register, f"{__name__}.ROUTES"),
        (price.register, ""),
    ],
    ids=["attribute", "container", "signal", "variable", "dispatch"],
)
@pytest.mark.parametrize("options", [{}, {"name": "view"}], ids=["bare", "called"])
def test_above_the_decorator_that_registers_it_says_who_calls_past_it(
    route: Route, holder: str, options: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    decorate: Any = classify(**options) if options else classify

    def view(item: int) -> int:
        return item

    registered: list[Any] = [view]
    del view
    decorate(route(registered.pop()))
    assert f"<locals>.view by {holder}" in caplog.text
    assert "put @classify next to the function" in caplog.text
    assert len(caplog.records) == 1


@pytest.mark.parametrize("route", [ROUTER.attribute, ROUTER.container, ROUTER.signal, register])
def test_below_it_nothing_is_said(route: Route, caplog: pytest.LogCaptureFixture) -> None:
    @route
    @classify
    def view() -> None: ...

    assert caplog.text == ""


def module_level() -> None: ...


ROUTER.attribute(module_level)


def test_who_decorates_by_a_call_does_so_on_purpose(caplog: pytest.LogCaptureFixture) -> None:
    classify(module_level)

    def local() -> None: ...

    classify(local)
    [classify(each) for each in (local, lambda: None)]
    assert caplog.text == ""


def test_ordinary_functions_are_looked_at_for_no_longer_than_their_references_take(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def looked(_: object) -> None:
        raise AssertionError("searched all objects there are")

    monkeypatch.setattr(holders, "holder_of", looked)

    class Shop:
        @classify
        def order(self) -> Iterator[int]:
            yield 1

        @classify
        @staticmethod
        def price() -> int:
            return 1

        @classmethod
        @classify
        def open(cls) -> None: ...

        @classify(name="close")
        async def close(self) -> None: ...

    assert Shop.price() == 1


def test_a_process_is_searched_for_a_second_in_all(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(holders, "_spent_s", 1.5)

    @classify
    @ROUTER.attribute
    def view() -> None: ...

    assert caplog.text == ""


def test_what_cannot_be_looked_at_is_decorated_all_the_same(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(_: object) -> str:
        raise RuntimeError("no such type")

    monkeypatch.setattr(holders, "holder_of", broken)

    @classify
    @ROUTER.attribute
    def view() -> int:
        return 3

    assert view() == 3
    assert "no such type" in caplog.text
