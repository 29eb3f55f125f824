"""Sampling: what a moment shows of made-up threads, which it shows, and both of a real process."""

from __future__ import annotations

import errno
import os
import random
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from gilscope.observers import sampler
from gilscope.observers.counts import ThreadCounts
from gilscope.observers.gil import GilLayout, Hold
from gilscope.observers.moment import Moment, ThreadSample
from gilscope.observers.own_schedule import LastRun, OwnSchedule
from gilscope.observers.sampler import ASKED_PER_MOMENT, CPU_SHARE, MOST_OPEN, OWN_SHARE, THREADS_PER_MOMENT, Sampler
from gilscope.observers.sampling_quality import WAIT
from gilscope.observers.syscalls import Blocked, Waiting, waiting_for
from gilscope.observers.thread_files import Scheduled
from gilscope.thread_address import ThreadAddress

from .moments import ME, OTHER, address, counts
from .test_sampling_rate import Clock

GIL_FUTEX, LOCK_FUTEX = 0x1000, 0x2000
CALLS = {
    "gil_wait": Blocked(202, (GIL_FUTEX, 0, 0, 0, 0, 0)),
    "lock": Blocked(202, (LOCK_FUTEX, 0, 0, 0, 0, 0)),
    "sleep": Blocked(230, (1, 0, 0, 0, 0, 0)),
    "network": Blocked(45, (4, 0, 0, 0, 0, 0)),
    "child": Blocked(61, (0, 0, 0, 0, 0, 0)),
}


@dataclass
class Scene:
    """Stands for threads' files, their process's files and its interpreter. A thread is in a key of `CALLS`, ``on`` a
    CPU, ``queued`` or ``moved``, or ``gone``."""

    state: str = "on"
    holder: int = 0
    holders: Iterator[int] | None = None
    """At each reading, instead of ``holder``."""
    idle: bool = False
    published: bytes = b""
    pid: int = 1
    preempted: bool | None = None
    ran: LastRun | None = None
    read_times: int = 0
    closed: int = 0

    @property
    def files(self) -> Scene:
        return self

    def waiting(self) -> Waiting | None:
        if self.state == "gone":
            raise ProcessLookupError
        blocked = CALLS.get(self.state)
        return None if blocked is None else waiting_for(blocked, "x86_64")

    def on_cpu(self) -> bool | None:
        return {"on": True, "queued": False, "moved": None}[self.state]

    def last_run(self) -> LastRun | None:
        return self.ran

    def cpu(self) -> int:
        return 1

    def scheduled(self) -> Scheduled:
        self.read_times += 1
        return Scheduled(float(self.read_times), 0.0)

    def hold(self) -> Hold:
        return Hold(self.holder if self.holders is None else next(self.holders), 0)

    def owns_futex(self, address: int) -> bool:
        return address == GIL_FUTEX

    def read(self, _address: int, size: int) -> bytes:
        return self.published[:size] or (b"\0" if self.idle else b"\1")

    def resolve(self, waiting: Waiting) -> str:
        return waiting.state

    def close(self) -> None:
        self.closed += 1


@pytest.fixture
def scene(monkeypatch: pytest.MonkeyPatch) -> Scene:
    made = Scene()
    monkeypatch.setattr(sampler, "thread_files", lambda pid, tid: made)
    monkeypatch.setattr(sampler, "Interpreter", lambda pid, runtime, layout: made)
    return made


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


@pytest.mark.parametrize("state", ["sleep", "on"])
def test_what_a_thread_publishes_is_part_of_its_sample_where_it_is_wanted(scene: Scene, state: str) -> None:
    scene.state, scene.published = state, b"\1\0\1"
    made = Sampler([address()], None, 400, random.Random(0), functions=3)
    [sample] = made.moment().interpreters[0].threads
    assert (sample.functions, sample.wait) == (b"\1\0\1", CALLS.get(state) and state)


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


# -- many threads ----------------------------------------------------------------------------------


def crowd(threads: int) -> Sampler:
    return Sampler([address(pid=1 + number % 3, tid=number) for number in range(threads)], None, 1e6, random.Random(1))


def samples_of(moments: list[Moment]) -> list[ThreadSample]:
    return [sample for each in moments for interpreter in each.interpreters for sample in interpreter.threads]


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
    monkeypatch.setattr(sampler, "Interpreter", lambda pid, runtime, layout: Scene())
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
    monkeypatch.setattr(sampler, "Interpreter", lambda pid, runtime, layout: Scene())
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
