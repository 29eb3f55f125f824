"""From readings to a ledger: conservation, whatever the readings."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gilscope.observers.account import NonWorkerCpu, held_share, ledger_of, seconds_by_state
from gilscope.observers.counts import Counts, Held, Runnable
from gilscope.observers.holds import HoldWatch
from gilscope.observers.proc import Scheduled
from gilscope.records import STATES, WAIT_STATES, Ledger

BLOCKED = ("gil_wait", *WAIT_STATES, "idle")
NOTHING = NonWorkerCpu()

seconds = st.floats(0, 1e4)
scheduled = st.builds(Scheduled, seconds, seconds)
held = st.builds(Held, st.integers(0, 2000), st.integers(0, 2000))
runnable = st.builds(Runnable, held, held)


@st.composite
def some_counts(draw: st.DrawFn) -> Counts:
    blocked = Counter(draw(st.dictionaries(st.sampled_from(BLOCKED), st.integers(0, 2000))))
    return Counts(
        cpus_idle=draw(runnable),
        cpus_saturated=draw(runnable),
        unasked=draw(st.integers(0, 100)),
        blocked=blocked,
        blocked_held=draw(st.integers(0, blocked.total())),
    )


workers = st.lists(st.tuples(scheduled, some_counts()), min_size=1, max_size=5)


def total(parts: dict[str, float | None], *states: str) -> float:
    values = [parts[state] for state in states]
    return sum(value for value in values if value is not None)


@given(wall_s=seconds, read=scheduled, counts=some_counts())
def test_the_states_sum_to_the_wall_clock(wall_s: float, read: Scheduled, counts: Counts) -> None:
    parts = seconds_by_state(wall_s, read, counts, gil_known=True)
    assert total(parts, *STATES) == pytest.approx(wall_s)
    assert total(parts, "cpu_gil", "cpu_free") == pytest.approx(total(parts, "cpu"))
    assert total(parts, *BLOCKED) == pytest.approx(total(parts, "blocked"))
    assert all(value is not None and value >= 0 for value in parts.values())


@given(wall_s=seconds, read=scheduled, counts=some_counts())
def test_without_the_gil_its_states_are_unknown_and_the_rest_still_sums(
    wall_s: float, read: Scheduled, counts: Counts
) -> None:
    del counts.blocked["gil_wait"]  # nobody is told to wait for what cannot be seen
    parts = seconds_by_state(wall_s, read, counts, gil_known=False)
    assert parts["cpu_gil"] is parts["cpu_free"] is None
    assert "gil_wait" not in parts
    assert total(parts, "cpu", "runqueue", *WAIT_STATES, "idle") == pytest.approx(wall_s)


@given(wall_s=seconds, read=workers)
def test_a_ledger_conserves(wall_s: float, read: list[tuple[Scheduled, Counts]]) -> None:
    ledger = ledger_of(wall_s, read, [], 10, NOTHING, gil_known=True)
    states = [ledger.state_s(state) for state in STATES]
    assert None not in states
    assert sum(value for value in states if value is not None) == pytest.approx(ledger.wall_s)
    assert ledger.cpu_s + (ledger.runqueue_s or 0.0) + ledger.blocked_s == pytest.approx(ledger.wall_s)
    assert ledger.wall_s == pytest.approx(wall_s * len(read))
    assert (ledger.threads, ledger.calls) == (len(read), 10)
    assert 0 <= (ledger.gil_held_off_cpu_s or 0.0) <= ledger.blocked_s * (1 + 1e-9)


@given(wall_s=seconds, read=workers, data=st.data())
def test_the_order_of_workers_is_irrelevant(
    wall_s: float, read: list[tuple[Scheduled, Counts]], data: st.DataObject
) -> None:
    def values(ledger: Ledger) -> list[float]:
        return [ledger.state_s(state) or 0.0 for state in STATES]

    shuffled = data.draw(st.permutations(read))
    one, other = (ledger_of(wall_s, order, [], 1, NOTHING, gil_known=True) for order in (read, shuffled))
    assert values(one) == pytest.approx(values(other))


@given(counts=some_counts(), read=scheduled)
def test_a_share_is_a_share(counts: Counts, read: Scheduled) -> None:
    assert 0.0 <= held_share(counts, read) <= 1.0


@given(read=scheduled, number=st.integers(1, 1000), holds=st.booleans())
def test_samples_that_all_say_the_same_are_believed(read: Scheduled, number: int, holds: bool) -> None:
    same = Held(held=number) if holds else Held(free=number)
    counts = Counts(cpus_idle=Runnable(same, same), cpus_saturated=Runnable(same, same))
    assert held_share(counts, read) == pytest.approx(1.0 if holds else 0.0)


def test_queued_samples_do_not_count_where_there_are_enough_on_a_cpu() -> None:
    counts = Counts(cpus_idle=Runnable(on_cpu=Held(held=50, free=50), queued=Held(free=900)))
    assert held_share(counts, Scheduled(1.0, 9.0)) == pytest.approx(0.5)


def test_queued_samples_must_do_where_there_are_none_on_a_cpu() -> None:
    counts = Counts(cpus_saturated=Runnable(queued=Held(held=30, free=70)))
    assert held_share(counts, Scheduled(0.5, 0.5)) == pytest.approx(0.3)


def test_where_every_cpu_is_busy_otherwise_a_few_on_a_cpu_tell_more_than_the_queued() -> None:
    """Threads that wait for a CPU to ask for the GIL do not hold it; on a CPU they hardly ever are without."""
    counts = Counts(cpus_saturated=Runnable(on_cpu=Held(held=2), queued=Held(held=3, free=4)))
    assert held_share(counts, Scheduled(0.36, 0.83)) == pytest.approx(1.0)


def test_of_the_queued_those_that_nobody_watched_competed_with_come_first() -> None:
    counts = Counts(cpus_idle=Runnable(queued=Held(held=9)), cpus_saturated=Runnable(queued=Held(held=12, free=14)))
    assert held_share(counts, Scheduled(0.5, 0.25)) == pytest.approx(1.0)


def test_samples_lost_to_the_samplers_own_cpu_are_made_up_for() -> None:
    """Half of 200 runnable samples were queued, yet the run queue took no time: the sampler had put them there."""
    counts = Counts(
        cpus_idle=Runnable(on_cpu=Held(held=50)), cpus_saturated=Runnable(on_cpu=Held(free=50), queued=Held(free=100))
    )
    assert held_share(counts, Scheduled(1.0, 0.0)) == pytest.approx(50 / (50 + 3 * 50))


def test_a_worked_example() -> None:
    counts = Counts(
        cpus_idle=Runnable(on_cpu=Held(held=30, free=10)), blocked=Counter(gil_wait=10, network=30), blocked_held=4
    )
    parts = seconds_by_state(10.0, Scheduled(4.0, 2.0), counts, gil_known=True)
    assert (parts["cpu"], parts["runqueue"], parts["blocked"]) == (4.0, 2.0, 4.0)
    assert (parts["cpu_gil"], parts["cpu_free"]) == (3.0, 1.0)
    assert (parts["gil_wait"], parts["network"], parts["idle"]) == (1.0, 3.0, 0.0)


def test_blocked_time_without_a_sample_is_idle() -> None:
    parts = seconds_by_state(1.0, Scheduled(0.9, 0.0), Counts(cpus_idle=Runnable(on_cpu=Held(held=20))), gil_known=True)
    assert parts["idle"] == parts["blocked"] == pytest.approx(0.1)


def test_more_than_the_wall_clock_is_cut_from_the_run_queue_first() -> None:
    parts = seconds_by_state(1.0, Scheduled(0.8, 0.5), Counts(), gil_known=True)
    assert (parts["cpu"], parts["runqueue"], parts["blocked"]) == pytest.approx((0.8, 0.2, 0.0))


def test_the_gil_held_is_summed_over_interpreters() -> None:
    watches = [HoldWatch(looked=100, held=25, longest_s=0.002), HoldWatch(looked=50, held=50, longest_s=0.01)]
    worker = (Scheduled(1.0, 0.0), Counts(cpus_idle=Runnable(on_cpu=Held(held=20))))
    ledger = ledger_of(2.0, [worker, worker], [*watches, HoldWatch()], 1, NOTHING, gil_known=True)
    assert (ledger.gil_held_s, ledger.gil_observed_s) == (2.5, 4.0)
    assert ledger.gil_held_ratio == pytest.approx(0.625)
    assert ledger.longest_hold_s == 0.01


def test_what_was_held_is_unknown_where_the_gil_is() -> None:
    watches = [HoldWatch(looked=100)]
    ledger = ledger_of(2.0, [(Scheduled(1.0, 0.0), Counts())], watches, 1, NOTHING, gil_known=False)
    unknown = (ledger.cpu_gil_s, ledger.gil_wait_s, ledger.gil_held_s, ledger.longest_hold_s, ledger.gil_held_off_cpu_s)
    assert unknown == (None,) * 5
    assert ledger.gil_held_ratio is None


def test_what_was_spent_beside_is_told_beside() -> None:
    others = NonWorkerCpu(own_threads_s=0.1, children_s=0.2, driver_s=0.3)
    ledger = ledger_of(1.0, [(Scheduled(0.5, 0.0), Counts())], [], 1, others, gil_known=True)
    assert (ledger.own_threads_cpu_s, ledger.children_cpu_s, ledger.driver_cpu_s) == (0.1, 0.2, 0.3)
    assert ledger.wall_s == 1.0


def test_the_samples_are_those_of_the_worker_that_has_most() -> None:
    read = [(Scheduled(0.0, 0.0), Counts(unasked=count)) for count in (3, 7, 5)]
    assert ledger_of(1.0, read, [], 1, NOTHING, gil_known=True).samples == 7
