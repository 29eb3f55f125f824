"""What people read of a program beside the terminal: the page's pictures and tables."""

from __future__ import annotations

import dataclasses

import msgspec
import pytest

from gilscope import report
from gilscope.records import Lane, Timeline
from gilscope.records.programs import Blame, ProcessAccount, ProgramRecord, ThreadAccount
from gilscope.report.document import Detail, Items, Table
from gilscope.report.pictures import FlameGraph, Matrix, TimelineChart
from gilscope.report.programs.document import program_document
from gilscope.report.programs.flames import flames
from gilscope.report.programs.tree import tree
from gilscope.report.programs.waits import blame_matrix
from tests.unit.documents import the
from tests.unit.programs.handmade import NASTY, make_hostile_program, make_program, place
from tests.unit.programs.test_report_brief import make_many


def test_markdown_has_the_sentence_below_the_name_of_the_program() -> None:
    lines = report.render(make_program(), "md").split("\n\n")
    assert lines[0] == "## python -m app.service --port 8000"
    assert lines[1].startswith("**Limited by the GIL")


def test_a_notebook_shows_the_sentence_and_tables_without_a_script() -> None:
    for whole in (make_program(), make_hostile_program()):
        shown = whole._repr_html_()
        assert "Limited by the GIL" in shown
        assert "<table>" in shown
        assert "<script" not in shown
        assert len(shown) < 50_000


# ---- the page's pictures ----


def test_the_matrix_has_what_waited_and_what_made_others_wait_at_its_margins() -> None:
    matrix = blame_matrix(make_program().blame)
    assert matrix.columns == ("crunch (work.py:10)", "nobody seen")
    rows = {name: [*values, sum_s] for name, values, sum_s in matrix.rows}
    assert rows["serve (work.py:30)"][1] is None
    assert rows["serve (work.py:30)"][::2] == pytest.approx([0.8, 0.8])
    assert rows["handle (work.py:50)"] == pytest.approx([0.64, 0.16, 0.8])
    assert matrix.sums == pytest.approx((1.44, 0.16))


def test_of_a_matrix_without_end_the_rest_is_told_as_others_and_nothing_is_lost() -> None:
    rows = [
        Blame(waiting=place(f"w{at % 40}"), holding=place(f"h{at % 30}"), waited_s=1.0 + at % 7) for at in range(600)
    ]
    matrix = blame_matrix(rows)
    assert (len(matrix.rows), len(matrix.columns)) == (15, 8)
    assert matrix.columns[-1] == matrix.rows[-1][0] == "others"
    assert sum(matrix.sums) == pytest.approx(sum(row.waited_s for row in rows))
    assert sum(sum_s for _, _, sum_s in matrix.rows) == pytest.approx(sum(matrix.sums))


def _chart(record: ProgramRecord) -> TimelineChart:
    return the(TimelineChart, program_document(record))


def test_lanes_stand_process_by_process_and_are_called_by_what_the_threads_do() -> None:
    chart = _chart(make_program())
    assert chart.names == ("crunch (21)", "worker (20)", "main thread (10)", "main thread (12)")
    assert [lane.tid for lane in chart.lanes] == [21, 20, 10, 12]


def test_each_gil_has_a_track_of_its_holders_and_is_blank_where_nobody_held_it() -> None:
    chart = _chart(make_program())
    assert chart.holders == ("unknown", "crunch (work.py:10)", "handle (work.py:50)")
    assert [(track.name, track.holders) for track in chart.tracks] == [
        ("GIL of 10", (None, 1, 2, None)),
        ("GIL of 12", (None, 0)),
    ]


def test_figures_over_time_leave_out_what_is_unknown() -> None:
    held, waiting, cpus = _chart(make_program()).strips
    assert [step[2] for step in held.steps][7] is None
    assert [step[2] for step in cpus.steps][7] == pytest.approx(1.1)
    assert [waiting.most, cpus.most] == pytest.approx([0.5, 4.0])


def test_a_program_that_was_seldom_looked_at_is_drawn_so_coarsely_that_it_has_no_holes() -> None:
    seen = tuple("cpu_gil" if at % 10 == 0 else "unknown" for at in range(400))
    lane = Lane(pid=10, tid=10, edges_s=tuple(at / 100 for at in range(401)), states=seen)
    whole = make_program()
    seldom = msgspec.structs.replace(
        whole,
        timeline=Timeline(wall_s=4.0, lanes=(lane,)),
        processes=whole.processes[1:2],
        sampling=msgspec.structs.replace(whole.sampling, moments=40),
    )
    assert [lane.states for lane in _chart(seldom).lanes] == [("cpu_gil",)]


def test_flame_graphs_are_of_all_then_of_each_state_that_tells_how_the_gil_is_used() -> None:
    graphs = list(flames(make_program().stacks))
    assert [(graph.title.partition(",")[0], graph.aside) for graph in graphs] == [
        ("All threads but idle ones", False),
        ("On CPU", False),
        ("Waiting for the GIL", False),
        ("On CPU without the GIL", False),
        ("Waiting for a lock", True),
    ]
    shares = {frame.name: frame.gil_share for frame in graphs[0].frames}
    assert shares["crunch (work.py:12)"] == 1.0
    assert shares["load (work.py:72)"] == pytest.approx(2.4 / 4.2)
    assert {frame.gil_share for frame in graphs[2].frames} == {0.0}


# ---- its tables ----


def _process(pid: int, parent: int | None) -> ProcessAccount:
    return ProcessAccount(pid=pid, parent=parent)


def test_processes_stand_below_the_one_that_started_them() -> None:
    found = tree([_process(5, 3), _process(3, 1), _process(1, None), _process(4, 1), _process(9, 77)])
    assert [(depth, process.pid) for depth, process in found] == [(0, 1), (1, 3), (2, 5), (1, 4), (0, 9)]


def test_numbers_that_were_used_again_lose_no_process() -> None:
    found = list(tree([_process(1, 2), _process(2, 1), _process(3, 3), _process(3, None)]))
    assert sorted(process.pid for _, process in found) == [1, 2, 3, 3]


def test_every_row_of_a_long_table_can_be_sorted_and_the_page_has_all_functions() -> None:
    whole = make_program()
    functions = tuple(
        msgspec.structs.replace(whole.functions[0], place=place(f"f{at}"), made_wait_s=float(at)) for at in range(300)
    )
    document = program_document(msgspec.structs.replace(whole, functions=functions))
    (section,) = (section for section in document.sections if section.name == "functions")
    (table,) = section.blocks
    assert isinstance(table, Table)
    assert len(table.rows) == 300
    page = report.render(msgspec.structs.replace(whole, functions=functions), "html")
    assert page.count('type="search"') == 1
    assert "f299 (work.py:10)" in page


def test_what_is_called_like_markup_is_text_everywhere() -> None:
    page = report.render(make_hostile_program(), "html")
    assert NASTY[:25] not in page
    assert page.count("<script>") == 1, "gilscope's own"
    assert "\x1b" not in page
    assert "\u202e" not in page


def test_every_record_that_is_empty_is_drawn_in_every_format() -> None:
    whole = make_program()
    tuples = {name: () for name in whole.__struct_fields__ if isinstance(getattr(whole, name), tuple)}
    bare = msgspec.structs.replace(whole, **tuples, timeline=None)
    for format_name in ("text", "html", "md", "csv", "json"):
        assert report.render(bare, format_name)


def test_first_advice_is_for_all_readers_and_the_rest_for_those_with_room() -> None:
    section = next(section for section in program_document(make_many()).sections if section.name == "advice")
    assert [(len(block.pairs), block.detail) for block in section.blocks if isinstance(block, Items)] == [
        (3, Detail.SUMMARY),
        (7, Detail.FULL),
    ]


def test_a_thread_is_called_by_its_own_name_where_it_has_one() -> None:
    (thread,) = (each for each in make_program().threads if each.tid == 20)
    told = dataclasses.asdict(_chart(make_program()))["names"]
    assert isinstance(thread, ThreadAccount)
    assert f"worker ({thread.tid})" in told


def test_every_flame_graph_has_its_figures_as_a_table() -> None:
    document = program_document(make_program())
    graphs = [block for section in document.sections for block in section.blocks if isinstance(block, FlameGraph)]
    assert all(graph.table is not None and graph.table.rows for graph in graphs)
    assert the(Matrix, document).about
