"""The files of a thread, as kernels of several makes write them."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gilscope.observers import thread_files
from gilscope.observers.proc import TICKS_PER_S
from gilscope.observers.process_files import changed_its_user
from gilscope.observers.thread_files import (
    ContextSwitches,
    Scheduled,
    ThreadFiles,
    TickFiles,
    UnreadableError,
    context_switches,
    keeps_scheduler_statistics,
    thread_scheduled,
)

X86_64 = b"""Name:\tpython3
State:\tR (running)
Tgid:\t471
Groups:\t0 4 24
Speculation_Store_Bypass:\tvulnerable
Cpus_allowed:\t3
Cpus_allowed_list:\t0-1
Mems_allowed_list:\t0
voluntary_ctxt_switches:\t150
nonvoluntary_ctxt_switches:\t545
"""
#: Linux 6.6 and later, built with CONFIG_X86_USER_SHADOW_STACK: arch_proc_pid_thread_features in
#: arch/x86/kernel/cpu/proc.c comes last.
SHADOW_STACK = X86_64 + b"x86_Thread_features:\t\nx86_Thread_features_locked:\t\n"
SHADOW_STACK_ON = X86_64 + b"x86_Thread_features:\tshstk \nx86_Thread_features_locked:\tshstk wrss \n"
AARCH64 = b"""Name:\tpython3
NoNewPrivs:\t0
Seccomp:\t2
Seccomp_filters:\t1
Speculation_Store_Bypass:\tthread force mitigated
Cpus_allowed:\tff,ffffffff
Mems_allowed:\t00000001
Mems_allowed_list:\t0
voluntary_ctxt_switches:\t150
nonvoluntary_ctxt_switches:\t545
"""
#: In a container whose init is another: a name that lies, and no line end behind the last field.
CONTAINER = (
    b"Name:\tvoluntary_ctxt_switches:\t9\nSeccomp:\t2\nvoluntary_ctxt_switches:\t150\nnonvoluntary_ctxt_switches:\t545"
)


@pytest.mark.parametrize("status", [X86_64, SHADOW_STACK, SHADOW_STACK_ON, AARCH64, CONTAINER])
def test_context_switches_are_found_by_their_names(status: bytes) -> None:
    assert context_switches(status) == ContextSwitches(voluntary=150, involuntary=545)


def test_a_status_without_context_switches_is_refused_by_name() -> None:
    with pytest.raises(UnreadableError, match="status tells no context switches"):
        context_switches(b"Name:\tpython3\nState:\tR (running)\n")


@given(*(st.floats(0, 1e6) for _ in range(4)))
def test_a_difference_of_readings(run: float, queued: float, more_run: float, more_queued: float) -> None:
    spent = Scheduled(run + more_run, queued + more_queued) - Scheduled(run, queued)
    assert [spent.run_s, spent.runqueue_s] == pytest.approx([more_run, more_queued], abs=1e-6)


def test_an_unknown_run_queue_stays_unknown() -> None:
    assert Scheduled(3.0, None) - Scheduled(1.0, None) == Scheduled(2.0, None)


# -- one thread, its files written by hand ---------------------------------------------------------


class Kernel:
    """Stands for /proc: what it says of a thread."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.say(status=(0, 0), on=0)
        (folder / "syscall").write_bytes(b"running\n")
        (folder / "stat").write_bytes(b"7 (a) b (c) R 1 7 7 0 -1 4194304 100 0 0 0 123 45 6 7 20 0 1 0 99 1 1\n")

    def say(self, status: tuple[int, int], on: int, groups: int = 3) -> None:
        """So often it was taken off a CPU, voluntarily and not, and put on one."""
        lines = X86_64.replace(b"150", b"%d" % status[0]).replace(b"545", b"%d" % status[1])
        lines = lines.replace(b"0 4 24", b" ".join(b"%d" % number for number in range(groups)))
        (self.folder / "status").write_bytes(lines + b"x86_Thread_features:\t\n")
        (self.folder / "schedstat").write_bytes(b"1500000000 250000000 %d\n" % on)


@pytest.fixture
def kernel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Kernel:
    made = Kernel(tmp_path)
    open_file: Callable[[str, int], int] = os.open

    def opened(path: str) -> int:
        return open_file(str(tmp_path / path.rpartition("/")[2]), os.O_RDONLY)

    monkeypatch.setattr(thread_files, "opened", opened)
    monkeypatch.setattr(thread_files, "contents", lambda path: (tmp_path / path.rpartition("/")[2]).read_bytes())
    return made


def test_it_is_on_a_cpu_when_it_was_put_on_one_once_more_than_taken_off(kernel: Kernel) -> None:
    files = ThreadFiles(7, 7)
    for on, expected in ((7, False), (8, True), (9, None)):
        kernel.say(status=(3, 4), on=on)
        assert files.on_cpu() is expected
    files.close()


def test_thousands_of_groups_hide_no_context_switches(kernel: Kernel) -> None:
    files = ThreadFiles(7, 7)
    for groups in (1_000, 20_000):
        kernel.say(status=(3, 4), on=8, groups=groups)
        assert files.on_cpu() is True
    files.close()


def test_a_preempted_thread_is_told_from_a_woken_one(kernel: Kernel) -> None:
    files = ThreadFiles(7, 7)
    told = []
    for status in ((5, 5), (5, 6), (6, 6), (6, 6), (7, 7), (7, 9)):
        kernel.say(status=status, on=sum(status))
        assert files.on_cpu() is False
        told.append(files.preempted)
    assert told == [None, True, False, False, None, True]
    files.close()


def test_without_scheduler_statistics_ticks_must_do(kernel: Kernel) -> None:
    (kernel.folder / "schedstat").unlink()
    files = TickFiles(7, 7)
    assert files.scheduled() == Scheduled((123 + 45) / TICKS_PER_S, None)
    assert files.waiting() is None
    assert files.on_cpu() is True
    files.close()


@pytest.mark.parametrize(("text", "keeps"), [(b"0 0 0\n", False), (b"0 2982573 1\n", True), (b"12 0 1\n", True)])
def test_statistics_that_are_all_zero_are_none(
    kernel: Kernel, monkeypatch: pytest.MonkeyPatch, text: bytes, keeps: bool
) -> None:
    (kernel.folder / "schedstat").write_bytes(text)
    keeps_scheduler_statistics.cache_clear()
    assert keeps_scheduler_statistics() is keeps
    monkeypatch.setattr(thread_files, "keeps_scheduler_statistics", lambda: keeps)
    assert (thread_scheduled(7, 7).runqueue_s is None) is not keeps
    keeps_scheduler_statistics.cache_clear()


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can become another user")
def test_a_process_that_has_changed_its_user_is_known() -> None:
    program = "import os, sys; os.setuid(65534) if sys.argv[1:] else None; print(flush=True); input()"
    told = []
    for arguments in ([], ["becomes"]):
        command = [sys.executable, "-c", program, *arguments]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            process.stdout.readline()
            told.append(changed_its_user(process.pid))
            process.communicate("\n")
    assert told == [False, True]
    assert not changed_its_user(process.pid), "it is gone"
