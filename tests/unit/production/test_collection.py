"""All profiles together: a sequence, found by name, and a table."""

from __future__ import annotations

import math

import pytest

from gilscope.production.collection import COLUMNS, STATE_COLUMNS, Profiles
from gilscope.production.observed import Observed
from tests.unit.production.profiles import make_profile


def test_profiles_are_a_sequence() -> None:
    first, second = make_profile(), make_profile(spec="m:f", name="f", calls=0, wall_s=0.0)
    found = Profiles([first, second])
    assert (len(found), list(found), found[1], list(found[:1])) == (2, [first, second], second, [first])
    assert (found["f"], found["m:f"], found["total"]) == (second, second, first)
    assert repr(found) == "Profiles(total, f)"
    with pytest.raises(KeyError, match="no decorated function is called 'g': total, f"):
        found["g"]


def test_profiles_are_looked_up_as_in_a_dictionary() -> None:
    total, fetch = make_profile(), make_profile(spec="m:f", name="f", calls=0, wall_s=0.0)
    found = Profiles([total, fetch])
    known: list[object] = ["f", "m:f", fetch, "g", 1]
    assert [each in found for each in known] == [True, True, True, False, False]
    assert dict(found.items()) == dict(found) == {"total": total, "f": fetch}
    assert (found.keys(), found.values()) == (["total", "f"], [total, fetch])
    assert (found.get("m:f"), found.get("g"), found.get("g", total)) == (fetch, None, total)


def test_functions_of_the_same_name_have_keys_of_their_own() -> None:
    first, second = make_profile(spec="a:run", name="run"), make_profile(spec="b:run", name="run", calls=1)
    found = Profiles([first, second])
    assert [found[key] for key in found.keys()] == [first, second]  # noqa: SIM118 (iterating gives the profiles)


def test_the_table_has_a_row_for_each_and_leaves_out_what_is_unknown() -> None:
    frame = Profiles([make_profile(), make_profile(calls=0, wall_s=0.0, longest_s=None)]).to_frame()
    assert list(frame.columns) == [
        *COLUMNS,
        *STATE_COLUMNS,
        "p50_s",
        "p99_s",
        "label",
        "subtype",
        "confidence",
        "advice",
    ]
    assert frame["label"].tolist() == ["compute-bound", "inconclusive"]
    assert frame["wall_s"].iloc[0] == pytest.approx(1.0)
    assert math.isnan(frame["wall_s"].iloc[1])
    assert (frame["calls"].tolist(), len(Profiles([]).to_frame())) == ([100, 0], 0)


def test_the_table_tells_the_states_of_what_was_observed() -> None:
    seen = Observed(
        wall_s=2.0,
        cpu_s=1.0,
        blocked_s=1.0,
        samples=400,
        cpu_gil_s=0.75,
        cpu_free_s=0.25,
        gil_wait_s=1.0,
        lock_s=0.0,
    )
    frame = Profiles([make_profile(clocked_cpu_s=0.5, observed=seen), make_profile()]).to_frame()
    states = frame[["cpu_gil_s", "cpu_free_s", "gil_wait_s", "gil_held_ratio"]]
    assert states.iloc[0].tolist() == pytest.approx([0.375, 0.125, 0.5, 0.375])
    assert states.iloc[1].isna().all()
