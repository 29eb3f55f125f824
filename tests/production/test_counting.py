"""Counts are exact, totals are right, and what calls were spent on is told."""

from __future__ import annotations

import hashlib
import random
import sys
import threading
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

import gilscope
from gilscope import classify
from gilscope.production import clocks
from gilscope.production.cell import Cell
from tests.production import functions as f
from tests.production.known import known, profile


def in_threads(count: int, work: Callable[[], object]) -> None:
    threads = [threading.Thread(target=work) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


@contextmanager
def switching_often() -> Iterator[None]:
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        yield
    finally:
        sys.setswitchinterval(interval)


def test_threads_lose_no_call() -> None:
    every = 30_000
    with switching_often():
        in_threads(8, lambda: [f.square(1) for _ in range(every)])
    seen = profile(f.square)
    assert (seen.calls, seen.errors, seen.nested) == (8 * every, 0, 0)
    assert seen.timed_calls < seen.calls
    assert seen.timed_weight == pytest.approx(seen.calls, rel=0.05)


def test_threads_lose_no_error_and_no_nested_call() -> None:
    def work() -> None:
        for _ in range(500):
            f.fib(4)
            with pytest.raises(ValueError, match="as asked"):
                f.fails()

    with switching_often():
        in_threads(4, work)
    assert (profile(f.fib).calls, profile(f.fib).nested) == (2000, 2000 * 8)
    assert (profile(f.fails).calls, profile(f.fails).errors) == (2000, 2000)


def test_figures_of_ended_threads_stay_and_their_cells_are_used_again() -> None:
    for _ in range(30):
        in_threads(1, lambda: f.square(1))
    assert profile(f.square).calls == 30
    assert len(known(f.square).cells()) == 1


def test_recursion_is_one_call() -> None:
    assert f.fib(10) == 55
    assert (profile(f.fib).calls, profile(f.fib).nested) == (1, 176)


def test_recursion_that_the_name_does_not_tell_is_found() -> None:
    steps: list[Callable[[int], int]] = []

    @classify
    def even(n: int) -> int:
        return 1 if n == 0 else steps[0](n - 1)

    def odd(n: int) -> int:
        return 0 if n == 0 else even(n - 1)

    steps.append(odd)
    assert even(20) == 1
    assert (profile(even).calls, profile(even).nested) == (1, 10)


def test_an_error_within_a_recursion_is_one() -> None:
    @classify
    def dig(n: int) -> int:
        return 1 // n if n == 0 else dig(n - 1)

    with pytest.raises(ZeroDivisionError):
        dig(5)
    assert (profile(dig).calls, profile(dig).nested, profile(dig).errors) == (1, 5, 1)


def test_the_total_is_within_two_percent_of_timing_every_call() -> None:
    """Durations are drawn and go the way that measured ones do: a busy machine's rare stalls would decide otherwise."""
    state, rng, total_ns, calls = known(f.square), random.Random(5), 0, 400_000
    for _ in range(calls):
        wall_ns = int(rng.lognormvariate(7.6, 0.4))  # around 2 µs
        total_ns += wall_ns
        for _ in state.sampler.passing:
            break
        else:
            state.cell().add_timed(state.sampler.choose(state.rate.block), wall_ns)
            state.cell().calls += 1
    seen = profile(f.square)
    assert seen.wall_s is not None
    assert seen.wall_error_s is not None
    assert (seen.calls, seen.timed_calls < calls / 20) == (calls, True)
    assert seen.wall_s == pytest.approx(total_ns / 1e9, rel=0.02)
    assert abs(seen.wall_s - total_ns / 1e9) < 6 * seen.wall_error_s < 0.06 * seen.wall_s


def test_waiting_is_told_from_computing() -> None:
    for _ in range(12):
        f.nap(0.005)
        f.spin(0.005)
    found = gilscope.profiles()
    waits, computes = found["tests.production.functions:nap"], found["tests.production.functions:spin"]
    assert waits.classification.label == "io-bound"
    assert computes.classification.label == "compute-bound"
    for seen in (waits, computes):
        states = (seen.cpu_s, seen.runqueue_s or 0.0, seen.blocked_s)
        assert sum(value for value in states if value is not None) == pytest.approx(seen.wall_s)
    assert computes.cpu_s == pytest.approx(0.06, rel=0.3)
    assert waits.blocked_s is not None
    assert waits.blocked_s >= 0.05


def test_a_function_of_native_code_computes() -> None:
    @classify
    def digest() -> bytes:
        return hashlib.sha256(bytes(500_000)).digest()

    for _ in range(40):
        digest()
    assert profile(digest).classification.label == "compute-bound"


def test_python_threads_that_compete_are_not_said_to_wait() -> None:
    """Each is off the CPU most of the time, for want of the GIL: nobody but an observer can tell that from waiting."""
    in_threads(4, lambda: [f.spin(0.01) for _ in range(10)])
    verdict = profile(f.spin).classification
    assert verdict.label in ("inconclusive", "compute-bound")
    possible_s, blocked_s = profile(f.spin).possible_gil_wait_s, profile(f.spin).blocked_s
    assert possible_s is not None
    assert blocked_s is not None
    assert possible_s > blocked_s / 3


@pytest.mark.timing
@pytest.mark.skipif(sys.platform != "linux", reason="threads that Python does not know of are made with libc")
def test_threads_of_a_library_are_not_called_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """A call that does nothing but wait for a thread that computes, started behind Python's back. What threads other
    tests have left in this process do nothing."""
    import _thread

    others = {thread.ident for thread in threading.enumerate()} - {threading.get_ident()}
    monkeypatch.setattr(clocks, "gilscope_threads", others)

    @classify
    def waits_for_its_own() -> None:
        done = threading.Lock()
        done.acquire()

        def compute() -> None:
            hashlib.sha256(bytes(8_000_000)).digest()
            done.release()

        _thread.start_new_thread(compute, ())
        done.acquire()

    for _ in range(12):
        waits_for_its_own()
    seen = profile(waits_for_its_own)
    assert seen.own_threads_cpu_s is not None
    assert seen.cpu_s is not None
    assert seen.own_threads_cpu_s > 5 * seen.cpu_s
    assert seen.classification.label in ("compute-bound", "mixed")  # on a busy machine its thread has to wait for a CPU


def test_few_calls_are_inconclusive() -> None:
    f.nap(0.001)
    verdict = profile(f.nap).classification
    assert (verdict.label, verdict.confidence) == ("inconclusive", 0.0)


def test_memory_is_small_and_does_not_grow_with_the_calls() -> None:
    tracemalloc.start()
    try:
        cell = Cell(known(f.square).rate)
        for exponent in range(30):
            cell.add_timed(10**9, 1 << exponent + 8)
        used, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert used < 4096
