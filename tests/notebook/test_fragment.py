"""What a notebook shows of a result, drawn from results made by hand."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Any

import msgspec
import pytest

from gilscope.records import Failure, Finding, Target, Trial
from gilscope.result import Result
from tests.unit.handmade import make_classification, make_recommendation, make_result, make_trial

HOSTILE = "</script><script>alert(1)</script><img src=x onerror=alert(1)>\"'><b>\x1b[31m\u202e\ud800{{ 7 * 7 }}"
VOID = {"br", "img", "input", "meta", "link"}
HARMLESS = {
    *("div", "p", "strong", "br", "em", "table", "caption", "thead", "tbody", "tr", "th", "td", "span", "details"),
    *("summary", "pre", "ul", "li", "small", "code"),
}


class _Page(HTMLParser):
    """The elements, their attributes and the text, each opened element closed."""

    def __init__(self, markup: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.text = ""
        self.feed(markup)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        self.open += [] if tag in VOID else [tag]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def shown(result: Result) -> _Page:
    return _Page(result._repr_html_())


def hostile(value: Any) -> Any:
    """The same, with every text that comes from the user's side replaced."""
    if isinstance(value, tuple):
        return tuple(hostile(part) for part in value)
    if not isinstance(value, msgspec.Struct):
        return value
    free = {"spec", "reason", "evidence", "title", "advice", "code", "why_not", "message", "traceback", "backend"}
    changes = {
        name: HOSTILE if name in free and isinstance(part, str) else hostile(part)
        for name in value.__struct_fields__
        for part in [getattr(value, name)]
    }
    return msgspec.structs.replace(value, **changes)


def test_it_tells_the_verdict_the_figures_and_the_code() -> None:
    text = shown(make_result()).text
    for told in (
        "is_prime is compute-bound (python): run it in a process pool with 2 workers, 1.91× (1.80–2.00)",
        "Confidence is high: it would hold in 95 of 100 repeats.",
        "process × 2",
        "5.40–6.00",
        "needs Python 3.14 or later",
        "waiting for the GIL",
        "First exception (3 of 90 calls raised)",
        "Findings (1)",
        "There are only 6 inputs",
        "its threads waited 49% for the GIL",
        "with ProcessPoolExecutor(max_workers=2) as pool:",
    ):
        assert told in text


def test_it_is_small_and_has_nothing_that_runs_or_asks() -> None:
    markup = make_result()._repr_html_()
    page = _Page(markup)
    assert len(markup) < 20_000
    assert page.tags <= HARMLESS
    assert page.attributes <= {"style", "scope", "role", "aria-label", "title", "open"}


def test_bars_have_their_figures_in_words() -> None:
    assert 'role="img" aria-label="on CPU, holding the GIL 50%, waiting for the GIL 49%' in make_result()._repr_html_()


def test_hostile_text_stays_text() -> None:
    page = shown(hostile(make_result()))
    assert page.tags <= HARMLESS
    assert page.attributes <= {"style", "scope", "role", "aria-label", "title", "open"}
    assert "<script>alert(1)</script>" in page.text
    assert "{{ 7 * 7 }}" in page.text
    assert not set("\x1b\u202e\ud800") & set(page.text)


def test_a_megabyte_of_text_is_cut() -> None:
    long = "x" * 1_000_000
    finding = Finding(code="c", severity="info", title=long, evidence=long, advice=long)
    failure = Failure(type="E", message=long, traceback=long, count=1, calls=1)
    markup = make_result(
        target=Target(spec=f"m:{long}"), findings=(finding,) * 100, failure=failure, output=long
    )._repr_html_()
    assert len(markup) < 200_000
    assert "more characters" in markup
    assert "90 more are not shown here" in markup


def test_of_very_many_configurations_the_first_and_the_recommended_are_shown() -> None:
    many = tuple(make_trial("thread", workers) for workers in range(1, 10_001))
    advice = make_recommendation(backend="thread", workers=9_000, start_method=None)
    page = shown(make_result(trials=many, recommendation=advice))
    assert "100 of 10,000 configurations are shown" in page.text
    assert "80 more are not shown here" in page.text
    assert "thread × 9000" in page.text
    assert "thread × 9001" not in page.text


@pytest.mark.parametrize(
    "changes",
    [
        {"trials": ()},
        {"trials": (Trial(backend="serial", workers=1, status="failed"),), "demands": None},
        {"recommendation": make_recommendation(backend=None, workers=None, speedup=None, code="", alternatives=())},
        {"classification": make_classification(label="inconclusive", subtype=None, gil_held_ratio=None)},
        {"findings": (), "failure": None, "groups": (), "break_even": (), "interrupted": True},
    ],
)
def test_what_is_missing_is_no_failure(changes: dict[str, Any]) -> None:
    assert shown(make_result(**changes)).tags <= HARMLESS


def test_a_terminal_shows_the_text_report() -> None:
    pretty = pytest.importorskip("IPython.lib.pretty", reason="IPython is the extra 'notebook'")
    result = make_result()
    assert pretty.pretty(result) == result.to_text().rstrip()
