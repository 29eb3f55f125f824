"""Watched from beside: what calls wait for is known, and nothing is left behind."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import gilscope
from gilscope.errors import UsageError
from gilscope.production import clocks, forks
from gilscope.production.files import load_profiles
from gilscope.production.profile import Profile
from gilscope.records import WAIT_STATES
from tests.production import functions as f
from tests.production.known import known, profile
from tests.production.test_processes import program, run

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="what threads do is read from Linux's /proc")
#: Prints the helper's process id, and is watched for as long as somebody keeps its standard input open.
WAITING = """
import gilscope, sys
watch = gilscope.observe()
f.nap(0)
print(watch.observer_pid, flush=True)
sys.stdin.read()
"""


@pytest.fixture(autouse=True)
def _unpublished() -> Iterator[None]:
    """Other tests are of processes that were never observed, and leave threads behind that have ended."""
    clocks.helpers.clear()
    yield
    forks.forget()


def observed(*jobs: tuple[Callable[..., Any], Any], calls: int = 40) -> None:
    """The functions are called again and again side by side until the first job has made so many calls."""
    done = threading.Event()

    def again(func: Callable[..., Any], argument: Any) -> None:
        while not done.is_set():
            func(argument)

    beside = [threading.Thread(target=again, args=job) for job in jobs[1:]]
    with gilscope.observe() as observation:
        assert observation.reason is None
        for thread in beside:
            thread.start()
        func, argument = jobs[0]
        for _ in range(calls):
            func(argument)
        done.set()
        for thread in beside:
            thread.join()


def share(found: Profile, state: str) -> float:
    assert found.observed is not None
    return (found.observed.state_s(state) or 0.0) / found.observed.wall_s


# ---- what is seen ----


def test_beside_a_spinning_thread_a_computing_one_waits_for_the_gil() -> None:
    observed((f.spin, 0.01), (f.spin, 0.01))
    found = profile(f.spin)
    assert share(found, "gil_wait") > 0.2
    assert share(found, "cpu_gil") > 3 * share(found, "cpu_free")
    assert (found.classification.label, found.classification.subtype) == ("compute-bound", "python")
    assert found.gil_held_ratio is not None
    assert found.demands is not None
    assert found.demands.gil_wait_s is not None


def test_one_that_sleeps_sleeps_whatever_others_do() -> None:
    observed((f.nap, 0.02), (f.spin, 0.01))
    found = profile(f.nap)
    assert share(found, "sleep") > 0.4
    assert share(found, "sleep") > share(found, "network") + share(found, "lock") + share(found, "cpu_gil")
    assert (found.classification.label, found.classification.subtype) == ("io-bound", "sleep")


def test_one_that_waits_for_a_socket() -> None:
    observed((f.listen, 0.02), (f.spin, 0.01))
    found = profile(f.listen)
    assert share(found, "network") > 3 * sum(share(found, state) for state in WAIT_STATES if state != "network")
    assert (found.classification.label, found.classification.subtype) == ("io-bound", "network")


def test_what_a_function_calls_is_part_of_it() -> None:
    observed((f.naps, 0.02), calls=20)
    inner, outer = profile(f.nap).observed, profile(f.naps).observed
    assert inner is not None
    assert outer is not None
    assert 0 < inner.samples <= outer.samples < 2 * inner.samples


def test_a_coroutine_is_seen_in_its_steps_only() -> None:
    text = """
    import asyncio, gilscope
    async def main():
        for _ in range(10):
            await f.doze(0.05, block=0.02)
    with gilscope.observe():
        asyncio.run(main())
    found = f.doze.__gilscope__.profile()
    print(found.observed.wall_s < 0.6 * found.wall_s, found.observed.sleep_s > 0.8 * found.observed.wall_s)
    """
    assert run(text) == "True True\n"


def test_a_call_that_was_under_way_is_counted_once_and_seen_from_the_next_on() -> None:
    text = """
    import gilscope, threading
    go, on = threading.Event(), threading.Event()
    @gilscope.classify
    def waits():
        on.set()
        go.wait()
    def work():
        for _ in range(3):
            waits()
    thread = threading.Thread(target=work)
    thread.start()
    on.wait()
    with gilscope.observe():
        go.set()
        thread.join()
        [f.nap(0.01) for _ in range(20)]
    print(waits.__gilscope__.profile().calls, waits.__gilscope__.profile().nested, f.nap.__gilscope__.profile().calls)
    """
    assert run(text) == "3 0 20\n"


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
    for _ in range(3):
        gilscope.observe().stop()
    done.set()
    for thread in threads:
        thread.join()
    assert profile(f.square).calls == profile(f.fib).calls == sum(made)


def test_a_second_observation_sees_threads_of_the_first() -> None:
    observed((f.nap, 0.01), calls=30)
    first = profile(f.nap).observed
    observed((f.nap, 0.01), calls=30)
    both = profile(f.nap).observed
    assert first is not None
    assert both is not None
    assert both.samples > 1.2 * first.samples


# ---- on and off ----


def test_unobserved_nothing_is_published() -> None:
    f.nap(0)
    assert known(f.nap).cell().flags is None
    assert profile(f.nap).observed is None
    assert profile(f.nap).states_s == {}


def test_stopping_ends_the_helper_and_its_thread() -> None:
    before = threading.active_count()
    observation = gilscope.observe()
    assert observation.running
    assert gilscope.observe() is observation
    observation.stop()
    observation.stop()
    assert (observation.running, observation._process.returncode, observation.reason) == (False, 0, None)
    assert threading.active_count() == before


def test_the_environment_asks_for_it(tmp_path: Path) -> None:
    text = "for _ in range(100): f.nap(0.01)"
    with program(text, tmp_path, GILSCOPE_OBSERVE="1") as process:
        told = process.communicate(timeout=100)
    assert told == ("", "")
    [found] = load_profiles(tmp_path).profiles
    assert found.observed is not None
    assert share(found, "sleep") > 0.4


def test_another_system_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    with pytest.raises(UsageError, match="reads Linux's /proc, and this is darwin"):
        gilscope.observe()


def test_memory_that_may_not_be_read_is_named() -> None:
    """PR_SET_DUMPABLE and, for root, the capability to read it nevertheless, which the helper does not get."""
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
    """A process that is watched, and its helper's id."""
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
def test_the_helper_ends_with_the_process_however_it_ends(how: signal.Signals) -> None:
    process, helper = watched()
    with process:
        assert ends(helper, lambda: process.send_signal(how))


def test_the_helper_ends_with_a_process_that_ends_by_itself() -> None:
    process, helper = watched()
    assert process.stdin is not None
    with process:
        assert ends(helper, process.stdin.close)
    assert process.returncode == 0


def test_a_helper_that_is_killed_is_named() -> None:
    with gilscope.observe() as observation:
        os.kill(observation.observer_pid, signal.SIGKILL)
        observation._listener.join(60)
        assert not observation.running
        assert observation.reason == "the observer process has ended (exit status -9)"
        f.nap(0)


def test_a_forked_child_is_not_observed_and_leaves_the_helper_alone() -> None:
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
    [f.nap(0.01) for _ in range(40)]
    print(status, observation.running)
    observation.stop()
    found = f.nap.__gilscope__.profile()
    print(found.calls, found.observed.samples > 10, observation._process.returncode)
    """
    assert run(text) == "0 True\n45 True 0\n"


def test_a_forked_child_may_be_observed_itself() -> None:
    text = """
    import gilscope, os
    with gilscope.observe():
        f.nap(0)
        if (child := os.fork()) == 0:
            with gilscope.observe():
                [f.nap(0.01) for _ in range(40)]
            os._exit(0 if f.nap.__gilscope__.profile().observed.samples > 10 else 3)
        print(os.waitpid(child, 0)[1])
    """
    assert run(text) == "0\n"
