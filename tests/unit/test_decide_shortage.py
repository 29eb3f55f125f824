"""Where time was too short for a backend that may be the best: no recommendation, and what time would do."""

from __future__ import annotations

from typing import Any

import pytest

from gilscope.configuration import Configuration
from gilscope.decide.measured import Measured, Tried
from gilscope.decide.shortage import unless_nothing_was_compared, unless_time_was_short
from gilscope.decide.steps import Open
from gilscope.options import Options
from gilscope.records import Recommendation
from tests.unit.decide_builders import ledger, measured, trial, tried

PYTHON = tried("serial", (100.0, 100.0), ledger=ledger(gil=0.1, calls=10), import_s=3.0)
WAITING = tried("serial", (100.0, 100.0), ledger=ledger(gil=0.001, network=0.099, calls=10))
TINY = tried("serial", (1e6, 1e6), ledger=ledger(gil=1.0, calls=10**6))
THREADS = tried("thread", (98.0, 99.0), workers=2)
LATE: dict[str, Any] = {"alive": False, "status": "timeout"}


def said(serial: Tried, *others: Tried, **fields: Any) -> Recommendation:
    made: Measured = measured(serial, *others, steps=(Open((Configuration("thread", 2),)),), **fields)
    return unless_nothing_was_compared(unless_time_was_short(made.advice(), made), made)


def processes(**fields: Any) -> Tried:
    return tried("process", workers=2, start_method="spawn", dispatch_s=None, **{**LATE, **fields})


def test_a_pool_that_may_win_and_had_no_time_to_start_makes_it_inconclusive() -> None:
    verdict = said(PYTHON, THREADS, processes(ran_out="start-limit"), options=Options(start_limit_s=4.0))
    assert (verdict.backend, verdict.confidence) == (None, 0.0)
    assert "time ran out before process × 2 had a warm round" in verdict.reason
    assert "by the model, process × 2 has 2.00× the serial throughput" in verdict.reason
    assert "--start-limit 20s" in verdict.reason, "four starts of 3 s, and half as much again"
    assert "--budget" not in verdict.reason
    assert [each.backend for each in verdict.alternatives] == ["thread", "process"]


@pytest.mark.parametrize("late", [processes(ran_out="budget"), processes(alive=True, status="ok")])
def test_a_pool_that_the_budget_had_no_round_for_makes_it_inconclusive_too(late: Tried) -> None:
    verdict = said(PYTHON, THREADS, late, call_s=3.0)
    assert verdict.backend is None
    assert "--budget 75s" in verdict.reason, "four rounds of 3 s, 6 s and 3 s, and half as much again"
    assert "--start-limit" not in verdict.reason


def test_where_it_was_the_calls_that_ran_out_more_of_them_are_asked_for() -> None:
    late = processes(alive=True, status="ok")
    verdict = said(PYTHON, THREADS, late, options=Options(max_calls=40), calls=1)
    assert "calls ran out before process × 2 had a warm round" in verdict.reason
    assert "give --max-calls 80" in verdict.reason
    assert "--budget" not in verdict.reason


@pytest.mark.parametrize(
    ("serial", "others", "fields"),
    [
        (PYTHON, (tried("process", (190.0,), workers=2), tried("thread", workers=2, **LATE, ran_out="budget")), {}),
        (WAITING, (tried("thread", (3000.0,), workers=32), processes(ran_out="start-limit")), {}),
        (PYTHON, (processes(), THREADS), {}),
        (TINY, (tried("thread", workers=2, dispatch_s=1.0),), {}),
        (PYTHON, (processes(status="failed"), THREADS), {}),
        (PYTHON, (tried("process", (99.0,), workers=2), processes(ran_out="budget"), THREADS), {}),
        (WAITING, (tried("asyncio", workers=32, **LATE, ran_out="budget"), tried("thread", (100.0,), workers=2)), {}),
    ],
    ids=[
        "it cannot win",
        "the winner is far ahead",
        "it hung",
        "it would take longer to hand over",
        "it died",
        "others of it were measured",
        "it does not fit",
    ],
)
def test_what_does_not_matter_or_was_no_want_of_time_changes_nothing(
    serial: Tried, others: tuple[Tried, ...], fields: dict[str, Any]
) -> None:
    assert said(serial, *others, **fields).backend is not None


def test_the_only_backend_asked_for_failed() -> None:
    ended = processes(status="failed", reason="a worker process ended by SIGKILL before its first call was over")
    verdict = said(PYTHON, ended)
    assert (verdict.backend, verdict.confidence) == (None, 0.0)
    assert "nothing was compared with the serial run" in verdict.reason
    assert "process × 2: failed: a worker process ended by SIGKILL" in verdict.reason
    assert "ask for others that fit the caller, with --backends, or mend what ended process × 2" in verdict.reason
    assert [each.backend for each in verdict.alternatives] == ["process"]


def test_no_alternative_finished_a_round() -> None:
    late = tried("thread", workers=2, **LATE, ran_out="budget")
    verdict = said(PYTHON, late, processes(status="refused", reason="the function cannot be pickled"), call_s=3.0)
    assert verdict.backend is None
    assert "thread × 2: timed out" in verdict.reason
    assert "process × 2: refused: the function cannot be pickled" in verdict.reason
    assert "give --budget 75s" in verdict.reason


def test_the_calls_were_spent_before_anything_was_compared() -> None:
    none = tried("thread", workers=8)
    verdict = said(PYTHON, none, options=Options(max_calls=20), calls=0)
    assert verdict.backend is None
    assert "thread × 8: no round was finished" in verdict.reason
    assert "give --max-calls 96" in verdict.reason, "half of them, for four rounds of eight, and half as much again"


def test_the_calls_were_spent_before_a_single_round_could_be_told_from_the_serial_run() -> None:
    few = tried("serial", (100.0,), ledger=ledger(gil=0.02, calls=2, samples=2, gil_held_s=0.02))
    verdict = said(few, tried("thread", (101.0,), workers=2), options=Options(max_calls=20), calls=0, kind="sync")
    assert verdict.backend is None
    assert "calls ran out before thread × 2 could be told from the serial run: give --max-calls 40" in verdict.reason
    assert said(few, tried("thread", (101.0,), workers=2), options=Options(max_calls=20), calls=9).backend == "serial"


def test_all_calls_of_a_pool_raised() -> None:
    failing = Tried(trial("thread", workers=2, calls=50, errors=50))
    verdict = said(PYTHON, failing)
    assert verdict.backend is None
    assert "thread × 2: all of its 50 calls raised" in verdict.reason


@pytest.mark.parametrize("others", [(), (tried("asyncio", (300.0,), workers=8),)], ids=["none", "none that fits"])
def test_nothing_that_fits_the_caller_was_tried(others: tuple[Tried, ...]) -> None:
    verdict = said(PYTHON, *others)
    assert verdict.backend is None
    assert verdict.reason.endswith("ask for others that fit the caller, with --backends")
