"""How many calls a network is asked to bear, by hand."""

from __future__ import annotations

from typing import Any

import pytest

from gilscope.configuration import Configuration
from gilscope.decide.next_steps import next_step
from gilscope.decide.ramp import Look, goes_to_a_network, limit_of, ramp, unborne, workers_within
from gilscope.decide.steps import CheckResults, Open, Rounds, Step, WarmUp, WatchAlone
from gilscope.options import Options

from . import decide_builders as make

ASKING = make.ledger(gil=0.001, network=0.099, samples=100, calls=10)
SLEEPING = make.ledger(gil=0.001, sleep=0.099, samples=100, calls=10)


def test_few_calls_are_let_into_flight_first() -> None:
    assert ramp(64) == (16, 64)
    assert ramp(1024) == (16, 64, 256, 1024)
    assert (ramp(4), ramp(16)) == ((), ())


@pytest.mark.parametrize(
    ("demands", "expected"),
    [
        (make.demands(gil=0.1, network=0.9), True),
        (make.demands(gil=0.9, network=0.2), True),
        (make.demands(gil=0.95, network=0.05), False),
        (make.demands(gil=0.1, sleep=0.9), False),
        (make.undivided(cpu=0.1, blocked=0.9), True),  # what it waits for is unknown
        (make.undivided(cpu=0.99, blocked=0.01), False),
        (None, False),
    ],
)
def test_calls_go_to_a_network_when_they_wait_for_one(demands: Any, expected: bool) -> None:
    assert goes_to_a_network(demands) is expected


def look(at_once: int, latency_s: float = 0.01, errors: int = 0, wall_s: float | None = None) -> Look:
    return Look(at_once, errors, latency_s if wall_s is None else wall_s, latency_s)


def test_answers_that_come_as_soon_for_more_calls_are_borne() -> None:
    assert unborne([look(16)], 0.0) is None
    assert unborne([look(16), look(64)], 0.0) is None
    assert unborne([look(16), look(64, 0.02)], 0.0) is None  # half as well as it could, and yet twice as many


def test_latency_that_grows_as_much_as_the_calls_gains_nothing() -> None:
    why = unborne([look(16), look(64, 0.04)], 0.0)
    assert why == "64 calls at once took 40.0 ms each, 16 10.0 ms: no more were answered in the same time"
    queued = Look(64, 0, wall_s=0.08, latency_s=0.045)  # eight at a time, in turn
    assert unborne([Look(16, 0, wall_s=0.02, latency_s=0.015), queued], 0.0) is not None


def test_a_single_slow_call_is_no_proof() -> None:
    assert unborne([look(16), Look(64, 0, wall_s=1.0, latency_s=0.02)], 0.0) is None


def test_errors_that_rise_are_enough() -> None:
    why = unborne([look(16), look(64, errors=20)], 0.0)
    assert why == "of 64 calls at once 31% raised, with 16 0%"
    assert unborne([look(16, errors=8)], 0.0) == "of 16 calls at once 50% raised, alone 0%"


@pytest.mark.parametrize(
    ("looks", "alone"),
    [
        ([look(16, errors=1)], 0.0),
        ([look(16), look(64, errors=3)], 0.0),
        ([look(16, errors=8)], 0.4),  # they raise when they are alone too
        ([look(16, errors=6), look(64, errors=30)], 0.3),
    ],
)
def test_a_few_errors_or_as_many_as_ever_are_no_sign(looks: list[Look], alone: float) -> None:
    assert unborne(looks, alone) is None


def test_the_fewest_calls_that_were_too_many_are_the_limit() -> None:
    refused = [make.trial("thread", workers=n, status="refused", unborne_calls=m) for n, m in ((64, 64), (32, 32))]
    assert limit_of(refused, "thread") == 32
    assert limit_of(refused, "asyncio") is None
    assert (workers_within(64), workers_within(4)) == (16, 2)


# -- what is measured -------------------------------------------------------------------------------------------------


def race(*others: Any, ledger: Any = ASKING, done: int = 0, **fields: Any) -> Any:
    """The solo run and pools, the first ``done`` of which have rounds."""
    solo = make.tried("serial", (100.0, 100.0), ledger=ledger)
    warm = tuple(WarmUp(number, 0, 1, 100.0, 0.12) for number in range(1, done + 1))
    numbers = tuple(range(done + 1))
    rounds: tuple[Step, ...] = (Rounds(numbers, 0.12, "first"), Rounds(numbers[1:], 0.12, "first", observed=True))
    steps = (WatchAlone(0.3, 1000), Open(()), *warm, *(rounds if done else ()), CheckResults((1,), 0, 0))
    return make.measured(solo, *others, steps=steps, **fields)


def ramp_of(**fields: Any) -> tuple[int, ...]:
    step = next_step(race(make.tried("thread", workers=64), **fields))
    assert isinstance(step, WarmUp)
    return step.ramp


def test_a_pool_that_asks_a_network_is_let_loose_by_and_by() -> None:
    assert ramp_of() == (16, 64)
    assert ramp_of(ledger=SLEEPING) == ()
    assert ramp_of(options=Options(workers=(64,))) == ()
    assert ramp_of(call_s=1.0) == (16,)
    assert ramp_of(calls=100) == ()


def test_fewer_workers_are_tried_where_a_network_did_not_bear_them() -> None:
    refused = make.tried("thread", workers=64, status="refused", unborne_calls=64, alive=False)
    assert next_step(race(refused, done=1)) == Open((Configuration("thread", 16, 1, None),))


def test_the_sweep_stays_below_what_a_network_did_not_bear() -> None:
    refused = make.tried("thread", workers=64, status="refused", unborne_calls=64, alive=False)
    borne = make.tried("thread", (1590.0,), workers=16)
    assert next_step(race(refused, borne, done=2)) == Open((Configuration("thread", 32),))
    more = make.tried("thread", (3180.0,), workers=32)
    step = next_step(race(refused, borne, more, done=3))
    assert not (
        isinstance(step, Open) and any(to.backend == "thread" and to.workers > 32 for to in step.configurations)
    )
