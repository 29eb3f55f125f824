"""Event loops while they are observed: where they are blocked, how late callbacks run, what waits for a thread."""

from __future__ import annotations

import asyncio
import threading
import time
from concurrent.futures import ThreadPoolExecutor, wait

import pytest

import gilscope
from gilscope.production import forks
from gilscope.production.elsewhere import blocked_elsewhere
from gilscope.production.loop_lag import loop_lag
from gilscope.production.on_loops import NOTICED_S, BlockedAt
from gilscope.production.sketch import RELATIVE_ERROR, middle_s
from tests.production import functions as f
from tests.production.known import known, profile

BLOCK_S = 0.1


@gilscope.classify
async def sleeps() -> None:
    await asyncio.sleep(0)
    time.sleep(BLOCK_S)


@gilscope.classify
async def holds_the_gil(numbers: list[int]) -> None:
    await asyncio.sleep(0)
    sorted(numbers)


@gilscope.classify
async def computes() -> None:
    await asyncio.sleep(0)
    f.spin(BLOCK_S)


@pytest.fixture(scope="module")
def found() -> dict[str, tuple[BlockedAt, ...]]:
    """Where each of them was found blocked."""
    forks.forget()
    numbers = [n * 7919 % 3_000_017 for n in range(600_000)]

    async def main() -> None:
        for _ in range(3):
            await sleeps()
            await holds_the_gil(numbers)
            await computes()

    with gilscope.observe():
        asyncio.run(main())
    made = {func.__name__: profile(func).on_loops for func in (sleeps, holds_the_gil, computes)}
    return {name: loops.blocked_at if loops else () for name, loops in made.items()}


def test_the_line_that_blocks_is_found_with_what_it_calls(found: dict[str, tuple[BlockedAt, ...]]) -> None:
    place = found["sleeps"][0]
    assert (place.function, place.callee, place.source) == ("sleeps", "time.sleep", "time.sleep(BLOCK_S)")
    assert place.file == __file__
    assert place.stack[0].startswith("sleeps (")
    assert place.times >= 3


def test_a_call_that_holds_the_gil_is_found_too(found: dict[str, tuple[BlockedAt, ...]]) -> None:
    place = found["holds_the_gil"][0]
    assert (place.callee, place.source) == ("sorted", "sorted(numbers)")


def test_what_computes_is_found_in_the_function_that_does(found: dict[str, tuple[BlockedAt, ...]]) -> None:
    place = found["computes"][0]
    assert place.function == "spin"
    assert [line.partition(" ")[0] for line in place.stack] == ["computes", "spin"]


def test_blocks_are_counted_by_their_length() -> None:
    for block_s in (0.0, 0.02, 0.05):
        asyncio.run(f.doze(0.01, block=block_s))
    loops = profile(f.doze).on_loops
    assert loops is not None
    long = [middle_s(index) for index in sorted(loops.blocks) if middle_s(index) > NOTICED_S]
    assert len(long) == 2
    assert loops.noticed_s * (1 + RELATIVE_ERROR) >= 0.07
    assert loops.noticed_s == pytest.approx(sum(long))


def test_what_is_not_decorated_is_found_by_a_late_heart() -> None:
    def callback() -> None:
        time.sleep(BLOCK_S)

    async def main() -> None:
        for _ in range(4):
            await f.doze(0.06)
            asyncio.get_running_loop().call_soon(callback)
            await f.doze(0.06)

    with gilscope.observe():
        asyncio.run(main())
    place = blocked_elsewhere()[0]
    assert (place.function.rpartition(".")[2], place.callee) == ("callback", "time.sleep")
    assert place.blocked_s > BLOCK_S
    loops = profile(f.doze).on_loops
    assert loops is not None
    assert loops.blocked_at == (), "it is not to blame"


# ---- how late callbacks run ----


def lag(block_s: float) -> float:
    """The longest that a callback was late, beside a coroutine that keeps the loop for so long now and then."""
    forks.forget()

    async def main() -> None:
        for _ in range(5):
            await f.doze(0.06, block=block_s)

    with gilscope.observe():
        asyncio.run(main())
    found = loop_lag()
    assert found is not None
    assert found.count >= 5
    return found.longest_s


@pytest.mark.timing
def test_a_callback_is_as_late_as_the_block_before_it_is_long() -> None:
    free, blocked = lag(0.0), lag(BLOCK_S)
    assert blocked > BLOCK_S / 4 > free


def test_unobserved_nobody_listens_to_the_loop() -> None:
    asyncio.run(f.doze(0.1))
    assert loop_lag() is None


def test_a_heart_stops_with_the_work() -> None:
    """A timer that came again and again would keep an idle loop from its sleep."""

    async def main() -> list[object]:
        await f.doze(0.01)
        await asyncio.sleep(0.3)
        return list(asyncio.get_running_loop()._scheduled)  # type: ignore[attr-defined]

    with gilscope.observe():
        assert asyncio.run(main()) == []


# ---- what waits for a thread ----


@pytest.mark.timing
def test_what_comes_to_a_crowded_pool_waits_for_a_thread() -> None:
    with gilscope.observe(), ThreadPoolExecutor(1) as crowded, ThreadPoolExecutor(4) as roomy:
        wait([crowded.submit(f.nap, 0.1) for _ in range(7)] + [roomy.submit(f.listen, 0.7) for _ in range(3)])
    crowd, room = profile(f.nap).queue_waits, profile(f.listen).queue_waits
    assert crowd is not None
    assert crowd.longest_s > 0.1
    assert room is not None
    assert room.longest_s < crowd.longest_s


@pytest.mark.timing
def test_what_comes_to_anyios_threads_waits_until_one_may_begin() -> None:
    """Those in which Starlette and FastAPI run an endpoint that is no coroutine."""
    to_thread = pytest.importorskip("anyio.to_thread")

    async def main() -> None:
        to_thread.current_default_thread_limiter().total_tokens = 1
        await asyncio.gather(*(to_thread.run_sync(f.nap, 0.1) for _ in range(7)))
        await to_thread.run_sync(int)  # behind the probes

    with gilscope.observe():
        asyncio.run(main())
    waits = profile(f.nap).queue_waits
    assert waits is not None
    assert waits.longest_s > 0.1


def test_a_pool_ends_with_its_owner_though_it_was_probed() -> None:
    with gilscope.observe():
        pool = ThreadPoolExecutor(1)
        for _ in range(3):
            pool.submit(f.nap, 0.2).result()
        assert profile(f.nap).queue_waits is not None
        [thread] = pool._threads
        del pool
        thread.join(30)
        assert not thread.is_alive()


def test_calls_in_no_pool_wait_for_none() -> None:
    with gilscope.observe():
        thread = threading.Thread(target=f.nap, args=(0.6,))
        thread.start()
        thread.join()
        f.nap(0.3)
    assert profile(f.nap).queue_waits is None


def test_the_lookout_ends_with_the_observation() -> None:
    before = threading.active_count()
    for _ in range(2):
        with gilscope.observe():
            asyncio.run(f.doze(0.01))
    assert threading.active_count() == before
    assert known(f.doze).cell().step is None
