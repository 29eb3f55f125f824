"""Sampling: what a moment shows of a made-up thread, and how often one is taken."""

from __future__ import annotations

import os
import random

import pytest

from gilscope.observers.gil import Hold
from gilscope.observers.moment import ThreadSample
from gilscope.observers.own_schedule import LastRun, OwnSchedule
from gilscope.observers.sampler import ASKED_PER_MOMENT, CPU_SHARE, OWN_SHARE, Sampler

from .moments import ME, OTHER, address
from .scene import CALLS, Scene, crowd, samples_of
from .test_sampling_rate import Clock


def seen(scene: Scene, state: str, holder: int = 0, **more: int) -> ThreadSample:
    """What one moment shows of one thread."""
    scene.state, scene.holder = state, holder
    made = Sampler([address(**more)], None, 400, random.Random(0))
    [interpreter] = made.moment().interpreters
    [sample] = interpreter.threads
    return sample


@pytest.mark.parametrize("state", CALLS)
def test_a_blocked_thread_is_in_what_it_waits_for(scene: Scene, state: str) -> None:
    assert seen(scene, state, OTHER) == ThreadSample(address(), state)


@pytest.mark.parametrize(("holder", "holds"), [(ME, True), (OTHER, False), (0, False)])
@pytest.mark.parametrize("state", ["sleep", "on", "queued"])
def test_it_holds_the_gil_or_not(scene: Scene, state: str, holder: int, holds: bool) -> None:
    assert seen(scene, state, holder).holds_gil is holds


@pytest.mark.parametrize(("state", "on_cpu"), [("on", True), ("queued", False), ("moved", None)])
def test_a_runnable_thread_is_on_a_cpu_or_in_the_run_queue(scene: Scene, state: str, on_cpu: bool | None) -> None:
    found = seen(scene, state)
    assert (found.wait, found.on_cpu) == (None, on_cpu)


def preempted(made: Sampler) -> list[bool | None]:
    return [sample.preempted for sample in samples_of([made.moment()])]


@pytest.mark.parametrize(("told", "alone"), [(True, True), (False, False), (None, True)])
def test_who_is_alone_in_the_run_queue_gave_its_cpu_to_the_sampler_unless_it_was_woken(
    scene: Scene, told: bool | None, alone: bool
) -> None:
    scene.state, scene.preempted = "queued", told
    assert preempted(Sampler([address()], None, 400, random.Random(0))) == [alone]
    assert preempted(crowd(threads=2)) == [told] * 2


def test_who_made_way_for_the_sampler_counts_as_on_its_cpu(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(OwnSchedule, "took_cpu_of", lambda self, other, cpu: (other, cpu()) == (LastRun(7.0, 1.0), 1))
    scene.ran = LastRun(7.0, 1.0)
    found = seen(scene, "queued", ME)
    assert (found.on_cpu, found.holds_gil) == (True, True)
    scene.ran = LastRun(6.0, 1.0)
    assert seen(scene, "queued", ME).on_cpu is False


@pytest.mark.parametrize(("threads", "each"), [(1, 1.0), (2, 1.0), (6, 3.0), (16, 4.0)])
def test_who_was_asked_stands_for_all_that_can_run(scene: Scene, threads: int, each: float) -> None:
    asked = [sample for sample in samples_of([crowd(threads).moment()]) if sample.on_cpu is not None]
    assert [sample.stands_for for sample in asked] == [each] * min(threads, ASKED_PER_MOMENT)


@pytest.mark.parametrize(("state", "holds"), [("sleep", True), ("on", False)])
def test_the_holder_is_read_before_a_blocked_thread_and_after_a_runnable_one(
    scene: Scene, state: str, holds: bool
) -> None:
    scene.holders = iter([ME, OTHER])
    assert seen(scene, state).holds_gil is holds


@pytest.mark.parametrize("state", ["lock", "network"])
def test_outside_a_call_a_thread_is_idle(scene: Scene, state: str) -> None:
    scene.idle = True
    assert seen(scene, state).wait == "idle"


def test_wanting_the_gil_is_never_idle(scene: Scene) -> None:
    scene.idle = True
    assert seen(scene, "gil_wait", OTHER).wait == "gil_wait"


def test_an_unknown_thread_state_holds_nothing(scene: Scene) -> None:
    """Where addresses are not told they are 0, and so is a GIL that nobody holds."""
    assert not seen(scene, "on", 0, thread_state=0).holds_gil


def test_times_are_read_of_a_timed_thread_while_it_is_runnable_and_at_the_end_of_that(scene: Scene) -> None:
    made = Sampler([address(tid=1), address(tid=2)], None, 400, random.Random(0), timed=1)
    times = []
    for scene.state in ("sleep", "on", "moved", "queued", "moved", "sleep", "sleep"):
        timed, untimed = made.moment().interpreters[0].threads
        times.append(timed.scheduled and timed.scheduled.run_s)
        assert untimed.scheduled is None
    assert times == [None, 1.0, None, 2.0, None, 3.0, None]


@pytest.mark.parametrize(
    ("state", "cpus", "share"), [("on", 1, CPU_SHARE), ("on", 2, OWN_SHARE), ("sleep", 1, OWN_SHARE)]
)
def test_the_rate_yields_most_where_every_cpu_is_busy(
    scene: Scene, state: str, cpus: int, share: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Looking takes 1 ms of CPU, 400 times a second: two fifths of a CPU, if nothing yielded."""
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: set(range(cpus)), raising=False)
    clock = Clock(monkeypatch, 50.0, [])
    monkeypatch.setattr(scene, "hold", lambda: Hold(clock.spend(0.001 if scene.state == "sleep" else 0.0005), 0))
    scene.state = state
    made = Sampler([address()], None, 400, random.Random(0))
    assert list(made.moments(clock.wait))
    assert 0.5 * share < made.quality.cpu_s / made.quality.elapsed_s < 1.5 * share


def test_the_rate_is_the_one_asked_for_where_looking_is_cheap(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock(monkeypatch, 5.0, [])
    monkeypatch.setattr(scene, "hold", lambda: Hold(clock.spend(0.00005), 0))
    scene.state = "sleep"
    made = Sampler([address()], None, 400, random.Random(0))
    assert list(made.moments(clock.wait))
    assert made.quality.moments / made.quality.elapsed_s == pytest.approx(400, rel=0.05)
