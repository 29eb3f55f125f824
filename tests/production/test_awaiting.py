"""What a coroutine awaits is told: the outside world, or the threads, processes and tasks of its own program."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import socket
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from functools import partial
from typing import Any

import pytest

from gilscope import classify
from gilscope.production.awaiting import KINDS
from tests.production.known import known

pytestmark = pytest.mark.interpreter
NAP_S = 0.02
_Awaits = Callable[[], Awaitable[Any]]


@classify
async def waits_for(make: _Awaits) -> None:
    await make()


@classify
async def hands_on(make: _Awaits) -> None:
    await waits_for(make)


def awaited(make: _Awaits, func: Callable[[_Awaits], Awaitable[None]] = waits_for) -> str:
    """What most of the time was awaited in a call."""

    async def main() -> None:
        await func(make)

    asyncio.run(main())
    loops = known(func).sums().loops
    assert loops is not None
    return KINDS[loops.awaited_ns.index(max(loops.awaited_ns))]


# ---- the outside world ----


async def stream() -> None:
    here, there = socket.socketpair()
    with there:
        reader, writer = await asyncio.open_connection(sock=here)
        asyncio.get_running_loop().call_later(NAP_S, there.send, b"x")
        await reader.read(1)
        writer.close()


async def bare_socket() -> None:
    here, there = socket.socketpair()
    with here, there:
        here.setblocking(False)
        asyncio.get_running_loop().call_later(NAP_S, there.send, b"x")
        await asyncio.get_running_loop().sock_recv(here, 1)


async def program() -> None:
    await (await asyncio.create_subprocess_exec("sleep", str(NAP_S))).wait()


async def with_a_timeout() -> None:
    async with asyncio.timeout(10):
        await asyncio.sleep(NAP_S)


OUTSIDE: list[_Awaits] = [partial(asyncio.sleep, NAP_S), stream, bare_socket, program, with_a_timeout]


@pytest.mark.parametrize("make", OUTSIDE, ids=lambda make: getattr(make, "__name__", "sleep"))
@pytest.mark.skipif(os.name != "posix", reason="pairs of sockets, and sleep")
def test_timers_sockets_and_programs_are_the_outside_world(make: _Awaits) -> None:
    assert awaited(make) == "outside"


def test_what_a_call_within_awaits_is_told_of_both() -> None:
    assert awaited(partial(asyncio.sleep, NAP_S), hands_on) == "outside"


# ---- executors ----


def in_executor(executor: Executor | None) -> Awaitable[None]:
    return asyncio.get_running_loop().run_in_executor(executor, time.sleep, NAP_S)


def test_threads_of_executors_are_told() -> None:
    assert awaited(partial(asyncio.to_thread, time.sleep, NAP_S)) == "threads"
    with ThreadPoolExecutor(1) as pool:
        assert awaited(partial(in_executor, pool), hands_on) == "threads"


def test_processes_are_told_from_threads_while_both_are_there() -> None:
    spawned = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=spawned) as processes, ThreadPoolExecutor(1) as threads:
        processes.submit(int).result()
        assert awaited(partial(in_executor, processes)) == "processes"
        assert awaited(partial(in_executor, threads), hands_on) == "threads"


def test_the_cpu_of_threads_is_told_beside_what_they_were_awaited_for() -> None:
    def spin() -> None:
        end = time.thread_time() + 0.05
        while time.thread_time() < end:
            pass

    awaited(partial(asyncio.to_thread, spin))
    awaited(partial(asyncio.to_thread, time.sleep, 0.05), hands_on)
    computed, waited = known(waits_for).sums().loops, known(hands_on).sums().loops
    assert computed is not None
    assert waited is not None
    assert computed.threads_cpu_ns > max(30_000_000, 3 * waited.threads_cpu_ns)


def test_threads_of_anyio_are_told_and_the_queue_before_them() -> None:
    to_thread = pytest.importorskip("anyio.to_thread")

    async def crowded() -> None:
        to_thread.current_default_thread_limiter().total_tokens = 1
        async with asyncio.TaskGroup() as group:
            group.create_task(to_thread.run_sync(time.sleep, NAP_S))
            await asyncio.sleep(0)
            await waits_for(partial(to_thread.run_sync, time.sleep, NAP_S))

    asyncio.run(crowded())
    loops = known(waits_for).sums().loops
    assert loops is not None
    threads, tasks = (loops.awaited_ns[KINDS.index(kind)] for kind in ("threads", "tasks"))
    assert threads > 4 * tasks, "but for a turn on the loop, which anyio grants"


# ---- own tasks ----


async def nap() -> None:
    await asyncio.sleep(NAP_S)


async def gathered() -> None:
    await asyncio.gather(nap(), nap())


async def waited_for() -> None:
    await asyncio.wait([asyncio.ensure_future(nap())])


async def in_a_group() -> None:
    async with asyncio.TaskGroup() as group:
        group.create_task(nap())


async def one_by_one() -> None:
    for done in asyncio.as_completed([nap()]):
        await done


async def locked() -> None:
    lock = asyncio.Lock()
    await lock.acquire()
    asyncio.get_running_loop().call_later(NAP_S, lock.release)
    await lock.acquire()


async def queued() -> None:
    queue: asyncio.Queue[int] = asyncio.Queue()
    asyncio.get_running_loop().call_later(NAP_S, queue.put_nowait, 1)
    await queue.get()


async def polite() -> None:
    end = time.monotonic() + NAP_S
    while time.monotonic() < end:
        await asyncio.sleep(0)


def task() -> Awaitable[None]:
    return asyncio.ensure_future(nap())


TASKS: list[_Awaits] = [task, gathered, waited_for, in_a_group, one_by_one, locked, queued, polite]


@pytest.mark.parametrize("make", TASKS, ids=lambda make: make.__name__)
def test_own_tasks_locks_and_queues_are_told(make: _Awaits) -> None:
    assert awaited(make) == "tasks"


# ---- what is not known ----


async def future() -> None:
    waiter = asyncio.get_running_loop().create_future()
    asyncio.get_running_loop().call_later(NAP_S, waiter.set_result, None)
    await waiter


async def librarys() -> None:
    """An event that a library waits for: a protocol of its own may set it."""
    names: dict[str, Any] = {}
    exec(compile("async def read(event): await event.wait()", "/x/site-packages/driver.py", "exec"), names)
    event = asyncio.Event()
    asyncio.get_running_loop().call_later(NAP_S, event.set)
    await names["read"](event)


@pytest.mark.parametrize("make", [future, librarys])
def test_what_cannot_be_told_is_unknown(make: _Awaits) -> None:
    assert awaited(make) == "unknown"


def test_uvloop_is_told_as_well() -> None:
    uvloop: Any = pytest.importorskip("uvloop")
    cases: dict[_Awaits, str] = {bare_socket: "outside", stream: "outside", gathered: "tasks"}
    cases[partial(in_executor, None)] = "threads"
    told = []
    for make in cases:
        known(waits_for).restart()
        uvloop.run(waits_for(make))
        loops = known(waits_for).sums(recent=True).loops
        assert loops is not None
        told.append(KINDS[loops.awaited_ns.index(max(loops.awaited_ns))])
    assert told == list(cases.values())
