"""A process that a program started is followed though its parent has ended."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

from gilscope.programs.sampler import ProgramSampler
from tests.programs.test_sampling import for_so_long

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="programs are seen into by /proc alone")

#: The first process lives on; its child ends when it is told to, and the child's child goes on computing.
PROGRAM = """
import os, sys, time
def goes_on():
    while True:
        sum(range(1000))
if os.fork() == 0:
    orphan = os.fork()
    if orphan == 0:
        goes_on()
    print(os.getpid(), orphan, flush=True)
    sys.stdin.readline()
    os._exit(0)
os.wait()
print("ended", flush=True)
time.sleep(1000)
"""


def test_an_orphan_is_followed_and_keeps_the_parent_that_it_had() -> None:
    command = [sys.executable, "-S", "-c", PROGRAM]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as program:
        assert program.stdin is not None
        assert program.stdout is not None
        child, orphan = map(int, program.stdout.readline().split())
        sampler = ProgramSampler(program.pid, overhead=0.2)
        try:
            known = (moment for moment in sampler.moments(for_so_long(60)) if moment.pid == orphan)
            next(known)
            program.stdin.write("end\n")
            program.stdin.flush()
            assert program.stdout.readline() == "ended\n"
            after = [next(known) for _ in range(3)]
            processes = {process.pid: process for process in sampler.seen()}
        finally:
            sampler.close()
            os.kill(orphan, signal.SIGKILL)
            program.kill()
    assert {look.stack[0].function.name for moment in after for look in moment.threads if look.stack} == {"goes_on"}
    assert processes[orphan].parent == child
    assert processes[orphan].python is not None
    assert not processes[orphan].ended
