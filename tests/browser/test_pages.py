"""Pages as readers have them: every picture drawn, every control working, nothing asked of anybody, no barrier."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import msgspec
import pytest

from gilscope.records import Histogram, Lane, Stack, Timeline
from gilscope.result import Result
from tests.browser.conftest import Open
from tests.unit.handmade import make_full, make_hostile, make_recommendation, make_result, make_trial, make_trials
from tests.unit.programs.handmade import make_hostile_program, make_program, place

if TYPE_CHECKING:
    from playwright.sync_api import FloatRect, Locator, Page


def _named(name: str, speedup: float | None) -> Result:
    whole = make_result(recommendation=make_recommendation(speedup=speedup, speedup_low=None, speedup_high=None))
    return msgspec.structs.replace(whole, target=msgspec.structs.replace(whole.target, spec=f"app:{name}"))


def _box(page: Page | Locator, picture: str, at: int = 0) -> FloatRect:
    """Where a picture of this class is, in view."""
    found = page.locator(f".{picture} > .plot").nth(at)
    found.scroll_into_view_if_needed()
    box = found.bounding_box()
    assert box is not None
    return box


def test_the_page_draws_every_picture(opened: Open) -> None:
    page = opened(make_full(), viewport={"width": 375, "height": 800})
    for fold in page.query_selector_all("details"):
        fold.evaluate("fold => { fold.open = true; }")
    for picture, at in (("curves", 0), ("timeline", 0), ("timeline", 1)):
        box = _box(page, picture, at)
        assert box["width"] > 200
        assert box["height"] > 60
    bars = [bar.bounding_box() for bar in page.locator(".bars .median").all()]
    assert len(bars) == 6
    assert all(bar and bar["width"] > 20 and bar["height"] > 10 for bar in bars)
    assert bars[0] == max(bars, key=lambda bar: bar["width"] if bar else 0.0), "the recommended one is on top"


def test_the_page_of_a_program_draws_every_picture(opened: Open) -> None:
    page = opened(make_program(), viewport={"width": 375, "height": 800})
    for layer in ("strip", "tracks", "lanes"):
        box = page.locator(f".timeline .{layer}").first.bounding_box()
        assert box is not None
        assert box["width"] > 140
        assert box["height"] > 20


def test_what_a_program_did_is_told_under_the_pointer_and_zoomed_together(opened: Open) -> None:
    page = opened(make_program())
    box = _box(page, "timeline")

    def under(layer: str, share: float, row: float) -> str:
        top, height = (float(page.locator(f".timeline .{layer}").get_attribute(name) or 0) for name in ("y", "height"))
        page.mouse.move(box["x"] + share * box["width"], box["y"] + top + row * height)
        return page.locator(".tip").inner_text()

    assert under("tracks", 0.4, 0.25) == "GIL of 10: crunch (work.py:10), 1.00 s"
    assert under("lanes", 0.4, 0.1) == "crunch (21): on CPU, holding the GIL, 2.00 s"
    page.get_by_role("button", name="Zoom in").press("Enter")
    views = {layer.get_attribute("viewBox").split()[0::2][0] for layer in page.locator(".layer").all()}  # type: ignore[union-attr]
    assert len(views) == 1
    assert views != {"0"}


def test_the_functions_of_a_program_are_sorted_and_searched_by_keyboard(opened: Open) -> None:
    whole = make_program()
    more = [
        msgspec.structs.replace(whole.functions[0], place=place(f"function{at}"), made_wait_s=float(at % 7))
        for at in range(20)
    ]
    page = opened(msgspec.structs.replace(whole, functions=tuple(more)))
    table = page.get_by_role("table", name="the functions, in thread-seconds")

    def names() -> list[str]:
        rows = table.locator("tbody tr").all()
        return [row.locator("th").inner_text() for row in rows if row.is_visible()]

    table.get_by_role("button", name="made others wait").press("Enter")
    assert names()[:2] == ["function6 (work.py:10)", "function13 (work.py:10)"]
    table.get_by_role("button", name="function").first.press("Enter")
    assert names()[0] == "function0 (work.py:10)"
    page.get_by_label("Show only").fill("FUNCTION19 compute")
    assert names() == ["function19 (work.py:10)"]


def test_the_page_of_a_program_is_whole_without_a_script_and_escapes_what_it_names(opened: Open) -> None:
    page = opened(make_hostile_program(), java_script_enabled=False)
    assert page.locator(".matrix td").count() > 3
    assert page.locator(".timeline .lanes").is_visible()
    assert page.get_by_text("<script>alert(1)</script>").first.is_visible()
    assert not page.get_by_role("button", name="Zoom in").is_visible()


def test_several_results_are_sorted_and_filtered(opened: Open) -> None:
    page = opened(_named("slow", 1.2), _named("fast", 12.0), _named("who", None), _named("middling", 3.0))

    def names() -> list[str]:
        rows = page.query_selector_all("#summary tbody tr")
        return [row.query_selector("a").inner_text() for row in rows if row.is_visible()]  # type: ignore[union-attr]

    gain = page.locator("#summary").get_by_role("button", name="speed-up")
    gain.press("Enter")
    assert names() == ["fast", "middling", "slow", "who"]
    header = page.locator("#summary th", has_text="speed-up")
    assert header.get_attribute("aria-sort") == "descending"
    gain.click()
    assert names() == ["slow", "middling", "fast", "who"]
    assert header.get_attribute("aria-sort") == "ascending"
    page.locator("#summary").get_by_role("button", name="target").click()
    assert names() == ["fast", "middling", "slow", "who"]
    assert header.get_attribute("aria-sort") is None
    page.get_by_label("Show only").fill("PROCESS middl")
    assert names() == ["middling"]
    assert page.locator(".summary output").inner_text() == "1 of 4"


def test_pictures_are_there_without_a_script(opened: Open) -> None:
    page = opened(make_full(), java_script_enabled=False)
    page.get_by_text("Timeline of thread × 4").click()
    for picture, at in (("curves", 0), ("timeline", 0), ("timeline", 1)):
        assert _box(page, picture, at)["width"] > 200
    lanes = page.locator(".timeline .lanes path").first.bounding_box()
    assert lanes is not None
    assert lanes["width"] > 200
    assert not page.get_by_role("button", name="Zoom in").first.is_visible()


def _ends(page: Page) -> tuple[float, float]:
    """What is shown of the first timeline."""
    first, last = re.findall(r"[\d.]+", page.locator(".timeline output").first.inner_text())
    return float(first), float(last)


def test_a_timeline_can_be_zoomed_by_keyboard_and_dragged(opened: Open) -> None:
    page = opened(make_full())
    whole = _ends(page)
    tools = page.locator(".timeline .tools").first
    tools.get_by_role("button", name="Zoom in").press("Enter")
    start, end = _ends(page)
    assert end - start == pytest.approx((whole[1] - whole[0]) / 2, rel=0.02)
    tools.get_by_role("button", name="Later").press("Space")
    assert _ends(page)[1] == pytest.approx(whole[1], rel=0.02)
    box = _box(page, "timeline")
    page.mouse.move(box["x"] + 300, box["y"] + 40)
    page.mouse.down()
    page.mouse.move(box["x"] + 500, box["y"] + 40, steps=4)
    page.mouse.up()
    assert _ends(page)[0] < whole[1] / 2 * 0.99
    tools.get_by_role("button", name="Show all").click()
    assert _ends(page) == whole


def test_the_wheel_zooms_where_it_points_and_scrolls_the_page_otherwise(opened: Open) -> None:
    page = opened(make_full())
    whole, box = _ends(page), _box(page, "timeline")
    page.mouse.move(box["x"] + box["width"] * 0.75, box["y"] + 20)
    page.keyboard.down("Control")
    page.mouse.wheel(0, -100)
    page.keyboard.up("Control")
    page.wait_for_function("!document.querySelector('.timeline output').value.startsWith('0.00 ')")
    start, end = _ends(page)
    assert end - start == pytest.approx((whole[1] - whole[0]) / 1.2, rel=0.02)
    assert start == pytest.approx(3 * (whole[1] - end), rel=0.1), "what it points at stays where it is"
    page.mouse.wheel(0, 100)
    page.wait_for_function("scrollY > 0")
    assert _ends(page) == (start, end)


def test_the_ticks_of_a_timeline_follow_its_zoom(opened: Open) -> None:
    page = opened(make_full())
    ticks = page.locator(".timeline").first.locator(".ticks text")
    assert [float(text) for text in ticks.all_text_contents()] == [0, 50, 100, 150, 200, 250, 300, 350, 400]
    for _ in range(2):
        page.get_by_role("button", name="Zoom in").first.click()
    start, end = _ends(page)
    shown = [float(text) for text in ticks.all_text_contents()]
    assert len(shown) >= 4
    assert all(start <= tick <= end for tick in shown)


def test_what_is_under_the_pointer_is_told(opened: Open) -> None:
    page = opened(make_full())
    box = _box(page, "timeline")
    page.mouse.move(box["x"] + box["width"] / 80, box["y"] + 13)
    assert page.locator(".tip").first.inner_text() == "worker 1: on CPU, holding the GIL, 10.0 ms"
    page.mouse.move(box["x"] + box["width"] / 80, box["y"] + 39)
    assert page.locator(".tip").first.inner_text() == "worker 2: waiting for the GIL, 10.0 ms"
    page.mouse.move(2, 2)
    assert not page.locator(".tip").first.is_visible()


def test_a_flame_graph_can_be_walked_and_zoomed(opened: Open) -> None:
    page = opened(make_full())
    frames = page.locator(".flame button")
    frames.first.focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowRight")
    focused = page.locator(".flame button:focus")
    assert focused.inner_text() == "load (app.py:9)"
    before = focused.bounding_box()
    page.keyboard.press("Enter")
    after = focused.bounding_box()
    assert before is not None
    assert after is not None
    assert after["width"] > 2 * before["width"]
    page.keyboard.press("Escape")
    assert focused.bounding_box() == before


def test_the_code_is_copied_whole(opened: Open) -> None:
    page = opened(make_full(), permissions=["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name="Copy").first.click()
    page.get_by_role("button", name="Copied").wait_for()
    assert page.evaluate("getSelection().toString()").strip() == make_recommendation().code.strip()


def test_the_skip_link_is_the_first_stop(opened: Open) -> None:
    page = opened(make_full())
    page.keyboard.press("Tab")
    assert page.locator(":focus").inner_text() == "Skip to the report"
    page.keyboard.press("Enter")
    assert page.locator("main:focus").count() == 1


#: What a target may be called, which would set ``window.ran`` where it were taken for what it looks like.
HOSTILE = (
    "</script><script>window.ran = 1</script>",
    "\"><img src=x onerror='window.ran = 1'>",
    "' onmouseover=window.ran=1 autofocus onfocus=window.ran=1 '",
    "$$\\href{javascript:window.ran=1}{x}$$",
    "@{name}{safe}<svg onload=window.ran=1>",
    "\u202e\u2066\x00\x1b]8;;javascript:window.ran=1\x07\ud800",
)


def _hostile(text: str) -> Result:
    lane = Lane(pid=1, tid=1, edges_s=(0.0, 0.5, 1.0), states=("cpu_gil", text))
    trials = (
        *make_trials(),
        make_trial(text, 3, timeline=Timeline(wall_s=1.0, lanes=(lane,))),
        make_trial(text, 7, latencies=Histogram(edges_s=(0.1, 1.0), counts=(3,))),
    )
    return msgspec.structs.replace(make_hostile(text), trials=trials, stacks=(Stack(frames=(text,), samples=3),))


def test_nothing_of_the_targets_words_runs(opened: Open) -> None:
    page = opened(*map(_hostile, HOSTILE))
    for article in page.locator("article").all():
        for picture in ("curves", "timeline"):
            box = _box(article, picture)
            for part in range(1, 40):
                page.mouse.move(box["x"] + box["width"] * part / 40, box["y"] + box["height"] * 0.3)
        article.locator(".flame button").first.click()
    assert page.locator("article").count() == len(HOSTILE)
    assert page.evaluate("window.ran") is None


def test_a_thousand_results_open(opened: Open) -> None:
    page = opened(*[_named(f"f{at}", float(at)) for at in range(1000)])
    assert page.locator("article").count() == 1000
    page.locator("#summary a[href='#result-1']").click()
    assert page.locator("#result-1 .curves .plot").is_visible()
    page.get_by_label("Show only").fill("f999")
    page.locator("#summary a[href='#result-1000']").click()
    assert page.evaluate("document.querySelectorAll('#summary tbody tr:not([hidden])').length") == 1
    assert page.locator("#result-1000").is_visible()


def test_it_prints_in_ink_on_white(opened: Open) -> None:
    page = opened(make_full(), color_scheme="dark")
    page.emulate_media(media="print")
    assert not page.get_by_role("button", name="Zoom in").first.is_visible()
    assert page.pdf().startswith(b"%PDF")
