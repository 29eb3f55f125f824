"""A real Chromium, driven by Playwright; skipped with the reason where either is missing."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from gilscope import report
from gilscope.records.programs import ProgramRecord
from gilscope.records.pythons import PythonsRecord
from gilscope.report.sheet import Sheet
from gilscope.result import Result

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

#: Draws results into a file and opens it, in a window as the keywords say.
Open = Callable[..., "Page"]

_ARGUMENTS = (
    *("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"),
    *("--disable-sync", "--no-first-run"),
)
_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """Gone with the last of these tests: as long as Playwright is there, its event loop runs in this thread."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed: gilscope[browser]")
    chromium = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, _NAMES)), None)
    if chromium is None:
        pytest.skip(f"no Chromium: neither $CHROMIUM nor any of {', '.join(_NAMES)}")
    with playwright.sync_playwright() as driver:
        launched = driver.chromium.launch(executable_path=chromium, args=list(_ARGUMENTS))
        yield launched
        launched.close()


@pytest.fixture
def opened(browser: Browser, tmp_path: Path) -> Iterator[Open]:
    """Whatever a page complains of or asks for, but for itself, fails the test that opened it."""
    complaints: list[str] = []
    contexts: list[BrowserContext] = []

    def open_page(*results: Result | ProgramRecord | PythonsRecord | Sheet, **window: Any) -> Page:
        file = tmp_path / f"page-{len(contexts)}.html"
        of_functions = [result for result in results if isinstance(result, Result)]
        alone = [result for result in results if not isinstance(result, Result)]
        file.write_text(report.render(alone[0] if alone else of_functions, "html"), encoding="utf-8")
        context = browser.new_context(
            **{"viewport": {"width": 1200, "height": 900}, "reduced_motion": "reduce"} | window
        )
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda said: complaints.append(said.text) if said.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("dialog", lambda dialog: complaints.append(f"dialog: {dialog.message}"))
        page.on("request", lambda asked: complaints.append(asked.url) if asked.url != file.as_uri() else None)
        page.goto(file.as_uri())
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert complaints == []
