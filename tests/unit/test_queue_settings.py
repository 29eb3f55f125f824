"""What is set of a task queue, from handmade trials."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gilscope.decide.code import CodeTarget, program_for
from gilscope.decide.demands import scaled
from gilscope.queues.capacity.plan import capacity
from gilscope.queues.celery.settings import MOST_PREFETCHED, prefetched
from gilscope.queues.code import TEMPLATES, execution_of
from gilscope.queues.report import queues
from gilscope.queues.settings import engines
from gilscope.records import Demands, ImportCost, QueueFigures, QueueSetting, Recommendation, Trial, Wanted
from gilscope.report.document import Items
from tests.unit.documents import the
from tests.unit.handmade import make_result
from tests.unit.test_fleet_capacity import HALF, trial

COSTS = QueueFigures(
    enqueue_s=2e-4, fetch_s=1e-4, round_trip_s=2e-3, broker_cpu_s=1e-4, tasks_per_s=1000.0, queue_wait_p50_s=1e-3
)
SERIAL = trial("serial", 1, 50.0, latency_p99_s=0.025, calls=200)
#: Most of it waits: seven threads share the GIL.
WAITING = msgspec.structs.replace(HALF, cpu_s=0.002, cpu_gil_s=0.002, blocked_s=0.018, network_s=0.018)


def measured(backend: str, workers: int, per_s: float, **more: Any) -> Trial:
    fields = {"queue": COSTS, "latency_p99_s": 0.03, "calls": 200, "memory_per_worker_bytes": 40_000_000}
    return trial(backend, workers, per_s, **(fields | more))


def queue_settings(trials: Sequence[Trial], demands: Demands | None, **more: Any) -> tuple[QueueSetting, ...]:
    return engines.queue_settings(make_result(**{"trials": tuple(trials), "demands": demands, "noise": None} | more))


def values(trials: Sequence[Trial], demands: Demands = HALF, **more: Any) -> dict[str, str | None]:
    return {each.setting: each.value for each in queue_settings([SERIAL, *trials], demands, **more)}


def reason(name: str, trials: Sequence[Trial], demands: Demands = HALF, **more: Any) -> str:
    found = queue_settings([SERIAL, *trials], demands, **more)
    return next(each.reason for each in found if each.setting == name)


def test_nothing_is_set_of_what_was_not_measured() -> None:
    assert queue_settings([SERIAL], HALF) == ()
    assert queue_settings([SERIAL, measured("rq", 2, 90.0)], None) == ()
    assert queue_settings([SERIAL, trial("celery", 2, 90.0), measured("dask", 2, 0.0)], HALF) == ()


def test_all_of_celery() -> None:
    assert values([measured("celery", 2, 90.0), measured("celery", 4, 92.0), measured("celery", 1, 45.0)]) == {
        "--pool": "prefork",
        "--concurrency": "2",  # four are no faster but for the noise
        "calls a task": "1",
        "worker_prefetch_multiplier": "1",
        "task_acks_late": "True",
        "task_soft_time_limit": "30",
        "task_time_limit": "45",
        "broker_transport_options": '{"visibility_timeout": 3600}',
        "task_ignore_result": "False",
        "worker_max_tasks_per_child": None,
        "worker_max_memory_per_child": None,
    }


def test_workers_that_grow_are_replaced_when_they_hold_twice_as_much() -> None:
    names = ("worker_max_tasks_per_child", "worker_max_memory_per_child")
    growing = measured("celery", 2, 90.0, memory_growth_bytes=100_000.0)  # by 10 MB in the hundred calls of each
    set_ = values([growing])
    assert (set_["calls a task"], *(set_[name] for name in names)) == ("2", "200", "78125")
    assert "grew by 9.54 MiB in 100 calls; a worker holds 38.1 MiB: replaced" in reason(names[0], [growing])
    steady = measured("celery", 2, 90.0, memory_growth_bytes=10_000.0)
    assert [values([steady])[name] for name in names] == [None, None]
    assert "nothing says that it goes on growing" in reason(names[1], [steady])
    threads = measured("celery-threads", 2, 90.0, memory_growth_bytes=100_000.0)
    assert [values([threads])[name] for name in names] == [None, None]


def test_limits_are_far_above_the_longest_task_and_visibility_above_these() -> None:
    slow = [measured("celery", 2, 0.01, latency_p99_s=400.0)]
    set_ = values(slow, scaled(HALF, 10_000))
    assert (set_["task_soft_time_limit"], set_["task_time_limit"]) == ("4000", "6000")
    assert set_["broker_transport_options"] == '{"visibility_timeout": 8000}'
    assert "run twice" in reason("broker_transport_options", slow, scaled(HALF, 10_000))


def test_a_p99_of_few_calls_is_called_what_it_is() -> None:
    assert "a call's p99 is 30.0 ms" in reason("task_soft_time_limit", [measured("celery", 2, 90.0)])
    assert "longest of 20 calls" in reason("task_soft_time_limit", [measured("celery", 2, 90.0, calls=20)])


def test_unknown_figures_set_nothing() -> None:
    blind = measured("celery", 2, 90.0, queue=QueueFigures(), latency_p99_s=None)
    solo = msgspec.structs.replace(SERIAL, latency_p99_s=None)
    found = {each.setting: each for each in queue_settings([solo, blind], HALF)}
    for name in ("worker_prefetch_multiplier", "task_soft_time_limit", "task_time_limit", "broker_transport_options"):
        assert found[name].value is None
    assert found["worker_prefetch_multiplier"].reason.startswith("unknown")
    assert "is unknown; a worker holds 38.1 MiB" in found["worker_max_tasks_per_child"].reason


def test_the_threads_pool_has_no_limits() -> None:
    set_ = values([measured("celery", 4, 60.0), measured("celery-threads", 4, 90.0)])
    assert set_["--pool"] == "threads"
    assert set_["task_time_limit"] is set_["task_soft_time_limit"] is set_["worker_max_tasks_per_child"] is None
    assert "1.50×" in reason("--pool", [measured("celery", 4, 60.0), measured("celery-threads", 4, 90.0)])


def test_a_tie_is_settled_by_the_gil() -> None:
    both = [measured("celery", 4, 90.0), measured("celery-threads", 4, 91.0)]
    assert values(both)["--pool"] == "prefork"
    assert values(both, WAITING)["--pool"] == "threads"
    assert "a tie; a call holds the GIL 10% of its time" in reason("--pool", both, WAITING)
    unknown = msgspec.structs.replace(WAITING, cpu_gil_s=None)
    assert values(both, unknown)["--pool"] == "prefork"
    both = [measured("rq", 4, 90.0), measured("rq-simple", 4, 91.0)]
    assert values(both, WAITING)["worker_class"] == "Worker"


def test_what_is_recommended_is_what_is_set() -> None:
    both = [measured("celery", 4, 90.0), measured("celery", 2, 60.0), measured("celery-threads", 4, 99.0)]
    said = Recommendation(backend="celery", workers=2, chunksize=1, context="sync", confidence=1.0, reason="")
    set_ = values(both, recommendation=said)
    assert (set_["--pool"], set_["--concurrency"]) == ("prefork", "2")
    assert values(both, recommendation=msgspec.structs.replace(said, backend="thread"))["--pool"] == "threads"


def test_over_a_network_more_is_taken_ahead() -> None:
    far = msgspec.structs.replace(COSTS, round_trip_s=0.5, tasks_per_s=100.0, rtt_s=0.002)
    near = measured("celery", 2, 90.0)
    set_, set_far = values([near]), values([msgspec.structs.replace(near, queue_delayed=far)])
    assert (set_["calls a task"], set_["worker_prefetch_multiplier"]) == ("2", "1")
    assert (set_far["calls a task"], set_far["worker_prefetch_multiplier"]) == ("16", "3")
    unknown = msgspec.structs.replace(near, queue_delayed=QueueFigures(reason="no time"))
    assert values([unknown]) == set_


def test_rq() -> None:
    imports = (ImportCost(module="numpy", seconds=0.4), ImportCost(module="shop", seconds=0.1))
    trials = [measured("rq", 2, 90.0)]
    set_ = values(trials, imports=imports)
    assert set_ == {
        "worker_class": "Worker",
        "num_workers": "2",
        "calls a task": "2",
        "default_timeout": "30",
        "preload": "True",
    }
    assert "500 ms (numpy 400 ms, shop 100 ms), paid for each job" in reason("preload", trials, imports=imports)
    assert "rq-simple was not" in reason("worker_class", trials)
    assert "a crash takes the worker along" in reason("worker_class", [measured("rq-simple", 2, 90.0)])


@pytest.mark.parametrize(
    ("apart", "together", "demands", "expected"),
    [
        (90.0, None, HALF, ("8", "1")),
        (None, 90.0, HALF, ("1", "8")),
        (90.0, 50.0, WAITING, ("8", "1")),
        (50.0, 90.0, HALF, ("1", "8")),
        (90.0, 90.0, HALF, ("8", "1")),
        (90.0, 90.0, WAITING, ("2", "4")),
        (90.0, 90.0, msgspec.structs.replace(WAITING, cpu_gil_s=0.0), ("1", "8")),
    ],
)
def test_dask_has_no_more_threads_than_one_gil_has_room_for(
    apart: float | None, together: float | None, demands: Demands, expected: tuple[str, str]
) -> None:
    trials = [measured("dask", 8, apart)] if apart else []
    trials += [measured("dask-threads", 8, together)] if together else []
    set_ = values(trials, demands)
    assert (set_["n_workers"], set_["threads_per_worker"]) == expected


def test_threads_that_were_not_tried_are_told_of() -> None:
    assert "measure -b dask-threads too" in reason("threads_per_worker", [measured("dask", 8, 90.0)], WAITING)


def test_a_plan_says_how_many_calls_go_in_a_task() -> None:
    trials = [measured("celery", 2, 90.0)]
    plan = capacity(Wanted(per_s=50_000.0), HALF, [SERIAL, *trials], [4], most_workers=20)
    assert values(trials, capacity=plan)["calls a task"] == str(plan.fleets[0].batch) != "2"
    assert "wanted rate" in reason("calls a task", trials, capacity=plan)
    assert values([measured("celery", 2, 90.0, chunksize=50)])["calls a task"] == "50"


@given(st.floats(1e-7, 100.0), st.floats(1.0, 100.0), st.floats(1e-5, 0.5))
def test_longer_tasks_are_taken_ahead_less(task_s: float, times: float, round_trip_s: float) -> None:
    short, long = (prefetched(length, round_trip_s)[0] for length in (task_s, times * task_s))
    assert short is not None
    assert long is not None
    assert 1 <= long <= short <= MOST_PREFETCHED
    if short < MOST_PREFETCHED and task_s < 1:
        assert (short - 1) * task_s >= round_trip_s or task_s >= 10 * round_trip_s  # enough to do while one comes


@pytest.mark.parametrize("backend", ["rq", "rq-simple", "celery", "celery-threads", "dask", "dask-threads"])
def test_settings_are_in_the_program(backend: str) -> None:
    settings = queue_settings([SERIAL, measured(backend, 3, 90.0)], HALF)
    execution = execution_of(settings)
    assert (execution.backend, execution.chunksize) == (backend, 2)
    text = program_for(CodeTarget("m:f"), execution, templates=TEMPLATES)
    compile(text, "program", "exec")
    assert "range(0, len(items), 2)" in text
    placed = {"rq": "default_timeout=30", "celery": "task_acks_late=True", "dask": "threads_per_worker="}
    assert placed[backend.partition("-")[0]] in text
    assert "3" in text


def test_the_table() -> None:
    settings = queue_settings([SERIAL, measured("celery-threads", 3, 90.0)], HALF)
    shown = the(Items, queues(msgspec.structs.replace(make_result(), queue_settings=settings))).pairs
    assert shown[0][0] == "celery-threads --pool"
    assert shown[0][1].startswith("threads — ")
    assert {text.split()[0] for name, text in shown if "limit" in name} == {"unset"}
