"""What the backends are made to run. Each call leaves a note in the file that ``NOTES`` names."""

from __future__ import annotations

import asyncio
import os
import pathlib
import signal
import sys
import threading
import time
import types
from collections.abc import AsyncIterator, Callable, Iterator

NUMBERS = list(range(10))
PAIRS = [(number, -number) for number in NUMBERS]
LOCKS = [threading.Lock() for _ in range(3)]


def note(*words: object) -> None:
    """One line, in one write: who, and ``words``."""
    with open(os.environ["NOTES"], "ab", buffering=0) as notes:
        notes.write(" ".join(map(str, [os.getpid(), threading.get_native_id(), *words])).encode() + b"\n")


def call(number: int) -> int:
    note("call", number)
    if number % 3 == 0:
        raise ValueError(f"{number} is divisible by three")
    return 2 * number


async def call_coroutine(number: int) -> int:
    await asyncio.sleep(0)
    return call(number)


def count(number: int) -> Iterator[int]:
    yield from range(number)
    note("drained", number)


async def count_coroutine(number: int) -> AsyncIterator[int]:
    for step in range(number):
        await asyncio.sleep(0)
        yield step
    note("drained", number)


def pair(one: int, other: int, *, third: int) -> None:
    note("pair", one, other, third)


async def pair_coroutine(one: int, other: int, *, third: int) -> None:
    pair(one, other, third=third)


def nothing(*, third: int) -> None:
    note("nothing", third)


async def nothing_coroutine(*, third: int) -> None:
    nothing(third=third)


def set_up() -> None:
    note("setup")


def tear_down() -> None:
    note("teardown")


def refuse_to_start() -> None:
    raise RuntimeError("no licence")


def large(number: int) -> bytes:
    return b"x" * (4 << 20)


anonymous = (lambda: lambda number: note("call", number))()


def doubled(number: int) -> int:
    note("call", number)
    return 2 * number


def environment(number: int) -> dict[str, str]:
    """The variables that a test set for the user."""
    return {name: value for name, value in os.environ.items() if name in os.environ["OF_THE_USER"].split()}


def take_lock(lock: threading.Lock) -> None:
    note("call", lock.locked())


def give_lock(number: int) -> threading.Lock:
    return threading.Lock()


class Torn:
    """Can be pickled, and not unpickled."""

    def __reduce__(self) -> tuple[Callable[[], None], tuple[()]]:
        return tear, ()


def tear() -> None:
    raise ValueError("torn on the way")


def give_torn(number: int) -> Torn:
    return Torn()


def do_as_told(number: int) -> object:
    """What the file beside the notes says, so that one trial can be asked for one thing after the other."""
    told = pathlib.Path(f"{os.environ['NOTES']}.told").read_text()
    note("call", number)
    if told == "sleep":
        time.sleep(0.05)
    return {"give_lock": threading.Lock(), "give_torn": Torn()}.get(told)


def exit_hard(number: int = 0) -> None:
    os._exit(3)


def kill_itself(number: int) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def sleep(number: int) -> None:
    time.sleep(0.05)


async def sleep_coroutine(number: int) -> None:
    await asyncio.sleep(0.05)


async def block_coroutine(number: int) -> None:
    time.sleep(0.05)


def _made_here() -> Callable[[int], None]:
    """A function of a module that no other process has."""
    module = types.ModuleType("only_here")
    exec("def hidden(number): pass", module.__dict__)
    sys.modules["only_here"] = module
    function: Callable[[int], None] = module.__dict__["hidden"]
    return function


hidden = _made_here()
