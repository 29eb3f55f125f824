"""From readings to a ledger: conservation, whatever the readings."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gilscope.observers.account import NonWorkerCpu, held_share, ledger_of, seconds_by_state
from gilscope.observers.counts import Counts
from gilscope.observers.gil import Gil, GilLayout
from gilscope.observers.holds import HoldWatch
from gilscope.observers.thread_files import Scheduled
from gilscope.records import STATES, WAIT_STATES, Ledger

from .moments import counts, runnable

BLOCKED = ("gil_wait", *WAIT_STATES, "idle")
NOTHING = NonWorkerCpu()
KNOWN = Gil(layout=GilLayout(0))

seconds = st.floats(0, 1e4)
scheduled = st.builds(Scheduled, seconds, seconds)
pair = st.tuples(st.integers(0, 2000), st.integers(0, 2000))


@st.composite
def some_counts(draw: st.DrawFn) -> Counts:
    return counts(
        draw(st.dictionaries(st.sampled_from(BLOCKED), st.integers(0, 2000))),
        on_cpu=draw(pair),
        queued=draw(pair),
        saturated_on_cpu=draw(pair),
        saturated_queued=draw(pair),
        preempted=draw(pair),
        saturated_preempted=draw(pair),
        unasked=draw(st.integers(0, 100)),
        blocked_held=draw(st.integers(0, 2000)),
    )


workers = st.lists(st.tuples(scheduled, some_counts()), min_size=1, max_size=5)


def total(parts: dict[str, float | None], *states: str) -> float:
    return sum(parts[state] or 0.0 for state in states)


def known(parts: dict[str, float | None], *states: str) -> bool:
    return None not in [parts[state] for state in states]


@given(wall_s=seconds, read=scheduled, found=some_counts())
def test_the_states_sum_to_the_wall_clock(wall_s: float, read: Scheduled, found: Counts) -> None:
    parts = seconds_by_state(wall_s, read, found)
    assert total(parts, "cpu", "runqueue", "blocked") == pytest.approx(wall_s)
    for whole, states in (("cpu", ("cpu_gil", "cpu_free")), ("blocked", BLOCKED)):
        if known(parts, *states):
            assert total(parts, *states) == pytest.approx(total(parts, whole))
        else:
            assert [parts[state] for state in states] == [None] * len(states)
    assert all(value is None or value >= 0 for value in parts.values())


@given(wall_s=seconds, read=workers)
def test_without_the_gil_its_states_are_unknown_and_the_rest_still_sums(
    wall_s: float, read: list[tuple[Scheduled, Counts]]
) -> None:
    for _, found in read:
        for key in [key for key in found.samples if key[0] == "gil_wait"]:
            del found.samples[key]  # nobody is told to wait for what cannot be seen
    ledger = ledger_of(wall_s, read, [], NOTHING, Gil())
    assert (ledger.cpu_gil_s, ledger.cpu_free_s, ledger.gil_wait_s) == (None, None, None)
    rest = [ledger.state_s(state) for state in ("runqueue", *WAIT_STATES, "idle")]
    if None not in rest:
        assert ledger.cpu_s + sum(value or 0.0 for value in rest) == pytest.approx(ledger.wall_s)


@given(wall_s=seconds, read=workers)
def test_where_there_is_no_gil_all_cpu_is_free_of_it(wall_s: float, read: list[tuple[Scheduled, Counts]]) -> None:
    ledger = ledger_of(wall_s, read, [], NOTHING, Gil(enabled=False))
    assert (ledger.cpu_gil_s, ledger.cpu_free_s) == (0.0, ledger.cpu_s)


@given(wall_s=seconds, read=workers)
def test_a_ledger_conserves(wall_s: float, read: list[tuple[Scheduled, Counts]]) -> None:
    ledger = ledger_of(wall_s, read, [], NOTHING, KNOWN)
    states = [ledger.state_s(state) for state in STATES]
    if None not in states:
        assert sum(value or 0.0 for value in states) == pytest.approx(ledger.wall_s)
    assert ledger.cpu_s + (ledger.runqueue_s or 0.0) + ledger.blocked_s == pytest.approx(ledger.wall_s)
    assert ledger.wall_s == pytest.approx(wall_s * len(read))
    assert ledger.threads == len(read)
    assert 0 <= (ledger.gil_held_off_cpu_s or 0.0) <= ledger.blocked_s * (1 + 1e-9)


@given(wall_s=seconds, read=workers, data=st.data())
def test_the_order_of_workers_is_irrelevant(
    wall_s: float, read: list[tuple[Scheduled, Counts]], data: st.DataObject
) -> None:
    def values(ledger: Ledger) -> list[float]:
        return [ledger.state_s(state) or 0.0 for state in STATES]

    shuffled = data.draw(st.permutations(read))
    one, other = (ledger_of(wall_s, order, [], NOTHING, KNOWN) for order in (read, shuffled))
    assert values(one) == pytest.approx(values(other))


@given(found=some_counts(), read=scheduled)
def test_a_share_is_a_share(found: Counts, read: Scheduled) -> None:
    share = held_share(found, read)
    assert share is None or 0.0 <= share <= 1.0


@given(read=scheduled, number=st.integers(1, 1000), holds=st.booleans())
def test_samples_that_all_say_the_same_are_believed(read: Scheduled, number: int, holds: bool) -> None:
    same = (number, 0) if holds else (0, number)
    found = counts(on_cpu=same, preempted=same, saturated_on_cpu=same, saturated_preempted=same)
    assert held_share(found, read) == pytest.approx(1.0 if holds else 0.0)


def test_queued_samples_do_not_count_where_there_are_enough_on_a_cpu() -> None:
    found = counts(on_cpu=(50, 50), queued=(0, 900))
    assert held_share(found, Scheduled(1.0, 9.0)) == pytest.approx(0.5)


def test_where_the_sampler_takes_the_only_cpu_those_it_takes_it_from_must_do() -> None:
    """Two threads compete for one CPU and the GIL. The one without is woken each 5 ms to ask for it, and waits in the
    run queue until it can: it holds no GIL there, and uses no CPU."""
    found = counts(saturated_preempted=(60, 4), saturated_queued=(0, 100))
    assert held_share(found, Scheduled(0.5, 0.5)) == pytest.approx(60 / 64)


def test_what_is_in_the_run_queue_for_another_reason_says_nothing() -> None:
    assert held_share(counts(saturated_queued=(30, 70)), Scheduled(0.5, 0.5)) is None
    assert held_share(counts(saturated_queued=(30, 70), saturated_preempted=(2, 0)), Scheduled(0.5, 0.5)) is None


def test_where_every_cpu_is_busy_otherwise_a_few_on_a_cpu_tell_more_than_the_queued() -> None:
    """Threads that wait for a CPU to ask for the GIL do not hold it; on a CPU they hardly ever are without."""
    found = counts(saturated_on_cpu=(3, 0), saturated_queued=(10, 24), saturated_preempted=(0, 9))
    assert held_share(found, Scheduled(0.36, 0.83)) == pytest.approx(1.0)


def test_of_the_preempted_those_that_nobody_watched_competed_with_come_first() -> None:
    found = counts(preempted=(9, 0), saturated_preempted=(12, 14))
    assert held_share(found, Scheduled(0.5, 0.25)) == pytest.approx(1.0)


def test_samples_lost_to_the_samplers_own_cpu_are_made_up_for() -> None:
    """Half of 200 runnable samples were queued, yet the run queue took no time: the sampler had put them there."""
    found = counts(on_cpu=(50, 0), saturated_on_cpu=(0, 50), saturated_queued=(0, 100))
    assert held_share(found, Scheduled(1.0, 0.0)) == pytest.approx(50 / (50 + 3 * 50))


def test_a_worked_example() -> None:
    found = counts({"gil_wait": 10, "network": 30}, on_cpu=(30, 10), blocked_held=4)
    parts = seconds_by_state(10.0, Scheduled(4.0, 2.0), found)
    assert (parts["cpu"], parts["runqueue"], parts["blocked"]) == (4.0, 2.0, 4.0)
    assert (parts["cpu_gil"], parts["cpu_free"]) == (3.0, 1.0)
    assert (parts["gil_wait"], parts["network"], parts["idle"]) == (1.0, 3.0, 0.0)


def test_a_sliver_without_a_sample_is_put_where_slivers_belong() -> None:
    parts = seconds_by_state(1.0, Scheduled(0.9, 0.0), counts(on_cpu=(20, 0)))
    assert parts["idle"] == parts["blocked"] == pytest.approx(0.1)
    parts = seconds_by_state(1.0, Scheduled(0.01, 0.0), counts({"sleep": 100}))
    assert (parts["cpu_gil"], parts["cpu_free"]) == (0.01, 0.0)


def test_what_should_have_been_seen_and_was_not_is_unknown() -> None:
    parts = seconds_by_state(1.0, Scheduled(0.5, 0.0), counts(on_cpu=(20, 0)))
    assert [parts[state] for state in BLOCKED] == [None] * len(BLOCKED)
    assert parts["cpu_gil"] == 0.5
    parts = seconds_by_state(1.0, Scheduled(0.5, 0.0), counts({"sleep": 20}))
    assert (parts["cpu_gil"], parts["cpu_free"], parts["sleep"]) == (None, None, 0.5)


def test_without_a_look_nothing_is_known_but_what_the_kernel_tells() -> None:
    parts = seconds_by_state(1.0, Scheduled(0.5, 0.2), counts())
    assert (parts["cpu"], parts["runqueue"], parts["blocked"]) == pytest.approx((0.5, 0.2, 0.3))
    assert (parts["cpu_gil"], parts["cpu_free"], parts["idle"], parts["gil_wait"]) == (None,) * 4


def test_where_the_run_queue_is_not_told_it_is_part_of_the_blocked_time() -> None:
    parts = seconds_by_state(1.0, Scheduled(0.6, None), counts({"sleep": 10}, on_cpu=(15, 5)))
    assert (parts["cpu_gil"], parts["cpu_free"], parts["runqueue"], parts["sleep"]) == pytest.approx(
        (0.45, 0.15, None, 0.4)
    )


def test_more_than_the_wall_clock_is_cut_from_the_run_queue_first() -> None:
    parts = seconds_by_state(1.0, Scheduled(0.8, 0.5), counts())
    assert (parts["cpu"], parts["runqueue"], parts["blocked"]) == pytest.approx((0.8, 0.2, 0.0))


def test_the_gil_held_is_summed_over_interpreters() -> None:
    watches = [HoldWatch(looked=100, held=25, longest_s=0.002), HoldWatch(looked=50, held=50, longest_s=0.01)]
    worker = (Scheduled(1.0, 0.0), counts(on_cpu=(20, 0)))
    ledger = ledger_of(2.0, [worker, worker], [*watches, HoldWatch()], NOTHING, KNOWN)
    assert (ledger.gil_held_s, ledger.gil_observed_s) == (2.5, 4.0)
    assert ledger.gil_held_ratio == pytest.approx(0.625)
    assert ledger.longest_hold_s == 0.01


def test_what_was_held_is_unknown_where_the_gil_is() -> None:
    watches = [HoldWatch(looked=100)]
    ledger = ledger_of(2.0, [(Scheduled(1.0, 0.0), counts())], watches, NOTHING, Gil())
    unknown = (ledger.cpu_gil_s, ledger.gil_wait_s, ledger.gil_held_s, ledger.longest_hold_s, ledger.gil_held_off_cpu_s)
    assert unknown == (None,) * 5
    assert ledger.gil_held_ratio is None


def test_what_was_spent_beside_is_told_beside() -> None:
    others = NonWorkerCpu(own_threads_s=0.1, children_s=0.2, driver_s=0.3)
    ledger = ledger_of(1.0, [(Scheduled(0.5, 0.0), counts())], [], others, KNOWN)
    assert (ledger.own_threads_cpu_s, ledger.children_cpu_s, ledger.driver_cpu_s) == (0.1, 0.2, 0.3)
    assert ledger.wall_s == 1.0


def test_what_cannot_be_told_here_is_unknown() -> None:
    worker = (Scheduled(0.5, 0.0), counts({"lock": 10}, on_cpu=(10, 0)))
    ledger = ledger_of(1.0, [worker], [], NOTHING, KNOWN, {"gil_wait", "lock"})
    assert (ledger.gil_wait_s, ledger.lock_s, ledger.wait_s) == (None, None, None)
    assert (ledger.cpu_gil_s, ledger.sleep_s) == (0.5, 0.0)


def test_the_workers_of_a_pool_are_told_by_what_was_seen_of_all_of_them() -> None:
    """16 processes on 16 CPUs that hold the GIL for a tenth of their CPU time: of some nothing was seen."""
    seen = [counts(on_cpu=(held, free)) for held, free in [(1, 9), (0, 12), (3, 8), (0, 0)] * 4]
    ledger = ledger_of(1.0, [(Scheduled(0.9, 0.0), each) for each in seen], [], NOTHING, KNOWN)
    assert ledger.cpu_gil_s == pytest.approx(16 * 0.9 * 4 / 33)
    assert ledger.cpu_free_s == pytest.approx(16 * 0.9 * 29 / 33)


def test_a_sample_counts_for_all_that_it_stands_for() -> None:
    """Half of the time one thread can run, with the GIL; else four of which two are asked, one with it."""
    crowd = [runnable(holds=True, stands_for=2.0)] + [runnable(stands_for=2.0)] * 3
    found = Counts()
    for sample in [*crowd * 10, *[runnable(holds=True)] * 20]:
        found.add(sample, cpus_saturated=False)
    assert held_share(found, Scheduled(1.0, 0.0)) == pytest.approx((20 + 20) / (80 + 20))


def test_the_samples_are_those_of_the_worker_that_has_most() -> None:
    read = [(Scheduled(0.0, 0.0), counts(unasked=count)) for count in (3, 7, 5)]
    assert ledger_of(1.0, read, [], NOTHING, KNOWN).samples == 7
