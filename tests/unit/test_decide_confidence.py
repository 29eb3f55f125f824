"""How sure a comparison is: laws, and drawn rounds that the formulas are held against."""

from __future__ import annotations

import math
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gilscope.decide import confidence as c
from gilscope.decide.stats import Estimate, student_cdf, student_quantile

LEADER = [101.0, 99.0, 100.0, 102.0]
NEAR = [98.0, 97.0, 99.0, 96.0]
FAR = [50.0, 51.0, 49.0, 50.0]


def standings(*configurations: list[float]) -> list[c.Standing]:
    """Of configurations with one process each."""
    return c.standings([[rounds] for rounds in configurations])


def test_the_whole_comparison_is_less_sure_than_its_least_sure_part() -> None:
    chosen, *others = standings(LEADER, *[NEAR] * 4)
    one, all_four = c.within_floor(chosen, others[:1], 0.05), c.within_floor(chosen, others, 0.05)
    assert one**4 < all_four < one - 0.01


def test_what_is_far_behind_takes_nothing_away() -> None:
    chosen, near, far = standings(LEADER, NEAR, FAR)
    assert c.within_floor(chosen, [near, far], 0.05) == pytest.approx(c.within_floor(chosen, [near], 0.05), abs=1e-3)


def test_the_integral_is_what_drawing_gives() -> None:
    """Each configuration drawn from what is known of it, equals counting as many times as they are likelier."""
    rng, known = Random(1), standings([95, 103, 99], [104, 109, 101], [100, 96, 107, 98])
    good = whole = 0.0
    for _ in range(20_000):
        chosen, *others = (each.centre + each.scale * student_draw(rng, each.freedom) for each in known)
        weight = math.prod(c.EQUALS_LIKELIER if abs(other - chosen) < math.log(1.05) else 1.0 for other in others)
        whole += weight
        good += weight * all(other <= chosen + math.log(1.05) for other in others)
    assert c.within_floor(known[0], known[1:], 0.05) == pytest.approx(good / whole, abs=0.015)


def test_the_expected_loss_is_what_drawing_gives() -> None:
    rng, (chosen, other) = Random(2), standings([95, 103, 99], [104, 109, 101])
    lost = 0.0
    for _ in range(20_000):
        first, second = (each.centre + each.scale * student_draw(rng, each.freedom) for each in (chosen, other))
        lost += max(second - first - math.log(1.05), 0.0) / 20_000
    assert c.expected_loss(chosen, [other], 0.05) == pytest.approx(lost, rel=0.1)


def test_no_more_is_lost_than_what_more_of_them_may_be_faster_by() -> None:
    chosen, near, far = standings(LEADER, NEAR, FAR)
    one, two = c.expected_loss(chosen, [near], 0.05), c.expected_loss(chosen, [near, near], 0.05)
    assert two == pytest.approx(2 * one)
    assert c.expected_loss(chosen, [near, far], 0.05) == pytest.approx(one, abs=1e-3)
    assert c.expected_loss(near, [chosen], 0.0) > c.expected_loss(near, [chosen], 0.05) > one
    assert c.expected_loss(far, [chosen], 0.05) == pytest.approx(math.log(2 / 1.05), abs=0.02)
    assert c.expected_loss(chosen, [], 0.05) == 0


def student_draw(rng: Random, freedom: float) -> float:
    degrees = math.floor(freedom)
    return rng.gauss(0, 1) / math.sqrt(rng.gammavariate(degrees / 2, 2) / degrees)


def test_asking_after_every_round_costs_confidence() -> None:
    chosen, near = standings(LEADER, [104.0, 105.0, 103.0, 106.0])
    asked = [c.within_floor(chosen, [near], 0.05, times) for times in (1, 5, 20)]
    assert asked == sorted(asked, reverse=True)
    assert asked[0] > asked[-1] + 0.01
    assert [c.looks(passes) for passes in (1, 3, 4, 12)] == [1, 1, 2, 10]


def test_rounds_of_a_pass_in_two_processes_are_one_look() -> None:
    one, two = c.standings([[[100.0] * 6], [[100.0] * 6, [101.0] * 5]])
    assert (one.passes, two.passes, two.rounds) == (6, 6, 11)


def test_rounds_of_several_processes_prove_more_than_as_many_of_one() -> None:
    once, thrice = c.standings([[[100.0, 101.0] * 3], [[100.0, 101.0]] * 3])
    assert thrice.scale < once.scale
    assert once.centre == pytest.approx(thrice.centre)


def test_processes_that_differ_leave_more_doubt_than_those_that_agree() -> None:
    alike, apart = ([[100.0, 101.0, 99.0], [x, x + 1, x - 1]] for x in (100.0, 130.0))
    rival = [[90.0, 91.0, 89.0]]
    sure = [c.within_floor(*head, 0.05) for head in (split(c.standings([each, rival])) for each in (alike, apart))]
    assert sure[0] > sure[1]


def split(known: list[c.Standing]) -> tuple[c.Standing, list[c.Standing]]:
    return known[0], known[1:]


def test_a_single_round_is_judged_by_the_noise_of_the_others_and_has_no_interval() -> None:
    quiet = standings([100.0], [110.0, 110.1, 109.9, 110.0], [50.0, 50.1, 49.9, 50.0])
    noisy = standings([100.0], [110.0, 150.0, 80.0, 110.0], [50.0, 70.0, 36.0, 50.0])
    assert quiet[0].scale < noisy[0].scale
    gap = c.ratio(quiet[0], quiet[1])
    assert gap.value == pytest.approx(100 / 110)
    assert (gap.low, gap.high) == (None, None)


def test_ties_go_by_intervals() -> None:
    """Medians 8 % apart: told apart by quiet rounds in several processes, not by noisy ones."""
    quiet = c.standings([[[100.0, 100.2, 99.8]] * 4, [[108.0, 108.2, 107.8]] * 4])
    noisy = standings([100.0, 115.0, 88.0], [108.0, 95.0, 125.0])
    assert not c.tied(quiet[1], quiet[0], 0.05)
    assert c.tied(quiet[1], quiet[0], 0.09)
    assert c.tied(noisy[1], noisy[0], 0.05)


def test_the_ratio_is_that_of_the_medians_that_tables_show() -> None:
    several, serial = c.standings([[[100.0, 101.0, 102.0, 99.0], [90.0, 91.0]], [[50.0, 50.0, 50.0]]])
    gain = c.ratio(several, serial)
    assert gain.value == pytest.approx(99.5 / 50, rel=1e-3)
    assert gain.low is not None
    assert gain.high is not None
    assert gain.low < gain.value < gain.high


def test_a_large_gap_is_in_doubt_rather_than_absent() -> None:
    chosen, other = standings([150.0, 300.0], [100.0, 180.0])
    gain = c.ratio(chosen, other)
    assert gain.low is not None
    assert gain.low < 1
    assert not c.tied(chosen, other, 0.05)


def test_nothing_to_compare_with_is_no_confidence() -> None:
    (only,) = standings(LEADER)
    assert c.confidence(only, [], 0.05, [], Estimate(1.0, 1.0, 1.0)) == c.ALONE


def test_what_a_bound_rules_out_counts_for_little_unless_its_rounds_were_fast() -> None:
    serial, slow, fast = standings(LEADER, FAR, [200.0, 201.0, 199.0])
    none = Estimate(1.0, 1.0, 1.0)
    assert c.confidence(serial, [], 0.05, [slow], none) > 0.99
    assert c.confidence(serial, [], 0.05, [fast], none) == pytest.approx(c.BOUND_TRUST, abs=0.02)


ROUNDS = st.lists(st.floats(10, 1000), min_size=1, max_size=6)


@given(ROUNDS, ROUNDS, ROUNDS)
def test_a_gain_whose_interval_contains_one_is_never_sure(a: list[float], b: list[float], serial: list[float]) -> None:
    known = standings(a, b, serial)
    gain = c.ratio(known[0], known[2])
    sure = c.confidence(known[0], known[1:], 0.05, [], gain)
    assert 0 <= sure <= 1
    assert sure <= c.NO_SURE_GAIN or (gain.low is not None and gain.high is not None and not gain.low <= 1 <= gain.high)


@given(ROUNDS, ROUNDS, st.floats(0.01, 100))
def test_it_is_the_same_in_any_unit(a: list[float], b: list[float], unit: float) -> None:
    known, scaled = standings(a, b), standings(*([unit * rate for rate in each] for each in (a, b)))
    assert c.within_floor(scaled[0], scaled[1:], 0.05) == pytest.approx(c.within_floor(known[0], known[1:], 0.05))


def test_a_configuration_without_rounds_has_no_standing() -> None:
    with pytest.raises(ValueError, match="without rounds"):
        c.standings([[[1.0]], [[]]])


@pytest.mark.parametrize("freedom", [1, 2, 3, 4, 7, 10, 25, 100])
def test_quantile_and_distribution_are_each_others_inverse(freedom: int) -> None:
    assert student_cdf(student_quantile(freedom), freedom) == pytest.approx(0.95, abs=2e-3)
    assert student_cdf(0.0, freedom) == pytest.approx(0.5)
    assert student_cdf(-2.0, freedom) == pytest.approx(1 - student_cdf(2.0, freedom))
