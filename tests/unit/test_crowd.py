"""The ledger of a crowd, of whom each moment shows a few: from made-up threads by the sampler's own choice of them."""

from __future__ import annotations

import os
import random
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gilscope.observers import sampler
from gilscope.observers.account import NonWorkerCpu, ledger_of
from gilscope.observers.counts import ThreadCounts
from gilscope.observers.gil import Gil, GilLayout, Hold
from gilscope.observers.own_schedule import LastRun
from gilscope.observers.sampler import Sampler
from gilscope.observers.syscalls import Waiting
from gilscope.observers.thread_files import Scheduled
from gilscope.records import STATES, Ledger

from .moments import ME, address

MOMENTS = 120  # of a round of 0.3 s


@dataclass
class Worker:
    """Stands for the files of a process with one thread, and for its interpreter: on a CPU for some of the time, with
    the GIL for some of that, and else asleep."""

    rng: random.Random
    busy: float
    held: float
    preempted: None = None
    pid: int = field(default=1)
    gil: int = 0

    @property
    def files(self) -> Worker:
        return self

    def waiting(self) -> Waiting | None:
        return None if self.rng.random() < self.busy else Waiting("sleep")

    def on_cpu(self) -> bool:
        return True

    def last_run(self) -> LastRun | None:
        return None

    def hold(self) -> Hold:
        return Hold(ME if self.rng.random() < self.held else 0, 0)

    def read(self, _address: int, _size: int) -> bytes:
        return b"\1"

    def close(self) -> None:
        """There is nothing open."""


def ledger(patch: pytest.MonkeyPatch, workers: int, cpus: int, busy: float, held: float, seed: int = 3) -> Ledger:
    """Of so many processes that do the same, on as many CPUs as there are."""
    rng = random.Random(seed)
    everyone = {number: Worker(rng, busy, held, pid=number) for number in range(workers)}
    patch.setattr(os, "sched_getaffinity", lambda pid: set(range(cpus)), raising=False)
    patch.setattr(sampler, "thread_files", lambda pid, tid: everyone[tid])
    patch.setattr(sampler, "Interpreter", lambda of, layout: everyone[of.pid])
    threads = [address(pid=number, tid=number) for number in everyone]
    made, counts = Sampler(threads, None, 400.0, rng), ThreadCounts()
    for _ in range(MOMENTS):
        counts.see(made.moment())
    made.close()
    read = [(Scheduled(0.3 * busy, 0.0), counts.of(thread)) for thread in threads]
    return ledger_of(0.3, read, [], NonWorkerCpu(), Gil(layout=GilLayout(8)))


@pytest.mark.parametrize(("workers", "cpus"), [(1, 16), (4, 16), (8, 8), (16, 16), (64, 64), (400, 2)])
@pytest.mark.parametrize("held", [0.1, 0.5, 0.9])
def test_workers_on_cpus_hold_the_gil_as_often_however_many_they_are(
    workers: int, cpus: int, held: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = ledger(monkeypatch, workers, cpus, busy=1.0, held=held)
    assert found.cpu_gil_s is not None
    assert found.cpu_gil_s / found.cpu_s == pytest.approx(held, abs=0.1)


@pytest.mark.parametrize("workers", [1, 16, 64])
def test_what_a_crowd_waits_for_is_told_too(workers: int, monkeypatch: pytest.MonkeyPatch) -> None:
    found = ledger(monkeypatch, workers, 16, busy=0.3, held=0.2)
    assert found.sleep_s == pytest.approx(found.blocked_s)
    assert found.cpu_gil_s is not None
    assert found.cpu_gil_s / found.cpu_s == pytest.approx(0.2, abs=0.15)


@settings(max_examples=20)
@given(
    workers=st.integers(1, 100),
    cpus=st.integers(1, 100),
    busy=st.floats(0, 1),
    held=st.floats(0, 1),
    seed=st.integers(0, 9),
)
def test_of_any_crowd_the_states_sum_to_the_wall_clock(
    workers: int, cpus: int, busy: float, held: float, seed: int
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        found = ledger(patch, workers, cpus, busy, held, seed)
    states = [found.state_s(state) for state in STATES]
    assert found.cpu_s + (found.runqueue_s or 0.0) + found.blocked_s == pytest.approx(found.wall_s)
    if None not in states:
        assert sum(value or 0.0 for value in states) == pytest.approx(found.wall_s)
