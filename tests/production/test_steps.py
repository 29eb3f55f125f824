"""Coroutines and generators: passed through faithfully, whether measured or not, and accounted step by step."""

from __future__ import annotations

import asyncio
import traceback
import types
from collections.abc import Callable, Coroutine, Generator
from typing import Any

import pytest

from gilscope import classify
from tests.production import functions as f
from tests.production.known import known, profile

pytestmark = pytest.mark.interpreter
#: More than are measured from the first on, so that both ways are taken.
MANY = 300


def test_coroutines_give_what_they_gave() -> None:
    async def many() -> list[int]:
        return [await f.countdown(0) for _ in range(MANY)] + [round(await f.doze(0))]

    assert asyncio.run(many()) == [0] * (MANY + 1)
    assert profile(f.countdown).calls == MANY
    assert profile(f.countdown).timed_calls < MANY


def test_a_coroutine_that_is_never_awaited_is_not_a_call() -> None:
    f.doze(0).close()
    assert profile(f.doze).calls == 0


def test_time_on_the_loop_is_told_from_time_awaited() -> None:
    asyncio.run(f.doze(0.2, block=0.05))
    seen = profile(f.doze)
    assert seen.wall_s is not None
    assert seen.awaited_s is not None
    assert seen.longest_block_s is not None
    assert 0.2 <= seen.awaited_s <= seen.wall_s - 0.05
    assert 0.05 <= seen.longest_block_s <= seen.wall_s - 0.2 + 1e-9
    assert seen.steps == 2


def test_tasks_at_the_same_time_are_calls_of_their_own() -> None:
    async def together() -> None:
        await asyncio.gather(*(f.doze(0.05) for _ in range(20)))

    asyncio.run(together())
    seen = profile(f.doze)
    assert (seen.calls, seen.nested) == (20, 0)
    assert seen.mean_s is not None
    assert seen.mean_s >= 0.05


def test_recursion_is_one_call() -> None:
    assert asyncio.run(f.countdown(10)) == 10
    assert (profile(f.countdown).calls, profile(f.countdown).nested) == (1, 10)


def test_a_cancelled_coroutine_is_cancelled() -> None:
    async def cancel() -> None:
        task: asyncio.Task[float] = asyncio.create_task(f.doze(60))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(cancel())
    assert (profile(f.doze).calls, profile(f.doze).errors) == (1, 1)


def frames(error: BaseException) -> list[str]:
    return [frame.name for frame in traceback.extract_tb(error.__traceback__)]


@classify
async def raises(later: bool) -> None:
    if later:
        await asyncio.sleep(0)
    raise ValueError("as asked")


@pytest.mark.parametrize("later", [False, True])
def test_a_coroutines_traceback_has_one_frame_more(later: bool) -> None:
    async def many() -> None:
        for _ in range(MANY):
            with pytest.raises(ValueError, match="as asked") as caught:
                await raises(later)
            assert frames(caught.value)[1:] == ["raises", "raises"]

    asyncio.run(many())
    assert (profile(raises).calls, profile(raises).errors) == (MANY, MANY)


def test_generators_give_what_they_gave() -> None:
    def outer() -> Any:
        told = yield from f.numbers(3)
        yield told

    for _ in range(MANY):
        assert list(outer()) == [0, 1, 2, "done"]
    assert profile(f.numbers).calls == MANY


def test_coroutines_made_of_generators_can_be_awaited() -> None:
    @classify
    @types.coroutine
    def old_style() -> Generator[None, None, int]:
        yield
        return 3

    async def many() -> list[int]:
        return [await old_style() for _ in range(MANY)]

    assert asyncio.run(many()) == [3] * MANY
    assert profile(old_style).calls == MANY


def test_a_generator_is_sent_to_thrown_into_and_closed() -> None:
    for _ in range(MANY):
        generator: Any = f.echo()
        assert (next(generator), generator.send(5)) == (None, 5)
        error = KeyError("k")
        assert generator.throw(error) is error
        generator.close()
        with pytest.raises(StopIteration):
            next(generator)
    assert (profile(f.echo).calls, profile(f.echo).errors) == (MANY, 0)


def test_what_a_generator_does_not_catch_comes_back() -> None:
    for _ in range(MANY):
        generator: Any = f.echo()
        next(generator)
        with pytest.raises(OSError, match="disk") as caught:
            generator.throw(OSError("disk"))
        assert frames(caught.value)[1:] == ["echo", "echo"]
    assert profile(f.echo).errors == MANY


def test_a_generator_has_no_time_while_nobody_asks() -> None:
    generator = f.numbers(2)
    next(generator)
    f.nap(0.2)
    assert list(generator) == [1]
    seen, pause = profile(f.numbers), profile(f.nap)
    assert seen.wall_s is not None
    assert pause.wall_s is not None
    assert seen.wall_s < pause.wall_s / 2
    assert (seen.awaited_s, seen.steps) == (0, 3)


async def drained(made: Any) -> list[Any]:
    return [item async for item in made]


def test_asynchronous_generators_give_what_they_gave() -> None:
    async def many() -> None:
        for _ in range(MANY):
            assert await drained(f.ticks(3)) == [0, 1, 2]

    asyncio.run(many())
    assert (profile(f.ticks).calls, profile(f.ticks).errors) == (MANY, 0)


def test_an_asynchronous_generator_is_sent_to_thrown_into_and_closed() -> None:
    async def once() -> None:
        generator: Any = f.async_echo()
        assert (await anext(generator), await generator.asend(5)) == (None, 5)
        error = KeyError("k")
        assert await generator.athrow(error) is error
        assert error.__context__ is None
        await generator.aclose()
        with pytest.raises(StopAsyncIteration):
            await anext(generator)
        failing: Any = f.async_echo()
        await anext(failing)
        with pytest.raises(OSError, match="disk") as caught:
            await failing.athrow(OSError("disk"))
        assert frames(caught.value)[1:] == ["async_echo", "async_echo"]

    async def many() -> None:
        for _ in range(MANY):
            await once()

    asyncio.run(many())
    assert (profile(f.async_echo).calls, profile(f.async_echo).errors) == (2 * MANY, MANY)


def test_the_blocks_of_an_asynchronous_generator_are_seen() -> None:
    async def slowly() -> None:
        async for _ in f.ticks(2, block=0.05):
            await asyncio.sleep(0.2)

    asyncio.run(slowly())
    seen = profile(f.ticks)
    assert seen.longest_block_s is not None
    assert seen.wall_s is not None
    assert 0.05 <= seen.longest_block_s <= seen.wall_s - 0.05
    assert seen.wall_s >= 0.1


def test_an_asynchronous_generator_that_is_dropped_is_closed_by_its_loop() -> None:
    async def drop() -> None:
        async for _ in f.ticks(5):
            break
        for _ in range(3):  # until the task that closes it has run
            await asyncio.sleep(0)

    asyncio.run(drop())
    assert (profile(f.ticks).calls, profile(f.ticks).errors) == (1, 0)


@pytest.mark.parametrize("func", [f.doze, f.numbers, f.ticks], ids=lambda func: func.__name__)
def test_kinds_are_told(func: Callable[..., Coroutine[Any, Any, Any]]) -> None:
    kinds = {"doze": "coroutine", "numbers": "generator", "ticks": "async-generator"}
    assert profile(func).kind == known(func).kind == kinds[func.__name__]
