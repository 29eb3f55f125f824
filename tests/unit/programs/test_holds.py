"""How long the GIL was held at a time."""

from __future__ import annotations

import dataclasses
import random

import pytest

from gilscope.programs.gil_holds import GilHolds, weighted_quantile
from gilscope.programs.moments import ProcessMoment
from tests.unit.programs.builders import SPAN_S, feed, function, holding, moment, numbered, waiting


def test_a_long_hold_is_as_long_as_it_was_seen_to_be_within_two_gaps() -> None:
    holds = GilHolds()
    feed(holds, [moment(0, waiting(2, "serve"), switches=1)])
    feed(holds, [moment(at, holding(1, "crunch"), waiting(2, "serve"), switches=2) for at in numbered(50)])
    feed(holds, [moment(51, holding(2, "serve"), switches=3)])
    holds.finish()
    found = holds.functions[function("crunch")]
    assert found.longest_s == pytest.approx(0.5, abs=2 * SPAN_S)
    assert found.longest_at_s == pytest.approx(SPAN_S)
    assert [each.function.name for each in found.longest_stack] == ["crunch"]


def test_a_hold_that_nobody_wants_is_held_but_not_long() -> None:
    holds = GilHolds()
    feed(holds, [moment(at, holding(1, "crunch")) for at in numbered(50)])
    holds.finish()
    found = holds.functions[function("crunch")]
    assert found.held_s == pytest.approx(0.5)
    assert (found.longest_s, found.count) == (0.0, 0)


def test_a_holder_that_is_blocked_itself_is_told_with_the_state() -> None:
    holds = GilHolds()
    feed(holds, [moment(at, holding(1, "query", wait="network"), waiting(2, "serve")) for at in numbered(50)])
    assert dict(holds.functions[function("query")].blocked_s) == pytest.approx({"network": 0.5})


def test_a_hold_that_outlasts_the_switch_interval_is_native_codes() -> None:
    holds = GilHolds()
    feed(holds, [moment(at, holding(1, "sort"), waiting(2, "serve"), switches=at // 6) for at in numbered(60)])
    feed(holds, [moment(at, holding(1, "crunch"), waiting(2, "serve"), switches=at) for at in numbered(60, 61)])
    holds.finish()
    native, python = holds.functions[function("sort")], holds.functions[function("crunch")]
    assert native.unyielding_s > 0.9 * native.wanted_s
    assert python.unyielding_s == 0.0 < python.wanted_s


@pytest.mark.parametrize(
    ("interval_s", "saturated", "unyielding"), [(0.005, False, True), (0.1, False, False), (0.0001, True, True)]
)
def test_how_long_python_may_keep_the_gil_is_what_the_program_has_set(
    interval_s: float, saturated: bool, unyielding: bool
) -> None:
    """The hold is wanted for 50 ms."""
    holds = GilHolds()
    sorting = (holding(1, "sort"), waiting(2, "serve"))
    feed(
        holds,
        (
            moment(at, *sorting, switches=at // 6, interval_s=interval_s, saturated=saturated)
            for at in numbered(60)
        ),
    )  # fmt: skip
    holds.finish()
    assert (holds.functions[function("sort")].unyielding_s > 0) is unyielding


def test_who_asks_for_the_gil_is_given_time_to_get_a_cpu() -> None:
    for saturated in (False, True):
        holds = GilHolds()
        crunching = (holding(1, "crunch"), waiting(2, "serve"))
        moments = (
            moment(at, *crunching, switches=at // 2, interval_s=1e-4, saturated=saturated) for at in numbered(60)
        )
        feed(holds, moments)
        holds.finish()
        assert (holds.functions[function("crunch")].unyielding_s > 0) is not saturated


@pytest.mark.parametrize(("without_cpu", "unyielding"), [(range(61), False), (range(30, 34), True)])
def test_a_holder_keeps_from_others_what_it_uses_a_cpu_for(without_cpu: range, unyielding: bool) -> None:
    """One that is given no CPU while it holds the GIL can give up nothing; one that mostly runs could."""
    holds = GilHolds()
    crunching = holding(1, "crunch")
    ready = dataclasses.replace(crunching, on_cpu=False)
    feed(
        holds,
        (moment(at, ready if at in without_cpu else crunching, waiting(2, "serve"), switches=1) for at in numbered(60)),
    )
    holds.finish()
    assert (holds.functions[function("crunch")].unyielding_s > 0) is unyielding


def test_who_was_just_handed_the_gil_is_not_blocked_on_it() -> None:
    holds = GilHolds()
    feed(holds, [moment(at, holding(1, "crunch", wait="gil_wait")) for at in numbered(5)])
    assert dict(holds.functions[function("crunch")].blocked_s) == {}


def test_the_share_of_the_time_in_which_it_was_held() -> None:
    holds = GilHolds()
    feed(holds, [moment(at, holding(1, "crunch")) for at in numbered(30)])
    feed(holds, [moment(at) for at in numbered(10, 31)])
    assert holds.held_s / holds.observed_s == pytest.approx(0.75)


def looks_at(lengths: list[float], rng: random.Random) -> list[ProcessMoment]:
    """Moments, one at random in each slot, of two threads that take turns to hold the GIL so long."""
    ends, at = [], 0.0
    for length in lengths:
        at += length
        ends.append(at)
    found, hold = [], 0
    for slot in range(int(at / SPAN_S)):
        now = (slot + rng.random()) * SPAN_S
        while ends[hold] <= now:
            hold += 1
        one, other = (1, "crunch"), (2, "serve")
        holder, waiter = (one, other) if hold % 2 == 0 else (other, one)
        found.append(moment(0, holding(*holder), waiting(*waiter), switches=hold))
        found[-1] = type(found[-1])(found[-1].pid, now, SPAN_S, found[-1].gils, found[-1].threads, 2)
    return found


@pytest.mark.parametrize("length_s", [0.002, 0.005, 0.03])
def test_the_median_and_the_count_of_holds_are_told_of_short_ones_too(length_s: float) -> None:
    rng = random.Random(4)
    lengths = [length_s * rng.uniform(0.8, 1.2) for _ in range(int(20 / length_s))]
    holds = GilHolds()
    feed(holds, looks_at(lengths, rng))
    holds.finish()
    found = holds.functions[function("crunch")]
    assert weighted_quantile(found.lengths, 0.5) == pytest.approx(length_s, rel=0.3)
    assert found.count == pytest.approx(len(lengths) / 2, rel=0.3)


def test_what_is_kept_of_a_days_holds_is_bounded() -> None:
    holds = GilHolds()
    for at in range(20_000):
        holds.see(moment(at, holding(1 + at % 2, "crunch"), waiting(2 - at % 2, "serve"), switches=at))
    found = holds.functions[function("crunch")]
    assert len(found.lengths) <= 2_000
    assert found.count == pytest.approx(20_000, rel=0.05)


def test_a_weighted_quantile_counts_each_value_as_often_as_it_weighs() -> None:
    assert weighted_quantile([(1.0, 9.0), (5.0, 1.0)], 0.5) == 1.0
    assert weighted_quantile([(1.0, 9.0), (5.0, 1.0)], 0.99) == 5.0
    assert weighted_quantile([], 0.5) == 0.0
