"""The HTML page: complete, offline, and nothing of it runs but what gilscope wrote."""

from __future__ import annotations

import base64
import hashlib
import re
import time
from html.parser import HTMLParser
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gilscope import report
from gilscope.records import (
    Classification,
    HotLine,
    Lane,
    QueueFigures,
    QueueProgram,
    Recommendation,
    Stack,
    Timeline,
    Trial,
)
from gilscope.report.markup import source
from gilscope.result import Result, load
from tests.unit.handmade import (
    make_environment,
    make_full,
    make_hostile,
    make_instrument,
    make_ledger,
    make_recommendation,
    make_result,
    make_timeline,
    make_trial,
    make_trials,
)

REPORTS = Path(__file__).parents[2] / "reports"
_HOSTILE = [
    "</script><script>alert(1)</script>",
    "\"><img src=x onerror=alert(1)>'",
    "</style></pre></code><iframe src='//x'>",
    "{{ 7 * 7 }}{% raw %}",
    "<!-- ]]> &lt;",
    "\x00\x1b[31m\ud800",
    "\u202etxt.exe\u2066",
]
_VOID = ("meta", "br", "input")
#: Attributes that name things in the target's own words.
_SAID = ("title", "aria-label")


class _Reader(HTMLParser):
    """Tags with their attributes in order, the text between them, and the scripts apart."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, tuple[tuple[str, str | None], ...]]] = []
        self.text = ""
        self.scripts: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, tuple((name, "" if name in _SAID else value) for name, value in attrs)))
        if tag == "script":
            self.scripts.append("")
        if tag in ("dd", "th", "td"):
            self.text += " "

    def handle_endtag(self, tag: str) -> None:
        self.tags.append((f"/{tag}", ()))

    def handle_data(self, data: str) -> None:
        if self.tags and self.tags[-1][0] == "script":
            self.scripts[-1] += data
        elif not (self.tags and self.tags[-1][0] == "style"):
            self.text += data

    @property
    def flat(self) -> str:
        return " ".join(self.text.split())


def _hostile(text: str) -> Result:
    """Hostile in the pictures too."""
    whole = make_hostile(text)
    lane = Lane(pid=1, tid=1, edges_s=(0.0, 0.5, 1.0), states=("cpu_gil", text))
    trial = make_trial("thread", 2, timeline=Timeline(wall_s=1.0, lanes=(lane,)))
    stacks = (Stack(frames=(text, "inner"), samples=3), Stack(frames=("outer",), samples=1))
    hot = (HotLine(function=text, file=text, line=1, gil_share=0.5, cpu_share=None, source=text, callee=text),)
    trials = (*whole.trials, trial, make_trial(text, 2))
    return msgspec.structs.replace(whole, trials=trials, stacks=stacks, hot=hot)


@pytest.mark.parametrize("hostile", _HOSTILE)
def test_a_hostile_string_changes_no_tag(hostile: str) -> None:
    benign = _Reader(report.render([_hostile("benign"), make_result()], "html"))
    attacked = _Reader(report.render([_hostile(hostile), make_result()], "html"))
    # The digest of the policy is of the scripts, which hold no one's words.
    assert attacked.tags == benign.tags
    assert attacked.scripts[1:] == benign.scripts[1:]


@settings(deadline=None, max_examples=15)
@given(st.text(st.characters() | st.sampled_from("<>&\"'`={}%/-!"), min_size=1))
def test_no_text_changes_a_tag(text: str) -> None:
    kept = f"x{text}"  # an empty or blank string may rightly leave its part out
    assert _Reader(report.render([_hostile(kept)], "html")).tags == _Reader(report.render([_hostile("x")], "html")).tags


def test_a_hostile_string_is_still_readable() -> None:
    assert "</script><script>alert(1)</script>" in _Reader(report.render([make_hostile(_HOSTILE[0])], "html")).text
    assert "\\u202etxt.exe\\u2066" in _Reader(report.render([make_hostile(_HOSTILE[-1])], "html")).text


def test_the_page_asks_nobody_for_anything() -> None:
    page = _Reader(report.render([make_result(), make_result()], "html"))
    assert not {"link", "img", "iframe", "object", "base", "form"} & {tag for tag, _ in page.tags}
    links = [value for _, attributes in page.tags for name, value in attributes if name in ("href", "src")]
    assert links[0] == "#report"
    assert {"#result-1", "#result-2", "#r1-findings"} < set(links)
    ids = {value for _, attributes in page.tags for name, value in attributes if name == "id"}
    assert {link.removeprefix("#") for link in links if link} <= ids


def test_only_the_scripts_of_the_page_may_run() -> None:
    page = report.render([make_result()], "html")
    content = re.search(r'Content-Security-Policy" content="([^"]*)"', page)
    assert content is not None
    policy = content[1].replace("&#39;", "'")
    assert policy.startswith("default-src 'none'; script-src 'sha256-")
    assert "unsafe-eval" not in policy
    assert "connect-src" not in policy
    scripts = _Reader(page).scripts
    digests = [base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in scripts]
    assert len(digests) == 1
    assert re.findall(r"'sha256-([^']+)'", policy) == digests


def test_a_script_cannot_be_ended_from_within() -> None:
    assert not re.search("</script|<!--", source("page.js"), re.IGNORECASE)


def _big() -> Result:
    """Twenty configurations, three of them with as long a timeline as is kept, and stacks of many functions."""
    many = [
        make_trial(backend, workers, timeline=make_timeline(workers, 200), throughput_per_s=3.0 + workers / 10)
        for backend in ("thread", "process", "asyncio")
        for workers in (2, 4, 8, 16, 32, 64)
    ]
    stacks = [
        Stack(frames=tuple(f"f{at * 7 % 13}_{deep} (module_{deep}.py:{at})" for deep in range(12)), samples=300 - at)
        for at in range(200)
    ]
    return make_result(trials=(*make_trials(), *many), stacks=tuple(stacks))


@pytest.mark.parametrize(
    "result", [*map(load, sorted(REPORTS.glob("*.json"))), _big()], ids=lambda result: result.target.spec
)
def test_a_page_is_small(result: Result) -> None:
    assert len(result.to_html().encode()) < 300_000


def test_pictures_are_drawn_without_a_script() -> None:
    page = _Reader(make_full().to_html())
    pictures = [dict(attributes) for tag, attributes in page.tags if tag == "svg" and ("role", "img") in attributes]
    assert len(pictures) == 3, "curves and two timelines"
    paths = [dict(attributes).get("d") for tag, attributes in page.tags if tag == "path"]
    assert len([path for path in paths if path and re.fullmatch(r"(M\d+ \d+\.5h\d+(m\d+ 0h\d+)*)+", path)]) == 4


def test_both_callers_find_their_code() -> None:
    flat = _Reader(make_result(recommendation=make_recommendation(other_code="await_it()")).to_html()).flat
    assert "Code to paste for a plain caller from concurrent" in flat
    assert "Copy Code for a caller that is a coroutine await_it()" in flat


def test_the_page_is_complete() -> None:
    trials = (*make_trials(), make_trial("thread", 4, timeline=make_timeline()))
    stacks = (Stack(frames=("main (app.py:3)", "is_prime (app.py:17)"), samples=90, gil_samples=81),)
    flat = _Reader(make_result(trials=trials, stacks=stacks).to_html()).flat
    for part in (
        "is_prime is compute-bound (python): run it in a process pool with 2 workers, 1.91× (1.80–2.00)",
        "expected gain 1.91× the serial throughput, 1.80–2.00 confidence high, 95%",
        "with ProcessPoolExecutor(max_workers=2) as pool:",
        "5.73/s (5.40–6.00)",
        "refused: needs Python 3.14 or later",
        "its threads waited 49% for the GIL",
        "not measured",
        "an observed round of thread × 4, a lane for each of 2 worker threads",
        "app/primes.py:17",
        "is_prime (app.py:17) 100% 100% 90%",
        "There are only 6 inputs",
        "3 of 90 calls raised",
        "checking 112272535095293",
        "CPython 3.12.1, with the GIL",
        "the interpreter's own lock word, calibrated",
        "12 sampling moments, 0 failed reads",
        "1% slower",
    ):
        assert part in flat


def test_what_matters_most_comes_first() -> None:
    trials = (*make_trials(), make_trial("thread", 4, timeline=make_timeline()))
    stacks = (Stack(frames=("main",), samples=9),)
    page = make_result(trials=trials, stacks=stacks).to_html()
    headings = [heading.replace("&#39;", "'") for heading in re.findall(r"<h2>([^<]+?)\s*<", page)]
    assert headings == [
        *("Code to paste", "A call alone", "Calls differ in kind", "Throughput", "Where the workers' time went"),
        *("Hot lines", "Why not the others", "Findings", "First exception"),
        *("Predicted by the queueing model", "On other machines", "How long a call must be for a pool to pay"),
        *("Circumstances", "The workers, moment by moment", "Output"),
    ]
    assert page.count("<h1") == 1


def test_the_page_begins_with_what_a_terminal_shows_unasked() -> None:
    flat = _Reader(make_full().to_html()).flat
    begins = flat[: flat.index("Code to paste")]
    wanted = (
        "is_prime is compute-bound (python): run it in a process pool",
        "Confidence is high: it would hold in 95 of 100 repeats",
        "expected gain, for a long list 1.91×",
        "for the inputs given 1.47× 6 inputs given: 1.36 s instead of 2.00 s, in 3 waves of 2",
        "confidence high, 95%",
        "a call takes (p50) 330 ms 99 of 100 take at most (p99) 410 ms memory of all processes 63.0 MiB",
        "warning: There are only 6 inputs",
        "process × 2 5.73 5.40–6.00 1.91× 330 ms 410 ms 63.0 MiB",
        "a tie with process × 2",
        "interpreter × 2 refused: needs Python 3.14 or later",
    )
    places = [begins.find(part) for part in wanted]
    assert -1 not in places
    assert places == sorted(places)


def test_what_is_a_tie_with_the_recommended_one_is_shaded_in_every_row() -> None:
    page = make_result(trials=make_trials()[:3]).to_html()
    assert len(set(re.findall(r'<i class="band" style="([^"]*)"', page))) == 1
    assert page.count('<i class="band"') == 3
    alone = make_result(trials=make_trials()[:1], recommendation=make_recommendation(backend="serial", trial=0))
    assert '<i class="band"' not in alone.to_html()


def test_a_result_without_timelines_says_so() -> None:
    assert "No timeline was recorded for this result." in _Reader(make_result().to_html()).flat


def test_every_tag_is_closed() -> None:
    open_tags: list[str] = []
    for tag, _ in _Reader(report.render([make_result(), _hostile("x")], "html")).tags:
        if tag.startswith("/"):
            assert open_tags.pop() == tag[1:]
        elif tag not in _VOID:
            open_tags.append(tag)
    assert open_tags == []


def test_ids_are_unique() -> None:
    tags = _Reader(report.render([make_result(), _hostile("x")], "html")).tags
    ids = [value for _, attributes in tags for name, value in attributes if name == "id"]
    assert len(ids) == len(set(ids)) > 20


def test_ledger_bars_fill_the_whole() -> None:
    uneven = make_ledger(3.0, gil_wait_s=1.0, network_s=0.1, sleep_s=0.0001, idle_s=0.7)
    page = make_result(trials=(make_trial(), make_trial("thread", 3, ledger=uneven))).to_html()
    bars = re.findall(r'class="track stack">(.*?)</span>', page, re.DOTALL)
    assert len(bars) == 2
    for bar in bars:
        assert sum(map(float, re.findall(r"width:([\d.e-]+)%", bar))) == pytest.approx(100, abs=0.01)


def test_intervals_stay_on_the_scale() -> None:
    trials = (
        make_trial(),
        make_trial("thread", 2, throughput_low=None, throughput_high=None),
        make_trial("rq", 2),
    )
    page = make_result(trials=trials).to_html()
    whiskers = re.findall(r'class="whisker" style="left:([\d.]+)%;width:([\d.]+)%"', page)
    assert len(whiskers) == 2, "where the interval is unknown, none is drawn"
    assert all(float(left) >= 0 and float(left) + float(width) <= 100.01 for left, width in whiskers)


def test_an_interval_that_says_nothing_leaves_the_bars_to_be_told_from_each_other() -> None:
    wild = make_trial(
        "process", 2, start_method="spawn", throughput_per_s=4.0, throughput_low=0.2, throughput_high=80.0
    )
    page = make_result(trials=(make_trial(throughput_per_s=3.0), wild)).to_html()
    widths = [float(width) for width in re.findall(r'class="median" style="width:([\d.]+)%"', page)]
    assert widths == [50.0, 37.5]


def test_a_verdict_that_is_not_sure_is_no_good_news() -> None:
    sure, unsure = (make_result(recommendation=make_recommendation(confidence=share)) for share in (0.95, 0.5))
    assert 'class="unsure"' in unsure.to_html()
    assert 'class="unsure"' not in sure.to_html()


def test_few_calls_have_no_median() -> None:
    few = make_trial("process", 2, start_method="spawn", latency_p50_s=0.25, calls=3)
    flat = _Reader(make_result(trials=(make_trial(), few)).to_html()).flat
    assert "a call takes 250 ms 99 of 100 take at most (p99) –" in flat


def test_one_result_has_no_summary_and_an_empty_one_can_be_drawn() -> None:
    bare = make_result(trials=(), predictions=(), hot=(), findings=(), failure=None, demands=None, output="")
    flat = _Reader(bare.to_html()).flat
    assert "All results" not in flat
    assert "Throughput" not in flat


def test_a_result_that_knows_nothing_is_drawn() -> None:
    nothing = Result(
        created="",
        target=make_result().target,
        environment=make_environment(),
        instrument=make_instrument(ledger_source="none", gil_source="none", rate_asked_hz=None, sampled_s=None),
        classification=Classification(label="inconclusive", confidence=0.0, reason="every call failed"),
        recommendation=Recommendation(backend=None, confidence=0.0, reason="every call failed"),
        trials=(Trial(backend="serial", workers=1, status="failed"), Trial(backend="thread", workers=2)),
    )
    flat = _Reader(nothing.to_html()).flat
    assert "Cannot tell how to run is_prime: every call failed." in flat
    assert "expected gain unknown" in flat


# ---- as much as there may be ----

_MB = 1_000_000


def test_a_thousand_results_are_one_page_that_opens() -> None:
    report.render([make_result()], "html")  # the templates are compiled once
    started = time.process_time()
    page = report.render([make_result()] * 1000, "html")
    assert time.process_time() - started < 30  # six times what is promised: the machine may be busy
    assert len(page.encode()) < 10 * _MB
    assert len(re.findall(r'<article[^>]* id="result-\d+"|<article id="result-\d+"', page)) == 1000
    told = re.search(r"The first (\d+) results are told in full", page)
    assert told is not None
    assert 0 < int(told[1]) < 1000
    assert page.count('class="brief"') == 1000 - int(told[1])


def test_ten_thousand_trials_are_cut_to_the_telling_ones() -> None:
    fast = make_trial("process", 2, start_method="spawn", throughput_per_s=7.0)
    slow = [make_trial("thread", at, throughput_per_s=at / 10_000) for at in range(2, 10_000)]
    page = make_result(trials=(make_trial(), *slow, fast)).to_html()
    assert len(page.encode()) < 10 * _MB
    flat = _Reader(page).flat
    assert "100 of 10,000 configurations are shown: the recommended one, the serial one and the fastest." in flat
    assert "7.00/s" in flat
    assert "thread × 9999" in flat
    assert "thread × 5000 " not in flat


def test_a_megabyte_of_text_is_cut_and_the_code_is_whole() -> None:
    long, code = "<" * _MB, "x = 1\n" * 2000
    page = make_result(
        target=make_hostile(long).target,
        output=long,
        recommendation=make_recommendation(reason=long, code=code),
        stacks=(Stack(frames=(long,) * 500, samples=1),),
    ).to_html()
    assert len(page.encode()) < 3 * _MB
    assert "(999,000 more characters)" in page
    assert code.strip() in page


def test_the_programs_of_task_queues_are_whole() -> None:
    code = "y = 2\n" * 2000
    trials = (make_trial(), make_trial("celery", 2, queue=QueueFigures(enqueue_s=1e-4)))
    page = make_result(trials=trials, queue_programs=(QueueProgram(engine="celery", code=code),)).to_html()
    assert code.strip() in page
