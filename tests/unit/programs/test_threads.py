"""What a blocked thread waits for, and what cannot be told of it."""

from __future__ import annotations

import platform
from collections.abc import Callable

import pytest

from gilscope.observers.syscalls import TABLES, Blocked
from gilscope.programs.threads import waits_for

GIL_AT, LOCK_AT, STACK = 0x9000, 0xA000, 0x7FFC_0000_0000


def number(name: str) -> int:
    return next(number for number, call in TABLES[platform.machine()].items() if call == name)


def futex(address: int) -> Blocked:
    return Blocked(number("futex"), (address, 0, 0, 0, 0, 0), STACK)


def wants(address: int) -> int | None:
    return 0 if address == GIL_AT else None


def resolved(_: object) -> str:
    return "network"


@pytest.mark.parametrize(("address", "state"), [(GIL_AT, "gil_wait"), (LOCK_AT, "lock")])
def test_the_gil_is_told_from_other_locks_by_its_address(address: int, state: str) -> None:
    seen = waits_for(futex(address), resolved, wants, locks_known=True)
    assert (seen.wait, seen.call) == (state, "futex")
    assert seen.lock_at == (None if state == "gil_wait" else LOCK_AT)


def test_with_a_c_library_of_other_locks_waiting_is_unknown_never_a_lock() -> None:
    """A waiter for the GIL may be anywhere there; one that is seen at the GIL itself waits for it."""
    assert waits_for(futex(LOCK_AT), resolved, wants, locks_known=False).wait == "unknown"
    assert waits_for(futex(GIL_AT), resolved, wants, locks_known=False).wait == "gil_wait"


@pytest.mark.parametrize(("beyond", "parked"), [(-8, False), (64, True), (1 << 20, False)])
def test_a_lock_that_threads_park_for_is_on_their_own_stack(beyond: int, parked: bool) -> None:
    assert waits_for(futex(STACK + beyond), resolved, wants, locks_known=True).on_stack == parked


@pytest.mark.parametrize(
    ("blocked", "state", "call"),
    [
        (lambda: Blocked(number("recvfrom"), (3, 0, 0, 0, 0, 0)), "network", "recvfrom"),
        (lambda: Blocked(number("read"), (3, 0, 0, 0, 0, 0)), "network", "read"),
        (lambda: Blocked(number("clock_nanosleep"), (0,) * 6), "sleep", "clock_nanosleep"),
        (lambda: Blocked(-1, ()), "disk", "page fault"),
        (lambda: Blocked(99_999, (0,) * 6), "other", None),
    ],
)
def test_every_call_is_named_with_its_state(blocked: Callable[[], Blocked], state: str, call: str | None) -> None:
    seen = waits_for(blocked(), resolved, wants, locks_known=True)
    assert (seen.wait, seen.call) == (state, call)
