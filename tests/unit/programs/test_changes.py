"""Two programs compared: what changed beyond the error, and what did not."""

from __future__ import annotations

from pathlib import Path
from random import Random

import msgspec
import pytest

from gilscope.comparison import compare
from gilscope.decide.comparable import program_objections
from gilscope.decide.program_changes import NOTABLE, PROGRAM, ProgramChange, program_changes
from gilscope.decide.program_errors import batch_error, dependence, difference, over_time, sampled
from gilscope.errors import UsageError
from gilscope.programs.conclude import Watched, conclude
from gilscope.programs.views import Views
from gilscope.records.programs import Period, ProgramRecord, Sampling
from gilscope.report import render
from gilscope.report.programs.changes import program_changes_sheet
from tests.unit.handmade import make_result
from tests.unit.programs.builders import blocked, frame, holding, moment, process, thread, waiting
from tests.unit.programs.handmade import ENVIRONMENT, make_program, place


def told(changes: tuple[ProgramChange, ...]) -> dict[tuple[str, str], ProgramChange]:
    return {(change.where, change.figure): change for change in changes}


def test_what_is_half_as_much_is_told_as_less_and_what_is_the_same_is_not_shown() -> None:
    found = told(program_changes(make_program(), make_program(0.4)))
    words = {name: found[PROGRAM, name].word for name in ("GIL held", "waiting for the GIL", "cpu_free", "lock")}
    assert words == {"GIL held": "less", "waiting for the GIL": "less", "cpu_free": "not shown", "lock": "not shown"}
    assert found["crunch (work.py)", "cpu_gil"].word == "less"
    assert found["crunch (work.py)", "made others wait"].gap is not None
    assert found["load (work.py)", "cpu_free"].word == "not shown"
    assert found["serve (work.py), while held by crunch (work.py)", "waited"].word == "less"
    assert found["event loop 1", "lag p99"].word == "not judged"
    assert found["serve, in event loop 1", "blocks"].word == "not shown"


def test_a_program_has_not_changed_from_itself() -> None:
    words = {change.word for change in program_changes(make_program(), make_program())}
    assert words <= {"not shown", "not judged", "unknown"}


def test_what_is_unknown_of_one_is_unknown() -> None:
    whole = make_program()
    blind = msgspec.structs.replace(whole, account=msgspec.structs.replace(whole.account, gil_wait_s=None))
    change = told(program_changes(whole, blind))[PROGRAM, "waiting for the GIL"]
    assert (change.word, change.new) == ("unknown", None)
    assert change.old == pytest.approx(0.4)


def test_a_function_that_is_new_or_gone_was_not_there() -> None:
    whole = make_program()
    less = msgspec.structs.replace(whole, functions=whole.functions[1:])
    gone, new = (told(program_changes(*pair)) for pair in ((whole, less), (less, whole)))
    assert (gone["crunch (work.py)", "cpu_gil"].word, new["crunch (work.py)", "cpu_gil"].word) == ("less", "more")
    assert gone["crunch (work.py)", "cpu_gil"].new == 0.0
    full = msgspec.structs.replace(
        whole, functions=tuple(msgspec.structs.replace(whole.functions[1], place=place(f"f{at}")) for at in range(500))
    )
    assert told(program_changes(whole, full))["crunch (work.py)", "cpu_gil"].word == "unknown"


@pytest.mark.parametrize("file", ["/opt/v2/app/work.py", "/opt/app-v2/work.py"])
def test_a_function_is_known_again_at_another_line_and_in_another_folder(file: str) -> None:
    whole = make_program()
    moved = tuple(
        msgspec.structs.replace(each, place=place(each.place.function, each.place.line + 7, file))
        for each in whole.functions
    )
    found = program_changes(whole, msgspec.structs.replace(whole, functions=moved))
    assert {change.word for change in found if change.figure == "cpu_gil"} == {"not shown"}


def test_what_hardly_happens_in_either_is_left_out() -> None:
    for change in program_changes(make_program(), make_program(0.5)):
        if change.unit == "threads" and change.where != PROGRAM:
            assert max(change.old or 0.0, change.new or 0.0) >= NOTABLE


# ---- errors ----


def test_the_error_of_a_mean_comes_from_how_its_parts_differ() -> None:
    assert batch_error([1.0, 3.0] * 5) == pytest.approx((1.0541 / 10**0.5, 9), rel=1e-3)
    assert batch_error([1.0] * 40) == (0.0, 9)
    assert batch_error([1.0, 2.0, 3.0]) is None
    slow = [1.0] * 40 + [3.0] * 40
    assert (batch_error(slow) or (0.0,))[0] > 3 * (batch_error([1.0, 3.0] * 40) or (1.0,))[0]


def test_a_figure_of_few_stretches_is_not_judged() -> None:
    periods = tuple(Period(at_s=at, lasted_s=1.0, cpus_used=1.0) for at in range(3))
    gap = difference(over_time(1.0, periods, "cpus_used"), over_time(2.0, periods, "cpus_used"))
    assert gap is not None
    assert (gap.value, gap.low, gap.high) == (1.0, None, None)


def test_samples_that_depend_on_each_other_tell_less() -> None:
    whole = make_program()
    quiet = tuple(msgspec.structs.replace(each, gil_held_ratio=0.7) for each in whole.periods)
    bursts = tuple(
        msgspec.structs.replace(each, gil_held_ratio=0.95 if at < 20 else 0.45) for at, each in enumerate(whole.periods)
    )
    steady, bursting = (msgspec.structs.replace(whole, periods=each) for each in (quiet, bursts))
    assert dependence(steady) == 1.0
    assert dependence(bursting) > 2.0
    narrow, wide = (sampled(each, 1.0, dependence(each)) for each in (steady, bursting))
    assert narrow is not None
    assert wide is not None
    assert (wide.above or 0.0) > 2 * (narrow.above or 0.0)


def run(seed: int, crunching: float = 0.5) -> ProgramRecord:
    """Four seconds of two threads, one of which computes in bursts, for as much of the time on average."""
    random, views, computes = Random(seed), Views(0.0), False
    for number in range(400):
        if random.random() < 0.1:  # a burst, or the pause after it, lasts ten moments on average
            computes = random.random() < crunching
        looks = (
            [holding(1, "crunch", "main"), waiting(2, "serve")]
            if computes
            else [blocked(1, "sleep", frame("main")), blocked(2, "network", frame("serve"))]
        )
        views.see(moment(number, *looks))
    crunched = sum(views.processes[7].course.state_s(at)["cpu_gil"] for at in range(512))
    threads = [thread(1, 4.0, run_s=crunched), thread(2, 4.0, run_s=0.0)]
    watched = Watched("2026-01-01T00:00:00Z", "python work.py", ENVIRONMENT, 0.0, 4.0, Sampling(moments=400))
    return conclude(watched, [process(*threads)], views)


def test_of_runs_of_the_same_program_few_seem_to_differ_and_of_another_most() -> None:
    runs = [run(seed) for seed in range(40)]
    names = [(PROGRAM, name) for name in ("GIL held", "waiting for the GIL", "cpu_gil", "network")]
    names += [("crunch (work.py)", "cpu_gil"), ("serve (work.py), while held by crunch (work.py)", "waited")]

    def shown(old: ProgramRecord, new: ProgramRecord) -> int:
        found = told(program_changes(old, new))
        return sum(found[name].word in ("less", "more") for name in names)

    same = sum(shown(*pair) for pair in zip(runs[::2], runs[1::2], strict=True)) / (20 * len(names))
    less = sum(shown(old, run(seed, 0.05)) for seed, old in enumerate(runs[:10], 100)) / (10 * len(names))
    assert same <= 0.2, "90 % intervals"
    assert less >= 0.8


# ---- as people read it ----


def test_the_sheet_tells_what_changed_before_what_did_not() -> None:
    old, new = make_program(), make_program(0.4)
    drawn = render(program_changes_sheet(old, new, program_changes(old, new), ()), "text")
    assert drawn.startswith("Less waiting for the GIL: 0.40 → 0.16 threads on average.")
    assert drawn.index("crunch") < drawn.index("What did not change") < drawn.index("What limits them")
    same = render(program_changes_sheet(old, old, program_changes(old, old), ("cpus_usable 4 → 8",)), "text")
    assert same.startswith("No significant change in waiting for the GIL: 0.40 → 0.40 threads on average.")
    assert "Not comparable, and compared all the same: cpus_usable 4 → 8." in same
    assert "No figure changed by more than the error" in " ".join(same.split())


@pytest.mark.parametrize("form", ["html", "md", "csv", "json"])
def test_every_format_draws_it(form: str) -> None:
    old, new = make_program(), make_program(0.4)
    assert "crunch" in render(program_changes_sheet(old, new, program_changes(old, new), ()), form)


def test_programs_of_another_machine_or_python_are_objected_to() -> None:
    whole = make_program()
    other = msgspec.structs.replace(
        whole,
        environment=msgspec.structs.replace(whole.environment, cpus_usable=8.0, python="3.11.1"),
        processes=tuple(msgspec.structs.replace(each, python="3.14.0") for each in whole.processes),
    )
    assert program_objections(whole, other) == ("cpus_usable 4 → 8", "Python 3.13.1 → 3.14.0")
    assert program_objections(whole, whole) == ()


def test_a_program_is_not_compared_with_an_analysis(tmp_path: Path) -> None:
    program, analysis = tmp_path / "program.json", tmp_path / "analysis.json"
    make_program().to_json(program)
    make_result().to_json(analysis)
    for old, new in ((program, analysis), (analysis, program)):
        with pytest.raises(UsageError, match=r"program.json' is a program that was watched, and .*analysis.json'"):
            compare(old, new, force=True)
