"""A backend whose only pool failed is tried with fewer workers."""

from __future__ import annotations

from typing import Any

import pytest

from gilscope.decide.next_steps import next_step
from gilscope.decide.smaller import smaller_pools
from gilscope.options import Options
from tests.unit import decide_builders as make
from tests.unit.next_builders import WAITING, opened, solo

SERIAL = solo(10.0, 10.1, ledger=WAITING)
PROCESSES = make.tried("process", (19.0, 19.1), workers=2)
FAILED: dict[str, Any] = {"status": "failed", "reason": "64 threads could not be started", "alive": False}


def counts(*trials: Any, **fields: Any) -> list[tuple[str, int]]:
    step = smaller_pools(opened(SERIAL, *trials, **fields))
    return [] if step is None else [(to.backend, to.workers) for to in step.configurations]


def test_a_quarter_of_the_workers_is_next_down_to_two() -> None:
    tried = [make.tried("thread", workers=workers, **FAILED) for workers in (64, 16, 4, 2)]
    found = [counts(PROCESSES, *tried[:number]) for number in range(1, 5)]
    assert found == [[("thread", 16)], [("thread", 4)], [("thread", 2)], []]


def test_the_start_method_stays() -> None:
    step = smaller_pools(opened(SERIAL, make.tried("process", workers=16, start_method="fork", **FAILED)))
    assert step is not None
    assert [(to.workers, to.start_method) for to in step.configurations] == [(4, "fork")]


@pytest.mark.parametrize(
    ("others", "fields"),
    [
        ([make.tried("thread", workers=64, status="timeout", alive=False)], {}),
        ([make.tried("thread", workers=64, status="refused", unborne_calls=64, alive=False)], {}),
        ([make.tried("thread", workers=64, **FAILED), make.tried("thread", (80.0,), workers=16)], {}),
        ([make.tried("thread", workers=64, **FAILED)], {"options": Options(workers=(64,))}),
        ([make.tried("thread", workers=64, **FAILED)], {"racing_s": 0.0}),
        ([make.tried("thread", workers=64, **FAILED)], {"calls": 0}),
        ([PROCESSES], {}),
    ],
    ids=["it hung", "a network", "one works", "so many were asked for", "no time", "no calls", "none failed"],
)
def test_but_not_otherwise(others: list[Any], fields: dict[str, Any]) -> None:
    assert counts(*others, **fields) == []


def test_it_is_done_before_the_contest() -> None:
    measured = opened(SERIAL, PROCESSES, make.tried("thread", workers=64, **FAILED))
    assert next_step(measured) == smaller_pools(measured)
