"""The stacks of a solo run, from py-spy's three views made by hand."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

import gilscope
from gilscope.observers.callstacks import MOST_FRAMES, MOST_STACKS, call_stacks
from gilscope.observers.stacks import Samples, parse_raw
from gilscope.records import Stack

OWN = f"run_chunk_here ({Path(gilscope.__file__).parent}/backends/worker.py:207)"
CALL = f"thread (1): MainThread;<module> (a.py:1);{OWN};"
POOL = "thread (2): pool;run (threading.py:9);"


def view(counts: Mapping[str, int]) -> Samples:
    return Samples(parse_raw("\n".join(f"{path} {count}" for path, count in counts.items())), 100)


def told(gil: Mapping[str, int], everyone: Mapping[str, int]) -> dict[tuple[str, ...], tuple[int, int | None]]:
    return {each.frames: (each.samples, each.gil_samples) for each in call_stacks(view(gil), view({}), view(everyone))}


def test_the_frames_beneath_the_call_are_cut_off_and_the_most_frequent_come_first() -> None:
    made = call_stacks(None, view({}), view({f"{CALL}f (a.py:2)": 3, f"{CALL}f (a.py:4);g (b.py:5)": 9}))
    assert made == (
        Stack(frames=("f (a.py:4)", "g (b.py:5)"), samples=9),
        Stack(frames=("f (a.py:2)",), samples=3),
    )


def test_gilscopes_own_work_is_left_out() -> None:
    assert call_stacks(view({CALL[:-1]: 5}), view({CALL[:-1]: 5}), view({CALL[:-1]: 5})) == ()


def test_a_caller_counts_while_it_waits_another_thread_only_while_it_is_active() -> None:
    active = {f"{CALL}f (a.py:2)": 10, f"{POOL}work (a.py:7)": 20}
    everyone = {f"{CALL}f (a.py:2)": 70, f"{POOL}work (a.py:7)": 25, f"{POOL}wait (threading.py:1)": 60}
    made = call_stacks(None, view(active), view(everyone))
    assert [(each.frames[-1], each.samples) for each in made] == [("f (a.py:2)", 70), ("work (a.py:7)", 20)]


def test_without_the_view_of_everyone_those_that_are_active_are_told() -> None:
    (made,) = call_stacks(view({f"{CALL}f (a.py:2)": 4}), view({f"{CALL}f (a.py:2)": 9}), None)
    assert (made.samples, made.gil_samples) == (9, 4)
    assert call_stacks(view({f"{CALL}f (a.py:2)": 4}), None, None) == ()


def test_without_the_view_of_the_gil_its_samples_are_unknown() -> None:
    (made,) = call_stacks(None, None, view({f"{CALL}f (a.py:2)": 9}))
    assert (made.samples, made.gil_samples) == (9, None)


def test_outer_frames_that_were_missed_are_told_to_be_missing() -> None:
    assert set(told({}, {f"{CALL}f (a.py:2)": 9, "thread (1): MainThread;g (a.py:5)": 1})) == {
        ("f (a.py:2)",),
        ("…", "g (a.py:5)"),
    }


def test_holding_the_gil_counts_for_the_same_stack_first() -> None:
    one, two = f"{CALL}f (a.py:2)", f"{CALL}f (a.py:3)"
    assert told({one: 5}, {one: 9, two: 9}) == {("f (a.py:2)",): (9, 5), ("f (a.py:3)",): (9, 0)}


def test_holding_the_gil_counts_for_another_line_of_the_same_call_rather_than_for_none() -> None:
    """The views are of other moments, and no line of a loop is seen as often in one as in the other."""
    f2, f3, g = f"{CALL}f (a.py:2)", f"{CALL}f (a.py:3)", f"{CALL}g (a.py:8)"
    assert told({f2: 12, g: 1}, {f2: 10, f3: 4, g: 6}) == {
        ("f (a.py:2)",): (10, 10),
        ("f (a.py:3)",): (4, 2),
        ("g (a.py:8)",): (6, 1),
    }


def test_what_has_no_call_in_common_is_dropped() -> None:
    assert told({f"{CALL}g (a.py:8)": 4}, {f"{CALL}f (a.py:2)": 9}) == {("f (a.py:2)",): (9, 0)}


def test_of_a_deep_recursion_both_ends_are_kept() -> None:
    deep = ";".join(f"f (a.py:{depth})" for depth in range(1000))
    ((frames, _),) = told({}, {CALL + deep: 1}).items()
    assert len(frames) == MOST_FRAMES + 1
    assert (frames[0], frames[MOST_FRAMES // 2], frames[-1]) == ("f (a.py:0)", "…", "f (a.py:999)")


def test_their_number_is_bounded() -> None:
    everyone = {f"{CALL}f (a.py:{line})": line for line in range(1, 2 * MOST_STACKS)}
    assert min(samples for samples, _ in told({}, everyone).values()) == MOST_STACKS


paths = st.lists(st.sampled_from(["f (a.py:1)", "f (a.py:2)", "g (a.py:5)", "h (b.py:1)"]), min_size=1, max_size=4)
views = st.dictionaries(paths.map(lambda frames: CALL + ";".join(frames)), st.integers(1, 20), max_size=6)


@given(views, views)
def test_no_stack_held_the_gil_more_often_than_it_was_seen(gil: dict[str, int], everyone: dict[str, int]) -> None:
    made = told(gil, everyone)
    assert sum(samples for samples, _ in made.values()) == sum(everyone.values())
    assert all(held is not None and 0 <= held <= samples for samples, held in made.values())
    assert sum(held or 0 for _, held in made.values()) <= sum(gil.values())


@given(views)
def test_of_two_views_alike_every_sample_held_it(both: dict[str, int]) -> None:
    assert all(held == samples for samples, held in told(both, both).values())
