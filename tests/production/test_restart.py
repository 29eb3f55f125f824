"""Calls since a restart are told apart from those before, and none is lost."""

from __future__ import annotations

import asyncio
import threading

from gilscope.production.function import Function
from gilscope.pytest_plugin.calls import begin, end
from tests.production import functions
from tests.production.known import known


def counted(function: Function) -> tuple[int, int]:
    """Calls in all, and since the last restart."""
    return function.profile().calls, function.profile(recent=True).calls


def test_calls_are_told_apart_and_add_up() -> None:
    square = known(functions.square)
    for _ in range(1000):
        functions.square(3)
    assert counted(square) == (1000, 1000)
    square.restart()
    assert counted(square) == (1000, 0)
    for _ in range(10):
        functions.square(3)
    assert counted(square) == (1010, 10)
    square.restart()
    assert counted(square) == (1010, 0)


def test_calls_of_threads_that_have_ended_are_recent() -> None:
    square = known(functions.square)
    square.restart()
    thread = threading.Thread(target=functions.square, args=(3,))
    thread.start()
    thread.join()
    functions.square(3)
    assert counted(square) == (2, 2)


def test_the_first_calls_since_are_all_measured() -> None:
    square = known(functions.square)
    for _ in range(1000):
        functions.square(3)
    square.restart()
    for _ in range(20):
        functions.square(3)
    recent = square.profile(recent=True)
    assert (recent.calls, recent.timed_calls, recent.clocked_calls) == (20, 20, 20)


def test_every_call_can_be_timed_and_then_a_sample_again() -> None:
    begin()
    for _ in range(500):
        functions.square(3)
    [found] = end()
    assert (found.calls, found.timed_calls) == (500, 500)
    for _ in range(500):
        functions.square(3)
    whole = known(functions.square).profile()
    assert whole.timed_calls < 1000 == whole.calls


def test_the_longest_block_is_that_of_the_calls_since() -> None:
    doze = known(functions.doze)
    asyncio.run(functions.doze(0, block=0.25))
    doze.restart()
    asyncio.run(functions.doze(0))
    recent, whole = doze.profile(recent=True), doze.profile()
    assert recent.longest_block_s is not None
    assert whole.longest_block_s is not None
    assert recent.longest_block_s < whole.longest_block_s


def test_a_recursion_is_still_followed() -> None:
    fib = known(functions.fib)
    fib.restart()
    functions.fib(6)
    assert counted(fib) == (1, 1)


def test_a_coroutine_that_was_under_way_is_counted_when_it_ends() -> None:
    async def restart_meanwhile() -> None:
        task = asyncio.create_task(functions.doze(0.001))
        await asyncio.sleep(0)
        known(functions.doze).restart()
        await task

    asyncio.run(restart_meanwhile())
    assert counted(known(functions.doze)) == (1, 1)
