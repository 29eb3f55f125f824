"""First calls of workers: what they did, what is recorded of it, and what is said."""

from __future__ import annotations

import socket
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from gilscope import report as reports
from gilscope.backends.base import ChunkReport, FirstCall, Work
from gilscope.backends.first_calls import first_call
from gilscope.backends.worker import run_chunk_here
from gilscope.decide.warm import is_notable
from gilscope.measure.cold import cold_cost
from gilscope.records import ColdCost, ImportCost
from tests.unit.handmade import make_result, make_trial


@pytest.fixture
def slow_module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    (tmp_path / "gs_slow.py").write_text("import time; time.sleep(0.2)")
    monkeypatch.syspath_prepend(str(tmp_path))
    yield "gs_slow"
    sys.modules.pop("gs_slow", None)


def in_a_thread(work: Work, *chunks: list[Any]) -> list[ChunkReport]:
    """By one worker that made no call before."""
    with ThreadPoolExecutor(1) as pool:
        return [pool.submit(run_chunk_here, work, chunk, 0).result() for chunk in chunks]


def test_the_first_call_of_a_worker_is_told_and_no_other(slow_module: str) -> None:
    empty, first, second = in_a_thread(Work(__import__), [], [slow_module, "sys"], [slow_module])
    assert empty.first is None
    assert second.first is None
    assert first.first is not None
    assert first.first.seconds == first.latencies_ns[0] / 1e9
    assert first.first.imports[slow_module] >= 0.2
    assert first.first.cpu_s is not None
    assert first.first.cpu_s < first.first.seconds


def test_of_calls_that_are_not_timed_the_first_counts_as_their_mean() -> None:
    (report,) = in_a_thread(Work(abs, timed=False), [1, 2, 3, 4])
    assert report.first is not None
    assert report.first.seconds == pytest.approx((report.ended_ns - report.started_ns) / 4e9)


def test_a_first_call_that_raises_is_one_too() -> None:
    (report,) = in_a_thread(Work(len), [3])
    assert report.errors == 1
    assert report.first is not None


def test_every_worker_has_a_first_call(slow_module: str) -> None:
    """Of threads one imports, and the others wait for it."""
    together = threading.Barrier(3)

    def call(name: str) -> None:
        together.wait()
        __import__(name)

    with ThreadPoolExecutor(3) as pool:
        reports = list(pool.map(lambda _: run_chunk_here(Work(call), [slow_module], 0), range(3)))
    told = [report.first for report in reports if report.first is not None]
    assert len(told) == 3
    assert all(each.seconds >= 0.15 for each in told)
    assert max(each.imports.get(slow_module, 0.0) for each in told) >= 0.2


def test_connections_are_counted_once_whoever_looks() -> None:
    kept: list[socket.socket] = []
    try:
        with first_call() as outer:
            kept += socket.socketpair()
            with ThreadPoolExecutor(1) as pool:
                (inner,) = pool.map(lambda _: _opening(kept), [0])
            time.sleep(0)
        if outer.connections is None:
            pytest.skip("this system does not tell which sockets are open")
        assert inner.connections is not None
        assert inner.connections + outer.connections == 4
        assert inner.connections >= 2
    finally:
        for each in kept:
            each.close()


def _opening(kept: list[socket.socket]) -> FirstCall:
    with first_call() as told:
        kept += socket.socketpair()
    return told


# -- the record -------------------------------------------------------------------------------------------------------


def test_the_record_has_the_medians_and_the_dearest_import_of_any_worker() -> None:
    first = [
        FirstCall(1.4, 1.0, {"torch": 1.3, "numpy": 0.2}, 2),
        FirstCall(1.0, 0.25, {"torch": 0.9}, 0),
        FirstCall(1.2, None, {"re": 1e-5}, None),
    ]
    assert cold_cost(first, 0.01) == ColdCost(
        workers=3,
        first_s=1.2,
        warm_s=0.01,
        cpu_s=0.625,
        imports=(ImportCost(module="torch", seconds=1.3), ImportCost(module="numpy", seconds=0.2)),
        connections=2,
    )
    assert cold_cost([], 0.01) is None


def test_what_is_unknown_of_first_calls_stays_unknown() -> None:
    found = cold_cost([FirstCall(1.0)], None)
    assert found is not None
    assert (found.cost_s, found.cpu_s, found.connections) == (None, None, None)


@pytest.mark.parametrize(
    ("first_s", "warm_s", "notable"),
    [(1.4, 0.01, True), (0.05, 0.001, False), (3.0, 2.9, False), (3.0, 1.4, True), (3.0, None, False)],
)
def test_a_cost_is_worth_a_word_when_it_is_felt_and_more_than_the_work(
    first_s: float, warm_s: float | None, notable: bool
) -> None:
    assert is_notable(ColdCost(workers=1, first_s=first_s, warm_s=warm_s)) == notable


def test_reports_say_what_first_calls_took_and_for_what() -> None:
    imports = (ImportCost(module="torch", seconds=1.3), ImportCost(module="numpy", seconds=0.2))
    cold = ColdCost(workers=2, first_s=1.5, warm_s=0.01, cpu_s=1.4, imports=imports, connections=2)
    whole = make_result(trials=(make_trial(), make_trial("process", 2, cold=cold)))
    told = " ".join(reports.render([whole], "text").split())
    assert "process × 2: the first call of a worker took 1.50 s, later ones 10.0 ms" in told
    assert "CPU 1.40 s, importing torch 1.30 s, importing numpy 200 ms, 2 connections in all" in told
    quick = ColdCost(workers=2, first_s=0.011, warm_s=0.01)
    whole = make_result(trials=(make_trial("thread", 2, cold=quick),))
    assert "first call of" not in reports.render([whole], "text")
