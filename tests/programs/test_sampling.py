"""Moments of running programs, on every interpreter: what they show adds up to what the programs do."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest

from gilscope.observers.sampling_quality import HOLDER
from gilscope.programs.moments import ProcessMoment
from gilscope.programs.sampler import ProgramSampler
from gilscope.programs.seen import SeenProcess
from tests.programs.conftest import Start

pytestmark = [
    pytest.mark.interpreter,
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="programs are seen into by Linux's /proc alone"),
]


def for_so_long(seconds: float) -> Callable[[float], bool]:
    until = time.monotonic() + seconds

    def wait(at_most: float) -> bool:
        time.sleep(max(0.0, min(at_most, until - time.monotonic())))
        return time.monotonic() >= until

    return wait


def sampled(pid: int, seconds: float) -> tuple[list[ProcessMoment], ProgramSampler]:
    sampler = ProgramSampler(pid, overhead=0.1)
    moments = list(sampler.moments(for_so_long(seconds)))
    sampler.close()
    return moments, sampler


def pythons(sampler: ProgramSampler) -> list[SeenProcess]:
    """Those that could be looked into."""
    return [process for process in sampler.seen() if process.python is not None]


def name(stack: object) -> str:
    return stack[0].function.name if isinstance(stack, tuple) and stack else "-"


@pytest.mark.timing
def test_who_waits_is_told_with_whom_it_waits_for(start: Start) -> None:
    moments, sampler = sampled(start("naps_and_works", "sleeps", "computes"), 1.5)
    blame: Counter[tuple[str, str]] = Counter()
    held: Counter[str] = Counter()
    for moment in moments:
        (gil,) = moment.gils
        if gil.held:  # on a busy machine it is free until the one that it is handed to has a CPU
            held[name(gil.holder_stack)] += 1
        for look in moment.threads:
            if look.wait == "gil_wait" and not gil.moved:
                blame[name(look.stack), name(gil.holder_stack)] += 1
    assert held["computes"] > 0.8 * held.total()
    assert blame["naps_and_works", "computes"] > 0.8 * blame.total() > 0
    (process,) = sampler.seen()
    by_name = {each.tid: each for each in process.threads}
    assert len(by_name) == 4
    most = max(process.threads, key=lambda thread: thread.scheduled.run_s)
    assert process.cpu_s == pytest.approx(sum(thread.scheduled.run_s for thread in process.threads), rel=0.05)
    assert most.scheduled.run_s > 0.8 * process.cpu_s
    assert most.began_in is not None
    assert most.began_in.name == "computes"
    assert sampler.torn <= 0.05 * len(moments)


@pytest.mark.timing
def test_spans_add_up_to_the_time_that_was_sampled(start: Start) -> None:
    moments, sampler = sampled(start("sleeps"), 1.0)
    quality = sampler.quality
    spans_s = sum(moment.span_s for moment in moments)
    assert spans_s == pytest.approx(quality.elapsed_s * len(moments) / (len(moments) + quality.missed), rel=0.1)
    assert {look.wait for moment in moments for look in moment.threads} == {"sleep", "other"}
    assert [look.stack is None for moment in moments for look in moment.threads].count(True) == 0


@pytest.mark.timing
@pytest.mark.parametrize("loop", ["blocks_its_loop", "calls_back"])
def test_the_turns_of_an_event_loop_are_told_apart(start: Start, loop: str) -> None:
    moments, _ = sampled(start(loop), 1.0)
    turns = [look.turn for moment in moments for look in moment.threads if look.turn is not None]
    assert len(turns) > 0.8 * len(moments)
    changes = sum(before != after for before, after in pairwise(turns))
    assert changes == pytest.approx((moments[-1].at_s - moments[0].at_s) / 0.1, abs=3)


FORKS = """
import os, signal, sys
for _ in range(12):
    if not os.fork():
        signal.pause()
print("ready", flush=True)
sys.stdin.read()
os.killpg(0, 9)
"""


@pytest.mark.timing
def test_of_many_processes_some_are_looked_at_and_stand_for_all() -> None:
    command = [sys.executable, "-S", "-c", FORKS]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True) as program:
        assert program.stdout is not None
        assert program.stdout.readline() == b"ready\n"
        sampler = ProgramSampler(program.pid, overhead=0.2)
        wait = for_so_long(60.0)
        for _ in sampler.moments(lambda seconds: wait(seconds) or len(sampler.seen()) == 13):
            pass
        spans: dict[int, float] = {}
        wait, elapsed_s, missed = for_so_long(1.5), sampler.quality.elapsed_s, sampler.quality.missed
        for moment in sampler.moments(wait):
            spans[moment.pid] = spans.get(moment.pid, 0.0) + moment.span_s
        sampler.close()
        program.communicate()
    assert len(spans) == 13
    lost = 1.5 * (sampler.quality.missed - missed) / (100 * 1.5)
    assert sum(spans.values()) == pytest.approx(13 * (sampler.quality.elapsed_s - elapsed_s - lost), rel=0.15)


PARENT = """
import os, subprocess, sys
python = subprocess.Popen([sys.executable, "-S", "-c", "input()"], stdin=subprocess.PIPE)
other = subprocess.Popen(["cat"], stdin=subprocess.PIPE)
forked = os.fork()
if not forked:
    os.execv(sys.executable, [sys.executable, "-S", "-c", "print('ready', flush=True); input()"])
os.read(0, 1)
python.communicate(), other.communicate(), os.kill(forked, 9), os.waitpid(forked, 0)
"""


def test_children_are_followed_each_by_what_it_is(tmp_path: Path) -> None:
    """Started, forked and turned into another program; and one that is no Python."""
    program = subprocess.Popen(
        [sys.executable, "-S", "-c", PARENT], stdin=subprocess.PIPE, stdout=subprocess.PIPE, pass_fds=()
    )
    assert program.stdout is not None
    assert program.stdout.readline() == b"ready\n"
    sampler = ProgramSampler(program.pid)
    wait = for_so_long(30.0)

    def all_seen() -> bool:
        return len(sampler.seen()) == 4 and len(pythons(sampler)) == 3

    for moment in sampler.moments(lambda seconds: wait(seconds) or all_seen()):
        assert moment.pid in {process.pid for process in sampler.seen()}
    seen = {process.pid: process for process in sampler.seen()}
    sampler.close()
    program.communicate(b"x")
    assert sum(process.parent == program.pid for process in seen.values()) == 3
    assert seen[program.pid].parent == 0
    assert {process.python for process in pythons(sampler)} == {sys.version_info[:3]}
    (other,) = [process for process in seen.values() if process.python is None]
    assert "is no Python" in other.unread
    assert other.command == ("cat",)


def test_a_program_that_ends_ends_the_moments(start: Start) -> None:
    pid = start("sleeps")
    sampler = ProgramSampler(pid)
    wait = for_so_long(60.0)
    for _ in sampler.moments(wait):
        if len(sampler.seen()) == 1 and not sampler.seen()[0].ended:
            os.kill(pid, 9)
    sampler.close()
    assert not wait(0.0)
    assert [process.ended for process in sampler.seen()] == [True]


def test_a_program_that_has_ended_before_it_could_be_looked_into_is_told_all_the_same() -> None:
    child = subprocess.Popen([sys.executable, "-S", "-c", "import os; os._exit(5)"])
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    sampler = ProgramSampler(child.pid, just_started=True)
    assert list(sampler.moments(for_so_long(0.05))) == []
    (seen,) = sampler.seen()
    sampler.close()
    child.wait()
    assert (seen.pid, seen.ended, seen.python) == (child.pid, True, None)
    assert "ended before its interpreter could be looked into" in seen.unread


def test_one_that_turns_into_another_program_is_two_accounts() -> None:
    code = "import os, sys; input(); os.execv(sys.executable, [sys.executable, '-S', '-c', 'input(); input()'])"
    program = subprocess.Popen([sys.executable, "-S", "-c", code], stdin=subprocess.PIPE)
    assert program.stdin is not None
    sampler = ProgramSampler(program.pid, just_started=True)
    wait, asked = for_so_long(60.0), False
    for _ in sampler.moments(lambda seconds: wait(seconds) or len(pythons(sampler)) == 2):
        if not asked:
            program.stdin.write(b"\n\n")
            program.stdin.flush()
            asked = True
    sampler.close()
    program.communicate(b"\n\n")
    before, after = pythons(sampler)
    assert "os.execv" in before.command[-1]
    assert after.command[-1] == "input(); input()"
    assert before.pid == after.pid == program.pid
    assert before.last_s <= after.first_s


def test_a_program_that_makes_and_ends_threads_all_the_time_is_one_account(start: Start) -> None:
    moments, sampler = sampled(start("makes_threads", "sleeps"), 0.7)
    (process,) = sampler.seen()
    assert not process.ended
    assert len(process.threads) > 3
    assert {each.began_in.name for each in process.threads if each.began_in} >= {"<module>", "sleeps", "makes_threads"}
    assert sampler.quality.readings[HOLDER].failed == 0
    waits = [look.wait for moment in moments for look in moment.threads if name(look.stack) == "sleeps"]
    assert set(waits) == {"sleep"}


def test_nothing_stays_open(start: Start) -> None:
    before = set(os.listdir("/proc/self/fd"))
    pid = start("sleeps", "computes")
    opened = set(os.listdir("/proc/self/fd"))
    for _ in range(3):
        sampled(pid, 0.05)
    assert set(os.listdir("/proc/self/fd")) == opened
    assert opened > before
