"""Several Pythons side by side: what is faster, what is a tie, and what is no comparison at all."""

from __future__ import annotations

import msgspec
import pytest

from gilscope.decide.pythons import Named, average_calls_s, names_of, side_by_side, verdict
from gilscope.records.pythons import PythonRecord
from tests.unit.pythons_builders import FAST, SLOW, make_python, make_refused

BEST = (230.0, 231.0, 229.0)


def said(*pythons: PythonRecord) -> str:
    return verdict(side_by_side(pythons))


@pytest.mark.parametrize(
    ("pythons", "names"),
    [
        ([("/a/bin/python", "3.11.7", False, "/a"), ("/b/bin/python", "3.14.2", False, "/b")], ["3.11", "3.14"]),
        ([("/a/bin/python", "3.14.2", False, "/a"), ("/b/bin/python", "3.14.2", True, "/b")], ["3.14", "3.14t"]),
        ([("/a/bin/python", "3.14.1", False, "/a"), ("/b/bin/python", "3.14.2", False, "/b")], ["3.14.1", "3.14.2"]),
        ([("/a/bin/python", "3.14.2", False, "/a"), ("/b", "3.14.2", False, "/b")], ["3.14 in a", "3.14 in b"]),
        ([("python3", "3.14.2", False, "/x/a"), ("bin/python", "3.14.2", False, "/")], ["3.14 in a", "3.14 in /"]),
        ([("/x/a/bin/python", "3.14.2", False, "/x/a"), ("/y/a", "3.14.2", False, "/y/a")], None),
        ([("/opt/python3.15", "3.15.0a2", True, "/usr")], ["3.15t"]),
    ],
)
def test_a_python_is_called_as_shortly_as_tells_it_apart(
    pythons: list[tuple[str, str, bool, str]], names: list[str] | None
) -> None:
    assert names_of([Named(*one) for one in pythons]) == (names or [path for path, *_ in pythons])


def test_each_is_held_against_the_first_alone() -> None:
    found = side_by_side([make_python("3.11"), make_python("3.14", FAST, BEST)])
    first, second = found.pythons
    assert first.alone is not None
    assert first.alone.value == 1.0
    assert second.alone is not None
    assert second.alone.value == pytest.approx(1.2, abs=0.01)
    assert second.gain is not None
    assert second.gain.value == pytest.approx(2.3, abs=0.03)
    assert (found.first, found.fastest, found.as_fast) == (0, 1, ())


def test_the_verdict_tells_the_speed_alone_and_the_best() -> None:
    told = said(make_python("3.11"), make_python("3.14", FAST, BEST))
    assert told == "3.14: 1.20× of 3.11 alone; best: 3.14 with process × 2, 2.29×."


def test_an_interval_holds_what_two_processes_differ_by() -> None:
    """Rounds that repeat each other to the last digit do not make 4 % a difference."""
    found = side_by_side([make_python("3.11", SLOW[:1] * 4), make_python("3.14", (104.0,) * 4)])
    gap = found.pythons[1].alone
    assert gap is not None
    assert gap.low is not None
    assert gap.low < 1 < gap.value
    assert found.as_fast == (1,), "which of them is the fastest is not told"
    assert said(*found.pythons) == (
        "3.14: no difference is shown to 3.11 alone; best: 3.11 left serial (not told apart: 3.14 left serial)."
    )


def test_a_noisy_analysis_widens_the_interval() -> None:
    quiet, noisy = make_python("3.14", FAST), make_python("3.14", FAST)
    assert noisy.result is not None
    assert noisy.result.noise is not None
    noise = msgspec.structs.replace(noisy.result.noise, floor=0.3)
    noisy = msgspec.structs.replace(noisy, result=msgspec.structs.replace(noisy.result, noise=noise))
    shown = [side_by_side([make_python("3.11"), one]).pythons[1].alone for one in (quiet, noisy)]
    assert [ratio is not None and ratio.low is not None and ratio.low > 1 for ratio in shown] == [True, False]


def nothing_told(name: str, alone: tuple[float, ...] = SLOW) -> PythonRecord:
    """One whose analysis could recommend nothing."""
    return msgspec.structs.replace(make_python(name, alone), best=None)


def test_where_nothing_is_recommended_nothing_is_the_best() -> None:
    """Rounds of the function alone are no gain of what is unknown."""
    found = side_by_side([nothing_told("3.11"), nothing_told("3.14", FAST)])
    assert [one.gain for one in found.pythons] == [None, None]
    assert (found.fastest, found.as_fast) == (None, ())
    assert verdict(found) == "3.14: 1.20× of 3.11 alone; 3.11: cannot tell how to run it."
    known = side_by_side([nothing_told("3.11"), make_python("3.14", FAST, BEST)])
    assert verdict(known).endswith("best: 3.14 with process × 2, 2.29×.")


def test_one_round_is_no_interval_and_no_lead() -> None:
    told = said(make_python("3.11", (100.0,)), make_python("3.14", (150.0,)))
    assert "3.14: 1.50×, without an interval, of 3.11 alone" in told
    assert "best: 3.11 left serial (not told apart: 3.14 left serial)" in told


def test_without_rounds_in_turn_nothing_is_told_of_one_beside_another() -> None:
    found = side_by_side([make_python("3.11"), make_python("3.14", ())])
    assert (found.pythons[1].alone, found.pythons[1].gain, found.fastest) == (None, None, 0)
    assert verdict(found).startswith("3.14: not known beside 3.11 alone; best: 3.11 left serial")


def test_a_round_in_which_no_call_succeeded_leaves_the_ratio_unknown() -> None:
    assert side_by_side([make_python("3.11"), make_python("3.14", (0.0, 100.0, 100.0))]).pythons[1].alone is None


def test_what_differs_or_failed_is_not_compared_whatever_its_rate() -> None:
    other = make_python("3.13", FAST, status="differing", reason="of 40 results 3 are others than under the first")
    told = side_by_side([make_python("3.11"), other, make_refused("old"), make_python("3.14", FAST, BEST)])
    assert told.pythons[1].alone is None
    assert (told.first, told.fastest) == (0, 3)
    assert verdict(told).endswith("2.29×; old could not be measured; 3.13 not compared.")


def test_the_first_that_went_well_is_the_measure() -> None:
    found = side_by_side([make_refused("old"), make_python("3.13"), make_python("3.14", FAST)])
    assert found.first == 1
    assert verdict(found) == "3.14: 1.20× of 3.13 alone; best: 3.14 left serial, 1.20×; old could not be measured."


def test_one_alone_has_the_gain_of_its_own_analysis() -> None:
    found = side_by_side([make_python("3.14", (), BEST, best_rates_per_s=())])
    (only,) = found.pythons
    assert only.gain is not None
    assert (only.gain.value, only.gain.low, only.gain.high) == (1.91, 1.8, 2.0)
    assert verdict(found) == "best: 3.14 with process × 2, 1.91×."


def test_where_none_could_be_measured_that_is_said() -> None:
    found = side_by_side([make_refused("a"), make_refused("b")])
    assert (found.first, found.fastest, found.as_fast) == (None, None, ())
    assert verdict(found) == "No Python could be measured."


def test_a_call_of_average_cost_is_the_same_work_under_each() -> None:
    """An input that one had no time for is in nobody's average, or that one would seem faster or slower for it."""
    assert average_calls_s([{0: 1.0, 1: 3.0, 2: 50.0}, {0: 0.5, 1: 1.5}]) == [2.0, 1.0]
    assert average_calls_s([{0: 1.0}, {1: 1.0}]) == [None, None], "no work is the same"
    assert average_calls_s([]) == []
