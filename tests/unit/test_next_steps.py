"""What is measured next, on handmade measurements: nothing here starts a process."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import zip_longest
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gilscope.configuration import Configuration
from gilscope.decide.measured import Measured, Tried
from gilscope.decide.next_steps import left_out, next_step
from gilscope.decide.steps import (
    CheckResults,
    Open,
    Rounds,
    Step,
    TryOnce,
    WarmUp,
    WatchAlone,
)
from gilscope.decide.warm import MOST_LOOKS
from gilscope.options import Options
from tests.unit.decide_builders import ledger, measured, tried
from tests.unit.next_builders import COMPUTING, WAITING, WATCHED, opened, solo

# -- alone ------------------------------------------------------------------------------------------------------------


def test_the_function_is_watched_alone_first_with_half_of_the_calls() -> None:
    assert next_step(measured(tried("serial"), options=Options(max_calls=30), calls=30)) == WatchAlone(0.3, 15)


def test_it_is_watched_again_while_samples_are_few_and_three_times_at_most() -> None:
    few = solo(ledger=ledger(gil=0.1, samples=20, calls=10))
    asked, options = WatchAlone(0.3, 15), Options(max_calls=30)
    assert next_step(measured(few, steps=(asked,), options=options, calls=20)) == WatchAlone(0.3, 5)
    assert next_step(measured(few, steps=(asked,) * 2, options=options, calls=16)) == WatchAlone(0.3, 1)
    assert isinstance(next_step(measured(few, steps=(asked,) * 2, options=options, calls=15)), Open)
    assert isinstance(next_step(measured(few, steps=(asked,) * 3)), Open)
    assert isinstance(next_step(measured(solo(), steps=(asked,))), Open)


def test_it_is_watched_until_every_input_in_use_was_seen() -> None:
    asked = WatchAlone(0.3, 10**9)
    assert next_step(measured(solo(1000.0), steps=(asked,) * 4, inputs_unseen=2, call_s=0.1)) == asked
    longer = next_step(measured(solo(1000.0), steps=(asked,) * 4, inputs_unseen=20, call_s=0.04))
    assert isinstance(longer, WatchAlone)
    assert longer.round_s == pytest.approx(0.8)
    assert isinstance(next_step(measured(solo(1000.0), steps=(asked,) * 4, inputs_unseen=0)), Open)


def test_but_not_for_ever() -> None:
    """Inputs that take much longer than the first ones did."""
    long = solo(100 / 3.3)  # a hundred calls in 3.3 seconds, of a budget of ten
    steps = measured(long, steps=(WatchAlone(0.3, 10**9),), inputs_unseen=3, call_s=0.1)
    assert isinstance(next_step(steps), Open)
    assert isinstance(next_step(replace(steps, left=replace(steps.left, calls=0))), Open)


@pytest.mark.parametrize(
    ("alone", "fields"),
    [
        (solo(alive=False, status="failed"), {}),
        (tried("serial"), {"call_s": None}),
        (tried("serial"), {"steps": WATCHED * 3}),
    ],
    ids=["it died", "no call ended", "nothing was seen"],
)
def test_where_it_does_not_tell_what_it_demands_each_backend_is_tried_once(
    alone: Tried, fields: dict[str, Any]
) -> None:
    asked: list[Step] = list(fields.pop("steps", ()))
    options = Options(start_method="fork")
    while (step := next_step(measured(alone, steps=tuple(asked), options=options, cpus=4.0, **fields))) is not None:
        asked.append(step)
    assert [step.configuration for step in asked if isinstance(step, TryOnce)] == [
        Configuration("thread", 4),
        Configuration("process", 4, 1, "fork"),
        Configuration("asyncio", 4),
    ]


def test_nothing_is_tried_when_the_time_is_over() -> None:
    assert next_step(measured(solo(alive=False), remaining_s=-0.1)) is None


def test_what_is_tried_once_has_the_workers_asked_for() -> None:
    step = next_step(measured(solo(alive=False), options=Options(workers=(3, 5))))
    assert step == TryOnce(Configuration("thread", 3))


def test_what_is_tried_once_has_the_workers_that_it_must_have() -> None:
    made = measured(solo(alive=False), options=Options(workers=(3, 5)))
    fixed = replace(made.experiment.backends["thread"], fixed_workers=7)
    experiment = replace(made.experiment, backends={**made.experiment.backends, "thread": fixed})
    assert next_step(replace(made, experiment=experiment)) == TryOnce(Configuration("thread", 7))


# -- the first configurations -----------------------------------------------------------------------------------------


def test_every_backend_is_opened_once_where_its_best_is_expected() -> None:
    step = next_step(measured(solo(), steps=WATCHED))
    assert isinstance(step, Open)
    assert step.configurations == (
        Configuration("thread", 2),
        Configuration("process", 2, 1, "spawn"),
        Configuration("asyncio", 2),
    )


@pytest.mark.parametrize(
    ("options", "call_s", "kind", "name"),
    [
        (Options(), 0.2, "sync", "asyncio"),
        (Options(context="async"), 0.2, "sync", "thread"),
        (Options(), 0.05, "sync", None),
        (Options(), 0.2, "coroutine", None),
        (Options(backends=("asyncio",)), 0.2, "sync", None),
    ],
)
def test_of_two_that_run_long_calls_alike_one_is_left_out(
    options: Options, call_s: float, kind: Any, name: str | None
) -> None:
    made = measured(solo(), steps=WATCHED, options=options, call_s=call_s, kind=kind)
    step = next_step(made)
    assert left_out(made) == name
    assert isinstance(step, Open)
    assert {to.backend for to in step.configurations} == {"thread", "process", "asyncio"} - {name}


def test_each_is_warmed_up_in_turn_and_the_length_of_a_round_stays() -> None:
    asked = (*WATCHED, Open(()))
    trials = (solo(), tried("thread", workers=2), tried("process", workers=2, alive=False), tried("asyncio", workers=2))
    one = next_step(measured(*trials, steps=asked))
    assert isinstance(one, WarmUp)
    assert (one.trial, one.calls, one.chunksize, one.round_s) == (1, 2, 1, 0.1)
    two = next_step(measured(*trials, steps=(*asked, one), racing_s=0.5))
    assert isinstance(two, WarmUp)
    assert (two.trial, two.round_s) == (3, one.round_s)
    three = next_step(measured(*trials, steps=(*asked, one, two), racing_s=0.5))
    assert three == Rounds((0, 1), one.round_s, "first", passes_left=4), "a plain caller has no use for a loop"


@pytest.mark.parametrize(
    ("options", "kind", "clean"),
    [
        (Options(), "sync", (1,)),
        (Options(context="async"), "sync", (1, 2)),
        (Options(backends=("thread", "asyncio")), "sync", (1, 2)),
        (Options(), "coroutine", (1, 2)),
    ],
)
def test_what_is_no_choice_for_the_caller_is_watched_once_and_that_is_all(
    options: Options, kind: Any, clean: tuple[int, ...]
) -> None:
    trials = (solo(100.0), tried("thread", (100.0,), workers=2), tried("asyncio", (100.0,), workers=2))
    made = opened(*trials, options=options, kind=kind)
    before = replace(made, steps=made.steps[:-3])
    first_round = next_step(before)
    assert isinstance(first_round, Rounds)
    assert (first_round.trials, first_round.observed) == (clean, False)
    watched = next_step(replace(before, steps=(*before.steps, first_round)))
    assert isinstance(watched, Rounds)
    assert (watched.trials, watched.observed) == ((1, 2), True)
    compared = next_step(replace(before, steps=(*before.steps, first_round, watched)))
    assert isinstance(compared, CheckResults)
    assert compared.trials == clean


def test_rounds_are_shorter_where_the_budget_has_no_room_for_many() -> None:
    step = next_step(measured(solo(), tried("thread", workers=2), steps=(*WATCHED, Open(())), racing_s=0.9))
    assert isinstance(step, WarmUp)
    assert step.round_s == pytest.approx(0.9 / 6 / 2)


@pytest.mark.parametrize(
    ("call_s", "cold_s", "calls", "looks"), [(0.01, 0.0, 2, MOST_LOOKS), (0.2, 0.0, 0, 1), (0.2, 1.5, 2, 1)]
)
def test_long_calls_are_made_for_warmth_alone_only_where_the_first_was_dearer(
    call_s: float, cold_s: float, calls: int, looks: int
) -> None:
    trials = (solo(), tried("thread", workers=2))
    step = next_step(measured(*trials, steps=(*WATCHED, Open(())), call_s=call_s, cold_s=cold_s))
    assert isinstance(step, WarmUp)
    assert (step.calls, step.most_looks) == (calls, looks)


def test_what_was_planned_by_the_first_looks_is_planned_anew_when_calls_turn_out_shorter() -> None:
    asked = (*WATCHED, Open(()))
    trials = (solo(), tried("process", workers=2, dispatch_s=0.001))
    by_looks = next_step(measured(*trials, steps=asked, call_s=0.2))
    by_rounds = next_step(measured(*trials, steps=asked, call_s=0.2, average_call_s=1e-4))
    assert isinstance(by_looks, WarmUp)
    assert isinstance(by_rounds, WarmUp)
    assert (by_looks.calls, by_looks.chunksize) == (0, 1)
    assert by_rounds.calls == 2
    assert by_rounds.chunksize > 1


@pytest.mark.parametrize(
    ("backend", "options", "chunked"),
    [
        ("process", Options(), True),
        ("thread", Options(), False),
        ("process", Options(chunksize=1), False),
    ],
)
def test_calls_that_are_pickled_go_in_chunks_where_handing_over_costs_much(
    backend: str, options: Options, chunked: bool
) -> None:
    trials = (solo(), tried(backend, workers=2, dispatch_s=0.001))
    step = next_step(measured(*trials, steps=(*WATCHED, Open(())), call_s=1e-4, options=options))
    assert isinstance(step, WarmUp)
    assert (step.chunksize > 1) == chunked


def test_all_have_a_clean_round_then_the_others_one_that_is_watched() -> None:
    trials = (solo(), tried("thread", (90.0,), workers=2), tried("process", (180.0,), workers=2))
    warm = (*WATCHED, Open(()), WarmUp(1, 2, 1, 100.0, 0.12), WarmUp(2, 2, 1, 100.0, 0.12))
    clean = next_step(measured(*trials, steps=warm))
    assert clean == Rounds((0, 1, 2), 0.12, "first", passes_left=4)
    watched = next_step(measured(*trials, steps=(*warm, clean)))
    assert watched == Rounds((1, 2), 0.12, "first", observed=True, passes_left=3)


def test_long_calls_that_were_timed_alone_before_the_race_are_not_timed_again_for_a_first_round() -> None:
    trials = (solo(1.0), tried("thread", workers=2))
    step = next_step(measured(*trials, steps=(*WATCHED, Open(()), WarmUp(1, 0, 1, 2.0, 0.12)), call_s=1.0))
    assert step == Rounds((1,), 0.12, "first", passes_left=4)


# -- whatever happens -------------------------------------------------------------------------------------------------


class World:
    """Does what it is asked for, and lets trials die, fail to answer and speed up as ``chance`` will have it."""

    def __init__(self, chance: Any) -> None:
        self.chance = chance
        self.steps: list[Step] = []
        self.trials = [solo(ledger=None)]
        self.elapsed_s, self.calls = 0.5, chance.draw(st.sampled_from([0, 30, 10**9]))

    def measured(self) -> Measured:
        left_s = 10.0 - self.elapsed_s
        return measured(
            *self.trials,
            steps=tuple(self.steps),
            elapsed_s=self.elapsed_s,
            remaining_s=left_s,
            spare_s=left_s - 1.0,
            racing_s=left_s - 1.0,
            calls=self.calls,
        )

    def perform(self, step: Step) -> None:
        self.steps.append(step)
        self.elapsed_s += self.chance.draw(st.floats(0.01, 2.0))
        if isinstance(step, WatchAlone) and self.chance.draw(st.booleans()):
            self._change(0, solo(ledger=self.chance.draw(st.sampled_from([COMPUTING, WAITING]))))
        elif isinstance(step, Open):
            for to, of in zip_longest(step.configurations, step.twins_of):
                self.trials.append(tried(to.backend, workers=to.workers, twin_of=of))
        elif isinstance(step, Rounds):
            for number in step.trials:
                self._round(number)

    def _round(self, number: int) -> None:
        before, rate = self.trials[number].record, self.chance.draw(st.floats(10.0, 5000.0))
        rates = (*(made.calls / made.wall_s for made in before.rounds), rate)
        twin = self.trials[number].twin_of
        self._change(number, tried(before.backend, rates, workers=before.workers, twin_of=twin, ledger=before.ledger))

    def _change(self, number: int, after: Tried) -> None:
        self.trials[number] = after if self.chance.draw(st.integers(0, 9)) else replace(after, alive=False)


@settings(deadline=None, max_examples=200)
@given(st.data())
def test_it_always_comes_to_an_end(chance: Any) -> None:
    world = World(chance)
    while (step := next_step(world.measured())) is not None:
        world.perform(step)
        assert len(world.steps) < 120
    assert math.isfinite(world.elapsed_s)
