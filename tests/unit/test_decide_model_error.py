"""What the model learns of its own error."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gilscope.decide.model import Model
from gilscope.decide.model_error import USUAL, Seen, corrected, learned
from gilscope.decide.predictions import predictions
from gilscope.decide.traits import Machine, Shape
from gilscope.records import Prediction

from . import decide_builders as make

SLOW = Seen("thread", 8, math.log(0.5))
TWO = Machine(cpus=2.0, samples=1000)


def test_before_anything_was_measured_the_usual_error_is_expected_in_a_wide_interval() -> None:
    nothing, one = learned([], "thread", 8), learned([SLOW], "thread", 8)
    assert nothing.shift == USUAL
    assert nothing.half_width > one.half_width


def test_the_more_alike_the_more_is_learned() -> None:
    places: list[tuple[Shape, int]] = [("thread", 8), ("thread", 16), ("thread", 64), ("process", 8)]
    same, near, far, other = (learned([SLOW], *place).shift for place in places)
    assert same == pytest.approx(math.log(0.5), rel=0.05)
    assert same < near < far <= USUAL
    assert same < other < USUAL


def test_errors_that_differ_leave_more_doubt_than_those_that_agree() -> None:
    agreeing = learned([SLOW, SLOW], "thread", 8)
    differing = learned([SLOW, Seen("thread", 8, math.log(2.0))], "thread", 8)
    assert differing.half_width > 2 * agreeing.half_width


def test_the_models_own_doubts_are_kept() -> None:
    plain = Prediction(backend="thread", workers=8, cpus=2.0, throughput_per_s=100.0)
    doubtful = Prediction(
        backend="thread", workers=8, cpus=2.0, throughput_per_s=100.0, throughput_low=20.0, throughput_high=500.0
    )
    narrow, wide = (corrected(each, learned([SLOW], "thread", 8)) for each in (plain, doubtful))
    assert narrow.throughput_per_s == wide.throughput_per_s < 60
    assert (wide.throughput_low or 1) < (narrow.throughput_low or 0)
    assert (wide.throughput_high or 0) > (narrow.throughput_high or 1)


SHAPES: list[Shape] = ["thread", "process"]


@given(st.lists(st.builds(Seen, st.sampled_from(SHAPES), st.integers(1, 64), st.floats(-3, 1)), max_size=6))
def test_what_is_expected_lies_among_what_was_seen(seen: list[Seen]) -> None:
    errors = [USUAL, *(each.error for each in seen)]
    assert min(errors) - 1e-9 <= learned(seen, "thread", 4).shift <= max(errors) + 1e-9


def test_each_configuration_is_foretold_by_the_others_and_not_by_itself() -> None:
    """A server that answers half of what could be asked: eight threads show it for sixteen."""
    model = Model(make.demands(network=0.01), TWO, backends=make.BACKENDS)
    trials = [make.trial("thread", workers=count, throughput_per_s=400.0) for count in (8, 16)]
    eight, sixteen = predictions(model, trials)
    assert eight.model_per_s == pytest.approx(800)
    assert sixteen.model_per_s == pytest.approx(1600)
    assert sixteen.throughput_per_s < 1100
    alone = predictions(model, trials[:1])
    assert alone[0].throughput_per_s == pytest.approx(800, rel=0.05), "its own measurement tells it nothing"


def test_what_the_model_was_off_by_is_carried_to_other_machines() -> None:
    model = Model(make.demands(network=0.01), TWO, backends=make.BACKENDS)
    trials = [make.trial("thread", workers=64, throughput_per_s=1600.0)]
    (threads,) = (p for p in predictions(model, trials, cpus=[16]) if p.cpus == 16 and p.backend == "thread")
    assert threads.workers == 64
    assert threads.throughput_per_s < 0.5 * (threads.model_per_s or 0)
