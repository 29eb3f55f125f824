"""The capacity plan in every report, drawn from handmade results."""

from __future__ import annotations

import msgspec
import pytest

from gilscope.queues import report as plans
from gilscope.queues.capacity.plan import capacity
from gilscope.records import QueueFigures, QueueSetting, Wanted
from gilscope.report import render
from gilscope.report.document import Paragraph
from gilscope.report.pictures import CurveChart
from gilscope.report.results import brief
from gilscope.result import Result
from tests.unit.documents import cells, table
from tests.unit.handmade import make_result
from tests.unit.test_fleet_capacity import HALF, QUEUE, TRIALS, trial


def planned(per_s: float, queued: bool = True) -> Result:
    trials = TRIALS if queued else TRIALS[:2]
    wanted = Wanted(per_s=per_s, items=per_s * 600, within_s=600.0)
    found = capacity(wanted, HALF, trials, [4], most_workers=200)
    return msgspec.structs.replace(make_result(), trials=trials, demands=HALF, capacity=found)


@pytest.mark.parametrize("form", ["text", "md", "html", "json"])
@pytest.mark.parametrize("queued", [True, False])
def test_every_report_answers_the_question(form: str, queued: bool) -> None:
    drawn = " ".join(render([planned(500.0, queued)], form).split())
    assert "thread × 4 on this machine does 98.0/s" in drawn
    assert ("rq does on" in drawn) == queued


def test_the_short_report_answers_it_first() -> None:
    lead = brief(planned(500.0)).lead
    assert isinstance(lead[0], Paragraph)
    assert lead[0].text.startswith("Wanted: 300,000 calls within 10.0 min, 500/s. ")
    assert "thread × 4 on this machine does 98.0/s" in lead[0].text
    assert not any("Wanted" in block.text for block in brief(make_result()).lead if isinstance(block, Paragraph))


def test_what_was_not_asked_is_not_answered() -> None:
    assert plans.capacity(make_result()) is None
    assert plans.queues(make_result()) is None
    assert "Enough for what is wanted?" not in render([make_result()], "text")


def test_the_picture_has_the_points_of_the_table() -> None:
    section = plans.capacity(planned(500.0))
    assert section is not None
    chart = next(block for block in section.blocks if isinstance(block, CurveChart) and block.is_time)
    (line,) = chart.curves
    assert line.name == "rq, 4 CPUs"
    assert chart.table is not None
    assert [f"{point.workers:,}" for point in line.points] == [row.cells[3] for row in chart.table.rows]


def test_a_fleet_that_never_does_it_is_said_plainly() -> None:
    (row,) = cells(plans.capacity(planned(1e7)))
    assert "no number" in row


def test_what_a_queue_costs_is_told_and_what_is_unknown_left_out() -> None:
    shown = table(plans.queues(msgspec.structs.replace(make_result(), trials=TRIALS)))
    assert [column.title for column in shown.columns] == [
        "configuration",
        "enqueue",
        "fetch",
        "broker's CPU",
        "backlog",
    ]
    assert [row.cells for row in shown.rows] == [("rq × 2", "200 µs", "100 µs", "100 µs", "1,000/s")]
    other = trial("dask", 2, 90.0, queue=QueueFigures(enqueue_s=QUEUE.enqueue_s))
    both = cells(plans.queues(msgspec.structs.replace(make_result(), trials=(*TRIALS, other))))
    assert both[1] == ("dask × 2", "200 µs", "unknown", "unknown", "unknown")


def test_of_settings_nothing_is_cut_in_a_terminal() -> None:
    """They are there to be copied."""
    names = ("worker_prefetch_multiplier", "worker_max_tasks_per_child", "worker_max_memory_per_child")
    why = "a task of 303 ms is 20 times as long as the round trip, 15.1 ms, and what else there is to be said of it"
    settings = tuple(QueueSetting(engine="celery", setting=name, value="3600", reason=why) for name in names)
    drawn = render([msgspec.structs.replace(make_result(), queue_settings=settings)], "text")
    assert [name for name in names if f"  celery {name}: 3600 — a task of" in drawn] == list(names)
    assert " ".join(drawn.split()).count(why) == len(names)
    assert max(map(len, drawn.splitlines())) <= 80
