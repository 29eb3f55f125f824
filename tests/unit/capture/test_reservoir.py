"""Which calls are kept: a bounded number, of every kind, and of each kind a uniform sample."""

from __future__ import annotations

import random
from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from gilscope.capture.allowance import FIRST_NS, SHARE, Allowance
from gilscope.capture.reservoir import MOST_STRATA, Reservoir, proportional
from gilscope.capture.strata import kind_of_call


def sampled(kinds: list[int], most: int, seed: int) -> dict[int, tuple[int, int]]:
    """By place, the number and the kind of the call that is in it, after calls of these kinds."""
    reservoir = Reservoir(most, random.Random(seed).random)
    places: dict[int, tuple[int, int]] = {}
    for number, kind in enumerate(kinds):
        stratum = reservoir.stratum(kind)
        slot = reservoir.choose(stratum)
        if slot is not None:
            reservoir.put(stratum, slot)
            places[slot] = number, kind
    return places


@given(st.lists(st.integers(0, 50), max_size=300), st.integers(1, 20), st.integers(0, 99))
def test_never_more_are_kept_than_asked_for_and_never_fewer_than_there_are(
    kinds: list[int], most: int, seed: int
) -> None:
    places = sampled(kinds, most, seed)
    assert sorted(places) == list(range(min(most, len(kinds))))


@given(st.integers(1, 6), st.integers(1, 40), st.integers(0, 99))
def test_a_rare_kind_is_kept_however_many_others_there_are(rare: int, at: int, seed: int) -> None:
    kinds = [0] * 400
    kinds[-at:-at] = [1] * rare
    kept = Counter(kind for _, kind in sampled(kinds, 20, seed).values())
    assert kept == {0: 20 - rare, 1: rare}


@given(st.integers(0, 9))
@settings(deadline=None)
def test_each_call_of_a_kind_is_kept_as_often_as_any_other(seed: int) -> None:
    """The first are no likelier than the last, though another kind takes half of the places meanwhile."""
    kinds = [0] * 60 + [1] * 60
    times: Counter[int] = Counter()
    for turn in range(400):
        times.update(number for number, kind in sampled(kinds, 10, 1000 * seed + turn).values() if kind == 0)
    early, late = (sum(times[number] for number in range(at, at + 30)) for at in (0, 30))
    assert abs(early - late) < 5 * (early + late) ** 0.5


def test_kinds_beyond_the_most_are_one_together() -> None:
    reservoir = Reservoir(100, random.Random(0).random)
    assert len({reservoir.stratum(kind).number for kind in range(10 * MOST_STRATA)}) == MOST_STRATA


def test_a_call_that_could_not_be_kept_leaves_its_place_to_the_next() -> None:
    reservoir = Reservoir(2, random.Random(0).random)
    stratum = reservoir.stratum("any")
    assert [reservoir.choose(stratum), reservoir.choose(stratum)] == [0, 0]
    reservoir.put(stratum, 0)
    assert reservoir.choose(stratum) == 1


@given(st.lists(st.tuples(st.integers(1, 200), st.integers(0, 10_000)), min_size=1, max_size=10))
def test_each_kind_is_drawn_as_often_as_it_was_called(kinds: list[tuple[int, int]]) -> None:
    kept = {number: few for number, (few, _) in enumerate(kinds)}
    calls = {number: few + more for number, (few, more) in enumerate(kinds)}
    drawn = proportional(calls, kept)
    assert all(1 <= drawn[number] <= kept[number] for number in kept)
    most = min(kept[number] * sum(calls.values()) / calls[number] for number in kept)
    assert all(abs(drawn[number] - most * calls[number] / sum(calls.values())) <= 1 for number in kept)


def test_kinds_are_told_apart_by_types_and_sizes_and_not_by_values() -> None:
    class Query:
        def __len__(self) -> int:
            raise AssertionError("a query would be run")

    assert kind_of_call([Query(), "abc"]) == kind_of_call([Query(), "xyz"])
    assert kind_of_call(["a" * 10]) != kind_of_call(["a" * 1000])
    assert kind_of_call([1]) != kind_of_call([1.0])
    assert kind_of_call([3]) != kind_of_call([10**30])


@given(st.lists(st.tuples(st.integers(0, 10**7), st.integers(0, 10**7)), max_size=200))
def test_no_more_time_is_taken_than_is_allowed_beside_one_call(calls: list[tuple[int, int]]) -> None:
    allowance, now_ns, spent_ns, longest_ns = Allowance(0), 0, 0, 0
    for between_ns, within_ns in calls:
        now_ns += between_ns
        if not allowance.is_spent(now_ns):
            now_ns += within_ns
            spent_ns += within_ns
            longest_ns = max(longest_ns, within_ns)
            allowance.spend(within_ns)
    assert spent_ns <= FIRST_NS + SHARE * now_ns + longest_ns


def test_it_begins_again_only_where_that_is_worth_it() -> None:
    allowance = Allowance(0)
    allowance.spend(2 * FIRST_NS)
    times = range(0, 30 * 10**9, 10**7)
    again = next(at for at in times if allowance.is_worth(at))
    assert not allowance.is_spent(again)
    assert again > next(at for at in times if not allowance.is_spent(at))
