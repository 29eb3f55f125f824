"""Threads have the names that the program gave them, on every interpreter."""

from __future__ import annotations

import random
import subprocess
import sys
import textwrap

import pytest

from gilscope.programs.chosen_threads import ChosenThreads
from gilscope.programs.process import ProgramProcess
from gilscope.programs.sampler import ProgramSampler
from tests.programs.test_sampling import for_so_long

pytestmark = [
    pytest.mark.interpreter,
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="programs are seen into by Linux's /proc alone"),
]

PROGRAM = """
import _thread, sys, threading, time
from concurrent.futures import ThreadPoolExecutor

class Own(threading.Thread):  # has room for values of its own, and so none behind it
    __slots__ = ("more",)
    def run(self): waits()

def waits(): begun.release(); time.sleep(1000)
def renames_itself():
    threading.current_thread().name = "renamed"
    waits()
def goes_deep(calls): goes_deep(calls - 1) if calls else waits()
def named(name, kind=threading.Thread, target=None, **more):
    made.append(kind(name=name, target=target or waits, daemon=True, **more))

begun, made = threading.Semaphore(0), []
named("w\\u00f6rker")
named("own class", Own)
named("before", target=renames_itself)
named("deep", target=goes_deep, args=(900,))
named("has a dictionary")
vars(made[-1])["extra"] = 1
named("\\u6f22\\u5b57")
pool = ThreadPoolExecutor(1, thread_name_prefix="pool")
for thread in made:
    thread.start()
pool.submit(waits)
_thread.start_new_thread(waits, ())
for _ in range(len(made) + 2):
    begun.acquire()
print("ready", flush=True)
sys.stdin.read()
"""
NAMES = {"wörker", "own class", "renamed", "deep", "has a dictionary", "漢字", "pool_0", "MainThread"}


def test_threads_are_called_as_the_program_calls_them_and_chosen_by_that() -> None:
    command = [sys.executable, "-S", "-c", textwrap.dedent(PROGRAM)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as program:
        try:
            assert program.stdout is not None
            assert program.stdout.readline() == b"ready\n"
            process = ProgramProcess(program.pid, 0, random.Random())
            threads = {thread.name: thread for thread in process.seen().threads}
            process.close()
            sampler = ProgramSampler(program.pid, overhead=0.1, chosen=ChosenThreads(("pool_*", "w?rker")))
            moments = list(sampler.moments(for_so_long(0.2)))
            sampler.close()
        finally:
            program.kill()
    assert threads.keys() >= NAMES
    (other,) = threads.keys() - NAMES  # begun by C code, and called by the kernel
    assert other
    told = {look.tid for moment in moments for look in moment.threads}
    assert told == {threads["pool_0"].tid, threads["wörker"].tid}
