"""Every kind of page keeps nobody out: on a phone and on a wide screen, light, dark, printed and without a script."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import pytest

from gilscope.production.files import Loaded
from gilscope.production.opportunities import opportunities
from gilscope.report.profiles import opportunities_sheet, profiles_sheet
from gilscope.report.sheet import Sheet
from tests.browser.conftest import Open
from tests.unit import golden
from tests.unit.handmade import make_full, make_recommendation, make_result
from tests.unit.production.profiles import make_profile
from tests.unit.programs.handmade import make_program
from tests.unit.pythons_builders import make_pythons

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from gilscope.production.profile import Profile

_WIDTHS: Final = {"phone": 375, "wide": 1600}
_SCHEMES: Final = {"phone": "light", "wide": "dark"}


def _many(count: int) -> list[Profile]:
    return [
        make_profile(spec=f"shop.orders:f{at}", name=f"f{at}", wall_s=1.0 + at * 7 % 11, clocked_cpu_s=0.1 + at % 3)
        for at in range(count)
    ]


def _profiles(count: int) -> Sheet:
    return profiles_sheet(Loaded(profiles=tuple(_many(count)), processes=3))


def _sheet(name: str) -> tuple[Sheet]:
    return (golden.sheets()[name],)


_KINDS: Final[dict[str, Callable[[], tuple[Any, ...]]]] = {
    "result": lambda: (make_full(),),
    "several results": lambda: (make_result(), make_result()),
    "several Pythons": lambda: (make_pythons(),),
    "program": lambda: (make_program(),),
    "recorded functions": lambda: (_profiles(40),),
    "ranking": lambda: (opportunities_sheet(opportunities(_many(40), 4.0), 4.0),),
    **{name: partial(_sheet, name) for name in ("comparison", "gate", "program-comparison")},
}


def _open_all(page: Page) -> None:
    page.evaluate("document.querySelectorAll('details').forEach(fold => { fold.open = true; })")


def barriers(page: Page) -> list[str]:
    """What axe calls serious or critical."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe-playwright-python is not installed")
    found = axe.Axe().run(page).response["violations"]
    return [
        f"{fault['id']}: {node['html'][:200]} {node['any'][:1]}"
        for fault in found
        if fault["impact"] in ("serious", "critical")
        for node in fault["nodes"]
    ]


@pytest.mark.parametrize("kind", _KINDS)
def test_a_page_keeps_nobody_out_at_any_width_light_or_dark(opened: Open, kind: str) -> None:
    page = opened(*_KINDS[kind]())
    _open_all(page)
    for look, width in _WIDTHS.items():
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(color_scheme=_SCHEMES[look])  # type: ignore[arg-type]
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), look
        assert barriers(page) == [], look
    page.emulate_media(media="print")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


@pytest.mark.parametrize("kind", _KINDS)
def test_a_page_is_whole_without_a_script(opened: Open, kind: str) -> None:
    bare, whole = opened(*_KINDS[kind](), java_script_enabled=False), opened(*_KINDS[kind]())
    assert bare.locator("tbody tr").count() == whole.locator("tbody tr").count() > 0
    assert bare.locator("h1").first.is_visible()
    hidden = bare.locator("button:not(.flame button)")
    assert not any(button.is_visible() for button in hidden.all()), "what does nothing is not offered"


def test_a_thousand_recorded_functions_are_sorted_searched_and_bounded(opened: Open) -> None:
    page = opened(_profiles(1000), viewport={"width": 375, "height": 800})
    assert page.locator("tbody").first.locator("tr").count() == 1000
    box = page.locator(".long").first.bounding_box()
    assert box is not None
    assert box["height"] < 800, "it is scrolled in its own box"
    page.locator("thead button", has_text="wall").first.press("Enter")
    walls = page.evaluate("[...document.querySelector('tbody').rows].map(row => row.cells[2].textContent)")
    assert (walls[0], walls[-1]) == ("11.0 s", "1.00 s")
    page.get_by_label("Show only").first.fill("f777")
    shown = page.evaluate("[...document.querySelector('tbody').rows].filter(row => !row.hidden).length")
    assert shown == 1


@pytest.mark.parametrize("width", [375, 1100])
def test_no_button_hides_a_line_of_code(opened: Open, width: int) -> None:
    page = opened(make_result(recommendation=make_recommendation(code=f"run({'x' * 200})\n")), viewport=_size(width))
    code, button = page.locator(".code pre").first.bounding_box(), page.locator(".code .copy").first.bounding_box()
    assert code is not None
    assert button is not None
    assert button["x"] >= code["x"] + code["width"] or button["y"] >= code["y"] + code["height"]


def _size(width: int) -> dict[str, int]:
    return {"width": width, "height": 800}


def test_what_warns_leads_to_what_it_means(opened: Open) -> None:
    page = opened(make_full())
    page.get_by_role("link", name="warning: There are only 6 inputs").click()
    assert page.locator("section:target h2").inner_text().startswith("Findings")
