"""What a blocked thread waits for, from lines the kernel wrote."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gilscope.observers.syscalls import TABLES, Blocked, Waiting, has_table, parse, waiting_for

# Captured from /proc/PID/task/TID/syscall.
FUTEX_X86_64 = b"202 0x7f2a3c0e6da8 0x189 0x0 0x7ffd3f1b2a60 0x0 0xffffffff 0x7ffd3f1b2a20 0x7f2a3bc5d1f9\n"
SLEEP_X86_64 = b"230 0x1 0x1 0x7ffd4bbd5b80 0x0 0x0 0x0 0x7ffd4bbd5b28 0x7f3c5a6f1545\n"
RECV_X86_64 = b"45 0x4 0x55d0c8a3f6b0 0x400 0x0 0x0 0x0 0x7ffe0a7bd6f0 0x7fb0f1c2f10a\n"
EPOLL_FOR_EVER_X86_64 = b"232 0x3 0x7f8e1d2b4a10 0x2 0xffffffff 0x0 0x0 0x7ffc85a1f3d8 0x7f8e1e8f2c06\n"
EPOLL_A_WHILE_X86_64 = b"232 0x3 0x7f8e1d2b4a10 0x2 0xea5f 0x0 0x0 0x7ffc85a1f3d8 0x7f8e1e8f2c06\n"
FUTEX_AARCH64 = b"98 0xffff9d5c3d68 0x189 0x0 0xfffff1c5a9e8 0x0 0xffffffff 0xfffff1c5a930 0xffff9d27f0a4\n"
SLEEP_AARCH64 = b"115 0x1 0x1 0xffffc3a1d5f8 0x0 0x0 0x0 0xffffc3a1d570 0xffffa1b0e57c\n"
PSELECT_AARCH64 = b"72 0x4 0xffffd64d1f50 0x0 0x0 0x0 0xffffd64d1ed8 0xffffd64d1e70 0xffff8d3b3f30\n"
# Made by the format of the captured ones, with the numbers of arch/*/kernel/syscalls/syscall.tbl of Linux.
FUTEX_RISCV64 = b"98 0x3fb4a83d68 0x189 0x0 0x3fffc5a9e8 0x0 0xffffffff 0x3fffc5a930 0x3fb47f0a4c\n"
FUTEX_PPC64LE = b"221 0x7fffb4a83d68 0x189 0x0 0x7fffc5a9e8f0 0x0 0xffffffff 0x7fffc5a930e0 0x7fffb47f0a40\n"
FUTEX_S390X = b"238 0x3ffb4a83d68 0x189 0x0 0x3ffffc5a9e8 0x0 0xffffffff 0x3ffffc5a930 0x3ffb47f0a4c\n"
EPOLL_FOR_EVER_S390X = b"251 0x3 0x3ffb4b4a10 0x2 0xffffffffffffffff 0x0 0x0 0x3ffffa1f3d8 0x3ffb48f2c06\n"
PAGE_FAULT = b"-1 0x7ffd9a3b1c40 0x7f1b2c3d4e5f\n"


@pytest.mark.parametrize(
    ("machine", "line", "waiting"),
    [
        ("x86_64", FUTEX_X86_64, Waiting("lock", "futex", 0x7F2A3C0E6DA8)),
        ("x86_64", SLEEP_X86_64, Waiting("sleep")),
        ("x86_64", RECV_X86_64, Waiting("network")),
        ("x86_64", EPOLL_FOR_EVER_X86_64, Waiting("other", "epoll", 3, -1)),
        ("x86_64", EPOLL_A_WHILE_X86_64, Waiting("other", "epoll", 3, 0xEA5F)),
        ("aarch64", FUTEX_AARCH64, Waiting("lock", "futex", 0xFFFF9D5C3D68)),
        ("aarch64", SLEEP_AARCH64, Waiting("sleep")),
        ("aarch64", PSELECT_AARCH64, Waiting("other", "select", 0xFFFFD64D1F50, 4)),
        ("riscv64", FUTEX_RISCV64, Waiting("lock", "futex", 0x3FB4A83D68)),
        ("ppc64le", FUTEX_PPC64LE, Waiting("lock", "futex", 0x7FFFB4A83D68)),
        ("s390x", FUTEX_S390X, Waiting("lock", "futex", 0x3FFB4A83D68)),
        ("s390x", EPOLL_FOR_EVER_S390X, Waiting("other", "epoll", 3, -1)),
        ("x86_64", PAGE_FAULT, Waiting("disk")),
        ("aarch64", PAGE_FAULT, Waiting("disk")),
    ],
)
def test_captured_lines(machine: str, line: bytes, waiting: Waiting) -> None:
    blocked = parse(line)
    assert blocked is not None
    assert waiting_for(blocked, machine) == waiting


def test_a_running_thread_is_not_blocked() -> None:
    assert parse(b"running\n") is None


def test_an_empty_file_is_that_of_a_thread_that_has_ended() -> None:
    with pytest.raises(ProcessLookupError, match="ended"):
        parse(b"")


def test_a_machine_without_a_table_is_known_to_have_none() -> None:
    assert all(map(has_table, TABLES))
    assert not has_table("sparc64")
    assert not has_table("x86_64, 32 bits")


@pytest.mark.parametrize("machine", TABLES)
def test_every_table_has_the_calls_that_python_programs_wait_in(machine: str) -> None:
    """Each of them once where a call has one number; the oldest machines have two names for some."""
    names = [*TABLES[machine].values()]
    needed = "futex read write recvfrom sendto accept4 connect ppoll epoll_pwait clock_nanosleep wait4 waitid fsync"
    assert [name for name in needed.split() if name not in names] == []


def test_a_page_fault_has_no_arguments() -> None:
    assert parse(PAGE_FAULT) == Blocked(-1, ())


@pytest.mark.parametrize("text", [b"0x10 0x20\n", b"walking\n", b"202 futex\n"])
def test_what_the_kernel_does_not_write_is_refused(text: bytes) -> None:
    with pytest.raises(ValueError, match="invalid literal"):
        parse(text)


def number(machine: str, name: str) -> int:
    return next(number for number, known in TABLES[machine].items() if known == name)


@pytest.mark.parametrize("machine", TABLES)
@pytest.mark.parametrize(
    ("name", "state"),
    [
        ("connect", "network"),
        ("accept4", "network"),
        ("recvmsg", "network"),
        ("clock_nanosleep", "sleep"),
        ("wait4", "child"),
        ("waitid", "child"),
        ("flock", "lock"),
        ("openat", "disk"),
        ("statx", "disk"),
    ],
)
def test_calls_that_say_it_themselves(machine: str, name: str, state: str) -> None:
    assert waiting_for(Blocked(number(machine, name), (1,) * 6), machine) == Waiting(state)


@pytest.mark.parametrize("machine", TABLES)
@pytest.mark.parametrize("name", ["read", "write", "pread64", "writev", "fsync", "sendfile"])
def test_calls_on_a_descriptor_ask_what_it_is(machine: str, name: str) -> None:
    assert waiting_for(Blocked(number(machine, name), (7, 1, 2, 3, 4, 5)), machine) == Waiting("other", "descriptor", 7)


@pytest.mark.parametrize("name", ["poll", "ppoll", "select", "pselect6"])
def test_polling_nothing_is_sleeping(name: str) -> None:
    assert waiting_for(Blocked(number("x86_64", name), (0, 0, 0, 0, 5, 0)), "x86_64") == Waiting("sleep")


def test_poll_asks_about_its_structures() -> None:
    assert waiting_for(Blocked(7, (0x1000, 3, 50, 0, 0, 0)), "x86_64") == Waiting("other", "poll", 0x1000, 3)


def test_select_asks_about_reading_or_else_writing() -> None:
    reading = waiting_for(Blocked(23, (9, 0x1000, 0x2000, 0, 0, 0)), "x86_64")
    writing = waiting_for(Blocked(23, (9, 0, 0x2000, 0, 0, 0)), "x86_64")
    assert (reading.value, writing.value) == (0x1000, 0x2000)


@pytest.mark.parametrize("timeout", [0xFFFFFFFF, 0xFFFFFFFFFFFFFFFF])
def test_minus_one_is_for_ever_however_wide(timeout: int) -> None:
    assert waiting_for(Blocked(232, (3, 0, 2, timeout, 0, 0)), "x86_64").count == -1


def test_epoll_pwait2_waits_for_ever_without_a_time() -> None:
    asked = [waiting_for(Blocked(441, (3, 0, 2, time, 0, 0)), "x86_64").count for time in (0, 0x1000)]
    assert asked[0] < 0 <= asked[1]


def test_unknown_calls_and_machines_are_other() -> None:
    assert waiting_for(Blocked(9999, (1,) * 6), "x86_64") == Waiting("other")
    assert waiting_for(Blocked(202, (1,) * 6), "sparc64") == Waiting("other")


@given(
    st.integers(0, 500), st.lists(st.integers(0, 2**64 - 1), min_size=6, max_size=6), st.sampled_from([*TABLES, "x"])
)
def test_every_line_of_the_kernel_has_an_answer(call: int, args: list[int], machine: str) -> None:
    text = " ".join([str(call), *map(hex, args), "0x7ffd00000000", "0x7f0000000000"]).encode() + b"\n"
    blocked = parse(text)
    assert blocked == Blocked(call, tuple(args))
    assert waiting_for(Blocked(call, tuple(args)), machine).ask in {
        "",
        "futex",
        "descriptor",
        "epoll",
        "poll",
        "select",
    }
