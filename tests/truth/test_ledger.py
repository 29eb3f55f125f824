"""The ledger of programs that spend their time in one known way, judged by wide proportions and conservation laws."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Iterator

import pytest

from gilscope.measure.watching import Watching
from gilscope.observers import thread_files
from gilscope.observers.gil import Gil
from gilscope.records import STATES, Ledger
from tests.truth.conftest import PATIENCE_S, Observe, Start

pytestmark = pytest.mark.timing


def share(ledger: Ledger, *states: str) -> float:
    """Of the time that was the program's own to spend: what other programs on this machine took is left out."""
    own_s = ledger.wall_s - (ledger.runqueue_s or 0.0)
    return sum(ledger.state_s(state) or 0.0 for state in states) / own_s


def check_sum(ledger: Ledger) -> None:
    assert sum(ledger.state_s(state) or 0.0 for state in STATES) == pytest.approx(ledger.wall_s, rel=0.01)
    assert ledger.cpu_s + (ledger.runqueue_s or 0.0) + ledger.blocked_s == pytest.approx(ledger.wall_s, rel=0.01)


@pytest.mark.interpreter
@pytest.mark.parametrize(
    ("program", "state"),
    [
        ("python", "cpu_gil"),
        ("native", "cpu_free"),
        ("sleep", "sleep"),
        ("lock", "lock"),
        ("network", "network"),
        ("network_blocking", "network"),
        ("child", "child"),
        ("child_output", "child"),
        ("coroutine_sleep", "sleep"),
        ("coroutine_network", "network"),
        ("coroutine_blocks", "sleep"),
    ],
)
def test_alone_most_time_is_in_the_one_state(observe: Observe, program: str, state: str) -> None:
    ledger = observe(program)
    check_sum(ledger)
    assert share(ledger, state) > 0.7
    assert max(STATES, key=lambda other: share(ledger, other) if other != "runqueue" else 0.0) == state
    assert share(ledger, "gil_wait") < 0.1


def test_waiting_for_the_disk(observe: Observe) -> None:
    """How long a disk takes is its own affair; what the program waits for is not."""
    ledger = observe("disk")
    check_sum(ledger)
    waits = ("network", "sleep", "lock", "child", "other")
    assert share(ledger, "disk") > sum(share(ledger, state) for state in waits)


@pytest.mark.interpreter
@pytest.mark.parametrize("workers", [2, 4])
def test_python_threads_wait_for_the_gil(observe: Observe, workers: int) -> None:
    ledger = observe("python", "thread", workers, round_s=1.5)
    check_sum(ledger)
    assert ledger.threads == workers
    assert share(ledger, "cpu_gil") > 0.6 / workers
    assert share(ledger, "gil_wait") > 0.5 * (workers - 1) / workers
    assert share(ledger, "cpu_free", "network", "disk", "sleep", "child", "other") < 0.15
    assert ledger.gil_held_ratio is not None
    assert ledger.gil_held_ratio > 0.8


@pytest.fixture
def one_cpu() -> Iterator[None]:
    """For the sampler and what it watches, as in a small container."""
    allowed = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(allowed)})
    yield
    os.sched_setaffinity(0, allowed)


@pytest.mark.usefixtures("one_cpu")
@pytest.mark.parametrize(
    ("program", "state", "other"), [("python", "cpu_gil", "cpu_free"), ("native", "cpu_free", "cpu_gil")]
)
def test_threads_that_compete_for_one_cpu_use_it_as_they_do_alone(
    observe: Observe, program: str, state: str, other: str
) -> None:
    """Whoever is woken to ask for the GIL waits for the CPU without it: that is no time on a CPU."""
    ledger = observe(program, "thread", 2, round_s=1.0)
    check_sum(ledger)
    assert share(ledger, state) > 9 * share(ledger, other)


@pytest.mark.parametrize("start_method", ["spawn", "forkserver", "fork"])
def test_python_processes_do_not(observe: Observe, start_method: str) -> None:
    ledger = observe("python", "process", 2, start_method=start_method)
    check_sum(ledger)
    assert share(ledger, "cpu_gil") > 0.6
    assert share(ledger, "gil_wait") < 0.05


def test_native_threads_do_not(observe: Observe) -> None:
    ledger = observe("native", "thread", 2)
    check_sum(ledger)
    assert share(ledger, "cpu_free") > 0.6
    assert share(ledger, "cpu_free") > 5 * share(ledger, "gil_wait")


def test_sleeping_threads_read_nothing_else(observe: Observe) -> None:
    ledger = observe("sleep", "thread", 8)
    check_sum(ledger)
    assert share(ledger, "sleep") > 0.7
    assert share(ledger, "cpu_gil", "cpu_free") < 0.1


def test_a_mix_is_divided_as_it_is(observe: Observe) -> None:
    ledger = observe("half_python_half_sleep", round_s=1.2)
    check_sum(ledger)
    assert share(ledger, "cpu_gil") == pytest.approx(0.5, abs=0.15)
    assert share(ledger, "sleep") == pytest.approx(0.5, abs=0.15)


def test_coroutines_on_one_loop(observe: Observe) -> None:
    ledger = observe("coroutine_sleep", "asyncio", 8)
    check_sum(ledger)
    assert ledger.threads == 1
    assert share(ledger, "sleep") > 0.6


def test_offloaded_python_waits_for_the_gil(observe: Observe) -> None:
    ledger = observe("python", "asyncio", 2)
    check_sum(ledger)
    assert share(ledger, "gil_wait") > 0.25


def test_the_gil_held_while_blocked_is_told(observe: Observe) -> None:
    bad, good = observe("held_while_blocked"), observe("sleep")
    assert bad.gil_held_off_cpu_s is not None
    assert bad.gil_held_off_cpu_s > 0.6 * bad.wall_s
    assert good.gil_held_off_cpu_s is not None
    assert good.gil_held_off_cpu_s < 0.1 * good.wall_s


def test_a_long_hold_that_others_wait_for_is_told(observe: Observe) -> None:
    ledger = observe("held_while_blocked", "thread", 2)
    assert ledger.longest_hold_s is not None
    assert 0.005 < ledger.longest_hold_s < ledger.wall_s / ledger.threads


def test_own_threads_are_accounted_beside_the_wall_clock(observe: Observe) -> None:
    ledger = observe("own_threads")
    check_sum(ledger)
    assert share(ledger, "lock") > 0.5
    assert ledger.own_threads_cpu_s is not None
    assert ledger.own_threads_cpu_s > 2 * ledger.cpu_s


def test_processes_it_starts_are_accounted_beside_the_wall_clock(observe: Observe) -> None:
    busy, idle = observe("busy_child"), observe("child")
    assert busy.children_cpu_s is not None
    assert busy.children_cpu_s > busy.cpu_s
    assert idle.children_cpu_s is not None
    assert idle.children_cpu_s < 0.5 * idle.wall_s


def test_children_of_pool_workers_are_found(observe: Observe) -> None:
    ledger = observe("busy_child", "process", 2)
    assert ledger.children_cpu_s is not None
    assert ledger.children_cpu_s > ledger.cpu_s


def test_a_ledger_of_which_most_cannot_be_read_is_refused_by_name(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on a kernel that names the context switches otherwise: the rest is no ledger, and psutil makes the next."""
    monkeypatch.setattr(thread_files, "VOLUNTARY", b"\nchosen_ctxt_switches:")
    watching = Watching(Gil(), 500.0, random.Random(1))
    trial = start("programs:python", watching=watching)
    limit = time.monotonic() + PATIENCE_S
    refused, made = (trial.run_round(20, 1, limit, observed=True) for _ in range(2))
    assert refused.ledger is None
    assert watching.reason is not None
    assert "whether threads are on a CPU could not be read" in watching.reason
    assert "status tells no context switches" in watching.reason
    assert made.ledger is not None
    assert (made.ledger.cpu_gil_s, made.ledger.cpu_s > 0) == (None, True)


def test_psutil_knows_the_cpu_and_leaves_the_rest_undivided(observe: Observe) -> None:
    busy, asleep = observe("python", source="psutil"), observe("sleep", source="psutil")
    for ledger in (busy, asleep):
        assert ledger.cpu_s + ledger.blocked_s == pytest.approx(ledger.wall_s, rel=0.01)
        assert [ledger.state_s(state) for state in STATES] == [None] * len(STATES)
    assert busy.cpu_s > 2 * asleep.cpu_s
