"""Which other counts of workers are tried, and what is measured at last, on handmade measurements."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from gilscope.configuration import Configuration
from gilscope.decide.measured import Measured, Tried
from gilscope.decide.next_steps import kept_for_hot_lines_s, next_step
from gilscope.decide.steps import (
    CheckResults,
    LookForHotLines,
    LookForNativePools,
    MeasureMore,
    Open,
    Rounds,
    SingleCalls,
    Step,
    WarmUp,
)
from gilscope.options import Options
from tests.unit.decide_builders import tried
from tests.unit.next_builders import SURE, WAITING, contests, opened, solo

# -- more worker counts -----------------------------------------------------------------------------------------------

#: A function that waits, whose threads do as much as they should.
SCALING = (
    solo(100.0, ledger=WAITING),
    tried("thread", (780.0,), workers=8),
    tried("process", (190.0, 190.0), workers=2),
)


def test_more_workers_are_tried_where_they_may_pay() -> None:
    assert next_step(opened(*SCALING)) == Open((Configuration("thread", 16),))


@pytest.mark.parametrize(
    "fields",
    [
        {"options": Options(workers=(8,))},
        {"options": Options(exhaustive=True)},
        {"options": Options(max_workers=8)},
        {"elapsed_s": 6.0},
        {"calls": 0},
        {"more": contests(1)},
    ],
    ids=["asked for", "all were tried", "no more allowed", "late", "no calls", "the contest has begun"],
)
def test_no_more_counts_where_nobody_wants_them(fields: dict[str, Any]) -> None:
    assert not opens_more(next_step(opened(*SCALING, **fields)))


def opens_more(step: Step | None) -> bool:
    return isinstance(step, Open) and not step.twins_of


def test_no_more_counts_of_a_backend_of_which_one_failed_or_that_has_no_choice() -> None:
    failed = tried("thread", workers=16, alive=False, status="failed")
    assert not opens_more(next_step(opened(*SCALING, failed)))
    fixed = opened(*SCALING)
    backends = {**fixed.experiment.backends, "thread": replace(fixed.experiment.backends["thread"], fixed_workers=8)}
    assert not opens_more(next_step(replace(fixed, experiment=replace(fixed.experiment, backends=backends))))


def test_no_more_counts_of_a_backend_of_which_two_did_not_help() -> None:
    useless = (tried("thread", (104.0,), workers=8), tried("thread", (90.0,), workers=16))
    assert not opens_more(next_step(opened(solo(100.0, ledger=WAITING), *useless)))
    useful = (tried("thread", (780.0,), workers=8), tried("thread", (1500.0,), workers=16))
    assert next_step(opened(solo(100.0, ledger=WAITING), *useful)) == Open((Configuration("thread", 32),))


def test_coroutines_are_tried_by_more_though_their_loop_is_not_near_the_leader() -> None:
    trials = (solo(100.0, ledger=WAITING), tried("process", (900.0,), workers=2), tried("asyncio", (600.0,), workers=8))
    coroutines, plain = (next_step(opened(*trials, kind=kind)) for kind in ("coroutine", "sync"))
    assert isinstance(coroutines, Open)
    assert isinstance(plain, Open)
    assert Configuration("asyncio", 32) in coroutines.configurations
    assert {to.backend for to in plain.configurations} == {"process"}


def test_no_more_coroutines_are_tried_where_they_compute_and_a_loop_does_what_it_should() -> None:
    def opens(loop_per_s: float) -> bool:
        trials = (solo(100.0), tried("process", (190.0,), workers=2), tried("asyncio", (loop_per_s,), workers=8))
        return opens_more(next_step(opened(*trials, kind="coroutine")))

    assert not opens(101.0)
    assert opens(180.0), "where it does more there is something that the model does not know"


def test_results_are_compared_before_more_counts_are_tried_or_anyone_is_measured_at_length() -> None:
    everything = opened(*SCALING)
    before = replace(everything, steps=everything.steps[:-1])
    compare, then = next_step(before), next_step(everything)
    assert isinstance(compare, CheckResults)
    assert isinstance(then, Open)
    assert compare.soon == len(then.configurations) + 1, (
        "for which processes start meanwhile, and for the leader's second"
    )
    settled = opened(*SURE)
    only_the_second = next_step(replace(settled, steps=settled.steps[:-1]))
    assert isinstance(only_the_second, CheckResults)
    assert only_the_second.soon == 1


def test_those_that_were_opened_later_have_their_first_rounds_too() -> None:
    more = (Open((Configuration("thread", 16),)), WarmUp(3, 16, 1, 1500.0, 0.12))
    late = tried("thread", workers=16)
    clean = next_step(opened(*SCALING, more=more) if False else _later(late, more))
    assert clean == Rounds((3,), 0.12, "first", passes_left=4)
    assert next_step(_later(late, (*more, clean))) == Rounds((3,), 0.12, "first", observed=True, passes_left=3)


def _later(late: Tried, more: tuple[Step, ...]) -> Measured:
    before = opened(*SCALING, more=more)
    return replace(before, trials=(*before.trials, late))


# -- a few calls more -------------------------------------------------------------------------------------------------


def after(*trials: Tried, more: tuple[Step, ...] = (), **fields: Any) -> Measured:
    again: Step = Open((), twins_of=(0,))
    return opened(*trials, more=(*contests(16), again, again, MeasureMore(), *more), **fields)


def test_what_goes_in_chunks_has_one_short_round_of_single_calls() -> None:
    chunked = tried("process", (5000.0,), workers=2, chunksize=10)
    slower = tried("process", (4000.0,), workers=4, chunksize=10)
    made = after(solo(100.0), slower, chunked)
    step = next_step(made)
    assert step == SingleCalls(2, round(0.05 * 5000)), "the fastest such pool, and no other"
    assert not isinstance(next_step(replace(made, steps=(*made.steps, step))), SingleCalls)
    assert not isinstance(next_step(after(solo(100.0), chunked, racing_s=0.1)), SingleCalls)
    few = next_step(after(solo(100.0), chunked, calls=3))
    assert few == SingleCalls(1, 3)


def test_the_rest_comes_in_order_and_then_there_is_nothing_more() -> None:
    asked: list[Step] = []
    while (step := next_step(after(*SURE, more=tuple(asked)))) is not None:
        asked.append(step)
    assert asked == [LookForNativePools(), LookForHotLines()]


@pytest.mark.parametrize(
    ("fields", "why_not"),
    [
        ({}, None),
        ({"options": Options(hot_lines=False)}, "not asked for"),
        ({"calls": 0}, "no calls were left in the budget"),
        ({"remaining_s": 0.1}, "no time was left in the budget"),
    ],
)
def test_why_there_are_no_hot_lines(fields: dict[str, Any], why_not: str | None) -> None:
    assert next_step(after(*SURE, more=(LookForNativePools(),), **fields)) == LookForHotLines(why_not)


def test_a_solo_run_that_has_ended_shows_no_hot_lines() -> None:
    assert next_step(after(solo(100.0, alive=False), SURE[1])) == LookForHotLines("the solo run had ended")


@pytest.mark.parametrize(("budget_s", "kept_s"), [(2.0, 0.5), (10.0, 1.0), (60.0, 6.0)])
def test_time_is_kept_for_the_hot_lines_where_they_are_wanted(budget_s: float, kept_s: float) -> None:
    assert kept_for_hot_lines_s(Options(budget_s=budget_s)) == kept_s
    assert kept_for_hot_lines_s(Options(budget_s=budget_s, hot_lines=False)) == 0.0
