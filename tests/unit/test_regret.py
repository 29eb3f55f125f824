"""The regret benchmark's arithmetic, on handmade cells."""

from __future__ import annotations

import functools
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from benchmarks.regret import figures, table
from benchmarks.regret.advice import Advice, Prediction, advice_from, cell_from
from benchmarks.regret.cells import (
    ADAPTIVE,
    QUEUES,
    SERIAL,
    Cell,
    default_threads,
    grid,
    passes_for,
    queue_grid,
    rule_of_thumb,
    unique,
)
from benchmarks.regret.engines import OPEN
from benchmarks.regret.harness import Measured, Solo
from benchmarks.regret.judge import Judged, allowed, finalists
from benchmarks.regret.results import Results, load, save
from benchmarks.regret.server import delay_of
from benchmarks.regret.workload import Workload, is_coroutine
from hypothesis import given
from hypothesis import strategies as st

THREADS, PROCESSES = Cell("thread", 6), Cell("process", 2)
LABELS = {"compute-bound", "io-bound", "mixed", "overhead-bound"}


def judged(final: list[Measured], advice: Advice | None = None, **changes: Any) -> Judged:
    """A function on two CPUs that computes for a quarter of a 10 ms call."""
    facts: dict[str, Any] = {"expect": ["io-bound/sleep"], "solo": Solo(0.010, 0.0025)} | changes
    return Judged("nap", "sleep", why="", cpus=2, advice=advice, final=final, **facts)


def a_final(gilscope: Cell = PROCESSES) -> Judged:
    """Serial 100 calls a second, threads 400, processes 300 where they can run, BetaPool 800."""
    final = [
        Measured(SERIAL, [90.0, 100.0, 110.0]),
        Measured(THREADS, [400.0, 410.0]),
        Measured(THREADS, [390.0, 400.0]),
        Measured(PROCESSES, [300.0]),
        Measured(ADAPTIVE, [800.0]),
    ]
    return judged(final, Advice(3.0, "io-bound/sleep", gilscope))


def test_a_ratio_is_the_policys_throughput_over_the_best() -> None:
    ratios = {policy: figures.ratio(a_final(), policy) for policy in figures.POLICIES}
    assert ratios == {
        "gilscope": 0.75,
        "serial": 0.25,
        "threads": 1.0,
        "processes": 0.75,
        "rule": 1.0,  # a quarter of CPU: threads
        "betapool": 2.0,  # no configuration that could be recommended: the best is found without it
    }


def test_interpreters_are_searched_as_processes_are_where_this_python_has_them() -> None:
    without, beside = (grid(0.001, inputs=100, coroutine=False, interpreters=has) for has in (False, True))
    assert [cell for cell in beside if cell.executor != "interpreter"] == without
    sizes = [(cell.workers, cell.chunksize) for cell in without if cell.executor == "process"]
    assert [(cell.workers, cell.chunksize) for cell in beside if cell.executor == "interpreter"] == sizes
    alone = Workload("nap", "m", "I", ("mixed",), "sleep", "", one_process=True)
    assert {cell.executor for cell in allowed(beside, alone)} == {"serial", "thread"}
    told = {"backend": "interpreter", "workers": 2, "chunksize": 8, "start_method": None, "executor": None}
    assert cell_from(told) == Cell("interpreter", 2, 8)


def test_what_could_not_run_has_no_ratio_and_is_counted() -> None:
    final = [Measured(SERIAL, [100.0]), Measured(PROCESSES, failed="cannot pickle")]
    made = judged(final, Advice(3.0, "mixed", PROCESSES))
    assert figures.ratio(made, "processes") is None
    assert figures.ratio(made, "serial") == 1.0
    row = next(line for line in table.summary([made, a_final()]).splitlines() if "ProcessPoolExecutor" in line)
    assert row.endswith("| 0.750 | 0.750 | 1 | 1 |")


def test_without_advice_there_is_no_regret() -> None:
    made = judged([Measured(SERIAL, [100.0])], Advice(3.0, "inconclusive", failed="nothing was recommended"))
    assert figures.ratio(made, "gilscope") is None
    assert "`nap`: no advice, nothing was recommended" in table.page(results(made))


def test_a_cell_said_to_spawn_is_the_cell_that_spawns_anyway() -> None:
    assert figures.ratio(a_final(Cell("process", 2, start_method="spawn")), "gilscope") == 0.75
    assert unique([Cell("process", 2, start_method="spawn"), None, PROCESSES]) == [PROCESSES]
    assert unique([Cell("process", 2, start_method="fork"), PROCESSES])[0].name == "process × 2, fork"


@pytest.mark.parametrize(
    ("said", "expected", "right"),
    [
        ("io-bound/sleep", "io-bound/sleep", True),
        ("io-bound/network", "io-bound/sleep", False),
        ("io-bound/network", "io-bound", True),
        ("mixed", "io-bound mixed", True),
        ("compute-bound", "compute-bound/native", False),
        (None, "mixed", None),
    ],
)
def test_the_subtype_counts_where_one_is_expected(said: str | None, expected: str, right: bool | None) -> None:
    assert figures.label_is_right(judged([], Advice(3.0, said), expect=expected.split())) is right


def test_predictions_for_more_workers_than_sixteen_are_not_counted() -> None:
    made = [Prediction("thread", 2, 110.0, 100.0), Prediction("thread", 16, 50.0, 100.0)]
    assert figures.errors_of([*made, Prediction("thread", 32, 1.0, 100.0)]) == pytest.approx([0.1, 0.5])


def test_two_processes_of_a_cell_tell_how_repeatable_it_is() -> None:
    final = [Measured(THREADS, [100.0]), Measured(THREADS, [110.0]), Measured(SERIAL, [50.0])]
    assert figures.repeatability(final) == pytest.approx([0.1])


@given(st.lists(st.floats(0.01, 100), min_size=1))
def test_the_geometric_mean_lies_among_its_values(values: list[float]) -> None:
    mean = figures.geometric_mean(values)
    assert mean is not None
    assert min(values) * (1 - 1e-9) <= mean <= max(values) * (1 + 1e-9)


def test_means_of_nothing_are_unknown_and_a_zero_is_a_zero() -> None:
    assert figures.geometric_mean([]) is None
    assert figures.geometric_mean([0.25, 1.0]) == pytest.approx(0.5)
    assert figures.geometric_mean([0.0, 1.0]) == 0.0


def test_long_calls_go_to_processes_one_by_one_and_short_ones_in_chunks_too() -> None:
    def chunksizes(call_s: float) -> set[int]:
        cells = grid(call_s, inputs=200, coroutine=False)
        return {cell.chunksize for cell in cells if cell.executor == "process"}

    assert [chunksizes(call_s) for call_s in (0.010, 0.002, 0.0002)] == [{1}, {1, 8}, {1, 8, 64}]
    assert {cell.executor for cell in grid(0.01, inputs=8, coroutine=True)} == {
        "serial",
        "thread",
        "process",
        "asyncio",
    }
    assert "asyncio" not in {cell.executor for cell in grid(0.01, inputs=8, coroutine=False)}
    assert {cell.chunksize for cell in grid(0.0002, inputs=8, coroutine=False)} == {1, 8}


@pytest.mark.parametrize(("cpus", "most"), [(1, 4), (2, 4), (8, 8), (64, 16)])
def test_as_many_processes_as_cpus_are_tried(cpus: int, most: int) -> None:
    cells = grid(0.01, inputs=8, coroutine=False, cpus=cpus)
    assert max(cell.workers for cell in cells if cell.executor == "process") == most


def test_the_baselines_are_what_the_standard_library_would_take() -> None:
    assert (default_threads(2), default_threads(64)) == (Cell("thread", 6), Cell("thread", 32))
    assert [rule_of_thumb(share, 2) for share in (0.49, 0.5)] == [THREADS, PROCESSES]


@given(
    st.sampled_from([SERIAL, Cell("thread", 6), Cell("thread", 64), Cell("process", 4, 64)]),
    st.integers(1, 100),
    st.floats(0.1, 1e6),
)
def test_a_round_lasts_as_long_as_asked_in_whole_passes(cell: Cell, inputs: int, per_s: float) -> None:
    calls = passes_for(cell, inputs, per_s, 0.1) * inputs
    assert calls >= 0.1 * per_s
    assert calls <= max(inputs, 5 * 0.1 * per_s + inputs)


def test_workers_get_the_same_number_of_calls_where_that_is_affordable() -> None:
    assert passes_for(Cell("thread", 6), 8, 300, 0.1) * 8 % 6 == 0
    assert passes_for(Cell("thread", 64), 8, 20, 0.1) == 1  # 64 calls would take 3 s instead of 0.1


def test_the_finalists_are_the_fastest_the_advice_and_the_baselines() -> None:
    screening = [Measured(Cell("thread", n), [float(n)]) for n in (2, 4, 8, 16)] + [Measured(PROCESSES, failed="no")]
    assert finalists(screening, Cell("thread", 2), 2) == [
        *(Cell("thread", n) for n in (16, 8, 4, 2)),
        SERIAL,
        THREADS,
        PROCESSES,
        ADAPTIVE,
    ]


def recommendation(**changes: Any) -> dict[str, Any]:
    told = {"backend": "process", "workers": 2, "chunksize": 40, "start_method": "spawn", "executor": None}
    return told | {"confidence": 0.9, "reason": "fast"} | changes


def test_a_recommendation_becomes_a_cell() -> None:
    assert cell_from(recommendation()) == Cell("process", 2, 40, "spawn")
    assert cell_from(recommendation(backend="thread", chunksize=1, start_method=None)) == Cell("thread", 2)
    assert cell_from(recommendation(backend="serial", workers=1)) == SERIAL
    assert cell_from(recommendation(backend=None)) is None
    assert cell_from(recommendation(backend="asyncio", executor="thread")) is None


def test_advice_keeps_the_label_and_the_predictions_that_were_measured() -> None:
    record = {
        "classification": {"label": "mixed", "subtype": None},
        "recommendation": recommendation(),
        "predictions": [
            {"backend": "thread", "workers": 2, "throughput_per_s": 9.0, "measured_per_s": 10.0},
            {"backend": "thread", "workers": 4, "throughput_per_s": 9.0, "measured_per_s": None},
        ],
    }
    advice = advice_from(record, 4.5)
    assert (advice.label, advice.seconds, advice.failed) == ("mixed", 4.5, None)
    assert advice.predictions == [Prediction("thread", 2, 9.0, 10.0)]
    nothing = advice_from(record | {"recommendation": recommendation(backend=None, reason="too noisy")}, 4.5)
    assert nothing.failed is not None
    assert "too noisy" in nothing.failed


@pytest.mark.parametrize(("one_process", "left"), [(True, [SERIAL, THREADS]), (False, [SERIAL, THREADS, PROCESSES])])
def test_processes_are_no_way_round_a_lock_that_is_there_for_a_reason(one_process: bool, left: list[Cell]) -> None:
    workload = Workload("limited", "module", "INPUTS", ("io-bound",), "limiter", "a reason", one_process=one_process)
    assert allowed([SERIAL, THREADS, PROCESSES], workload) == left


def test_a_coroutine_function_is_known_behind_a_decorator() -> None:
    async def fetch(_: int) -> None: ...

    @functools.wraps(fetch)
    def wrapper(number: int) -> object:
        return fetch(number)

    assert is_coroutine(wrapper)
    assert is_coroutine(fetch)
    assert not is_coroutine(len)


def results(*functions: Judged) -> Results:
    return Results(
        machine="a machine", command="a command", date="2026-01-01", functions={each.name: each for each in functions}
    )


def test_results_are_read_as_they_were_written(tmp_path: Path) -> None:
    made = results(a_final(), judged([], failed="it raises", solo=None))
    made.functions["other"] = a_final(SERIAL)
    save(made, tmp_path / "results.json")
    assert load(tmp_path / "results.json") == made
    assert [path.name for path in tmp_path.iterdir()] == ["results.json"]


def test_the_page_has_a_row_for_each_function_and_says_what_has_none() -> None:
    page = table.page(results(a_final()))
    row = "| nap | sleep | io-bound/sleep | io-bound/sleep | process × 2 | thread × 6 "
    assert row + "| 0.75 | 0.25 | 1.00 | 0.75 | 1.00 | 2.00 | 3.0 |" in page
    assert "`nap` could not be measured: it raises" in table.page(results(judged([], failed="it raises")))


def test_what_was_written_by_hand_stays() -> None:
    page = f"{table.page(results(a_final()))}\n\n## What falls short\n\nThis and that.\n"
    assert table.kept(page) == "## What falls short\n\nThis and that."
    assert table.kept("") == "## What falls short"


def test_the_server_is_told_how_long_to_wait_by_the_path() -> None:
    assert delay_of(b"GET /wait/25 HTTP/1.1\r\n\r\n") == (False, 0.025)
    assert delay_of(b"GET /four/10 HTTP/1.1\r\nHost: here\r\n\r\n") == (True, 0.010)


def test_every_workload_is_declared_once_with_inputs_and_labels_that_exist() -> None:
    """In a process of its own, for it loads every library that there is."""
    program = (
        "import dataclasses, json; from benchmarks.regret import cell, workload;"
        "workloads, missing = workload.catalogue();"
        "[cell.load(each.spec) and cell.load(each.inputs_spec) for each in workloads];"
        "print(json.dumps([[dataclasses.asdict(each) for each in workloads], missing]))"
    )
    root = Path(__file__).parents[2]
    told = subprocess.run([sys.executable, "-c", program], cwd=root, capture_output=True, text=True, check=True)
    workloads, missing = json.loads(told.stdout)
    names = [each["name"] for each in workloads]
    assert len(names) == len(set(names))
    assert missing or len(names) >= 44
    assert {label.partition("/")[0] for each in workloads for label in each["expect"]} <= LABELS
    assert all(each["why"] for each in workloads)


def test_each_queue_has_a_grid_of_its_own_and_none_in_it() -> None:
    assert set(QUEUES) == set(OPEN)
    assert Cell("celery-threads", 64) in queue_grid("celery-threads")
    assert queue_grid("dask") == [SERIAL, *(Cell("dask", workers) for workers in (1, 2, 4, 8))]


@pytest.mark.parametrize("queue", QUEUES)
def test_a_queue_that_is_recommended_is_a_cell(queue: str) -> None:
    told = {"backend": queue, "executor": None, "workers": 2, "chunksize": 8, "start_method": None}
    assert cell_from(told) == Cell(queue, 2)  # type: ignore[arg-type]  # a call a task, as in the grid
