"""Processes started for each call."""

from __future__ import annotations

import subprocess

from benchmarks.regret.workload import workload

SECONDS = ["0.02"] * 8


@workload(inputs="SECONDS", expect="io-bound/child", kind="child process", why="the child sleeps: many at a time")
def child_sleep(seconds: str) -> int:
    return subprocess.run(["sleep", seconds], check=True, stdin=subprocess.DEVNULL).returncode


LOOPS = ["5000"] * 4


@workload(inputs="LOOPS", expect="io-bound/child", kind="child process", why="the child computes: one for each CPU")
def child_compute(loops: str) -> int:
    program = 'i=0; while [ $i -lt "$1" ]; do i=$((i+1)); done'
    return subprocess.run(["sh", "-c", program, "sh", loops], check=True, stdin=subprocess.DEVNULL).returncode
