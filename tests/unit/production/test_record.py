"""Profiles: estimates for all calls from those measured, what stays unknown, and adding them up."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gilscope.production.code_digest import code_digest
from gilscope.production.merging import merged, merged_processes
from gilscope.production.profile import Profile
from tests.unit.production.profiles import make_profile


def test_a_sample_stands_for_all_calls() -> None:
    profile = make_profile(calls=1000, timed_calls=100, wall_s=1.0, durations={90: 800}, clocked_cpu_s=0.25)
    assert profile.mean_s == pytest.approx(1.0 / 800)
    assert profile.wall_s == pytest.approx(1000 / 800)
    assert profile.cpu_s == pytest.approx(0.25 * 1000 / 800)


def test_the_states_add_up_to_the_wall_clock() -> None:
    profile = make_profile(clocked_cpu_s=0.3, clocked_runqueue_s=0.1, clocked_awaited_s=0.2)
    states = (profile.cpu_s, profile.runqueue_s, profile.blocked_s)
    assert sum(value for value in states if value is not None) == pytest.approx(profile.wall_s)


def test_nothing_is_known_of_a_function_that_was_not_called() -> None:
    profile = Profile(spec="m:f", name="m:f")
    estimates = (
        "mean_s",
        "wall_s",
        "wall_error_s",
        "cpu_s",
        "runqueue_s",
        "awaited_s",
        "blocked_s",
        "possible_gil_wait_s",
    )
    assert [getattr(profile, name) for name in estimates] == [None] * len(estimates)
    assert (profile.steps, profile.demands, profile.quantile_s(0.5)) == (None, None, None)


def test_a_run_queue_that_the_kernel_does_not_tell_is_unknown() -> None:
    profile = make_profile(clocked_runqueue_s=None, clocked_cpu_s=0.4)
    assert profile.runqueue_s is None
    assert profile.blocked_s == pytest.approx(0.6)


def test_other_threads_hide_what_the_librarys_own_use() -> None:
    assert make_profile(clocked_own_s=3.0).own_threads_cpu_s == pytest.approx(3.0)
    assert make_profile(clocked_own_s=3.0, clocked_alone=99).own_threads_cpu_s is None


def test_the_gil_wait_is_known_only_where_nobody_could_hold_it() -> None:
    alone, beside, free = (
        make_profile(),
        make_profile(clocked_alone=0),
        make_profile(clocked_alone=0, gil_enabled=False),
    )
    waits = [profile.demands.gil_wait_s for profile in (alone, beside, free) if profile.demands]
    assert waits == [0.0, None, 0.0]


def test_a_total_of_every_call_is_exact_and_one_of_a_sample_is_not() -> None:
    spread = {60: 50, 100: 50}
    every = make_profile(durations=spread).wall_error_s
    sample = make_profile(durations=spread, timed_calls=25).wall_error_s
    fewer = make_profile(durations=spread, timed_calls=5).wall_error_s
    assert every == 0
    assert sample is not None
    assert fewer is not None
    assert 0 < sample < fewer


figures = st.integers(min_value=0, max_value=1000)


@st.composite
def profiles(draw: st.DrawFn) -> Profile:
    calls = draw(st.integers(min_value=0, max_value=1000))
    return make_profile(
        spec=draw(st.sampled_from(["m:f", "m:g"])),
        calls=calls,
        errors=draw(figures),
        nested=draw(figures),
        wall_s=float(draw(figures)),
        clocked_runqueue_s=draw(st.none() | st.just(1.0)) if calls else None,
        longest_s=draw(st.none() | st.floats(0, 10)),
    )


@given(st.lists(profiles(), max_size=8))
def test_merging_adds_up(found: list[Profile]) -> None:
    whole = merged(found)
    assert len({profile.spec for profile in whole}) == len(whole)
    for name in ("calls", "errors", "nested", "processes", "timed_calls", "timed_wall_s", "timed_weight"):
        assert sum(getattr(each, name) for each in whole) == pytest.approx(sum(getattr(each, name) for each in found))


@given(st.lists(profiles(), min_size=2, max_size=6), st.randoms())
def test_the_order_of_merging_does_not_matter(found: list[Profile], rng: Any) -> None:
    mixed = found[:]
    rng.shuffle(mixed)
    halves = [*merged(mixed[: len(mixed) // 2]), *merged(mixed[len(mixed) // 2 :])]
    assert as_set(merged(halves)) == as_set(merged(found))


def as_set(found: list[Profile]) -> list[dict[str, Any]]:
    """What is comparable, without regard to order or to the last digit of sums of floats."""
    plain = [msgspec.to_builtins(profile) for profile in sorted(found, key=lambda each: each.spec)]
    return [{name: round(v, 6) if isinstance(v, float) else v for name, v in each.items()} for each in plain]


def test_an_unknown_run_queue_stays_unknown_when_merged() -> None:
    parts = [make_profile(), make_profile(clocked_runqueue_s=None)]
    assert merged(parts)[0].runqueue_s is None
    assert merged([make_profile(), make_profile(calls=0, clocked_runqueue_s=None)])[0].runqueue_s == 0.0


def test_with_one_that_kept_less_all_are_told_by_their_wall_clock() -> None:
    kept = make_profile(clocked_cpu_s=0.2, clocked_wall_wall_s2=0.02, clocked_wall_cpu_s2=0.004, wall_s=1.0)
    older = make_profile(clocked_cpu_s=0.6)
    assert kept.cpu_error_s is not None
    whole = merged([kept, older])[0]
    assert whole.cpu_s == pytest.approx((whole.wall_s or 0.0) * 0.4)
    assert whole.cpu_error_s is None


def test_functions_of_one_name_in_two_places_stay_two() -> None:
    assert len(merged([make_profile(line=1), make_profile(line=2)])) == 2


def test_a_function_stays_one_when_its_line_moves() -> None:
    moved = [[make_profile(line=9, digest="b")], [make_profile(line=4, digest="a")], [make_profile(line=1)]]
    (one,) = merged_processes(moved)
    assert (one.calls, one.line) == (300, 9), "it is where the latest has it"


def test_functions_of_one_name_are_told_by_their_code_wherever_it_moves() -> None:
    before = [make_profile(line=1, digest="a"), make_profile(line=5, digest="b", calls=10)]
    after = [make_profile(line=7, digest="b", calls=10), make_profile(line=3, digest="a")]
    assert sorted((each.calls, each.digest) for each in merged_processes([after, before])) == [(20, "b"), (200, "a")]


def test_the_digest_of_code_minds_its_work_and_not_its_place() -> None:
    def made(text: str) -> str:
        names: dict[str, Any] = {}
        exec(text, names)
        return code_digest(names["f"].__code__)

    text = "def f(x):\n    return x in {'a', 'b', 'c'} and (lambda: 2)"
    assert made(text) == made(f"# moved\n\n{text}") != made(text.replace("2", "3"))


def test_the_record_survives_json() -> None:
    profile = make_profile(longest_block_s=0.1)
    assert msgspec.json.decode(msgspec.json.encode(profile), type=Profile) == profile
