"""Every long table of a page is sorted and searched alike, by what its cells say."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from gilscope.report.document import Row, Table, headed
from gilscope.report.sheet import Sheet, tabled
from gilscope.units import (
    byte_size,
    change,
    duration,
    duration_difference,
    duration_interval,
    exact,
    number,
    percent,
    points,
    rate,
    slowdown,
    thousands,
    times,
)
from tests.browser.conftest import Open

if TYPE_CHECKING:
    from playwright.sync_api import Page

_COUNT: Final = 12
_SECONDS: Final = tuple(10.0**power for power in range(-7, 5))
_NUMBERS: Final = tuple(10.0**power for power in range(_COUNT))
_CHANGES: Final = (-0.9, -0.3, -0.05, 0.0, 0.02, 0.1, 0.25, 0.4, 0.5, 0.75, 0.9, 1.0)

#: How figures are written, and values of which each is written differently, in ascending order.
_WRITTEN: Final[dict[str, tuple[Callable[[Any], str], tuple[Any, ...]]]] = {
    "a time": (duration, _SECONDS),
    "times from to": (lambda at: duration_interval(at, 3 * at), _SECONDS),
    "more time": (
        lambda at: duration_difference(at, at / 2, at * 2),
        (*(-at for at in _SECONDS[:5:-1]), *_SECONDS[6:]),
    ),
    "a rate": (rate, _NUMBERS),
    "a number": (number, _NUMBERS),
    "as given": (exact, tuple(range(0, 60_000, 5_000))),
    "a count": (thousands, tuple(7**power for power in range(_COUNT))),
    "bytes": (byte_size, tuple(map(int, _NUMBERS))),
    "a share": (percent, (0.0, 0.005, 0.02, 0.1, 0.25, 0.4, 0.5, 0.75, 0.9, 0.95, 0.997, 1.0)),
    "points": (lambda at: points(at, at - 0.01, at + 0.01), _CHANGES),
    "a change": (lambda at: change(1 + at), _CHANGES),
    "a slowdown": (lambda at: slowdown(1 + at), (*filter(None, _CHANGES), 1.1)),
    "a factor": (lambda at: times(at, at * 0.9, at * 1.1), tuple(2.0**power for power in range(-5, 7))),
}
_BLANK: Final = ("unknown", "–")


def _sheet(table: Table) -> Sheet:
    return Sheet(tabled("A table", (), table), schema="a-test/1", about={}, rows=())


def _column(page: Page, at: int) -> list[str]:
    told: list[str] = page.evaluate(
        f"[...document.querySelector('tbody').rows].map(row => row.cells[{at}].textContent)"
    )
    return told


def test_figures_of_any_unit_are_sorted_as_what_they_stand_for(opened: Open) -> None:
    shown = {name: [show(value) for value in values] for name, (show, values) in _WRITTEN.items()}
    assert {len(set(texts)) for texts in shown.values()} == {_COUNT}
    order = list(range(_COUNT))
    random.Random(1).shuffle(order)
    columns = headed(("name", *shown), texts=("name",))
    rows = [Row((f"f{at}", *(texts[at] for texts in shown.values()))) for at in order]
    rows[3:3] = [Row((text, *[text] * len(shown))) for text in _BLANK]
    page = opened(_sheet(Table(columns, tuple(rows), about="figures")))
    for at, (name, texts) in enumerate(shown.items(), start=1):
        button = page.locator("thead button").nth(at)
        button.press("Enter")
        assert _column(page, at) == [*reversed(texts), *_BLANK], name
        button.press("Enter")
        assert _column(page, at) == [*texts, *_BLANK], name


def test_words_are_sorted_as_people_count(opened: Open) -> None:
    names = [f"thread × {workers}" for workers in (16, 2, 128, 4, 64, 32, 256, 8, 512)]
    page = opened(_sheet(Table(headed(("configuration",), ("configuration",)), tuple(Row((name,)) for name in names))))
    page.get_by_role("button", name="configuration").press("Enter")
    assert _column(page, 0) == [f"thread × {workers}" for workers in (2, 4, 8, 16, 32, 64, 128, 256, 512)]
