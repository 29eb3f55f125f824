"""Counting samples by the functions a thread is in: made-up threads and memory."""

from __future__ import annotations

import random
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import pytest

from gilscope.observers import inside, sampler
from gilscope.observers.gil import Hold
from gilscope.observers.inside import FUNCTIONS, FunctionSampler, Seen
from gilscope.observers.sampler import THREADS_PER_MOMENT, Counts, HoldWatch
from gilscope.observers.syscalls import Waiting

from .test_sampler import address


@dataclass
class Thread:
    """Stands for a thread's files: it sleeps, runs or is gone."""

    state: str = "sleep"
    closed: bool = False

    def waiting(self) -> Waiting | None:
        if self.state == "gone":
            raise ProcessLookupError
        return None if self.state == "on" else Waiting(self.state)

    def on_cpu(self) -> bool:
        return True

    def close(self) -> None:
        self.closed = True


@dataclass
class Process:
    """Stands for an interpreter and the memory of its process: what each thread publishes, by its address."""

    published: dict[int, bytes] = field(default_factory=dict)
    watch: HoldWatch = field(default_factory=HoldWatch)

    @property
    def files(self) -> Process:
        return self

    def read(self, address: int, size: int) -> bytes:
        return self.published[address][:size]

    def hold(self) -> Hold:
        return Hold(0, 0)

    def owns_futex(self, _address: int) -> bool:
        return False


class Scene:
    """A sampler of made-up threads, of one process."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.process = Process()
        self.threads: dict[int, Thread] = {}
        patch.setattr(sampler, "ThreadFiles", lambda pid, tid: self.threads[tid])
        patch.setattr(inside, "Interpreter", lambda pid, runtime, layout: self.process)
        self.sampler = FunctionSampler(None, 100.0, random.Random(1))

    def add(self, *functions: int, state: str = "sleep") -> int:
        """A thread in calls of these functions."""
        tid = len(self.threads) + 1
        self.threads[tid] = Thread(state)
        self.go(tid, *functions)
        self.sampler.add(address(tid=tid, busy=tid))
        return tid

    def go(self, tid: int, *functions: int) -> None:
        published = bytearray(FUNCTIONS)
        for number in (0, *functions):
            published[number] = 1
        self.process.published[tid] = bytes(published)

    def look(self, moments: int) -> None:
        left = iter(range(moments))
        self.sampler.run(lambda seconds: next(left, None) is None)


@pytest.fixture
def scene(monkeypatch: pytest.MonkeyPatch) -> Scene:
    scene = Scene(monkeypatch)
    monkeypatch.setattr(sampler, "LATE_S", 1e9)  # nobody waits here, so no moment is missed
    return scene


def blocked(seen: dict[int, Seen]) -> dict[int, Counter[str]]:
    return {number: each.counts.blocked for number, each in seen.items()}


def test_a_sample_counts_for_every_function_the_thread_is_in(scene: Scene) -> None:
    scene.add(3, FUNCTIONS - 1)
    scene.look(5)
    assert blocked(scene.sampler.take()) == {3: Counter(sleep=5), FUNCTIONS - 1: Counter(sleep=5)}


def test_outside_calls_nothing_counts(scene: Scene) -> None:
    scene.add()
    scene.look(5)
    assert scene.sampler.take() == {}


def test_what_was_taken_is_not_told_again(scene: Scene) -> None:
    tid = scene.add(1)
    scene.look(2)
    scene.sampler.take()
    scene.go(tid, 2)
    scene.look(3)
    assert blocked(scene.sampler.take()) == {2: Counter(sleep=3)}


def test_threads_add_up(scene: Scene) -> None:
    scene.add(1)
    scene.add(1, state="network")
    scene.add(1, state="on")
    scene.look(4)
    [seen] = scene.sampler.take().values()
    assert (seen.counts.blocked, seen.counts.runnable) == (Counter(sleep=4, network=4), 4)


def test_a_thread_that_has_ended_is_let_go_and_what_it_did_stays(scene: Scene) -> None:
    first, _ = scene.add(1), scene.add(1)
    scene.look(2)
    scene.threads[first].state = "gone"
    scene.look(3)
    assert blocked(scene.sampler.take()) == {1: Counter(sleep=7)}
    assert (scene.threads[first].closed, len(scene.sampler.workers)) == (True, 1)


def test_samples_stand_for_the_time_between_them(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    now = 0.0
    monkeypatch.setattr(time, "perf_counter", lambda: now)
    scene = Scene(monkeypatch)
    for _ in range(2 * THREADS_PER_MOMENT):
        scene.add(1)
    scene.sampler.pace.moments = 10
    scene.sampler._look_around()
    now = 22.0
    [seen] = scene.sampler.take().values()
    assert seen.counts.samples == THREADS_PER_MOMENT
    assert seen.wall_s == pytest.approx(22 / 11 * 2 * THREADS_PER_MOMENT)


def test_seen_adds_up_and_leaves_the_other_alone() -> None:
    parts: list[Any] = [Seen(1.0, Counts(blocked=Counter(sleep=1), blocked_held=1)) for _ in range(2)]
    whole = Seen()
    for part in parts:
        whole += part
    assert whole == Seen(2.0, Counts(blocked=Counter(sleep=2), blocked_held=2))
    assert parts[0] == parts[1]
