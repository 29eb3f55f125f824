"""Reports as they were drawn last: ``python -m tests.unit.golden`` draws them anew, and the diff shows what changed."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import msgspec
from rich.console import Console

from gilscope import report
from gilscope.decide.comparable import Matched
from gilscope.decide.conditions import parsed
from gilscope.decide.gate import judge
from gilscope.decide.program_changes import program_changes
from gilscope.production.files import Loaded
from gilscope.records import QueueProgram, QueueSetting
from gilscope.report import text
from gilscope.report.comparisons import comparison_sheet
from gilscope.report.gates import gate_sheet
from gilscope.report.profiles import profiles_sheet
from gilscope.report.programs.changes import program_changes_sheet
from gilscope.report.programs.screen import screen
from gilscope.report.programs.shown import VIEWS, Shown, pressed
from gilscope.report.sheet import Sheet
from gilscope.result import Result, load
from tests.unit.golden.pages import MANUAL, README, manual, readme
from tests.unit.handmade import make_full
from tests.unit.production.profiles import make_profile
from tests.unit.programs.handmade import make_program
from tests.unit.programs.live_records import make_live
from tests.unit.pythons_builders import make_pythons
from tests.unit.regress_builders import compared, measured
from tests.unit.test_report_plans import planned

__all__ = ["FOLDER", "drawn", "sheets"]

FOLDER = Path(__file__).parent
_SUFFIXES = {"text": ".txt", "md": ".md"}


def drawn() -> Iterator[tuple[Path, str]]:
    """Every file, and what it should hold."""
    for form, suffix in _SUFFIXES.items():
        for name, results in _results().items():
            yield FOLDER / f"{name}{suffix}", report.render(results, form)
        for name, sheet in sheets().items():
            yield FOLDER / f"{name}{suffix}", report.render(sheet, form)
        yield FOLDER / f"pythons{suffix}", report.render(make_pythons(), form)
        yield FOLDER / f"program{suffix}", report.render(make_program(), form)
    yield FOLDER / "program-short.txt", _short()
    yield FOLDER / "live.txt", "".join(_live())
    yield README, readme()
    yield MANUAL, manual()


def _short() -> str:
    """What a terminal of 80 columns shows of a program unasked."""
    console = Console(file=io.StringIO(), width=80, color_system=None, legacy_windows=False)
    with console.capture() as drawn:
        text.show(report.documents(make_program()), console)
    return "".join(f"{line.rstrip()}\n" for line in drawn.get().splitlines())


def _live() -> Iterator[str]:
    """The live view as a terminal of 80 columns shows it, for every view."""
    for key in (*VIEWS, "?"):
        console = Console(file=io.StringIO(), width=80, height=30, color_system=None, legacy_windows=False)
        with console.capture() as drawn:
            console.print(screen(make_live(), pressed(Shown(), key)[0], 80, 30))
        yield "".join(f"{line.rstrip()}\n" for line in [f"---- {key} ----", *drawn.get().rstrip().split("\n")])


def _results() -> dict[str, list[Result]]:
    saved = load(FOLDER.parent / "saved" / "result-1.json")
    return {"everything": [make_full()], "queues": [_queues()], "first-schema": [saved]}


def _queues() -> Result:
    settings = (
        QueueSetting(engine="rq", setting="result_ttl", value="600", reason="results are read within 10 minutes"),
        QueueSetting(engine="rq", setting="job_timeout", value=None, reason="no call took longer than a second"),
    )
    programs = (QueueProgram(engine="rq", code="queue = Queue(connection=Redis())\n"),)
    return msgspec.structs.replace(planned(500.0), queue_settings=settings, queue_programs=programs)


def sheets() -> dict[str, Sheet]:
    """Those that are drawn, by name."""
    old, slower = measured(), measured([5.0, 5.1, 5.2], [9.0, 9.1, 9.2])
    comparison, pair = compared(old, slower), Matched(((old, slower),), (), ())
    judged = [(comparison, judge(each, comparison)) for each in parsed("throughput<0.9,gil_held+0.05,label,errors")]
    before, after = make_program(), make_program(0.4)
    profiles = (make_profile(), make_profile(spec="shop.web:page", name="page", calls=4, longest_block_s=0.25))
    return {
        "comparison": comparison_sheet([comparison], pair, ()),
        "gate": gate_sheet(judged, pair, ()),
        "program-comparison": program_changes_sheet(before, after, program_changes(before, after), ()),
        "profiles": profiles_sheet(Loaded(profiles=profiles, processes=3)),
    }
