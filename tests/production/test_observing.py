"""Watched from beside: what calls wait for is known, and nothing is left behind."""

from __future__ import annotations

import asyncio
import os
import select
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

import gilscope
from gilscope.production import forks, observing
from gilscope.production.files import load_profiles
from gilscope.production.profile import Profile
from gilscope.records import WAIT_STATES
from tests.production import functions as f
from tests.production.known import known, profile
from tests.production.test_processes import program, run

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="what threads do is read from Linux's /proc")
#: Prints the observer's process id, and is watched for as long as somebody keeps its standard input open.
WAITING = """
import gilscope, sys
watch = gilscope.observe()
f.nap(0)
print(watch.observer_pid, flush=True)
sys.stdin.read()
"""


@pytest.fixture(scope="module")
def seen() -> dict[str, Profile]:
    """What one observation showed of each function by its name: while its program has nothing else to do, a coroutine
    is awaited; then two threads compute, one sleeps and one waits for a socket, side by side."""
    forks.forget()
    done = threading.Event()

    def again(func: Callable[[float], None], seconds: float) -> None:
        while not done.is_set():
            func(seconds)

    async def doze() -> None:
        for _ in range(8):
            await f.doze(0.05, block=0.02)

    jobs = [(f.spin, 0.01), (f.spin, 0.01), (f.listen, 0.05)]
    beside = [threading.Thread(target=again, args=job) for job in jobs]
    with gilscope.observe() as observation:
        assert observation.reason is None
        asyncio.run(doze())
        for thread in beside:
            thread.start()
        for _ in range(25):
            f.naps(0.05)
        done.set()
        for thread in beside:
            thread.join()
    return {func.__name__: profile(func) for func in (f.spin, f.nap, f.naps, f.listen, f.doze)}


def share(found: Profile, *states: str) -> float:
    """Of the time that its threads were not kept from a CPU."""
    assert found.observed is not None
    own_s = found.observed.wall_s - (found.observed.runqueue_s or 0.0)
    return sum(found.observed.state_s(state) or 0.0 for state in states) / own_s


# ---- what is seen ----


def test_beside_a_spinning_thread_a_computing_one_waits_for_the_gil(seen: dict[str, Profile]) -> None:
    found = seen["spin"]
    assert share(found, "gil_wait") > 0.2
    assert share(found, "cpu_gil") > 3 * share(found, "cpu_free")
    assert (found.classification.label, found.classification.subtype) == ("compute-bound", "python")
    assert found.gil_held_ratio is not None
    assert found.demands is not None
    assert found.demands.gil_wait_s is not None


def test_one_that_sleeps_sleeps_whatever_others_do(seen: dict[str, Profile]) -> None:
    found = seen["nap"]
    assert share(found, "sleep") > 0.4
    assert share(found, "sleep") > share(found, "network", "lock", "cpu_gil")
    assert (found.classification.label, found.classification.subtype) == ("io-bound", "sleep")


def test_one_that_waits_for_a_socket(seen: dict[str, Profile]) -> None:
    found = seen["listen"]
    assert share(found, "network") > 3 * share(found, *(state for state in WAIT_STATES if state != "network"))
    assert (found.classification.label, found.classification.subtype) == ("io-bound", "network")


def test_what_a_function_calls_is_part_of_it(seen: dict[str, Profile]) -> None:
    inner, outer = seen["nap"].observed, seen["naps"].observed
    assert inner is not None
    assert outer is not None
    assert 0 < inner.samples <= outer.samples < 2 * inner.samples


def test_a_coroutine_is_seen_in_its_steps_only(seen: dict[str, Profile]) -> None:
    found = seen["doze"]
    assert found.observed is not None
    assert found.wall_s is not None
    assert found.observed.wall_s < 0.6 * found.wall_s
    assert share(found, "sleep") > 0.8


def test_a_call_that_was_under_way_is_counted_once_and_seen_from_the_next_on() -> None:
    go, on = threading.Event(), threading.Event()

    @gilscope.classify
    def waits() -> None:
        on.set()
        go.wait()

    thread = threading.Thread(target=lambda: [waits() for _ in range(3)])
    thread.start()
    on.wait()
    with gilscope.observe():
        go.set()
        thread.join()
        for _ in range(10):
            f.nap(0.01)
    assert (profile(waits).calls, profile(waits).nested, profile(f.nap).calls) == (3, 0, 10)


def test_counts_stay_exact_while_observations_come_and_go() -> None:
    done = threading.Event()
    made = []

    def work() -> None:
        count = 0
        while not done.is_set():
            f.square(3)
            f.fib(2)
            count += 1
        made.append(count)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for _ in range(2):
        gilscope.observe().stop()
    done.set()
    for thread in threads:
        thread.join()
    assert profile(f.square).calls == profile(f.fib).calls == sum(made)


def test_a_second_observation_sees_threads_of_the_first() -> None:
    samples = []
    for _ in range(2):
        with gilscope.observe():
            for _ in range(15):
                f.nap(0.01)
        found = profile(f.nap).observed
        assert found is not None
        samples.append(found.samples)
    assert samples[1] > 1.2 * samples[0]


# ---- on and off ----


def test_unobserved_nothing_is_published() -> None:
    f.nap(0)
    assert known(f.nap).cell().flags is None
    assert profile(f.nap).observed is None
    assert profile(f.nap).states_s == {}


def test_stopping_ends_the_observer_and_its_thread() -> None:
    before = threading.active_count()
    observation = gilscope.observe()
    assert observation.running
    assert gilscope.observe() is observation
    observation.stop()
    observation.stop()
    assert observation._observer is not None
    assert (observation.running, observation._observer.process.returncode, observation.reason) == (False, 0, None)
    assert threading.active_count() == before


def test_the_environment_asks_for_it(tmp_path: Path) -> None:
    text = """
    import gilscope, sys
    print({"gilscope.production.observing", "gilscope.production.recording"} <= sys.modules.keys())
    f.nap(0)
    print(gilscope.observe() is gilscope.observe())
    [f.nap(0.01) for _ in range(30)]
    """
    with program(text, tmp_path, GILSCOPE_OBSERVE="1") as process:
        told = process.communicate(timeout=100)
    assert told == ("True\nTrue\n", "")
    [found] = load_profiles(tmp_path).profiles
    assert found.observed is not None
    assert share(found, "sleep") > 0.4


def test_the_first_call_does_not_wait_for_the_observer(monkeypatch: pytest.MonkeyPatch) -> None:
    go, begun = threading.Event(), threading.Event()

    class Slow(observing.Observation):
        def __init__(self, rate_hz: float, patient: bool = False) -> None:
            begun.set()
            go.wait()
            super().__init__(rate_hz, patient)

    monkeypatch.setattr(observing, "Observation", Slow)
    monkeypatch.setenv("GILSCOPE_OBSERVE", "1")
    f.nap(0)
    assert begun.wait(60)
    f.nap(0)
    go.set()
    with gilscope.observe() as observation:
        assert observation.reason is None
    assert profile(f.nap).calls == 2


def test_another_system_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    with gilscope.observe() as observation:
        assert observation.reason is not None
        assert "reads Linux's /proc, and this is darwin" in observation.reason
        assert (observation.running, observation.observer_pid) == (False, None)


def test_memory_that_may_not_be_read_is_named() -> None:
    """PR_SET_DUMPABLE and, for root, the capability to read it nevertheless, which the observer does not get."""
    text = """
    import ctypes, gilscope, logging
    logging.disable()
    prctl = ctypes.CDLL(None).prctl
    prctl(24, 19, 0, 0, 0)
    prctl(4, 0, 0, 0, 0)
    with gilscope.observe() as observation:
        f.nap(0)
    print(observation.reason.partition(" of process")[0], observation.running, f.nap.__gilscope__.profile().observed)
    """
    assert run(text) == "the memory False None\n"


def test_a_crowd_of_threads_is_watched_with_few_files() -> None:
    """As many as a service may have, though each has three files and fewer may be open."""
    text = """
    import gilscope, resource, threading
    resource.setrlimit(resource.RLIMIT_NOFILE, (100, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
    threads = [threading.Thread(target=lambda: [f.nap(0.2) for _ in range(5)]) for _ in range(200)]
    with gilscope.observe() as observation:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    observed = f.nap.__gilscope__.profile().observed
    print(observation.reason, observed.sleep_s > 0.3 * observed.wall_s)
    """
    assert run(text) == "None True\n"


def test_another_python_is_named(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.setattr(sys, "version", "2.7")
    with gilscope.observe() as observation:
        assert observation.reason is not None
        assert "another Python" in observation.reason
    assert "this process is not observed" in caplog.text


# ---- how it ends ----


def ends(pid: int, end: Callable[[], object]) -> bool:
    """Whether that process ends once ``end`` was called."""
    handle = os.pidfd_open(pid)
    try:
        assert select.select([handle], [], [], 0)[0] == []
        end()
        return bool(select.select([handle], [], [], 60)[0])
    finally:
        os.close(handle)


def watched() -> tuple[subprocess.Popen[str], int]:
    """A process that is watched, and its observer's id."""
    script = f"from tests.production import functions as f\n{WAITING}"
    process = subprocess.Popen(
        [sys.executable, "-c", script],
        cwd=Path(__file__).parents[2],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    return process, int(process.stdout.readline())


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_the_observer_ends_with_the_process_however_it_ends(how: signal.Signals) -> None:
    process, observer = watched()
    with process:
        assert ends(observer, lambda: process.send_signal(how))


def test_the_observer_ends_with_a_process_that_ends_by_itself() -> None:
    process, observer = watched()
    assert process.stdin is not None
    with process:
        assert ends(observer, process.stdin.close)
    assert process.returncode == 0


def test_an_observer_that_is_killed_is_named() -> None:
    with gilscope.observe() as observation:
        assert observation._observer is not None
        observation._observer.process.kill()
        observation._observer.listener.join(60)
        assert not observation.running
        assert observation.reason == "the observer process has ended (exit status -9)"
        f.nap(0)


def test_a_forked_child_is_not_observed_and_leaves_the_observer_alone() -> None:
    text = """
    import gilscope, os
    observation = gilscope.observe()
    [f.nap(0.01) for _ in range(5)]
    if (child := os.fork()) == 0:
        [f.nap(0.01) for _ in range(5)]
        found = f.nap.__gilscope__.profile()
        observation.stop()
        told = (found.calls, found.observed, observation.running, "was forked" in observation.reason)
        os._exit(0 if told == (5, None, False, True) else 3)
    status = os.waitpid(child, 0)[1]
    [f.nap(0.01) for _ in range(15)]
    print(status, observation.running)
    observation.stop()
    found = f.nap.__gilscope__.profile()
    print(found.calls, found.observed.samples > 10, observation._observer.process.returncode)
    """
    assert run(text) == "0 True\n20 True 0\n"


def test_a_forked_child_may_be_observed_itself() -> None:
    text = """
    import gilscope, os
    with gilscope.observe():
        f.nap(0)
        if (child := os.fork()) == 0:
            with gilscope.observe():
                [f.nap(0.01) for _ in range(15)]
            os._exit(0 if f.nap.__gilscope__.profile().observed.samples > 10 else 3)
        print(os.waitpid(child, 0)[1])
    """
    assert run(text) == "0\n"
