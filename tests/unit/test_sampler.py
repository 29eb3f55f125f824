"""Sampling: the pace on a made-up clock, the counts on made-up threads, and both on a real process."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gilscope.observers import sampler
from gilscope.observers.gil import GilLayout, Hold
from gilscope.observers.sampler import (
    ASKED_PER_MOMENT,
    CPU_SHARE,
    THREADS_PER_MOMENT,
    Counts,
    Held,
    HoldWatch,
    Runnable,
    Sampler,
    WatchedWorker,
)
from gilscope.observers.syscalls import Blocked, Waiting, waiting_for
from gilscope.thread_address import ThreadAddress

from .test_pace import Clock

ME = 0x7F00_0000_1000
OTHER = 0x7F00_0000_2000
GIL_FUTEX, LOCK_FUTEX = 0x1000, 0x2000
CALLS = {
    "gil_wait": Blocked(202, (GIL_FUTEX, 0, 0, 0, 0, 0)),
    "lock": Blocked(202, (LOCK_FUTEX, 0, 0, 0, 0, 0)),
    "sleep": Blocked(230, (1, 0, 0, 0, 0, 0)),
    "network": Blocked(45, (4, 0, 0, 0, 0, 0)),
    "child": Blocked(61, (0, 0, 0, 0, 0, 0)),
}


def address(pid: int = 1, tid: int = 1, thread_state: int = ME, busy: int = 0) -> ThreadAddress:
    """A worker, as it makes itself known."""
    return ThreadAddress(pid, tid, thread_state, 0, busy)


@dataclass
class Moment:
    """What a made-up thread shows at one moment: a key of `CALLS`, ``on`` a CPU, ``queued`` or ``moved``."""

    state: str
    holder: int = 0
    idle: bool = False


@dataclass
class Scene:
    """Stands for a thread's files, its process's files and its interpreter, and shows the present moment."""

    now: Moment = field(default_factory=lambda: Moment("on"))
    watch: HoldWatch = field(default_factory=HoldWatch)
    closed: int = 0

    @property
    def files(self) -> Scene:
        return self

    def waiting(self) -> Waiting | None:
        blocked = CALLS.get(self.now.state)
        return None if blocked is None else waiting_for(blocked, "x86_64")

    def on_cpu(self) -> bool | None:
        return {"on": True, "queued": False, "moved": None}[self.now.state]

    def hold(self) -> Hold:
        return Hold(self.now.holder, 0)

    def owns_futex(self, address: int) -> bool:
        return address == GIL_FUTEX

    def read(self, _address: int, _size: int) -> bytes:
        return b"\0" if self.now.idle else b"\1"

    def resolve(self, waiting: Waiting) -> str:
        return waiting.state

    def close(self) -> None:
        self.closed += 1


@pytest.fixture
def scene(monkeypatch: pytest.MonkeyPatch) -> Scene:
    return staged(monkeypatch)


def staged(patch: pytest.MonkeyPatch, made: Scene | None = None) -> Scene:
    made = made or Scene()
    patch.setattr(sampler, "ThreadFiles", lambda pid, tid: made)
    patch.setattr(sampler, "Interpreter", lambda pid, runtime, layout: made)
    return made


def watched(scene: Scene) -> WatchedWorker:
    return WatchedWorker(address(), scene)  # type: ignore[arg-type]


def counted(scene: Scene, moments: list[Moment]) -> Counts:
    worker = watched(scene)
    for scene.now in moments:
        if worker.look(scene.now.holder) is None:
            worker.look_closer(crowd=False)
    return worker.counts


@pytest.mark.parametrize("state", CALLS)
def test_a_blocked_thread_is_counted_by_what_it_waits_for(scene: Scene, state: str) -> None:
    counts = counted(scene, [Moment(state, OTHER)])
    assert counts == Counts(blocked=Counter({state: 1}))


def test_a_blocked_thread_that_holds_the_gil_is_counted_for_that_too(scene: Scene) -> None:
    counts = counted(scene, [Moment("sleep", ME), Moment("sleep", OTHER), Moment("sleep", 0)])
    assert counts == Counts(blocked=Counter(sleep=3), blocked_held=1)


@pytest.mark.parametrize("state", ["lock", "network"])
def test_outside_a_call_a_thread_is_idle(scene: Scene, state: str) -> None:
    assert counted(scene, [Moment(state, idle=True)]).blocked == Counter(idle=1)


def test_wanting_the_gil_is_never_idle(scene: Scene) -> None:
    assert counted(scene, [Moment("gil_wait", OTHER, idle=True)]).blocked == Counter(gil_wait=1)


def test_a_runnable_thread_is_on_a_cpu_or_in_the_run_queue(scene: Scene) -> None:
    moments = [Moment("on", ME), Moment("on", OTHER), Moment("on", 0), Moment("queued", ME), Moment("queued", OTHER)]
    counts = counted(scene, [*moments, Moment("moved", ME)])
    assert counts == Counts(alone=Runnable(on_cpu=Held(1, 2), queued=Held(1, 1)), unasked=1)
    assert counts.samples == 6


def test_at_a_crowded_moment_it_is_counted_apart(scene: Scene) -> None:
    worker = watched(scene)
    scene.now = Moment("on", ME)
    worker.look_closer(crowd=True)
    assert worker.counts == Counts(crowded=Runnable(on_cpu=Held(held=1)))


def test_an_unknown_thread_state_holds_nothing(scene: Scene) -> None:
    """Where addresses are not told they are 0, and so is a GIL that nobody holds."""
    worker = WatchedWorker(address(thread_state=0), scene)  # type: ignore[arg-type]
    scene.now = Moment("on", 0)
    worker.look_closer(crowd=False)
    assert worker.counts == Counts(alone=Runnable(on_cpu=Held(free=1)))


moments = st.builds(
    Moment, st.sampled_from([*CALLS, "on", "queued", "moved"]), st.sampled_from([0, ME, OTHER]), st.booleans()
)


@given(st.lists(moments, max_size=30), st.randoms(use_true_random=False))
def test_the_order_of_samples_is_irrelevant(seen: list[Moment], rng: random.Random) -> None:
    with pytest.MonkeyPatch.context() as patch:
        scene = staged(patch)
        shuffled = rng.sample(seen, len(seen))
        assert counted(scene, seen) == counted(scene, shuffled)
        assert counted(scene, seen).samples == len(seen)


@pytest.mark.parametrize("state", ["on", "sleep"])
def test_the_rate_yields_where_every_cpu_is_busy_and_only_there(state: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Looking takes 1 ms of CPU, 400 times a second: two fifths of the only CPU, if nothing yielded."""
    scene = staged(monkeypatch)
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: {0}, raising=False)
    clock = Clock(monkeypatch, 50.0, [])
    monkeypatch.setattr(scene, "hold", lambda: Hold(clock.spend(0.001), 0))
    scene.now = Moment(state)
    made = Sampler([address()], None, 400, random.Random(0))
    made.run(clock.wait)
    if state == "sleep":
        assert made.pace.achieved_hz == pytest.approx(400, rel=0.05)
    else:
        assert 0.5 * CPU_SHARE < made.pace.cpu_s / made.pace.elapsed_s < 1.5 * CPU_SHARE


# -- many workers ----------------------------------------------------------------------------------


def crowd(scene: Scene, workers: int, rounds: int) -> Sampler:
    made = Sampler([address(pid=1 + number % 3, tid=number) for number in range(workers)], None, 1e6, random.Random(1))
    left = iter(range(rounds))
    made.run(lambda seconds: next(left, None) is None)
    return made


def test_each_moment_looks_at_a_bounded_number_of_threads_and_misses_none_for_ever(scene: Scene) -> None:
    scene.now = Moment("sleep")
    made = crowd(scene, workers=20, rounds=200)
    samples = [worker.counts.samples for worker in made.workers]
    assert sum(samples) == 200 * THREADS_PER_MOMENT
    assert min(samples) > 200 * THREADS_PER_MOMENT / 20 / 2


def test_each_moment_asks_a_bounded_number_whether_they_are_on_a_cpu(scene: Scene) -> None:
    made = crowd(scene, workers=6, rounds=100)
    assert sum(worker.counts.unasked for worker in made.workers) == 100 * (6 - ASKED_PER_MOMENT)
    assert sum(worker.counts.samples for worker in made.workers) == 600


def test_no_more_threads_than_cpus_are_no_crowd(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    for cpus, crowded in ((1, 10), (2, 0)):
        monkeypatch.setattr(os, "sched_getaffinity", lambda pid, count=cpus: set(range(count)), raising=False)
        counts = crowd(scene, workers=1, rounds=10).workers[0].counts
        assert (counts.crowded.total, counts.alone.total) == (crowded, 10 - crowded)


def test_each_interpreter_is_watched_once_a_moment(scene: Scene) -> None:
    made = crowd(scene, workers=6, rounds=10)
    assert len(made.interpreters) == 3
    assert scene.watch.looked == 30


def test_all_files_are_closed(scene: Scene) -> None:
    made = crowd(scene, workers=5, rounds=1)
    made.close()
    assert scene.closed == 5 + 3


# -- a real process --------------------------------------------------------------------------------

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
    counts = made.workers[0].counts
    made.run(lambda seconds: counts.blocked[state] >= 5)  # it says that it is up a moment before it blocks
    made.workers[0].counts = Counts()
    left = iter(range(20))
    made.run(lambda seconds: next(left, None) is None)
    assert made.workers[0].counts == Counts(blocked=Counter({state: 20}))
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
    left = iter(range(5))
    try:
        made.run(lambda seconds: next(left, None) is None)
        assert (made.workers[0].counts, made.pace.errors) == (Counts(), 5)
    finally:
        made.close()
