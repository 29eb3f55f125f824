"""Interpreters of one process against threads and processes: when they are tried, when they win, and what is said."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from msgspec.structs import replace as with_fields

from gilscope.decide.break_even import break_even
from gilscope.decide.eligible import Standard, ineligible
from gilscope.decide.isolated import by_what_they_take, what_more_it_takes, with_all_of_them, without_need
from gilscope.decide.locks import SharedLock
from gilscope.decide.model import Model
from gilscope.decide.next_steps import next_step
from gilscope.decide.steps import Open, WatchAlone
from gilscope.decide.traits import BackendTraits, HandOver, Machine
from gilscope.options import Options
from gilscope.records import Demands, Trial
from tests.unit import decide_builders as make

from .test_decide_recommend import judged, why

ISOLATED = BackendTraits("interpreter", shares_gil=False, in_process=True, simplicity=4)
WITH_INTERPRETERS = {**make.BACKENDS, "interpreter": ISOLATED}
IN_PYTHON, NATIVE, WAITING = make.demands(gil=0.1), make.demands(free=0.1), make.demands(gil=0.001, network=0.1)


def model(demands: Demands, cpus: float = 2.0, *, gil: bool = True, **machine: Any) -> Model:
    return Model(demands, Machine(cpus, gil_enabled=gil, samples=400, **machine), backends=WITH_INTERPRETERS)


# -- when they are tried --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("demands", "cpus", "gil", "tried"),
    [
        (IN_PYTHON, 2.0, True, True),
        (make.demands(gil=0.07, free=0.03), 4.0, True, True),
        (NATIVE, 4.0, True, False),
        (WAITING, 4.0, True, False),  # there can be more threads than interpreters
        (make.demands(network=0.1), 4.0, True, False),
        (IN_PYTHON, 1.0, True, False),
        (IN_PYTHON, 4.0, False, False),
    ],
)
def test_they_are_tried_unasked_where_the_gil_keeps_threads_from_doing_as_much(
    demands: Demands, cpus: float, gil: bool, tried: bool
) -> None:
    left_out = without_need(model(demands, cpus, gil=gil), Options(), 0.05)
    assert bool(left_out) is not tried
    assert all(why.startswith("not tried: ") for why in left_out.values())


def test_who_asks_for_them_has_them() -> None:
    assert without_need(model(NATIVE), Options(backends=("interpreter",)), 0.05) == {}


def test_where_there_are_none_nothing_is_said() -> None:
    assert without_need(replace(model(NATIVE), backends=make.BACKENDS), Options(), 0.05) == {}


def first_configurations(asked_s: Demands, options: Options | None = None) -> set[str]:
    watched = make.ledger(gil=asked_s.cpu_gil_s or 0.0, free=asked_s.cpu_free_s or 0.0, samples=400, calls=1)
    solo = make.tried("serial", (10.0,), ledger=watched)
    known = make.measured(solo, steps=(WatchAlone(0.3, 10**9),) * 3, options=options, call_s=0.01)
    step = next_step(replace(known, experiment=replace(known.experiment, backends=WITH_INTERPRETERS)))
    assert isinstance(step, Open)
    return {to.backend for to in step.configurations}


def test_they_are_opened_beside_the_others() -> None:
    assert "interpreter" in first_configurations(IN_PYTHON)
    assert "interpreter" not in first_configurations(NATIVE)
    assert "interpreter" in first_configurations(NATIVE, Options(backends=("interpreter", "thread")))


# -- what they cost -------------------------------------------------------------------------------------------------


def test_handing_over_costs_what_it_costs_between_interpreters() -> None:
    shared = model(IN_PYTHON, 4.0, pickle_s=0.09, hand_overs={"interpreter": HandOver(0.0, 0.5)})
    per_s = {name: shared.predict(shared.stations("process", name), 4)[0] for name in ("process", "interpreter")}
    assert per_s["interpreter"] == pytest.approx(4 / 0.1)
    assert per_s["process"] < 0.6 * per_s["interpreter"]


def test_the_break_even_tells_each_its_own() -> None:
    of = model(IN_PYTHON, 2.0, pickle_s=0.01, hand_overs={"interpreter": HandOver(0.002, 0.5)})
    trials = [
        make.trial("serial", (10.0, 10.0), throughput_per_s=10.0),
        make.trial("process", (18.0,), workers=2, throughput_per_s=18.0),
        make.trial("interpreter", (19.0,), workers=2, throughput_per_s=19.0),
    ]
    assert {each.backend: each.pickle_s for each in break_even(of, trials, 0.05)} == {
        "process": 0.01,
        "interpreter": 0.002,
    }


# -- when they win --------------------------------------------------------------------------------------------------


def pool(backend: str, *rates: float, start_s: float | None, bytes_each: int | None) -> Trial:
    return make.trial(backend, rates, workers=2, startup_s=start_s, memory_per_worker_bytes=bytes_each)


SERIAL = make.trial("serial", (100, 101, 99))
MIB = 1 << 20
#: As measured on a quiet machine: 2 workers, spawned, with a module of no great size.
PROCESSES = pool("process", 190, 192, 191, start_s=0.30, bytes_each=18 * MIB)
ISOLATES = pool("interpreter", 191, 190, 192, start_s=0.10, bytes_each=7 * MIB)


def test_as_fast_as_processes_and_cheaper_to_have_they_win() -> None:
    verdict = judged(SERIAL, PROCESSES, ISOLATES)
    assert (verdict.backend, verdict.workers) == ("interpreter", 2)
    assert "takes 300 ms to start instead of 100 ms, and 18.0 MiB for each worker instead of 7.00 MiB" in why(
        verdict, "process"
    )


@pytest.mark.parametrize(
    ("start_s", "bytes_each"), [(0.25, 7 * MIB), (0.10, 17 * MIB), (None, 7 * MIB), (0.10, None)], ids=repr
)
def test_no_cheaper_or_not_known_to_be_processes_win(start_s: float | None, bytes_each: int | None) -> None:
    isolates = pool("interpreter", 191, 190, 192, start_s=start_s, bytes_each=bytes_each)
    verdict = judged(SERIAL, PROCESSES, isolates)
    assert verdict.backend == "process"
    assert "a tie" in why(verdict, "interpreter")
    assert "less simple" in why(verdict, "interpreter")


def test_faster_beyond_the_noise_they_win_whatever_they_take() -> None:
    isolates = pool("interpreter", 240, 242, 241, start_s=0.9, bytes_each=90 * MIB)
    assert judged(SERIAL, PROCESSES, isolates).backend == "interpreter"


def test_slower_beyond_the_noise_they_are_told_so() -> None:
    isolates = pool("interpreter", 120, 121, 122, start_s=0.1, bytes_each=7 * MIB)
    verdict = judged(SERIAL, PROCESSES, isolates)
    assert verdict.backend == "process"
    assert "0.63×" in why(verdict, "interpreter")


def test_a_coroutine_that_calls_is_told_to_offload_to_them() -> None:
    verdict = judged(SERIAL, PROCESSES, ISOLATES, context="async")
    assert (verdict.backend, verdict.executor) == ("asyncio", "interpreter")


def test_the_order_of_the_others_is_as_it_was() -> None:
    ranks = by_what_they_take({"thread": 2, "process": 3, "interpreter": 4}, [PROCESSES, ISOLATES])
    assert sorted(ranks, key=lambda name: ranks[name]) == ["thread", "interpreter", "process"]
    assert what_more_it_takes(ISOLATES, PROCESSES) is None


# -- what keeps them from being recommended -------------------------------------------------------------------------


def test_each_has_a_lock_of_its_own_where_there_should_be_one() -> None:
    standard = Standard(serial=SERIAL, lock=SharedLock(make.trial("thread", workers=4), 1))
    isolates = with_fields(ISOLATES, workers=4)
    assert "each of its interpreters would have a lock" in ineligible([isolates], standard)[id(isolates)]


@pytest.mark.parametrize("how", ["ended with exit status 3", "was ended by SIGSEGV"])
def test_a_crash_of_one_is_told_as_that_of_all(how: str) -> None:
    assert with_all_of_them(f"its process {how}") == (
        f"its process {how}; what ends one interpreter ends them all, for they are one process"
    )


@pytest.mark.parametrize("reason", [None, "the module numpy cannot be imported", "still running 3 calls after 2.0 s"])
def test_what_is_no_crash_is_told_as_it_is(reason: str | None) -> None:
    assert with_all_of_them(reason) == reason
