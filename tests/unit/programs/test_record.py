"""The record of a program, and its reports."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from random import Random

import msgspec
import pytest

import gilscope
from gilscope import report
from gilscope.errors import LoadError, OutputError
from gilscope.program_result import ProgramResult
from gilscope.programs.conclude import Watched, conclude
from gilscope.programs.lanes import MOST_EDGES
from gilscope.programs.moments import ThreadLook
from gilscope.programs.views import Views
from gilscope.records import Environment
from gilscope.records.programs import ProgramRecord, Sampling
from tests.unit.programs.builders import PID, blocked, feed, frame, holding, moment, process, thread, waiting

ENVIRONMENT = Environment(
    python="3.13.1",
    implementation="CPython",
    gil_enabled=True,
    platform="Linux",
    machine="x86_64",
    cpus_usable=4,
    cpus_visible=4,
    gilscope="0",
)
NASTY = "<script>alert(1)</script>\x1b[31m"


def record(*more: ThreadLook, command: str = "python work.py") -> ProgramRecord:
    """A second of two threads, of which the one computes and the other waits for it."""
    views = Views(0.0)
    feed(views, [moment(at, holding(1, "crunch", "main"), waiting(2, "serve"), *more) for at in range(100)])
    threads = [thread(1, 1.0, run_s=1.0), thread(2, 1.0, run_s=0.0), *(thread(each.tid, 1.0, 0.0) for each in more)]
    watched = Watched(
        "2026-01-01T00:00:00Z", command, ENVIRONMENT, 0.0, 1.0, Sampling(moments=100), roots=("/srv/app",)
    )
    return conclude(watched, [process(*threads)], views)


def empty() -> ProgramRecord:
    watched = Watched("2026-01-01T00:00:00Z", "python", ENVIRONMENT, 0.0, 0.0, Sampling())
    return conclude(watched, [], Views(0.0))


def test_it_says_what_limits_the_program_and_what_to_do() -> None:
    verdict = record().verdict
    assert verdict.limit == "gil"
    assert [advice.command for advice in verdict.advice] == ["gilscope analyze work:crunch"]
    assert verdict.advice[0].to_win_s == pytest.approx(1.0)


def test_the_account_of_the_program_is_that_of_its_processes() -> None:
    whole = record()
    assert whole.account.wall_s == pytest.approx(2.0)
    assert whole.account.gil_wait_s == pytest.approx(1.0)
    (one,) = whole.processes
    assert (one.pid, one.python, one.threads) == (PID, "3.13.1", 2)
    assert one.account.gil_held_ratio == pytest.approx(1.0)


def test_several_gils_of_a_process_are_told_one_by_one_the_one_held_most_first() -> None:
    views = Views(0.0)
    for at in range(100):
        both = (holding(1, "crunch"), holding(2, "crush"))
        seen = moment(at, *both)
        (main,) = seen.gils
        own = replace(main, interpreters=(1,), holder=both[1])
        feed(views, [replace(seen, gils=(replace(main, held=at < 20), own))])
    watched = Watched("2026-01-01T00:00:00Z", "python", ENVIRONMENT, 0.0, 1.0, Sampling())
    found = conclude(watched, [process(thread(1, 1.0, run_s=0.5), thread(2, 1.0, run_s=0.5))], views)
    (one,) = found.processes
    assert [(gil.interpreters, gil.held_ratio) for gil in one.gils] == [((0,), pytest.approx(0.2)), ((1,), 1.0)]
    assert one.most_held_ratio == 1.0
    assert one.account.gil_held_s == pytest.approx(1.2 * one.watched_s), "two may be held at once"
    assert found.periods[-1].gil_held_ratio == 1.0
    assert "100%, 20%" in report.render(found, "html")


def test_a_program_that_was_stopped_was_idle_and_held_nothing_meanwhile() -> None:
    views = Views(0.0)
    computing = [moment(at, holding(1, "crunch"), waiting(2, "serve")) for at in (*range(20), *range(80, 100))]
    stopped = [moment(at, holding(1, "crunch", wait="stopped"), blocked(2, "stopped")) for at in range(20, 80)]
    feed(views, sorted((*computing, *stopped), key=lambda each: each.at_s))
    threads = (thread(1, 1.0, run_s=0.4), thread(2, 1.0, run_s=0.0))
    seen = conclude(
        Watched("2026-01-01T00:00:00Z", "python", ENVIRONMENT, 0.0, 1.0, Sampling()), [process(*threads)], views
    )
    assert seen.processes[0].stopped_s == pytest.approx(0.6)
    assert seen.account.idle_s == pytest.approx(1.2)
    assert seen.account.other_s == 0.0
    assert seen.account.gil_held_s == pytest.approx(0.4)
    assert seen.holds[0].longest_s < 0.25
    assert "It was stopped, by a signal or a debugger, for 600 ms" in report.render(seen, "text").replace("\n", " ")


def test_of_a_build_without_a_gil_nobody_holds_it_and_all_cpu_time_is_free() -> None:
    views = Views(0.0)
    running = [ThreadLook(tid, 0, None, on_cpu=True, stack=(frame("crunch"),)) for tid in (1, 2)]
    feed(views, [moment(at, *running) for at in range(100)])
    seen = replace(process(thread(1, 1.0, run_s=1.0), thread(2, 1.0, run_s=1.0)), gil_enabled=False)
    watched = Watched("2026-01-01T00:00:00Z", "python", ENVIRONMENT, 0.0, 1.0, Sampling())
    told = conclude(watched, [seen], views)
    assert (told.account.cpu_gil_s, told.account.gil_wait_s, told.processes[0].gil_enabled) == (0.0, 0.0, False)
    assert told.account.cpu_free_s == pytest.approx(2.0)
    (crunch,) = told.functions
    assert crunch.classification is not None
    assert "runs without a GIL" in (crunch.classification.reason)
    assert "no GIL" in report.render(told, "html")


def test_cpu_time_of_threads_that_nobody_looked_at_is_told_beside_the_account() -> None:
    views = Views(0.0)
    feed(views, [moment(at, holding(1, "crunch")) for at in range(100)])
    one = replace(process(thread(1, 1.0, run_s=0.5)), cpu_s=1.3)
    watched = Watched("2026-01-01T00:00:00Z", "python", ENVIRONMENT, 0.0, 1.0, Sampling())
    seen = conclude(watched, [one], views)
    assert seen.account.cpu_s == pytest.approx(0.5)
    assert seen.processes[0].short_lived_cpu_s == pytest.approx(0.8)
    text = report.render(seen, "text").replace("\n", " ")
    assert "Threads that came and went between two looks used 800 ms" in text
    assert "1.30 CPUs used" in text


def test_a_text_has_the_sentence_first_and_functions_by_their_names() -> None:
    lines = report.render(record(), "text").splitlines()
    assert lines[0].startswith("Limited by the GIL")
    text = "\n".join(lines)
    assert all(word in text for word in ("crunch", "serve", "(work.py:10)", "gilscope analyze work:crunch"))


@pytest.mark.parametrize("made", [record, empty])
@pytest.mark.parametrize("format_name", ["text", "html", "md", "json", "csv"])
def test_every_format_draws_it(format_name: str, made: Callable[[], ProgramRecord]) -> None:
    assert report.render(made(), format_name)


@pytest.mark.parametrize("format_name", ["perfetto", "speedscope", "collapsed"])
def test_viewers_have_nothing_of_a_program_that_was_not_seen(format_name: str) -> None:
    with pytest.raises(OutputError, match="export"):
        report.render(empty(), format_name)


def test_a_format_that_cannot_hold_a_program_says_so() -> None:
    with pytest.raises(OutputError, match="gecko"):
        report.render(record(), "gecko")


@pytest.mark.parametrize("format_name", ["text", "html", "md", "csv", "json", "perfetto", "speedscope", "collapsed"])
def test_what_the_program_calls_its_functions_is_harmless(format_name: str) -> None:
    """In every format: no sign that a terminal obeys, no page's own markup, and no name without end."""
    names = (NASTY, "\u202e\x07\x9b|`*_;\r\n", "=cmd()", "a" * 399 + "…")
    nasty = record(*(blocked(tid, "sleep", frame(name, file=name)) for tid, name in enumerate(names, 3)), command=NASTY)
    drawn = report.render(nasty, format_name)
    last = 32 if format_name == "json" else 160  # what saves a record keeps names as they are, as far as JSON does
    assert not [sign for sign in drawn if sign != "\n" and (ord(sign) < 32 or 127 <= ord(sign) < last)]
    if format_name == "html":
        assert "<script>alert" not in drawn


def test_json_is_read_back_as_it_was_written() -> None:
    whole = record()
    assert msgspec.json.decode(report.render(whole, "json"), type=ProgramRecord) == whole


def test_perfetto_has_a_lane_for_each_thread_and_the_holds_with_their_stacks() -> None:
    events = json.loads(report.render(record(), "perfetto"))["traceEvents"]
    lanes = {(event["tid"], event["cat"]) for event in events if event["ph"] == "X"}
    assert {(1, "cpu_gil"), (2, "gil_wait")} <= lanes
    (hold,) = (event for event in events if event.get("cat") == "hold")
    assert hold["name"] == "crunch"
    assert list(hold["args"].values()) == ["main (/srv/app/work.py:12)", "crunch (/srv/app/work.py:12)"]


def test_stacks_are_told_by_state() -> None:
    lines = report.render(record(), "collapsed").splitlines()
    assert any(line.startswith("[Python (GIL held)];") or "crunch" in line for line in lines)
    profiles = json.loads(report.render(record(), "speedscope"))["profiles"]
    assert len(profiles) == 2
    assert all(sum(each["weights"]) == pytest.approx(1.0) for each in profiles)


def frames_of(whole: ProgramRecord) -> ProgramResult:
    return msgspec.convert(msgspec.to_builtins(whole), ProgramResult)


def test_frames_have_seconds_by_state() -> None:
    result = frames_of(record())
    processes = result.processes_frame()
    assert processes[["pid", "wall_s", "gil_wait_s"]].to_numpy().tolist() == [pytest.approx([PID, 2.0, 1.0])]
    functions = result.functions_frame().set_index("function")
    assert functions.loc["crunch", "self_cpu_gil_s"] == pytest.approx(1.0)
    own_and_total = functions.loc[["main"], ["self_wall_s", "total_wall_s"]].to_numpy().tolist()
    assert own_and_total == [pytest.approx([0.0, 1.0])]
    assert functions.loc["crunch", "label"] == "compute-bound"
    blame = result.blame_frame()
    assert blame[["waiting_function", "holding_function"]].to_numpy().tolist() == [["serve", "crunch"]]
    assert blame["waited_s"].tolist() == pytest.approx([1.0])
    assert result.moments_frame()["gil_held_ratio"].tolist() == pytest.approx([1.0] * len(result.moments_frame()))


@pytest.mark.parametrize("name", ["processes", "threads", "functions", "blame", "holds", "loops", "locks", "moments"])
def test_a_frame_has_its_columns_and_their_types_without_a_row(name: str) -> None:
    some, none = (getattr(frames_of(each), f"{name}_frame")() for each in (record(), empty()))
    assert len(none) == 0
    assert list(none.columns) == list(some.columns)
    figures = [column for column in none.columns if column.endswith("_s")]
    assert all(none[column].dtype == "float64" for column in figures)


def hour() -> ProgramRecord:
    """Of 200 threads that change what they do all the time, eight of which are looked at at each moment."""
    views, random = Views(0.0), Random(1)
    for number in range(0, 360_000, 600):
        tids = random.sample(range(200), 8)
        looks = [holding(tids[0], f"f{random.randrange(50)}", "main"), *(waiting(tid, f"w{tid}") for tid in tids[1:5])]
        looks += [blocked(tid, random.choice(["sleep", "network", "disk"]), frame(f"b{tid}")) for tid in tids[5:]]
        views.see(moment(number, *looks))
    watched = Watched("2026-01-01T00:00:00Z", "python", ENVIRONMENT, 0.0, 3600.0, Sampling(moments=360_000))
    return conclude(watched, [process(*(thread(tid, 3600.0, 18.0) for tid in range(200)))], views)


def test_what_is_told_of_an_hour_with_many_threads_is_small_and_of_all_of_them() -> None:
    whole = hour()
    assert whole.timeline is not None
    assert len(whole.timeline.lanes) == 200
    assert sum(len(lane.edges_s) for lane in whole.timeline.lanes) <= MOST_EDGES
    page = report.render(whole, "html")
    assert len(page.encode()) < 3_000_000


def test_of_moments_that_were_missed_holds_are_made_good_and_those_of_several_processes_are_one_row() -> None:
    views = Views(0.0)
    for pid in (7, 8):
        feed(views, [moment(at, holding(1, "crunch"), waiting(2, "serve"), pid=pid) for at in range(0, 100, 2)])
    threads = [[thread(tid, 1.0, run_s=0.5, pid=pid) for tid in (1, 2)] for pid in (7, 8)]
    watched = Watched("2026-01-01T00:00:00Z", "python", ENVIRONMENT, 0.0, 1.0, Sampling(moments=100))
    whole = conclude(watched, [process(*threads[0], pid=7), process(*threads[1], pid=8, parent=7)], views)
    (hold,) = whole.holds
    assert hold.held_s == pytest.approx(2.0, rel=0.02)
    assert hold.count == 2
    assert hold.longest_s == pytest.approx(1.0, abs=0.05)


def test_the_longest_hold_and_the_course_of_time_are_in_it() -> None:
    whole = record()
    assert whole.holds[0].longest_s == pytest.approx(1.0, abs=0.03)
    assert whole.holds[0].made_wait_s == pytest.approx(1.0)
    assert sum(period.lasted_s for period in whole.periods) == pytest.approx(1.0, abs=0.05)


def test_it_is_loaded_as_what_it_is(tmp_path: Path) -> None:
    whole = frames_of(record())
    whole.to_json(tmp_path / "seen.json")
    found = gilscope.load(tmp_path / "seen.json")
    assert isinstance(found, ProgramResult)
    assert found == whole
    assert repr(found).startswith("<ProgramResult: Limited by the GIL")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('{"schema": "gilscope.program/9"}', "upgrade gilscope"),
        ('{"schema": "gilscope.program/1"}', "missing"),
        ('{"schema": "gilscope.program/1", "watched_s": 1e309}', "beyond|JSON"),
    ],
)
def test_what_is_no_program_is_not_loaded_as_one(tmp_path: Path, text: str, says: str) -> None:
    (tmp_path / "seen.json").write_text(text, encoding="utf-8")
    with pytest.raises(LoadError, match=says):
        gilscope.load(tmp_path / "seen.json")


def test_a_saved_program_is_drawn_again() -> None:
    found = report.render(record(), "json")
    again = msgspec.json.decode(found, type=ProgramRecord)
    assert report.render(again, "text") == report.render(record(), "text")
