"""From what length of a call on a pool pays."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gilscope.decide.break_even import PRECISION, break_even
from gilscope.decide.model import Model
from gilscope.decide.traits import Machine
from gilscope.records import BreakEven, ColdCost, Demands

from . import decide_builders as make

MACHINE = Machine(cpus=4.0, samples=1000, dispatch_s={"thread": 2e-5, "process": 2e-4})
PYTHON, NATIVE = make.demands(gil=1e-4), make.demands(free=1e-4)


def found(demands: Demands, *trials: Any, floor: float = 0.05, machine: Machine = MACHINE) -> list[BreakEven]:
    return list(break_even(Model(demands, machine, backends=make.BACKENDS), trials, floor))


def pool(backend: str = "process", **fields: Any) -> Any:
    return make.trial(backend, **({"workers": 4, "throughput_per_s": 3000.0} | fields))


def test_python_never_pays_in_threads_and_long_calls_pay_in_processes() -> None:
    threads, processes = found(PYTHON, pool("thread"), pool())
    assert threads.call_s is None
    assert processes.call_s is not None
    assert 5e-5 < processes.call_s < 1e-3
    assert (threads.pickle_s, processes.pickle_s) == (None, 0.0)
    assert (threads.dispatch_s, processes.dispatch_s) == (2e-5, 2e-4)


def test_native_code_pays_in_threads_sooner_than_in_processes() -> None:
    threads, processes = found(NATIVE, pool("thread"), pool())
    assert threads.call_s is not None
    assert processes.call_s is not None
    assert threads.call_s < processes.call_s


def test_pickling_makes_calls_that_must_be_longer() -> None:
    plain, heavy = (
        found(PYTHON, pool(), machine=Machine(cpus=4, dispatch_s=MACHINE.dispatch_s, pickle_s=cost))[0].call_s
        for cost in (0.0, 0.01)
    )
    assert plain is not None
    assert heavy is not None
    assert heavy > 10 * plain


def test_chunks_make_shorter_calls_pay() -> None:
    [one], [ten] = found(PYTHON, pool()), found(PYTHON, pool(chunksize=10))
    assert one.call_s is not None
    assert ten.call_s is not None
    assert ten.call_s < one.call_s / 5


def test_the_fastest_configuration_of_each_backend_counts() -> None:
    slow, fast = pool(workers=2, throughput_per_s=1000.0), pool(workers=4, throughput_per_s=1500.0)
    assert [(one.backend, one.workers) for one in found(PYTHON, slow, fast)] == [("process", 4)]


def test_what_failed_is_not_told_of() -> None:
    assert found(PYTHON, pool(status="refused", throughput_per_s=None), pool("celery")) == []


def test_a_call_that_asks_for_nothing_has_no_break_even() -> None:
    assert found(make.demands(), pool()) == []


def test_calls_that_gain_repay_the_start_up() -> None:
    """A gain of 0.1 ms a call, and half a second to start with."""
    serial = make.trial("serial", throughput_per_s=5000.0)
    assert found(PYTHON, serial, pool(throughput_per_s=10_000.0, startup_s=0.5))[0].calls == 5000


def test_calls_that_gain_repay_what_first_calls_take_longer_than_alone() -> None:
    serial = make.trial("serial", throughput_per_s=5000.0, cold=ColdCost(workers=1, first_s=0.4002, warm_s=0.0002))
    cold = ColdCost(workers=2, first_s=0.6002, warm_s=0.0002)
    [processes] = found(PYTHON, serial, pool(throughput_per_s=10_000.0, startup_s=0.5, cold=cold))
    assert processes.cold_s == pytest.approx(0.6)
    assert processes.calls == 7000
    [warm] = found(PYTHON, serial, pool(throughput_per_s=10_000.0, startup_s=0.5))
    assert (warm.cold_s, warm.calls) == (None, 5000), "what is not known is no saving"


@pytest.mark.parametrize("fields", [{"throughput_per_s": 5100.0}, {"startup_s": None}, {"throughput_per_s": 4000.0}])
def test_calls_that_do_not_gain_repay_nothing(fields: dict[str, Any]) -> None:
    serial = make.trial("serial", throughput_per_s=5000.0)
    assert found(PYTHON, serial, pool(**({"throughput_per_s": 9000.0, "startup_s": 0.5} | fields)))[0].calls is None


@given(dispatch_s=st.floats(1e-6, 1e-2), floor=st.floats(0.0, 0.12), workers=st.integers(2, 8))
def test_at_the_break_even_the_gain_is_just_worth_it(dispatch_s: float, floor: float, workers: int) -> None:
    machine = Machine(cpus=4, dispatch_s={"process": dispatch_s})
    [one] = found(PYTHON, pool(workers=workers), floor=floor, machine=machine)
    assert one.call_s is not None

    def gain(seconds: float) -> float:
        like = Model(PYTHON, machine).with_calls_of(seconds)
        return like.rates(like.stations("process", "process"), workers)[-1] * seconds

    assert gain(one.call_s / PRECISION**2) <= 1 / (1 - floor) <= gain(one.call_s) * (1 + 1e-9)
