"""The contract in detail, asked of the backends that live in one process, in this one: no thread may be left."""

from __future__ import annotations

import asyncio
import ctypes
import gc
import os
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any

import pytest

from gilscope import backends
from gilscope.backends.base import Calls, ChunkReport, Configuration, OpenPool, Refusal, Work, WorkerDied
from gilscope.backends.calling import describe_error
from gilscope.backends.process import Process
from gilscope.records import Kind

WORKERS = {"serial": 1, "thread": 3, "asyncio": 3}
Open = Callable[[Work], AbstractContextManager[OpenPool]]


@pytest.fixture(params=WORKERS)
def backend(request: pytest.FixtureRequest) -> Iterator[str]:
    before = threading.active_count()
    yield request.param
    assert threading.active_count() == before


@pytest.fixture
def opened(backend: str) -> Open:
    return lambda work: backends.get(backend).open(work, Configuration(backend, WORKERS[backend]))


def run(opened: Open, work: Work, chunks: list[Calls]) -> list[ChunkReport]:
    reports: list[ChunkReport] = []
    with opened(work) as session:
        session.run(chunks, reports.append)
    return reports


def plain(func: Callable[[Any], Any]) -> Work:
    return Work(func)


def coroutine(func: Callable[[Any], Any]) -> Work:
    async def made(item: Any) -> Any:
        await asyncio.sleep(0)
        return func(item)

    return Work(made, "coroutine")


both_kinds = pytest.mark.parametrize("made", [plain, coroutine])
Make = Callable[[Callable[[Any], Any]], Work]


# -- reports ---------------------------------------------------------------------------------------


@both_kinds
def test_one_report_for_each_chunk(opened: Open, made: Make) -> None:
    reports = run(opened, made(abs), [[1, 2, 3], [], [4], [5, 6]])
    assert sorted(report.calls for report in reports) == [0, 1, 2, 3]
    for report in reports:
        assert report.submitted_ns <= report.started_ns <= report.ended_ns
        assert len(report.latencies_ns) == report.calls
        assert sum(report.latencies_ns) <= report.ended_ns - report.started_ns


@both_kinds
@pytest.mark.parametrize("chunks", [[], [[]]])
def test_nothing_to_run_is_done_at_once(opened: Open, made: Make, chunks: list[Calls]) -> None:
    assert sum(report.calls for report in run(opened, made(abs), chunks)) == 0


@both_kinds
def test_a_session_runs_again(opened: Open, made: Make) -> None:
    reports: list[ChunkReport] = []
    with opened(made(abs)) as session:
        for _ in range(3):
            session.run([[1], [2]], reports.append)
    assert sum(report.calls for report in reports) == 6


@pytest.mark.parametrize("kind", ["sync", "coroutine"])
def test_calls_that_are_not_timed_have_no_latencies(opened: Open, kind: Kind) -> None:
    async def later(item: int) -> int:
        return item

    func: Callable[[int], Any] = abs if kind == "sync" else later
    (report,) = run(opened, Work(func, kind, timed=False), [[1, 2, 3]])
    assert (report.calls, report.latencies_ns) == (3, ())
    assert report.ended_ns > report.started_ns


@pytest.mark.parametrize("kind", ["generator", "async-generator"])
def test_generators_are_drained_and_dropped(opened: Open, kind: Kind) -> None:
    seen: list[int] = []

    def count(number: int) -> Iterator[int]:
        for step in range(number):
            seen.append(step)
            yield step

    async def count_later(number: int) -> AsyncIterator[int]:
        for step in count(number):
            await asyncio.sleep(0)
            yield step

    reports = run(opened, Work(count if kind == "generator" else count_later, kind), [[2, 3]])
    assert [report.errors for report in reports] == [0]
    assert seen == [0, 1, 0, 1, 2]


# -- errors ----------------------------------------------------------------------------------------


class Unspeakable(Exception):  # noqa: N818
    def __str__(self) -> str:
        raise RuntimeError("no words")


def raiser(error: BaseException) -> Callable[[Any], Any]:
    def raise_it(item: Any) -> None:
        raise error

    return raise_it


@both_kinds
@pytest.mark.parametrize(
    "error", [ValueError("x"), SystemExit(3), GeneratorExit(), asyncio.CancelledError(), Unspeakable()], ids=repr
)
def test_whatever_a_call_raises_is_counted_and_the_next_is_made(opened: Open, made: Make, error: BaseException) -> None:
    reports = run(opened, made(raiser(error)), [[1, 2], [3]])
    assert sum(report.calls for report in reports) == 3
    assert sum(report.errors for report in reports) == 3
    for report in reports:
        assert report.error is not None
        assert report.error.type == type(error).__name__
        assert "raise_it" in report.error.traceback


def test_a_call_that_cancels_its_task_ends_itself_alone(opened: Open) -> None:
    async def give_up(item: int) -> None:
        task = asyncio.current_task()
        assert task is not None
        if item % 2:
            task.cancel()
        await asyncio.sleep(0)

    reports = run(opened, Work(give_up, "coroutine"), [[number] for number in range(20)])
    assert sum(report.calls for report in reports) == 20
    assert sum(report.errors for report in reports) == 10


def test_a_call_that_cancels_its_task_at_its_very_end_ends_no_other(opened: Open) -> None:
    async def give_up_late(item: int) -> None:
        await asyncio.sleep(0)
        task = asyncio.current_task()
        if item % 2 and task is not None:
            task.cancel()

    reports = run(opened, Work(give_up_late, "coroutine"), [[0, 1, 2, 3], [4, 5, 6, 7]])
    assert [(report.calls, report.errors) for report in reports] == [(4, 0), (4, 0)]


def test_a_call_without_its_argument_has_no_frames(opened: Open) -> None:
    (report,) = run(opened, Work(lambda: None), [[1]])
    assert report.error is not None
    assert report.error.type == "TypeError"
    assert "File" not in report.error.traceback


def test_long_errors_are_cut() -> None:
    told = describe_error(ValueError("x" * 100_000))
    assert len(told.message) <= 1000
    assert len(told.traceback) <= 8000


# -- set-up, tear-down, and what is left -----------------------------------------------------------


@both_kinds
def test_set_up_comes_first_and_tear_down_last(opened: Open, made: Make) -> None:
    seen: list[str] = []
    work = made(lambda item: seen.append("call"))
    work = Work(work.func, work.kind, setup=lambda: seen.append("setup"), teardown=lambda: seen.append("teardown"))
    run(opened, work, [[1], [2]])
    assert seen == ["setup", "call", "call", "teardown"]


def test_tear_down_follows_whatever_happens(opened: Open) -> None:
    seen: list[str] = []
    work = Work(abs, setup=lambda: seen.append("setup"), teardown=lambda: seen.append("teardown"))
    with pytest.raises(KeyError), opened(work):
        raise KeyError
    assert seen == ["setup", "teardown"]


def test_a_set_up_that_raises_is_told_and_nothing_is_torn_down(opened: Open) -> None:
    seen: list[str] = []
    with pytest.raises(ZeroDivisionError), opened(Work(abs, setup=lambda: 1 // 0, teardown=lambda: seen.append("x"))):
        pytest.fail("opened all the same")
    assert seen == []


@both_kinds
def test_no_result_is_kept(opened: Open, made: Make) -> None:
    alive = 0
    most = 0

    class Result:
        def __init__(self, _item: int) -> None:
            nonlocal alive, most
            alive += 1
            most = max(most, alive)

        def __del__(self) -> None:
            nonlocal alive
            alive -= 1

    run(opened, made(Result), [[number] for number in range(50)])
    gc.collect()
    assert alive == 0
    assert most <= 2 * max(WORKERS.values())


def test_a_loop_closes_what_calls_left_behind(opened: Open) -> None:
    seen: list[str] = []

    async def leave(item: int) -> None:
        async def linger() -> None:
            try:
                await asyncio.sleep(1000)
            finally:
                seen.append("cancelled")

        tasks.append(asyncio.ensure_future(linger()))
        await asyncio.sleep(0)

    tasks: list[asyncio.Future[None]] = []
    run(opened, Work(leave, "coroutine"), [[1], [2]])
    assert seen == ["cancelled"] * 2


# -- workers ---------------------------------------------------------------------------------------


@both_kinds
def test_workers_are_known_by_their_thread_and_busy_in_calls(opened: Open, made: Make) -> None:
    addresses: list[int] = []
    seen: list[tuple[int, list[int]]] = []

    def look(item: int) -> None:
        flags = [ctypes.c_ubyte.from_address(address).value for address in addresses]
        seen.append((threading.get_native_id(), flags))

    with opened(made(look)) as session:
        addresses = [worker.busy for worker in session.workers]
        tids = [worker.tid for worker in session.workers]
        session.run([[number] for number in range(10)], lambda report: None)
        after = [ctypes.c_ubyte.from_address(address).value for address in addresses]
        assert {worker.pid for worker in session.workers} == {os.getpid()}
    assert after == [0] * len(tids)
    assert len(seen) == 10
    for tid, flags in seen:
        assert flags[tids.index(tid)] == 1


def test_threads_work_at_the_same_time() -> None:
    together = threading.Barrier(3)
    reports = run(
        lambda work: backends.get("thread").open(work, Configuration("thread", 3)),
        Work(lambda item: together.wait(20)),
        [[1], [2], [3]],
    )
    assert [report.errors for report in reports] == [0, 0, 0]


def test_a_loop_has_so_many_calls_in_flight_and_no_more() -> None:
    flying = 0
    most = 0

    async def fly(item: int) -> None:
        nonlocal flying, most
        flying += 1
        most = max(most, flying)
        for _ in range(5):
            await asyncio.sleep(0)
        flying -= 1

    work = Work(fly, "coroutine")
    run(lambda work: backends.get("asyncio").open(work, Configuration("asyncio", 4)), work, [[n] for n in range(20)])
    assert most == 4


@pytest.mark.parametrize("name", ["thread", "asyncio"])
def test_threads_that_cannot_be_started_are_told_and_none_is_left(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    before = threading.active_count()
    start, started = threading.Thread.start, [0]

    def start_two(thread: threading.Thread) -> None:
        started[0] += 1
        if started[0] > 2:
            raise RuntimeError("can't start new thread")
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", start_two)
    with (
        pytest.raises(WorkerDied, match="4 threads could not be started: can't start new thread"),
        backends.get(name).open(Work(abs), Configuration(name, 4)),
    ):
        pytest.fail("opened all the same")
    assert threading.active_count() == before


def test_one_after_the_other_is_awaited_on_one_loop_by_one_task() -> None:
    seen: list[tuple[object, object]] = []

    async def look(item: int) -> None:
        seen.append((asyncio.get_running_loop(), asyncio.current_task()))

    with backends.get("serial").open(Work(look, "coroutine"), Configuration("serial")) as session:
        session.run([[1, 2], [3]], lambda report: None)
        session.run([[4]], lambda report: None)
    loops, tasks = zip(*seen, strict=True)
    assert len(set(loops)) == 1
    assert len(set(tasks[:3])) == 1


# -- the loop's heartbeat --------------------------------------------------------------------------


def lags(work: Work) -> list[int]:
    with backends.get("asyncio").open(work, Configuration("asyncio", 2)) as session:
        session.run([[0.05]] * 6, lambda report: None)
        return sorted(session.loop_lags_ns)


@pytest.mark.timing
def test_a_blocked_loop_is_late() -> None:
    free, blocked = lags(Work(asyncio.sleep, "coroutine")), lags(coroutine(time.sleep))
    assert free
    assert blocked
    assert blocked[len(blocked) // 2] > 4 * free[len(free) // 2]


def test_one_block_is_heard_even_at_the_very_end() -> None:
    with backends.get("asyncio").open(coroutine(time.sleep), Configuration("asyncio", 1)) as session:
        session.run([[0.05]], lambda report: None)
        assert max(session.loop_lags_ns) > 0.02e9


# -- what processes refuse before they start -------------------------------------------------------


def test_a_lambda_is_refused_before_any_process_starts() -> None:
    with (
        pytest.raises(Refusal, match=r"the function cannot be pickled: .*lambda"),
        Process().open(Work(lambda item: item), Configuration("process", 2)),
    ):
        pytest.fail("opened all the same")


def test_a_set_up_that_cannot_be_pickled_is_refused_by_name() -> None:
    with (
        pytest.raises(Refusal, match="the set-up or the tear-down cannot be pickled"),
        Process().open(Work(abs, setup=lambda: None), Configuration("process", 2)),
    ):
        pytest.fail("opened all the same")


def test_a_start_method_that_the_platform_lacks_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("multiprocessing.get_all_start_methods", lambda: ["spawn"])
    with (
        pytest.raises(Refusal, match="no start method 'fork'"),
        Process().open(Work(abs), Configuration("process", 2, 1, "fork")),
    ):
        pytest.fail("opened all the same")
