"""The record of running programs, on every interpreter: what it says is what they do."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gilscope.programs.watching import Ending, Settings, Watching, until_it_ends
from gilscope.records import STATES
from gilscope.records.programs import ProgramRecord

pytestmark = [
    pytest.mark.interpreter,
    pytest.mark.timing,
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="programs are seen into by Linux's /proc alone"),
]
BUSY = Path(__file__).with_name("busy.py")
Watch = Callable[..., ProgramRecord]


@pytest.fixture
def watch() -> Iterator[Watch]:
    """Runs the program with threads that do what is asked for, and watches it."""
    started: list[subprocess.Popen[bytes]] = []

    def run(*names: str, seconds: float = 1.2) -> ProgramRecord:
        program = subprocess.Popen(
            [sys.executable, "-S", str(BUSY), *names], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        started.append(program)
        assert program.stdout is not None
        assert program.stdout.readline() == b"ready\n"
        watching = Watching(program.pid, Settings(overhead=0.1))
        with until_it_ends(program.pid, seconds) as wait:
            watching.watch(wait)
        watching.close()
        return watching.record(Ending())

    yield run
    for program in started:
        program.kill()
        program.communicate()


def test_the_account_sums_to_the_threads_wall_clock(watch: Watch) -> None:
    account = watch("computes", "takes_turns", "takes_turns").account
    known = [seconds for state in STATES if (seconds := account.state_s(state)) is not None]
    assert len(known) == len(STATES)
    assert sum(known) == pytest.approx(account.wall_s, rel=1e-6)
    assert account.gil_held_ratio is not None
    assert account.gil_held_ratio > 0.8


def test_who_takes_turns_at_a_lock_waits_for_it(watch: Watch) -> None:
    record = watch("takes_turns", "takes_turns")
    function = next(each for each in record.functions if each.place.function == "takes_turns")
    assert function.own.lock_s is not None
    assert function.own.lock_s > 0.25 * function.own.wall_s
    lock = record.locks[0]
    assert lock.waiting[0][0].function == "takes_turns"
    assert lock.threads == 2
    assert lock.address is not None


def test_what_blocks_an_event_loop_is_told_with_its_line_and_how_long(watch: Watch) -> None:
    record = watch("runs_a_loop")
    (loop,) = record.loops
    block = max(loop.blocked, key=lambda each: each.longest_s)
    assert (block.place.function, block.callback.function) == ("blocks_for_long", "handles")
    assert BUSY.read_text(encoding="utf-8").splitlines()[block.line - 1].strip() == "time.sleep(0.1)"
    assert block.state == "sleep"
    assert 0.07 < block.longest_s < 0.2
    assert 0.4 < loop.running_s / loop.observed_s < 0.9
    assert [advice.name for advice in record.verdict.advice][:1] == ["blocked-loop"]


def test_threads_that_wait_for_work_are_idle_and_nothing_is_advised(watch: Watch) -> None:
    record = watch()
    assert record.verdict.advice == ()


def test_a_program_watches_itself_by_a_process_beside_it() -> None:
    code = """
import threading, gilscope
def computes():
    for _ in range(40_000):
        sum(range(1000))
with gilscope.watching(overhead=0.1) as seen:
    threads = [threading.Thread(target=computes) for _ in range(2)]
    [each.start() for each in threads]
    [each.join() for each in threads]
print(seen.result.blame[0].holding.function, len(seen.result.processes))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60)
    assert (done.stdout, done.stderr) == ("computes 1\n", "")


@pytest.mark.skipif(sys.version_info < (3, 14), reason="this Python has no interpreters module")
def test_two_interpreters_that_compute_hold_two_gils_at_once(watch: Watch) -> None:
    record = watch("interpreter_computes", "interpreter_computes")
    (process,) = record.processes
    assert [share.interpreters for share in process.gils] == [(0,), (1,), (2,)]
    main, *computing = [share.held_ratio for share in process.gils]
    assert main < 0.2, "it waits for both"
    assert min(computing) > 0.8, "one GIL for both would be held half as often by each"
