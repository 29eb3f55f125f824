"""Whether samples can be believed, and what taking them costs of late."""

from __future__ import annotations

import pytest

from gilscope.observers.sampling_quality import (
    HOLDER,
    PLACE,
    WAIT,
    Readings,
    RecentCost,
    SamplingQuality,
    refusal,
)
from gilscope.observers.thread_files import UnreadableError


def quality(tried: int, failures: int, what: str, error: Exception) -> SamplingQuality:
    made = SamplingQuality(400.0)
    for readings in made.readings.values():
        readings.tried = tried
    for _ in range(failures):
        made.note(what, error)
    return made


@pytest.mark.parametrize("what", [HOLDER, WAIT, PLACE])
def test_samples_most_of_which_could_not_be_read_are_refused_by_name(what: str) -> None:
    error = UnreadableError("/proc/PID/status tells no context switches")
    assert refusal(quality(100, 50, what, error)) is None
    why = refusal(quality(100, 97, what, error))
    assert why == f"{what} could not be read 97% of the time (/proc/PID/status tells no context switches)"


@pytest.mark.parametrize("error", [ProcessLookupError(3, "No such process"), FileNotFoundError(2, "No such file")])
def test_what_was_watched_and_has_ended_is_no_failure_of_the_machine(error: OSError) -> None:
    made = quality(100, 100, WAIT, error)
    assert (refusal(made), made.errors) == (None, 100)


def test_a_refusal_of_the_kernel_is_one() -> None:
    assert "not permitted" in (refusal(quality(10, 10, HOLDER, PermissionError(1, "Operation not permitted"))) or "")


def test_rounds_add_up() -> None:
    whole = SamplingQuality(400.0)
    for failed in (3, 4):
        whole += quality(10, failed, PLACE, ValueError("no"))
    assert whole.readings[PLACE] == Readings(tried=20, failed=7, why="no")
    assert whole.readings[WAIT] == Readings(tried=20)


def looked(cost: RecentCost, moments: int, each_s: float, saturated: bool = True) -> None:
    for number in range(moments):
        cost.begin(float(number))
        cost.end(number + each_s, saturated)


def test_the_cost_is_that_of_the_last_moments_however_long_it_was_cheap() -> None:
    cost = RecentCost(64)
    assert cost.saturated_s == 0.0
    looked(cost, 100_000, 1e-5)
    assert cost.saturated_s == pytest.approx(1e-5)
    looked(cost, 4 * 64, 1e-3)
    assert cost.saturated_s == pytest.approx(1e-3, rel=0.05)


def test_moments_at_which_a_cpu_was_free_cost_the_watched_nothing() -> None:
    cost = RecentCost(64)
    looked(cost, 1_000, 1e-3, saturated=False)
    assert cost.saturated_s == 0.0
    assert cost.each_s == pytest.approx(1e-3)
    looked(cost, 4 * 64, 1e-3)
    assert cost.saturated_s == pytest.approx(1e-3, rel=0.05)
