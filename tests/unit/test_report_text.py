"""The terminal's report."""

from __future__ import annotations

import io
import re

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console

from gilscope import report
from gilscope.decide.recommended import INTERRUPTED
from gilscope.records import Alternative, Failure, Finding, HotLine, Prediction, Recommendation, Target, Trial
from gilscope.report import text
from gilscope.report.document import Column, Detail, Document, Row, Section, Table
from gilscope.report.results import document, documents
from gilscope.report.terminal import cut
from gilscope.result import Result
from tests.unit.handmade import make_environment, make_hostile, make_recommendation, make_result, make_trial

_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def _flat(drawn: str) -> str:
    """The report on one line, its wrapping undone."""
    return " ".join(drawn.split())


def test_the_verdict_comes_first_and_everything_follows() -> None:
    drawn = make_result().to_text()
    flat = _flat(drawn)
    assert flat.startswith("is_prime is compute-bound (python): run it in a process pool with 2 workers")
    assert max(map(len, drawn.splitlines())) <= 80
    wanted = [
        "Confidence is high: it would hold in 95 of 100 repeats. It was the fastest in every round.",
        "with ProcessPoolExecutor(max_workers=2) as pool:",
        "Calls differ in kind (the verdict is an average over these groups)",
        "process × 2 5.73 5.40–6.00 1.91×",
        "interpreter × 2: refused: needs Python 3.14 or later",
        "GGGGGGGGGGGGGGGGGGGGWWWWWWWWWWWWWWWWWWWW G 50% W 49%",
        "is_prime app/primes.py:17 93% 94%",
        "thread × 2 (0.98×): its threads waited 49% for the GIL",
        "warning: There are only 6 inputs.",
        "First exception (3 of 90 calls raised)",
        "process × 2 2 5.90/s 5.73/s +3% cpu",
        "On other machines (predicted, not measured; speed-up over the serial run here)",
        "16 CPUs process × 16 44.0/s – 14.7× pickling",
        "thread × 2 20.0 µs – 1.00 ms never never",
        "2 usable of 4 (cgroup quota)",
        "496 Hz of 500 Hz asked",
        "profiling overhead 1% slower",
    ]
    places = [flat.find(part) for part in wanted]
    assert -1 not in places
    assert places == sorted(places)


def test_bars_are_of_one_width() -> None:
    bars = re.findall(r"([A-Z.]{30,}) \S \S+%", make_result().to_text())
    assert [len(bar) for bar in bars] == [40] * 4


def test_long_names_and_wide_figures_fit_and_do_not_shorten_the_bars() -> None:
    wide = {
        "throughput_per_s": 4.9e6,
        "throughput_low": 4.8e6,
        "throughput_high": 5e6,
        "latency_p50_s": 2.1e-7,
    }
    lag = {"loop_lag_p99_s": 0.0123, "errors": 3}
    named = make_trial("process", 16, chunksize=128, start_method="forkserver", **wide, **lag)
    drawn = make_result(trials=(named,)).to_text()
    assert "4.90M 4.80–5.00M 1.00× 210 ns 12.3 ms 17%" in _flat(drawn)
    assert "G" * 40 in drawn
    assert max(map(len, drawn.splitlines())) <= 80


def test_errors_are_shown_beside_the_trials_without() -> None:
    drawn = _flat(make_result(trials=(make_trial(errors=3), make_trial("thread", 2))).to_text())
    assert "330 ms 17% thread" in drawn
    assert "330 ms none" in drawn
    assert "errors" not in make_result().to_text()
    assert "1.00× 3" in _flat(make_result(trials=(make_trial(errors=3, calls=0),)).to_text())


def test_unknown_is_said() -> None:
    result = make_result(trials=(make_trial(latency_p50_s=None), make_trial("thread", 2)))
    assert "unknown" in next(line for line in result.to_text().splitlines() if line.startswith("  serial"))


def test_markup_is_shown_and_not_obeyed() -> None:
    finding = Finding(code="x", severity="info", title="[bold]:smile:[/bold]", evidence="[/]", advice="[link=x]")
    assert "[bold]:smile:[/bold]. [/]. [link=x]" in make_result(findings=(finding,)).to_text()


def test_one_code_is_shown_and_the_other_is_told_of() -> None:
    drawn = make_result(recommendation=make_recommendation(other_code="await_it()")).to_text()
    assert "Code to paste (for a plain caller)" in drawn
    assert "await_it" not in drawn
    assert "The code for a caller that is a coroutine is in the JSON and HTML reports." in drawn
    same = make_result(recommendation=make_recommendation(code="# none", other_code="# none")).to_text()
    assert "for a caller that is a coroutine" not in same


def test_the_hot_lines_tell_what_they_wait_for() -> None:
    line = HotLine(function="f", file="a.py", line=7, gil_share=0.0, cpu_share=0.1, wait_share=0.9, callee="time.sleep")
    assert "f a.py:7 0% 10% 90% time.sleep" in _flat(make_result(hot=(line,)).to_text())


def test_code_stays_whole_where_it_is_wider_than_the_terminal() -> None:
    line = "results = pool.map(" + "a_name, " * 20 + ")"
    assert line in make_result(recommendation=make_recommendation(code=line)).to_text()


def test_terminal_sequences_are_dropped_and_controls_are_shown() -> None:
    finding = Finding(code="x", severity="info", title="\x1b[31mred\x1b[0m", evidence="a\x07b", advice="\x1b]0;t\x07c")
    assert r"red. a\x07b. c" in make_result(findings=(finding,)).to_text()


@settings(deadline=None, max_examples=30)
@given(st.text(st.characters() | st.sampled_from("[]\\\x1b\r\ud800:")))
def test_hostile_text_cannot_reach_the_terminal(hostile: str) -> None:
    drawn = report.render([make_hostile(hostile)], "text")
    assert not _CONTROLS.search(drawn)
    assert drawn.encode()


def _drawn(encoding: str, *results: Result, ascii_only: bool = False) -> str:
    raw = io.BytesIO()
    console = Console(file=io.TextIOWrapper(raw, encoding=encoding, write_through=True), width=80)
    text.show(documents(results), console, room=Detail.USUAL, ascii_only=ascii_only)
    return raw.getvalue().decode(encoding)


@pytest.mark.parametrize(("encoding", "ascii_only"), [("ascii", False), ("utf-8", True)])
def test_a_terminal_of_ascii_gets_ascii(encoding: str, ascii_only: bool) -> None:
    drawn = _drawn(encoding, make_hostile("naïve… 3 µs × 4"), make_result(), make_long(), ascii_only=ascii_only)
    assert drawn.isascii()
    assert "process x 2" in drawn
    assert "1.91x (1.80-2.00)" in drawn
    assert r"na\xefve... 3 us x 4" in drawn, "what has no plain form is told, not swallowed"
    assert re.search(r"a_very\w*\.\.\.\w*_name is compute-bound", drawn)
    assert max(map(len, drawn.splitlines())) <= 80


def test_the_text_of_a_result_has_all_of_unicode() -> None:
    assert "process × 2" in make_result().to_text()
    assert "process × 2" in _drawn("utf-8", make_result())


LONG = "a_very_long_name_" * 9 + "_name"


def make_long() -> Result:
    """Names that do not fit, wherever a name can stand."""
    hot = HotLine(function=LONG, file=f"/{LONG}/{LONG}.py", line=123456, gil_share=1.0, cpu_share=1.0, callee=LONG)
    frame = f'  File "/{LONG}.py", line 3, in {LONG}\n    {LONG}()\n'
    trace = f"Traceback (most recent call last):\n{frame}E: {'so it is ' * 30}"
    return make_result(
        target=Target(spec=f"{LONG}.{LONG}:{LONG}", file=f"/{LONG}/{LONG}.py", line=3, inputs=LONG, input_count=10**9),
        trials=(make_trial(LONG, 2), make_trial("process", 2)),
        recommendation=make_recommendation(
            alternatives=(Alternative(backend=LONG, workers=2, speedup=1e5, why_not=f"{LONG} is slower"),)
        ),
        predictions=(Prediction(backend=LONG, workers=2, threads_per_process=4, cpus=16, throughput_per_s=1e5),),
        hot=(hot,),
        settings={"args": LONG * 9},
        failure=Failure(type="E", message=LONG, traceback=trace, count=1, calls=2),
        output=f"{LONG} {LONG}",
    )


def test_long_names_are_cut_in_the_middle_and_nothing_is_wider_than_the_terminal() -> None:
    drawn = report.render([make_long(), make_long()], "text")
    lines = drawn.splitlines()
    assert max(map(len, lines)) <= 80
    assert re.match(r"a_very_\w+…\w+__name is compute-bound", drawn)
    (hot,) = {line for line in lines if "100%  100%" in line}
    assert len(re.findall(r"\w+…\S+", hot)) == 3, "function, place and callee, each in one line"
    assert re.search(r'\n      File "/a_very_\w+….+\n        a_very_\w+…\w+\(\)\n    E: so it is', drawn)
    assert _flat(drawn).count("so it is") == 2 * 30, "a message is wrapped, not cut"


@given(st.text(st.characters(codec="utf-8") | st.sampled_from("漢字")), st.integers(0, 30))
def test_what_is_cut_fits_and_keeps_its_ends(name: str, width: int) -> None:
    for mark, ascii_only in (("…", False), ("...", True)):
        short = cut(name, width, ascii_only=ascii_only)
        assert cell_len(short) <= max(width, len(mark))
        assert (short == name) == (cell_len(name) <= width) or mark in name


def test_phrases_are_cut_in_the_middle_where_a_word_is_too_long() -> None:
    assert cut("sample_records_of_the_year", 11) == "sampl…_year"
    assert cut("sample_records_of_the_year", 11, ascii_only=True) == "samp...year"


def test_many_rows_are_cut_short_but_for_the_recommended_one() -> None:
    trials = (*(make_trial("thread", count) for count in range(2, 302)), make_trial("process", 2, start_method="spawn"))
    drawn = make_result(trials=trials).to_text()
    assert drawn.count("\n  process × 2 ") == make_result(trials=trials[-1:]).to_text().count("\n  process × 2 ")
    assert drawn.count("and 60 more: the JSON and CSV reports have them") == 2
    assert len(drawn.splitlines()) < 200


SHORT = (
    "is_prime is compute-bound",
    "Confidence is high: it would hold in 95 of 100 repeats.",
    "410 ms (p99)",
    "63.0 MiB of memory",
    "warning: There are only 6 inputs",
    "configuration calls/s speed-up p50",
    "process × 2 5.73 1.91× 330 ms",
    "interpreter × 2: refused: needs Python 3.14 or later",
    "gaps of up to 6% are ties",
)


def test_a_summary_is_twenty_lines_and_says_where_the_rest_is() -> None:
    told = make_result().summary()
    assert all(part in _flat(told) for part in SHORT)
    assert len(told.splitlines()) <= 20
    assert told.rstrip().endswith("result.to_html('report.html').")


def test_who_does_not_ask_for_more_gets_the_same_and_is_told_how_to() -> None:
    short, more, whole = (_shown(room, make_result()) for room in (None, Detail.USUAL, Detail.THOROUGH))
    assert all(part in _flat(short) for part in SHORT)
    assert "-vv" in short.splitlines()[-1]
    assert "Hot lines" in more
    assert "Predicted by" not in more
    assert "Predicted by" in whole
    assert len(short.splitlines()) <= 20 < len(more.splitlines()) < len(whole.splitlines())


def test_only_what_warns_is_told_unasked() -> None:
    calm = make_result(findings=(Finding(code="x", severity="info", title="odd", evidence="e", advice="a"),))
    assert "odd" not in _shown(None, calm)
    loud = [Finding(code="x", severity="warning", title=f"odd {n}", evidence="e", advice="a") for n in range(5)]
    assert "more warnings: 3" in _shown(None, make_result(findings=tuple(loud)))


def cases() -> dict[str, list[Result]]:
    """Results that have more to say than there is room for."""
    trials = tuple(make_trial("thread", count) for count in range(2, 60))
    queues = tuple(make_trial(name, 8, chunksize=16) for name in ("rq", "celery", "dask"))
    findings = tuple(Finding(code="x", severity="error", title=LONG, evidence="e", advice="a") for _ in range(9))
    refused = tuple(Trial(backend=f"b{n}", workers=2, status="refused", reason=LONG) for n in range(9))
    doubtful = make_recommendation(confidence=0.75, reason="it was the fastest in most rounds; " * 9)
    nothing = Recommendation(backend=None, context="sync", confidence=0.0, reason="time ran out before a round " * 9)
    offloads = make_recommendation(backend="asyncio", executor="process", context="async", workers=64, chunksize=16)
    target = msgspec.structs.replace(
        make_result().target, inputs_truncated=True, inputs_given=10**6, inputs_why="one pass takes too long " * 5
    )
    plain = make_result()
    return {
        "plain": [plain],
        "long": [make_long()],
        "hostile": [make_hostile("no\nend " * 300)],
        "many": [make_result(trials=(*trials, *queues, *plain.trials, *refused), findings=findings)],
        "doubtful": [make_result(recommendation=doubtful, findings=findings, settings={"budget_s": 10.0})],
        "nothing": [make_result(recommendation=nothing)],
        "offloads": [make_result(recommendation=offloads, target=target, interrupted=True, findings=findings)],
        "errors": [make_result(trials=(make_trial(errors=9), *refused), findings=findings)],
        "several": [plain, make_long(), make_result(recommendation=nothing)],
        "thirty": [make_long() for _ in range(30)],
    }


@pytest.mark.parametrize("ascii_only", [False, True])
@pytest.mark.parametrize("width", [80, 200])
@pytest.mark.parametrize("case", cases())
def test_however_much_there_is_twenty_lines_are_told(case: str, width: int, ascii_only: bool) -> None:
    buffer = io.StringIO()
    console = Console(file=buffer, width=width, color_system=None, legacy_windows=False)
    text.show(documents(cases()[case]), console, ascii_only=ascii_only)
    lines = buffer.getvalue().rstrip("\n").split("\n")
    assert len(lines) <= 20
    assert max(map(len, lines)) <= width
    assert lines[-1].startswith("More: -v")
    table = "run it with" if len(cases()[case]) > 1 else "configuration"
    assert any(table in line for line in lines), "what it is about is never left out"


def test_columns_move_closer_before_the_name_of_a_configuration_is_broken() -> None:
    chunked = make_trial("process", 2, chunksize=11, errors=3, latency_p99_s=0.4, memory_bytes=2**28)
    told = _shown(None, make_result(trials=(*make_result().trials, chunked)))
    (line,) = [line for line in told.splitlines() if "process × 2, chunksize" in line]
    assert "process × 2, chunksize 11 " in line


@pytest.mark.parametrize("width", [36, 40, 50, 60, 70])
def test_a_narrow_table_has_fewer_figures_and_none_that_is_cut(width: int) -> None:
    buffer = io.StringIO()
    named = make_result(trials=(make_trial("asyncio", 1024), *make_result().trials))
    text.show(documents([named]), Console(file=buffer, width=width))
    assert "configuration" in buffer.getvalue()
    assert "…" not in buffer.getvalue()


def test_a_heading_takes_no_more_lines_than_its_figures_make_room_for() -> None:
    rows = (Row(("a", "1.20× (1.11–1.29)", "1%")),)
    columns = (Column("what", numeric=False), Column("beside the old"), Column("run queue"))
    buffer = io.StringIO()
    drawn = text.drawn(Document(title="", sections=(Section("", (Table(columns, rows),)),)))
    Console(file=buffer, width=80).print(drawn)
    told = [line.rstrip() for line in buffer.getvalue().splitlines() if line.strip()]
    assert told == [f"{'':29}run", "  what     beside the old  queue", "  a     1.20× (1.11–1.29)     1%"]


def test_the_recommended_configuration_is_told_however_many_there_are() -> None:
    trials = tuple(make_trial("thread", count) for count in range(2, 60))
    assert "process × 2" in _shown(None, make_result(trials=(*trials, *make_result().trials)))


def test_several_functions_have_a_line_each_and_those_for_which_there_is_no_room_are_counted() -> None:
    shown = io.StringIO()
    many = [make_result(target=Target(spec=f"m:f{number}")) for number in range(30)]
    text.show(documents(many), Console(file=shown, width=120))
    assert "30 functions, each as it is best run" in shown.getvalue()
    assert [f" f{number} " in shown.getvalue() for number in (0, 11, 29)] == [True, True, False]
    assert "more: the JSON and CSV reports have them" in shown.getvalue()


def test_titles_stand_on_a_line_each() -> None:
    buffer = io.StringIO()
    text.show_titles(documents([make_result(), make_long()]), Console(file=buffer, width=80))
    first, second = buffer.getvalue().splitlines()
    assert first.endswith("1.91× (1.80–2.00) the serial throughput.")
    assert " is compute-bound" in second


def _shown(room: Detail | None, result: Result) -> str:
    buffer = io.StringIO()
    text.show(documents([result]), Console(file=buffer, width=80), room=room)
    return buffer.getvalue()


def test_many_results_are_all_in_the_summary() -> None:
    results = [make_result(target=Target(spec=f"app:f{number}")) for number in range(30)]
    drawn = report.render(results, "text")
    assert drawn.count("Code to paste") == 20
    summary = drawn.partition("\nSummary\n")[2]
    assert all(f" f{number} " in summary for number in range(30))
    assert "Of 30 results the first 20 are drawn in full" in summary


def test_colours_come_from_the_one_palette() -> None:
    console = Console(file=io.StringIO(), width=80, color_system="truecolor", force_terminal=True, _environ={})
    styles = [segment.style for segment in console.render(text.drawn(document(make_result()))) if segment.style]
    assert "#2f6fde" in {style.bgcolor.name for style in styles if style.bgcolor}


def test_the_output_is_shown_only_on_request() -> None:
    shown = io.StringIO()
    text.show(documents([make_result()]), Console(file=shown, width=80), also={"output"})
    assert "checking 112272535095293" in shown.getvalue()
    assert "checking 112272535095293" not in make_result().to_text()


def test_several_results_end_in_a_summary() -> None:
    drawn = report.render([make_result(), make_result()], "text")
    assert "run it with" in drawn.rpartition("Summary")[2]


@pytest.mark.parametrize(
    ("changes", "remark"),
    [
        ({"interrupted": True}, "The analysis was interrupted"),
        ({"demands": None}, "What a call does alone is unknown."),
        ({"environment": make_environment(memory_limit_bytes=None)}, "memory limit unknown"),
        ({"environment": make_environment(gil_enabled=False)}, "without the GIL"),
    ],
)
def test_what_must_be_known_is_said(changes: dict[str, object], remark: str) -> None:
    assert remark in _flat(make_result(**changes).to_text())


def test_an_interruption_is_told_once() -> None:
    advice = Recommendation(backend=None, context="sync", confidence=0.0, reason=INTERRUPTED)
    told = _flat(make_result(recommendation=advice, interrupted=True).to_text())
    assert told.count("interrupted") == 1


def test_a_result_with_nothing_in_it_can_be_drawn() -> None:
    bare = make_result(trials=(), predictions=(), hot=(), findings=(), failure=None, demands=None, settings={})
    assert "Throughput" not in bare.to_text()
