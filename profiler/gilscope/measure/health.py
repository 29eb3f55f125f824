"""What works on this machine: each instrument tried, not guessed."""

from __future__ import annotations

import itertools
import multiprocessing
import os
import platform
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from gilscope.backends.base import Configuration
from gilscope.errors import MeasurementError
from gilscope.measure import messages as m
from gilscope.measure.live import LiveTrial
from gilscope.measure.trial import TrialEnded
from gilscope.observers.cpus import memory_limit_bytes, usable_cpus
from gilscope.observers.proc import contents, process_cpu_s, reaped_children_cpu_s
from gilscope.observers.process_files import ProcessFiles
from gilscope.observers.pyspy import LOOKED_S, HotRecorder, find_pyspy
from gilscope.observers.syscalls import has_table
from gilscope.observers.thread_files import ThreadFiles, keeps_scheduler_statistics, thread_files
from gilscope.units import byte_size, counted, duration, exact, given_duration, rough_duration

__all__ = ["Check", "checks"]

PATIENCE_S = 20.0
YAMA = Path("/proc/sys/kernel/yama/ptrace_scope")


@dataclass(frozen=True)
class Check:
    """One thing that was tried."""

    name: str
    works: bool
    detail: str
    needed: bool = False
    """Whether there is no verdict without it; the others make one tell more."""


def checks() -> Iterator[Check]:
    """Try everything, one after the other."""
    yield Check(
        "interpreter",
        True,
        f"{platform.python_implementation()} {platform.python_version()} ({sys.executable})",
        needed=True,
    )
    yield _cpus()
    yield _clock()
    yield Check("ptrace", True, _ptrace())
    trial = LiveTrial(Configuration("serial"))
    try:
        trial.start()
        yield from _with_process(trial)
    except MeasurementError as error:
        yield Check("trial process", False, str(error), needed=True)
    finally:
        trial.end()
    yield Check("start methods", True, ", ".join(multiprocessing.get_all_start_methods()))


def _with_process(trial: LiveTrial) -> Iterator[Check]:
    try:
        hello = trial.process.hear(m.Hello, time.monotonic() + PATIENCE_S, "starting")
    except TrialEnded as ended:
        yield Check("trial process", False, ended.reason, needed=True)
        return
    yield Check("trial process", True, "starts and answers", needed=True)
    yield _tried("/proc", lambda: _proc(hello))
    yield _tried("GIL calibration", lambda: _gil(trial, hello))
    yield _py_spy(hello.pid)


def _tried(name: str, attempt: Callable[[], tuple[bool, str]]) -> Check:
    try:
        return Check(name, *attempt())
    except (OSError, TrialEnded) as error:
        return Check(name, False, f"{error}; blocked time is undivided without it")


def _proc(hello: m.Hello) -> tuple[bool, str]:
    failed = [f"{name} ({error})" for name, read in READINGS.items() if (error := _failure(read, hello))]
    untold = [] if has_table() else [f"no table of the system calls of {platform.machine()}"]
    if not keeps_scheduler_statistics():
        untold.append("no scheduler statistics in this kernel (CONFIG_SCHED_INFO): CPU in ticks, no run queue")
    if failed:
        return False, f"of another process these cannot be read: {'; '.join(failed)}; no full ledger without them"
    return not untold, "; ".join(untold) or f"{', '.join(READINGS)} of another process can be read"


def _failure(read: Callable[[m.Hello], object], hello: m.Hello) -> str | None:
    try:
        read(hello)
    except (OSError, ValueError) as error:
        return getattr(error, "strerror", None) or str(error)
    return None


def _of_thread(read: Callable[[ThreadFiles], object]) -> Callable[[m.Hello], object]:
    def reading(hello: m.Hello) -> object:
        files = thread_files(hello.pid, hello.pid)
        try:
            return read(files)
        finally:
            files.close()

    return reading


def _of_memory(hello: m.Hello) -> object:
    files = ProcessFiles(hello.pid)
    try:
        return files.read(hello.thread_state, 8)
    finally:
        files.close()


#: Everything that a ledger is made of, by the name that /proc has for it.
READINGS: dict[str, Callable[[m.Hello], object]] = {
    "schedstat": _of_thread(lambda files: files.scheduled()),
    "syscall": _of_thread(lambda files: files.waiting()),
    "status": _of_thread(lambda files: files.on_cpu()),
    "mem": _of_memory,
    "fd": lambda hello: os.readlink(f"/proc/{hello.pid}/fd/0"),
    "fdinfo": lambda hello: contents(f"/proc/{hello.pid}/fdinfo/0"),
    "children": lambda hello: contents(f"/proc/{hello.pid}/task/{hello.pid}/children"),
    "stat": lambda hello: reaped_children_cpu_s(hello.pid),
    "the CPU clock": lambda hello: process_cpu_s(hello.pid),
}


def _gil(trial: LiveTrial, hello: m.Hello) -> tuple[bool, str]:
    began = time.monotonic()
    gil, reason = trial.calibrate(hello, began + PATIENCE_S)
    if gil.layout is None:
        return not gil.enabled, reason or "unknown"
    return (
        True,
        f"its lock is {gil.layout.offset} bytes behind _PyRuntime; found in {duration(time.monotonic() - began)}",
    )


def _py_spy(pid: int) -> Check:
    program = find_pyspy()
    if program is None:
        return Check("py-spy", False, "not installed; hot lines need it: pip install py-spy")
    with HotRecorder(limit_s=PATIENCE_S) as recorder:
        recorder.start(pid)
        hot = recorder.look(LOOKED_S)
    untold = None if hot.seen else f"{program} took no sample of a trial's process in {given_duration(LOOKED_S)}"
    wrong = hot.reason or untold
    return Check("py-spy", wrong is None, wrong or f"{program} took {counted(hot.seen, 'sample')} of a trial's process")


def _cpus() -> Check:
    budget = usable_cpus(None)
    limit = f", {budget.reason}" if budget.reason else ""
    return Check(
        "CPUs",
        True,
        f"{exact(budget.usable)} usable of {budget.visible}{limit}; {byte_size(memory_limit_bytes())} of memory",
    )


def _clock() -> Check:
    readings = [time.perf_counter_ns() for _ in range(10_000)]
    steps = sorted(b - a for a, b in itertools.pairwise(readings))
    info = time.get_clock_info("perf_counter")
    told = f"{info.implementation}, a reading takes {rough_duration(steps[len(steps) // 2] / 1e9)}"
    return Check("clock", info.monotonic, told, needed=True)


def _ptrace() -> str:
    try:
        scope = YAMA.read_text().strip()
    except OSError:
        return "no Yama: processes of the same user may be watched"
    told = {
        "0": "processes of the same user may be watched",
        "1": "descendants may be watched, which trials are",
        "2": "only with CAP_SYS_PTRACE",
        "3": "nobody may watch",
    }
    return f"Yama scope {scope}: {told.get(scope, 'unknown')}"
