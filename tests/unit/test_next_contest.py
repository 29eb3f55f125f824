"""The contest and its second processes, on handmade measurements: nothing here starts a process."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gilscope.configuration import Configuration
from gilscope.decide.measured import Measured, Tried
from gilscope.decide.next_steps import next_step
from gilscope.decide.steps import (
    MeasureMore,
    Open,
    Rounds,
    Step,
    WarmUp,
)
from gilscope.options import Options
from tests.unit.decide_builders import tried
from tests.unit.next_builders import SURE, contests, opened, solo

# -- the contest ------------------------------------------------------------------------------------------------------

DOUBTFUL = (solo(100.0, 85.0, 115.0), tried("process", (109.0, 97.0, 122.0), workers=2))


def purposes(step: Step | None) -> str | None:
    return step.purpose if isinstance(step, Rounds) else None


LEADER_AGAIN: tuple[Step, ...] = (Open((), twins_of=(1,)),)


def test_contenders_have_another_round_and_no_more_where_that_leaves_no_doubt() -> None:
    none, one = (next_step(opened(*SURE, more=(*LEADER_AGAIN, *contests(number)))) for number in (0, 1))
    assert (purposes(none), purposes(one)) == ("contest", None)


def test_nobody_races_on_for_a_certainty_by_which_nothing_is_gained() -> None:
    """The larger pool may be faster beyond the noise, but not by much: either will do. Two more rounds show so."""
    small, large = (tried("process", rates, workers=n) for n, rates in ((2, (107, 108, 106)), (4, (110, 111, 109))))
    alike, options = (solo(60.0, 61.0, 59.0), small, large), Options(workers=(2, 4))
    one, two = (opened(*alike, more=(*LEADER_AGAIN * 2, *contests(n)), options=options) for n in (1, 2))
    said = two.advice()
    assert said.confidence < 0.95
    assert said.expected_loss == pytest.approx(0.012, abs=0.003)
    assert (purposes(next_step(one)), purposes(next_step(two))) == ("contest", None)


@pytest.mark.parametrize("elapsed_s", [1.0, 6.0, 8.5])
def test_in_doubt_they_go_on_as_long_as_there_is_time(elapsed_s: float) -> None:
    """However late: a likely answer is not a clear one."""
    made = opened(*DOUBTFUL, more=(*LEADER_AGAIN * 2, *contests(5)), elapsed_s=elapsed_s)
    assert made.advice().confidence < 0.95
    assert purposes(next_step(made)) == "contest"
    over = replace(made.left, racing_s=0.0)
    assert purposes(next_step(replace(made, left=over))) != "contest"


def test_equals_are_not_told_apart_for_long() -> None:
    noisy = (solo(100.0, 75.0, 125.0), tried("process", (102.0, 80.0, 124.0), workers=2))
    four, five = (opened(*noisy, more=(*LEADER_AGAIN * 2, *contests(number))) for number in (4, 5))
    assert five.advice().confidence < 0.95
    assert purposes(next_step(four)) == "contest"
    assert purposes(next_step(five)) != "contest"


def test_what_sixteen_passes_do_not_tell_apart_is_a_tie() -> None:
    made = opened(*DOUBTFUL, more=(*LEADER_AGAIN * 2, *contests(16)))
    assert purposes(next_step(made)) != "contest"


def test_the_hopeless_are_out_first_then_all_that_are_not_near() -> None:
    trials = (*DOUBTFUL, tried("thread", (75.0, 74.0), workers=2), tried("thread", (30.0, 31.0), workers=4))
    options, again = Options(workers=(2, 4)), LEADER_AGAIN * 2
    one, three = (next_step(opened(*trials, more=(*again, *contests(n)), options=options)) for n in (0, 2))
    assert isinstance(one, Rounds)
    assert isinstance(three, Rounds)
    assert set(one.trials) == {0, 1, 2}
    assert (one.passes_left, three.passes_left) == (2, 1)
    assert set(three.trials) == {0, 1}


def test_the_solo_run_is_measured_as_often_as_the_contenders() -> None:
    trials = (solo(50.0), tried("process", (190.0,), workers=2))
    step = next_step(opened(*trials, more=LEADER_AGAIN, options=Options(workers=(2,))))
    assert isinstance(step, Rounds)
    assert set(step.trials) == {0, 1}


def test_the_dead_do_not_race() -> None:
    dead = replace(DOUBTFUL[1], alive=False)
    step = next_step(opened(DOUBTFUL[0], dead, more=LEADER_AGAIN))
    assert isinstance(step, Rounds)
    assert step.trials == (0,)
    nobody = opened(replace(DOUBTFUL[0], alive=False), dead, more=LEADER_AGAIN)
    assert not isinstance(next_step(nobody), Rounds)


# -- second processes -------------------------------------------------------------------------------------------------

TWIN = tried("process", (185.0, 188.0), workers=2, twin_of=1)
SURE_RATES = (190.0, 191.0, 189.0)


def with_twin(of: tuple[Tried, ...], twin: Tried = TWIN, passes: int = 0) -> Measured:
    made = opened(*of, more=(Open((), twins_of=(1,)), WarmUp(2, 2, 1, 190.0, 0.12), *contests(passes)))
    return replace(made, trials=(*made.trials, twin))


def test_the_leader_is_opened_once_more_with_all_that_it_is() -> None:
    chunked = tried("process", SURE_RATES, workers=2, chunksize=5, start_method="spawn")
    step = next_step(opened(SURE[0], chunked, elapsed_s=6.0))
    assert step == Open((Configuration("process", 2, 5, "spawn"),), twins_of=(1,))


def test_the_twin_keeps_the_chunks_of_the_leader() -> None:
    made = opened(*SURE, more=LEADER_AGAIN, looked_s=1e-4)
    twin = tried("process", workers=2, chunksize=5, dispatch_s=0.001, twin_of=1)
    step = next_step(replace(made, trials=(*made.trials, twin)))
    assert isinstance(step, WarmUp)
    assert (step.trial, step.chunksize) == (2, 5)


def test_the_twin_races_beside_its_first_and_their_rounds_are_of_one_configuration() -> None:
    step = next_step(with_twin(SURE))
    assert isinstance(step, Rounds)
    assert set(step.trials) == {0, 1, 2}
    done = with_twin(SURE, passes=2)
    assert isinstance(next_step(done), MeasureMore)
    _, leader = done.records
    assert [made.process for made in leader.rounds] == [0, 0, 0, 1, 1]
    assert leader.calls == SURE[1].record.calls + TWIN.record.calls


def test_what_differs_between_the_two_is_noise() -> None:
    assert opened(*SURE, more=LEADER_AGAIN).noise is None
    noise = with_twin(SURE, passes=2).noise
    assert noise is not None
    assert (noise.backend, noise.workers) == ("process", 2)
    assert noise.ratio == pytest.approx(186.5 / 190)


def test_in_doubt_the_rivals_have_a_second_process_too() -> None:
    doubtful = with_twin(DOUBTFUL, tried("process", (105.0, 112.0), workers=2, twin_of=1), passes=2)
    assert doubtful.advice().confidence < 0.95
    step = next_step(doubtful)
    assert isinstance(step, Open)
    assert step.twins_of == (0,)
    again = replace(doubtful, steps=(*doubtful.steps, step))
    assert isinstance(next_step(again), Rounds)
    assert isinstance(next_step(with_twin(SURE, passes=2)), MeasureMore), "where it is clear they have none"


@pytest.mark.parametrize("dead", [1, 2])
def test_of_a_pair_the_one_that_lives_goes_on(dead: int) -> None:
    made = with_twin(SURE)
    trials = list(made.trials)
    trials[dead] = replace(trials[dead], alive=False)
    step = next_step(replace(made, trials=tuple(trials)))
    assert isinstance(step, Rounds)
    assert set(step.trials) == {0, 1, 2} - {dead}


def test_the_leader_has_no_twin_when_there_is_no_time_or_it_is_dead() -> None:
    assert purposes(next_step(opened(*SURE, racing_s=0.4))) == "contest"
    assert purposes(next_step(opened(*SURE, calls=31))) == "contest", "nor calls enough for both"
    dead = replace(SURE[1], alive=False)
    step = next_step(opened(SURE[0], dead))
    assert not isinstance(step, Open) or step.twins_of == (0,)


@pytest.mark.parametrize(("starting_s", "opened_again"), [(30.0, True), (4.0, True), (0.0, False)])
def test_a_start_that_takes_nothing_of_the_budget_is_no_reason_against_a_twin(
    starting_s: float, opened_again: bool
) -> None:
    slow = tried("process", SURE_RATES, workers=2, startup_s=3.0, import_s=3.0)
    step = next_step(opened(SURE[0], slow, racing_s=3.0, starting_s=starting_s))
    assert (isinstance(step, Open) and step.twins_of == (1,)) == opened_again
