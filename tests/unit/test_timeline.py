"""Timelines from looks made by hand."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import groupby, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gilscope.observers.gil import Gil, GilLayout
from gilscope.observers.thread_files import Scheduled
from gilscope.observers.timeline import (
    MOST_EDGES,
    MOST_LOOKS,
    Look,
    Trace,
    Traces,
    edges_in,
    fair_share,
    timeline_of,
    told_until,
)
from gilscope.records import STATES, Lane, Timeline

from .moments import address, blocked, moment, runnable

BEGAN_S = 1000.0
KNOWN = Gil(layout=GilLayout(0))
LOOK_S = 0.01


@dataclass
class Seen:
    """One look: the state (None: a runnable thread that was not asked), and the thread's times by then."""

    at_s: float
    state: str | None
    run_s: float = 0.0
    runqueue_s: float = 0.0


def traced(*looks: Seen) -> Trace:
    trace = Trace()
    was_runnable = False  # times are read where the sampler would
    for look in looks:
        runnable = look.state in ("cpu_gil", "cpu_free", "runqueue")
        told = look.state is not None and (runnable or was_runnable)
        trace.see(BEGAN_S + look.at_s, look.state, Scheduled(look.run_s, look.runqueue_s) if told else None)
        was_runnable = runnable if look.state is not None else was_runnable
    return trace


def lane(*looks: Seen, wall_s: float = 1.0, gil: Gil = KNOWN) -> Lane:
    (only,) = timeline_of([(address(pid=7, tid=8), traced(*looks))], BEGAN_S, wall_s, gil).lanes
    return only


def told(made: Lane) -> list[tuple[float, str]]:
    return list(zip(made.edges_s, made.states, strict=False))


def shares(made: Lane) -> Counter[str]:
    found: Counter[str] = Counter()
    for state, start, end in zip(made.states, made.edges_s, made.edges_s[1:], strict=False):
        found[state] += end - start  # type: ignore[assignment]
    return found


def every(*states: str | None, run_s: float = LOOK_S, runqueue_s: float = 0.0) -> list[Seen]:
    """Looks at even intervals from the beginning, the times going on from one to the next."""
    return [Seen(at * LOOK_S, state, at * run_s, at * runqueue_s) for at, state in enumerate(states)]


def test_a_state_lasts_until_another_is_seen() -> None:
    made = lane(Seen(0.1, "sleep"), Seen(0.2, "sleep"), Seen(0.5, "network"), Seen(0.6, "sleep"))
    assert (made.pid, made.tid) == (7, 8)
    assert told(made) == [(0.0, "unknown"), (0.1, "sleep"), (0.5, "network"), (0.6, "sleep")]
    assert made.edges_s[-1] == 1.0


def test_before_the_first_look_nothing_is_known() -> None:
    assert told(lane()) == [(0.0, "unknown")]
    assert told(lane(Seen(0.0, "sleep"))) == [(0.0, "sleep")]


def test_a_runnable_thread_has_the_gil_or_not() -> None:
    made = lane(*every("cpu_gil", "cpu_gil", "cpu_free", "sleep"))
    assert told(made) == [(0.0, "cpu_gil"), (0.02, "cpu_free"), (0.03, "sleep")]


def test_what_the_sampler_takes_from_a_thread_is_not_the_run_queue() -> None:
    """Each look finds it in the run queue, where the sampler has put it."""
    looks = [Seen(look.at_s, "cpu_gil", look.run_s, look.at_s * 0.01) for look in every(*["cpu_gil"] * 20)]
    assert told(lane(*looks)) == [(0.0, "cpu_gil")]


def test_a_long_wait_for_a_cpu_is_told_where_it_was() -> None:
    """The kernel tells it when it is over."""
    running, waiting = every(*["cpu_gil"] * 11), [Seen(0.1 + at * LOOK_S, "cpu_gil", 0.1, 0.0) for at in range(10)]
    after = [Seen(0.2 + at * LOOK_S, "cpu_gil", 0.1 + at * LOOK_S, 0.1) for at in range(5)]
    assert told(lane(*running, *waiting, *after)) == [(0.0, "cpu_gil"), (0.1, "runqueue"), (0.2, "cpu_gil")]


def test_a_thread_woken_to_take_the_gil_runs_with_it_once_it_has_a_cpu() -> None:
    looks = [Seen(0.0, "gil_wait"), Seen(0.1, "runqueue", 0.0), Seen(0.2, "cpu_gil", 0.1), Seen(0.3, "sleep", 0.2)]
    assert told(lane(*looks)) == [(0.0, "gil_wait"), (0.1, "cpu_gil"), (0.3, "sleep")]


def test_a_runnable_thread_not_looked_at_closer_goes_on_as_it_was() -> None:
    made = lane(*every("cpu_free", None, None, "cpu_free", None, "sleep"))
    assert told(made) == [(0.0, "cpu_free"), (0.05, "sleep")]


def test_what_it_does_since_it_was_blocked_is_unknown_until_it_is_looked_at_closer() -> None:
    made = lane(*every("sleep", None, None, "cpu_gil", "cpu_gil"))
    assert told(made) == [(0.0, "sleep"), (0.01, "unknown"), (0.03, "cpu_gil")]


@pytest.mark.parametrize(("gil", "state"), [(Gil(), "unknown"), (Gil(enabled=False), "cpu_free")])
def test_without_knowledge_of_the_gil_or_without_one(gil: Gil, state: str) -> None:
    made = lane(*every("cpu_free", "cpu_gil", "lock", "cpu_free", "sleep"), gil=gil)
    assert told(made) == [(0.0, state), (0.02, "lock"), (0.03, state), (0.04, "sleep")]


def test_edges_are_whole_microseconds() -> None:
    made = lane(Seen(0.123456789, "sleep"), wall_s=0.9999999)
    assert made.edges_s == (0.0, 0.123457, 1.0)


def test_a_round_that_took_no_time_has_no_lanes() -> None:
    assert timeline_of([(address(), traced())], BEGAN_S, 1e-9, KNOWN) == Timeline(wall_s=0.0)


# -- laws ------------------------------------------------------------------------------------------

states = st.sampled_from([*STATES, None])
looked = st.lists(st.tuples(st.integers(0, 50), states, st.integers(0, 9), st.integers(0, 9)), max_size=60)


def looks_of(steps: list[tuple[int, str | None, int, int]]) -> list[Seen]:
    at_s = run_s = runqueue_s = 0.0
    looks = []
    for after_ms, state, ran_ms, queued_ms in steps:
        at_s, run_s, runqueue_s = at_s + after_ms / 1e3, run_s + ran_ms / 1e3, runqueue_s + queued_ms / 1e3
        looks.append(Seen(at_s, state, run_s, runqueue_s))
    return looks


def check(whole: Timeline) -> None:
    for each in whole.lanes:
        assert len(each.edges_s) == len(each.states) + 1
        assert (each.edges_s[0], each.edges_s[-1]) == (0.0, whole.wall_s)
        assert all(start < end for start, end in pairwise(each.edges_s))
        assert set(each.states) <= {*STATES, "unknown"}
        assert all(one != next_one for one, next_one in pairwise(each.states))


@given(looked, looked, st.floats(0.0001, 3.0), st.integers(4, 40))
def test_edges_rise_from_the_beginning_to_the_end(one: list, other: list, wall_s: float, most: int) -> None:  # type: ignore[type-arg]
    traces = [(address(tid=tid), traced(*looks_of(steps))) for tid, steps in enumerate((one, other))]
    whole = timeline_of(traces, BEGAN_S, wall_s, KNOWN)
    assert whole.wall_s == pytest.approx(wall_s, abs=1e-6)
    check(whole)
    cut = told_until(whole, most)
    check(cut)
    assert edges_in(cut) <= most
    assert cut == whole or cut.wall_s < whole.wall_s
    for short, long in zip(cut.lanes, whole.lanes, strict=True):
        assert (short.edges_s[:-1], short.states) == (
            long.edges_s[: len(short.states)],
            long.states[: len(short.states)],
        )


@given(st.lists(st.sampled_from(["gil_wait", "sleep", "network", "idle"]), min_size=1, max_size=40))
def test_shares_are_those_of_the_samples(seen: list[str]) -> None:
    made = lane(*every(*seen), wall_s=len(seen) * LOOK_S)
    assert shares(made) == pytest.approx({state: count * LOOK_S for state, count in Counter(seen).items()})
    assert list(made.states) == [state for state, _ in groupby(seen)]


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 100)), min_size=2, max_size=60))
def test_the_run_queue_is_what_the_kernel_says_it_was_to_half_a_stretch(seen: list[tuple[bool, int]]) -> None:
    runqueue_s, looks = 0.0, []
    for at, (holds, percent) in enumerate(seen):
        looks.append(Seen(at * LOOK_S, "cpu_gil" if holds else "cpu_free", at * LOOK_S - runqueue_s, runqueue_s))
        runqueue_s += LOOK_S * percent / 100
    made = lane(*looks, wall_s=(len(seen) - 1) * LOOK_S)
    assert shares(made)["runqueue"] == pytest.approx(looks[-1].runqueue_s, abs=LOOK_S / 2 + 1e-6)


# -- bounds ----------------------------------------------------------------------------------------


def test_a_long_round_is_told_from_its_beginning() -> None:
    looks = every(*["sleep", "network"] * MOST_EDGES)
    whole = timeline_of([(address(), traced(*looks))], BEGAN_S, 1e6, KNOWN)
    assert edges_in(whole) == MOST_EDGES
    assert whole.wall_s == pytest.approx((MOST_EDGES - 1) * LOOK_S)
    assert whole.lanes[0].states[:4] == ("sleep", "network", "sleep", "network")


def test_no_more_is_told_than_was_kept() -> None:
    busy = every(*["cpu_gil"] * (2 * MOST_LOOKS))
    idle = [Seen(0.0, "sleep")] * (2 * MOST_LOOKS)
    traces = [(address(tid=tid), traced(*looks)) for tid, looks in enumerate((busy, idle))]
    assert [len(trace.looks) for _, trace in traces] == [MOST_LOOKS, 1]
    whole = timeline_of(traces, BEGAN_S, 1e6, KNOWN)
    assert whole.wall_s == pytest.approx((MOST_LOOKS - 1) * LOOK_S)
    assert [told(each) for each in whole.lanes] == [[(0.0, "cpu_gil")], [(0.0, "sleep")]]


@pytest.mark.parametrize(
    ("needs", "total", "most"),
    [([], 10, 10), ([3, 4], 10, 4), ([3, 9], 10, 7), ([9, 9, 9], 10, 3), ([1, 20, 20], 11, 5)],
)
def test_what_some_do_not_need_is_the_others(needs: list[int], total: int, most: int) -> None:
    assert fair_share(needs, total) == most


@given(st.lists(st.integers(0, 100), max_size=12), st.integers(0, 500))
def test_the_shares_are_no_more_than_all(needs: list[int], total: int) -> None:
    assert sum(min(need, fair_share(needs, total)) for need in needs) <= total


# -- from moments ----------------------------------------------------------------------------------


def test_of_moments_it_tells_the_threads_that_are_wanted_at_the_time_their_interpreter_was_read() -> None:
    traces = Traces([address(tid=1), address(tid=2)])
    times = Scheduled(0.0, 0.0)
    for at_s, sample in enumerate([blocked("sleep"), runnable(holds=True, scheduled=times), runnable(None)]):
        traces.see(moment(sample, blocked("lock", tid=3), at_s=at_s))
    one, other = traces
    assert one[0] == address(tid=1)
    assert one[1].looks == [Look(0, "sleep"), Look(1, "cpu_gil", times)]
    assert other[1].looks == []
