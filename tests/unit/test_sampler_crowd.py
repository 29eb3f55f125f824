"""Sampling many threads: which of them a moment shows, and those that come and go."""

from __future__ import annotations

import errno
import os
import random
from collections import Counter

import pytest

from gilscope.observers import sampler
from gilscope.observers.gil import Hold
from gilscope.observers.sampler import ASKED_PER_MOMENT, MOST_OPEN, THREADS_PER_MOMENT, Sampler
from gilscope.observers.sampling_quality import WAIT

from .moments import address
from .scene import Scene, crowd, samples_of


def test_each_moment_looks_at_a_bounded_number_of_threads_and_misses_none_for_ever(scene: Scene) -> None:
    scene.state = "sleep"
    made = crowd(threads=20)
    looks = Counter(sample.thread.tid for sample in samples_of([made.moment() for _ in range(200)]))
    assert looks.total() == 200 * THREADS_PER_MOMENT
    assert min(looks[tid] for tid in range(20)) > 200 * THREADS_PER_MOMENT / 20 / 2


def test_each_moment_asks_a_bounded_number_whether_they_are_on_a_cpu(scene: Scene) -> None:
    made = crowd(threads=6)
    samples = samples_of([made.moment() for _ in range(100)])
    assert len(samples) == 600
    assert sum(sample.on_cpu is None for sample in samples) == 100 * (6 - ASKED_PER_MOMENT)
    assert len({sample.thread.tid for sample in samples if sample.on_cpu}) == 6


@pytest.mark.parametrize(
    ("threads", "cpus", "saturated"),
    [(2, 1, True), (2, 2, True), (2, 3, False), (16, 16, True), (16, 17, False), (64, 64, True), (64, 65, False)],
)
@pytest.mark.usefixtures("scene")
def test_the_cpus_are_saturated_where_as_many_threads_can_run(
    threads: int, cpus: int, saturated: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: set(range(cpus)), raising=False)
    assert crowd(threads).moment().cpus_saturated is saturated


def test_of_a_crowd_few_files_are_open_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    files = {tid: Scene("sleep") for tid in range(400)}
    opened: Counter[int] = Counter()

    def opening(_pid: int, tid: int) -> Scene:
        opened[tid] += 1
        return files[tid]

    monkeypatch.setattr(sampler, "thread_files", opening)
    monkeypatch.setattr(sampler, "Interpreter", lambda of, layout: Scene())
    made = crowd(400)
    for _ in range(200):
        assert len(samples_of([made.moment()])) == THREADS_PER_MOMENT
        assert opened.total() - sum(each.closed for each in files.values()) <= MOST_OPEN
    made.close()
    assert {tid: each.closed for tid, each in files.items()} == opened


def test_a_thread_whose_files_cannot_be_opened_for_lack_of_descriptors_has_not_ended(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = Sampler([address()], None, 400, random.Random(0))
    monkeypatch.setattr(scene, "waiting", lambda: (_ for _ in ()).throw(OSError(errno.EMFILE, "Too many open files")))
    assert samples_of([made.moment()]) == []
    assert made.threads[0].ended is False
    assert made.quality.readings[WAIT].why.endswith("Too many open files")


def test_each_interpreter_is_read_once_a_moment(scene: Scene) -> None:
    scene.holders = iter(range(3 + ASKED_PER_MOMENT))
    [*interpreters] = crowd(threads=6).moment().interpreters
    assert [each.hold.holder for each in interpreters] == [0, 1, 2]
    assert [len(each.threads) for each in interpreters] == [2, 2, 2]


def test_all_files_are_closed(scene: Scene) -> None:
    made = crowd(threads=5)
    made.moment()
    made.close()
    assert scene.closed == 5 + 3


def test_threads_come_and_go_and_one_that_has_ended_is_let_go_of(monkeypatch: pytest.MonkeyPatch) -> None:
    threads = {tid: Scene("sleep") for tid in (1, 2)}
    monkeypatch.setattr(sampler, "thread_files", lambda pid, tid: threads[tid])
    monkeypatch.setattr(sampler, "Interpreter", lambda of, layout: Scene())
    made = Sampler((), None, 400, random.Random(0))
    assert made.moment().interpreters == []
    for tid in threads:
        made.add(address(tid=tid))
    assert len(samples_of([made.moment()])) == 2
    threads[1].state = "gone"
    assert [sample.thread.tid for sample in samples_of([made.moment()])] == [2]
    assert made.quality.errors == 1
    made.let_go_of_ended()
    assert [(each.closed, len(made.threads)) for each in threads.values()] == [(1, 1), (0, 1)]
    assert len(samples_of([made.moment()])) == 1
    assert made.quality.errors == 1


@pytest.mark.parametrize("reading", ["on_cpu", "hold", "scheduled"])
def test_a_thread_that_ends_while_it_is_asked_is_no_sample(
    scene: Scene, reading: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = Sampler([address()], None, 400, random.Random(0), timed=1)
    holds = iter([Hold(0, 0)])

    def gone() -> Hold:
        hold = next(holds, None) if reading == "hold" else None
        if hold is None:
            raise ProcessLookupError
        return hold

    monkeypatch.setattr(scene, reading, gone)
    assert samples_of([made.moment()]) == []
    assert (made.quality.errors, made.threads[0].ended) == (1, True)
