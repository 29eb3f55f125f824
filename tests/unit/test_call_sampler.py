"""Sampling the threads of a service by what they publish: made-up memory, made-up threads."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

import pytest

from gilscope.observers import sampler
from gilscope.observers.call_sampler import IDLE_AFTER, IDLE_HZ, OWN_SHARE, CallSampler
from gilscope.observers.functions import FUNCTIONS, ROW_BYTES, FunctionCounts
from gilscope.observers.gil import Hold
from gilscope.observers.moment import Moment
from gilscope.observers.sampler import THREADS_PER_MOMENT

from .moments import address
from .scene import Scene, samples_of
from .test_sampling_rate import Clock

RATE_HZ = 200.0
BASE = 4 * ROW_BYTES


@dataclass
class Service(Scene):
    """A process whose threads publish in rows; all that are in calls sleep."""

    state: str = "sleep"
    memory: dict[int, bytearray] = field(default_factory=dict)
    looked_at: int = 0
    reads: int = 0

    def publish(self, place: int, *functions: int) -> None:
        """A thread at this place is in calls of these."""
        row, at = divmod(BASE + place * FUNCTIONS, ROW_BYTES)
        published = bytearray(FUNCTIONS)
        for number in (0, *functions):
            published[number] = 1
        self.memory.setdefault(row, bytearray(ROW_BYTES))[at : at + FUNCTIONS] = published

    def read(self, place: int, size: int) -> bytes:
        self.reads += 1
        row, at = divmod(place, ROW_BYTES)
        assert at + size <= ROW_BYTES, "no row is read beyond its end"
        return bytes(self.memory[row][at : at + size])

    def waiting(self) -> object:  # type: ignore[override]
        self.looked_at += 1
        return super().waiting()


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Service:
    made = Service()
    monkeypatch.setattr(sampler, "thread_files", lambda pid, tid: made)
    monkeypatch.setattr(sampler, "Interpreter", lambda of, layout: made)
    monkeypatch.setattr(Service, "__hash__", lambda self: 1)
    return made


def watching(service: Service, threads: int) -> CallSampler:
    """A sampler of so many threads, all parked."""
    made = CallSampler(None, RATE_HZ, random.Random(0))
    for place in range(threads):
        service.publish(place)
        made.add(address(tid=place, busy=BASE + place * FUNCTIONS))
    return made


def test_only_threads_in_calls_are_looked_at(service: Service) -> None:
    made = watching(service, 20)
    service.publish(3, 7)
    service.publish(11, 7, FUNCTIONS - 1)
    found = samples_of([made.moment()])
    assert [sample.thread.tid for sample in found] == [3, 11]
    assert [sample.wait for sample in found] == ["sleep", "sleep"]
    assert [sum(sample.functions) for sample in found] == [2, 3]
    assert service.looked_at == 2


def test_parked_threads_take_one_reading_however_many(service: Service) -> None:
    made = watching(service, ROW_BYTES // FUNCTIONS)
    assert made.moment() == Moment([])
    assert (service.reads, service.looked_at) == (1, 0)


def test_of_more_rows_each_is_read(service: Service) -> None:
    made = watching(service, 3 * ROW_BYTES // FUNCTIONS)
    service.publish(2 * ROW_BYTES // FUNCTIONS, 1)
    assert len(samples_of([made.moment()])) == 1
    assert service.reads == 3


def test_a_few_of_many_in_calls_stand_for_all(service: Service) -> None:
    made = watching(service, 100)
    for place in range(40):
        service.publish(place, 1)
    moment = made.moment()
    assert len(samples_of([moment])) == THREADS_PER_MOMENT
    assert moment.crowd == pytest.approx(40 / THREADS_PER_MOMENT)


def test_a_thread_takes_the_place_of_one_that_has_ended(service: Service) -> None:
    made = watching(service, 2)
    service.publish(1, 1)
    made.add(address(tid=99, busy=BASE + FUNCTIONS))
    assert [sample.thread.tid for sample in samples_of([made.moment()])] == [99]
    assert len(made.threads) == 2


def test_a_process_that_is_gone_shows_nothing(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    made = watching(service, 2)
    monkeypatch.setattr(service, "read", lambda *_: (_ for _ in ()).throw(ProcessLookupError()))
    assert made.moment() == Moment([])
    assert made.quality.errors == 1


# ---- how often ----


def test_while_nobody_is_in_a_call_moments_are_few(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    made, clock = watching(service, 20), Clock(monkeypatch, 20.0, [])
    found = list(made.moments(clock.wait))
    assert len(found) == pytest.approx(IDLE_AFTER + 20.0 * IDLE_HZ, rel=0.05)
    assert found[-1].slots == pytest.approx(RATE_HZ / IDLE_HZ)


def test_what_it_takes_stays_in_bounds_with_what_waking_takes(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, clock = watching(service, 20), Clock(monkeypatch, 20.0, [])
    service.publish(5, 1)
    monkeypatch.setattr(service, "hold", lambda: Hold(clock.spend(0.0003), 0))

    def wait(seconds: float) -> bool:
        clock.spend(0.0001)
        return clock.wait(seconds - 0.0001)

    assert list(made.moments(wait))
    assert made.quality.cpu_s / made.quality.elapsed_s == pytest.approx(OWN_SHARE, rel=0.1)


def test_calls_after_a_pause_count_for_as_long_as_they_take(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    """A call of 50 ms each second, by one of 20 threads: its first moments are few, and so stand for more."""
    made, clock = watching(service, 20), Clock(monkeypatch, 400.0, [])
    of_functions = FunctionCounts(clock.now, random.Random(0))

    def wait(seconds: float) -> bool:
        over = clock.wait(seconds)
        service.publish(5, *([1] if (clock.now - 100.0) % 1.0 < 0.05 else []))
        return over

    for moment in made.moments(wait):
        of_functions.see(moment)
    found = of_functions.take(clock.now)[1]
    assert found.wall_s == pytest.approx(400 * 0.05, rel=0.1)
    assert found.looks < found.counts.total
