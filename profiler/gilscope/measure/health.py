"""What works on this machine: each instrument tried, not guessed."""

from __future__ import annotations

import itertools
import multiprocessing
import platform
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from gilscope.backends.base import Configuration
from gilscope.measure import messages as m
from gilscope.measure.live import LiveTrial
from gilscope.measure.trial import TrialEnded
from gilscope.observers.cpus import memory_limit_bytes, usable_cpus
from gilscope.observers.proc import ThreadFiles
from gilscope.observers.pyspy import HotRecorder, find_pyspy

__all__ = ["Check", "checks"]

PATIENCE_S = 20.0
YAMA = Path("/proc/sys/kernel/yama/ptrace_scope")


@dataclass(frozen=True)
class Check:
    """One thing that was tried."""

    name: str
    works: bool
    detail: str


def checks() -> Iterator[Check]:
    """Try everything, one after the other."""
    yield Check(
        "interpreter",
        True,
        f"{platform.python_implementation()} {platform.python_version()} ({sys.executable})",
    )
    yield _cpus()
    yield _clock()
    yield Check("ptrace", True, _ptrace())
    trial = LiveTrial(Configuration("serial"))
    try:
        trial.start()
        yield from _with_process(trial)
    finally:
        trial.end()
    yield Check("start methods", True, ", ".join(multiprocessing.get_all_start_methods()))


def _with_process(trial: LiveTrial) -> Iterator[Check]:
    try:
        hello = trial.process.hear(m.Hello, time.monotonic() + PATIENCE_S, "starting")
    except TrialEnded as ended:
        yield Check("trial process", False, ended.reason)
        return
    yield Check("trial process", True, "starts and answers")
    yield _tried("/proc", lambda: _proc(hello.pid))
    yield _tried("GIL calibration", lambda: _gil(trial, hello))
    yield _py_spy(hello.pid)


def _tried(name: str, attempt: Callable[[], tuple[bool, str]]) -> Check:
    try:
        return Check(name, *attempt())
    except (OSError, TrialEnded) as error:
        return Check(name, False, f"{error}; blocked time is undivided without it")


def _proc(pid: int) -> tuple[bool, str]:
    files = ThreadFiles(pid, pid)
    try:
        files.scheduled()
        files.waiting()
    finally:
        files.close()
    return True, "schedstat and syscall of another process can be read"


def _gil(trial: LiveTrial, hello: m.Hello) -> tuple[bool, str]:
    began = time.monotonic()
    gil, reason = trial.calibrate(hello, began + PATIENCE_S)
    if gil.layout is None:
        return not gil.enabled, reason or "unknown"
    took_ms = (time.monotonic() - began) * 1000
    return True, f"its lock is {gil.layout.offset} bytes behind _PyRuntime; found in {took_ms:.0f} ms"


def _py_spy(pid: int) -> Check:
    program = find_pyspy()
    if program is None:
        return Check("py-spy", False, "not installed; hot lines need it: pip install py-spy")
    with HotRecorder(limit_s=PATIENCE_S) as recorder:
        recorder.start(pid)
        hot = recorder.stop()
    return Check("py-spy", hot.lines is not None, hot.reason or f"{program} can look into a trial's process")


def _cpus() -> Check:
    budget = usable_cpus(None)
    limit = f", {budget.reason}" if budget.reason else ""
    memory = memory_limit_bytes() / 2**30
    return Check("CPUs", True, f"{budget.usable:g} usable of {budget.visible}{limit}; {memory:.1f} GiB of memory")


def _clock() -> Check:
    readings = [time.perf_counter_ns() for _ in range(10_000)]
    steps = sorted(b - a for a, b in itertools.pairwise(readings))
    info = time.get_clock_info("perf_counter")
    return Check("clock", info.monotonic, f"{info.implementation}, a reading takes {steps[len(steps) // 2]} ns")


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
