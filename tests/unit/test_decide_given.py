"""What the advice gains for the inputs given, by hand."""

from __future__ import annotations

from typing import Any

import pytest

from gilscope.decide.given import given_inputs
from gilscope.decide.model import Model
from gilscope.decide.traits import Machine
from gilscope.records import GivenInputs, Trial
from gilscope.report.consequences import consequences
from gilscope.report.verdicts import verdict_sentence
from tests.unit.handmade import make_recommendation, make_result

from . import decide_builders as make

SERIAL = make.trial("serial", (10, 10), throughput_per_s=10.0)
#: A tenth of a second of waiting, a thousandth of it computing.
WAITING = Model(make.demands(gil=1e-4, network=0.0999), Machine(cpus=2.0, samples=100), backends=make.BACKENDS)


def pool(backend: str = "thread", workers: int = 64, per_s: float = 600.0, **fields: Any) -> Trial:
    return make.trial(backend, (per_s, per_s), workers=workers, throughput_per_s=per_s, startup_s=0.002, **fields)


def known(inputs: int, chosen: Trial, model: Model | None = WAITING) -> GivenInputs:
    found = given_inputs(model, SERIAL, chosen, inputs)
    assert found is not None
    return found


def test_two_inputs_take_two_workers_and_one_wave() -> None:
    found = known(2, pool())
    assert (found.workers, found.waves) == (2, 1)
    assert found.serial_s == pytest.approx(0.2)
    assert found.takes_s == pytest.approx(0.1, rel=0.05)
    assert found.startup_s < 0.002


def test_a_long_list_gains_what_was_measured() -> None:
    found = known(64_000, pool())
    assert (found.workers, found.waves) == (64, 1000)
    assert found.gain == pytest.approx(60.0, rel=0.01)


def test_the_last_wave_takes_as_long_as_few_calls_do() -> None:
    full, more = known(64, pool()), known(65, pool())
    assert (full.waves, more.waves) == (1, 2)
    assert more.takes_s - full.takes_s == pytest.approx(0.1, rel=0.05)


def test_fewer_inputs_than_workers_are_no_faster_than_all_workers() -> None:
    crowded = pool(per_s=100.0)  # a server that bears ten
    assert known(32, crowded).takes_s == pytest.approx(0.32, rel=0.05)
    assert known(32, crowded, model=None).takes_s == pytest.approx(0.32, rel=0.05)


def test_start_up_may_take_longer_than_few_inputs_save() -> None:
    slow = pool("process", 4, 38.0, import_s=0.3)
    found = known(2, make.trial("process", workers=4, throughput_per_s=38.0, startup_s=0.6, import_s=0.4), None)
    assert found.startup_s == 0.4
    assert found.gain is not None
    assert found.gain < 1
    assert known(2, slow).startup_s == pytest.approx(0.002)


def test_nothing_is_known_where_nothing_was_measured_or_recommended() -> None:
    assert given_inputs(WAITING, None, pool(), 2) is None
    assert given_inputs(WAITING, SERIAL, SERIAL, 2) is None
    assert given_inputs(WAITING, SERIAL, make.trial("thread", workers=4), 2) is None
    assert given_inputs(WAITING, SERIAL, pool(), 1) is None


# -- in words ---------------------------------------------------------------------------------------------------------


def told(**changes: Any) -> str:
    fields = {"inputs": 2, "workers": 2, "waves": 1, "serial_s": 0.2, "startup_s": 0.0, "takes_s": 0.105} | changes
    return consequences(make_result(given=GivenInputs(**fields), trials=(), calls_made=None))


def test_the_gain_for_the_inputs_given_stands_beside_that_of_a_long_list() -> None:
    assert told() == ("The 2 inputs given, 2 at once, take 105 ms instead of 200 ms: 1.90×. A long list gains 1.91×.")
    assert told(inputs=20, waves=10, startup_s=0.01).startswith(
        "The 20 inputs given, in 10 waves of 2, take 105 ms, 10.0 ms of start-up included, instead of 200 ms: 1.90×."
    )


def test_where_few_inputs_gain_nothing_that_is_said() -> None:
    assert "but one after the other 200 ms: for so few, do without." in told(takes_s=0.4, startup_s=0.3)


def test_the_verdict_asks_for_no_more_workers_than_there_are_inputs() -> None:
    few = GivenInputs(inputs=2, workers=2, waves=1, serial_s=0.2, startup_s=0.0, takes_s=0.1)
    many = make_recommendation(backend="asyncio", workers=1024, executor=None)
    told = verdict_sentence(make_result(given=few, recommendation=many))
    assert "await it on one event loop, 1024 at a time, or as many as there are inputs, 1.91×" in told
    assert "as many as there are inputs" not in verdict_sentence(make_result(given=few))
