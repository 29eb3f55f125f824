"""The HTML page: complete, offline, inert."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gilscope.report import html
from tests.unit.handmade import make_hostile, make_ledger, make_recommendation, make_result, make_trial

_HOSTILE = [
    "</script><script>alert(1)</script>",
    "\"><img src=x onerror=alert(1)>'",
    "</style></pre></code><iframe src='//x'>",
    "{{ 7 * 7 }}{% raw %}",
    "<!-- ]]> &lt;",
    "\x00\x1b[31m\ud800",
]


class _Reader(HTMLParser):
    """Tags with their attributes in order, and the text between them."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, tuple[tuple[str, str | None], ...]]] = []
        self.text = ""
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, tuple(attrs)))

    def handle_endtag(self, tag: str) -> None:
        self.tags.append((f"/{tag}", ()))

    def handle_data(self, data: str) -> None:
        self.text += data

    @property
    def flat(self) -> str:
        return " ".join(self.text.split())


@pytest.mark.parametrize("hostile", _HOSTILE)
def test_a_hostile_string_changes_no_tag(hostile: str) -> None:
    benign = _Reader(html.render([make_hostile("benign"), make_result()]))
    attacked = _Reader(html.render([make_hostile(hostile), make_result()]))
    assert attacked.tags == benign.tags


@settings(deadline=None, max_examples=30)
@given(st.text(st.characters() | st.sampled_from("<>&\"'`={}%/-!"), min_size=1))
def test_no_text_changes_a_tag(text: str) -> None:
    kept = f"x{text}"  # an empty or blank string may rightly leave its part out
    assert _Reader(html.render([make_hostile(kept)])).tags == _Reader(html.render([make_hostile("x")])).tags


def test_a_hostile_string_is_still_readable() -> None:
    assert "</script><script>alert(1)</script>" in _Reader(html.render([make_hostile(_HOSTILE[0])])).text


def test_the_page_asks_nobody_for_anything() -> None:
    page = html.render([make_result(), make_result()])
    tags = _Reader(page).tags
    assert not {"script", "link", "img", "iframe", "object", "base", "form"} & {tag for tag, _ in tags}
    links = [value for _, attributes in tags for name, value in attributes if name in ("href", "src")]
    assert links == ["#result-1", "#result-2"]
    assert not re.search(r"url\(|@import|https?:", page)
    assert "default-src 'none'" in page


def test_both_callers_find_their_code() -> None:
    flat = _Reader(make_result(recommendation=make_recommendation(other_code="await_it()")).to_html()).flat
    assert "Code to paste for a plain caller from concurrent" in flat
    assert "Code to paste for a caller that is a coroutine await_it()" in flat


def test_the_page_is_complete() -> None:
    flat = _Reader(make_result().to_html()).flat
    for part in (
        "is_prime is compute-bound (python): run it in a process pool with 2 workers, 1.9× (1.8–2.0)",
        "Confidence: high, 95 %",
        "with ProcessPoolExecutor(max_workers=2) as pool:",
        "5.73/s (5.40–6.00)",
        "refused: needs Python 3.14 or later",
        "its threads waited 49 % for the GIL",
        "not measured",
        "app/primes.py:17",
        "There are only 6 inputs",
        "3 of 90 calls raised",
        "checking 112272535095293",
        "CPython 3.12.1, with the GIL",
        "the interpreter's own lock word, calibrated",
        "12 sampling moments, 0 failed reads",
        "1 % slower",
    ):
        assert part in flat


def test_every_tag_is_closed() -> None:
    open_tags: list[str] = []
    for tag, _ in _Reader(html.render([make_result(), make_hostile("x")])).tags:
        if tag.startswith("/"):
            assert open_tags.pop() == tag[1:]
        elif tag not in ("meta", "br"):
            open_tags.append(tag)
    assert open_tags == []


def test_ledger_bars_fill_the_whole() -> None:
    uneven = make_ledger(3.0, gil_wait_s=1.0, network_s=0.1, sleep_s=0.0001, idle_s=0.7)
    page = make_result(trials=(make_trial(), make_trial("thread", 3, ledger=uneven))).to_html()
    bars = re.findall(r'class="track stack">(.*?)</span>', page, re.DOTALL)
    assert len(bars) == 2
    for bar in bars:
        ends = [(float(left), float(width)) for left, width in re.findall(r"left:([\d.]+)%;width:([\d.]+)%", bar)]
        assert sum(width for _, width in ends) == pytest.approx(100, abs=0.01)
        assert ends[0][0] == 0


def test_intervals_stay_on_the_scale() -> None:
    trials = (
        make_trial(),
        make_trial("thread", 2, throughput_low=None, throughput_high=None),
        make_trial("rq", 2),
    )
    page = make_result(trials=trials).to_html()
    whiskers = re.findall(r'class="whisker" style="left:([\d.]+)%;width:([\d.]+)%"', page)
    assert len(whiskers) == 3
    assert all(float(left) >= 0 and float(left) + float(width) <= 100.01 for left, width in whiskers)


def test_one_result_has_no_summary_and_an_empty_one_can_be_drawn() -> None:
    bare = make_result(trials=(), predictions=(), hot=(), findings=(), failure=None, demands=None, output="")
    flat = _Reader(bare.to_html()).flat
    assert "Summary" not in flat
    assert "All configurations" not in flat
