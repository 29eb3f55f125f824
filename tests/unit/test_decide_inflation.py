"""CPUs that cost each other time, and hyperthreads that share a core."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gilscope.decide.inflation import growth, inflated
from gilscope.decide.model import Model
from gilscope.decide.predictions import here, predictions
from gilscope.decide.traits import HYPERTHREAD_GAIN, Machine
from gilscope.records import Prediction, Trial

from . import decide_builders as make

TWO = Machine(cpus=2.0, samples=1000)
MODEL = Model(make.demands(free=0.01), TWO, backends=make.BACKENDS)


def pool(cpu_s: float, *, backend: str = "process", workers: int = 2) -> Trial:
    """A pool whose calls took so many CPU seconds each; one takes 10 ms alone."""
    return make.trial(backend, (190.0, 191.0), workers=workers, ledger=make.ledger(free=10 * cpu_s, calls=10))


def test_what_a_call_costs_more_in_company_is_measured() -> None:
    assert growth(MODEL, [pool(0.012)]) == pytest.approx(0.2)
    four = replace(MODEL, machine=replace(TWO, cpus=4.0))
    assert growth(four, [pool(0.016, workers=4)]) == pytest.approx(0.2)
    assert growth(four, [pool(0.016, workers=8)]) == pytest.approx(0.2), "no more are busy than there are"


def test_what_is_within_the_noise_or_unknown_is_no_growth() -> None:
    assert growth(MODEL, [pool(0.0101)]) == 0.0
    assert growth(MODEL, [pool(0.008)]) == 0.0
    assert growth(MODEL, [make.trial("process", (190.0,), workers=2)]) == 0.0
    assert growth(MODEL, [pool(0.02, backend="thread")]) == 0.0, "threads pay for the GIL too"
    waiting = make.trial("process", (190.0,), workers=4, ledger=make.ledger(free=0.2, network=2.0, calls=10))
    assert growth(MODEL, [waiting]) == 0.0, "hardly a CPU was busy"


def test_another_machine_is_foretold_with_it_and_the_doubt_how_far_it_goes() -> None:
    sixteen = replace(MODEL, machine=replace(TWO, cpus=16.0))
    made = inflated(sixteen, 0.05, 2.0)
    assert made.demands.cpu_s == pytest.approx(0.01 * (1.05 * 1.75) ** 0.5)
    assert made.demands.wall_s == pytest.approx(made.demands.cpu_s)
    ends = [made.demands.cpu_s * by for by in made.cpu_doubt]
    assert ends == pytest.approx([0.0105, 0.0175])
    assert inflated(replace(MODEL, machine=replace(TWO, cpus=1.0)), 0.05, 2.0).demands.cpu_s == pytest.approx(0.01)


def foretold(*trials: Trial) -> Prediction:
    return next(p for p in predictions(MODEL, trials, cpus=[16]) if p.cpus == 16 and p.backend == "process")


def test_inflation_lowers_what_is_foretold_and_widens_its_interval() -> None:
    quiet, loud = foretold(pool(0.01)), foretold(pool(0.0115))
    assert loud.throughput_per_s < 0.8 * quiet.throughput_per_s
    widths = [(each.throughput_high or 0) / (each.throughput_low or 1) for each in (quiet, loud)]
    assert widths[1] > widths[0]


# ---- hyperthreads ----

FOUR_ON_TWO = Machine(cpus=4.0, cores=2.0, samples=1000)


def expected(machine: Machine, workers: int) -> Prediction:
    model = Model(make.demands(free=0.01), machine, backends=make.BACKENDS)
    (found,) = here(model, [make.trial("process", workers=workers)])
    return found


def test_hyperthreads_add_less_than_cores() -> None:
    cores, threads, unknown = (expected(replace(FOUR_ON_TWO, cores=count), 4) for count in (4.0, 2.0, None))
    assert cores.throughput_per_s == unknown.throughput_per_s == pytest.approx(400)
    assert threads.throughput_per_s == pytest.approx(100 * (2 + 2 * HYPERTHREAD_GAIN))


def test_what_they_add_is_unknown_between_nothing_and_a_core() -> None:
    threads, cores = expected(FOUR_ON_TWO, 4), expected(replace(FOUR_ON_TWO, cores=4.0), 4)
    assert (threads.throughput_low, threads.throughput_high) == pytest.approx((200, 400))
    assert cores.throughput_low is None


def test_as_many_workers_as_cores_do_not_share_them() -> None:
    assert expected(FOUR_ON_TWO, 2).throughput_per_s == pytest.approx(200)


def test_other_machines_have_as_many_hyperthreads_on_a_core() -> None:
    on_cores, on_threads = (
        next(
            each.model_per_s or 0.0
            for each in predictions(Model(make.demands(free=0.01), machine, backends=make.BACKENDS), [], cpus=[16])
            if each.backend == "process"
        )
        for machine in (replace(FOUR_ON_TWO, cores=4.0), FOUR_ON_TWO)
    )
    assert on_threads == pytest.approx(on_cores * (1 + HYPERTHREAD_GAIN) / 2, rel=0.1)


def test_hyperthreads_rule_nothing_out() -> None:
    """What they add is unknown: a bound must hold whatever it is."""
    assert Model(make.demands(free=0.01), FOUR_ON_TWO).most_speedup("thread") == pytest.approx(4.0)
