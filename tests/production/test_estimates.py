"""What all calls computed, told from those that were measured, against the thread's own clock."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from gilscope import classify
from tests.production.known import profile

BUSY = "print(flush=True)\nwhile True: pass"


@classify
def work() -> int:
    return sum(number * number for number in range(4_000))


@classify
def calls_work() -> int:
    return work()


@contextmanager
def other_programs(count: int) -> Iterator[None]:
    """So many others compute meanwhile."""
    started = [subprocess.Popen([sys.executable, "-c", BUSY], stdout=subprocess.PIPE) for _ in range(count)]
    try:
        for each in started:
            assert each.stdout is not None
            each.stdout.readline()
        yield
    finally:
        for each in started:
            each.kill()
            each.communicate()


@pytest.mark.timing
def test_cpu_is_told_alike_on_an_idle_machine_and_on_a_busy_one() -> None:
    before_s = time.thread_time()
    for _ in range(1000):
        calls_work()
    with other_programs(4):
        until = time.perf_counter() + 1.0
        while time.perf_counter() < until:
            calls_work()
    spent_s = time.thread_time() - before_s
    inner, outer = profile(work), profile(calls_work)
    assert inner.clocked_calls < 0.8 * inner.calls
    assert inner.cpu_s is not None
    assert outer.cpu_s is not None
    assert outer.cpu_s == pytest.approx(spent_s, rel=0.1)
    assert 0.85 * spent_s < inner.cpu_s <= outer.cpu_s
    if sys.platform == "linux":
        assert (outer.runqueue_s or 0.0) > 0.2 * (outer.wall_s or 0.0)
