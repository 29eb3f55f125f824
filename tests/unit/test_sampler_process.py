"""Sampling the threads of a real process."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest

from gilscope.observers.counts import ThreadCounts
from gilscope.observers.gil import Gil, GilLayout
from gilscope.observers.sampler import Sampler
from gilscope.observers.short_turns import TURN_NS
from gilscope.observers.watch import ProcObserver
from gilscope.thread_address import ThreadAddress

from .moments import counts
from .scene import samples_of
from .test_short_turns import needs_short_turns, turn_ns

needs_proc = pytest.mark.skipif(not os.path.exists("/proc/self/syscall"), reason="watches by Linux's /proc")

#: Sleeps inside a call, or reads outside any.
WORKER = """
import os, sys, time
from gilscope.backends.worker import busy, enter_worker, permit_observer
permit_observer(os.getppid())
me = enter_worker()
print(me.pid, me.tid, me.thread_state, me.runtime, me.busy, flush=True)
if sys.argv[1] == "call":
    with busy():
        time.sleep(1000)
sys.stdin.read()
"""
Start = Callable[[str], tuple["subprocess.Popen[str]", ThreadAddress]]


@pytest.fixture
def start() -> Iterator[Start]:
    made: list[subprocess.Popen[str]] = []

    def starting(how: str) -> tuple[subprocess.Popen[str], ThreadAddress]:
        command = [sys.executable, "-c", WORKER, how]
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        made.append(process)
        assert process.stdout is not None
        return process, ThreadAddress(*map(int, process.stdout.readline().split()))

    yield starting
    for process in made:
        process.kill()
        process.communicate()


def open_files() -> int:
    return len(os.listdir("/proc/self/fd"))


@needs_proc
@pytest.mark.parametrize(("how", "state"), [("call", "sleep"), ("outside", "idle")])
def test_a_real_thread_is_seen_where_it_is(start: Start, how: str, state: str) -> None:
    _, worker = start(how)
    before = open_files()
    made = Sampler([worker], None, 1000, random.Random(0))
    while samples_of([made.moment()])[0].wait != state:  # it says that it is up a moment before it blocks
        pass
    of_threads = ThreadCounts()
    for _ in range(20):
        of_threads.see(made.moment())
    assert of_threads.of(worker) == counts({state: 20})
    made.close()
    assert open_files() == before


@needs_proc
def test_a_worker_that_is_gone_is_refused_and_nothing_stays_open(start: Start) -> None:
    _, alive = start("outside")
    gone, lost = start("outside")
    gone.kill()
    gone.wait()
    before = open_files()
    with pytest.raises(OSError, match=str(lost.pid)):
        Sampler([alive, lost], None, 1000, random.Random(0))
    assert open_files() == before


@needs_proc
@pytest.mark.parametrize("layout", [None, GilLayout(64)])
def test_a_worker_that_goes_is_counted_and_not_raised(start: Start, layout: GilLayout | None) -> None:
    process, worker = start("outside")
    made = Sampler([worker], layout, 1000, random.Random(0))
    process.kill()
    process.wait()
    try:
        assert samples_of([made.moment() for _ in range(5)]) == []
        assert made.quality.errors == 5
    finally:
        made.close()


@needs_short_turns
def test_a_round_is_watched_in_short_turns(start: Start) -> None:
    """Else, where its calls take every CPU, it is watched when one of them has let go of one."""
    _, worker = start("outside")
    observer = ProcObserver(worker.pid, [worker], Gil(), 1000, random.Random(0))
    meanwhile = list[int]()

    def seen_often(seconds: float) -> bool:
        meanwhile.append(turn_ns()[0])
        return len(meanwhile) == 5

    before = turn_ns()
    observer.watch(seen_often)
    assert meanwhile == 5 * [TURN_NS]
    assert turn_ns() == before
