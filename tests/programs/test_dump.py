"""One look at a running program, on every interpreter."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from gilscope.observers.process_files import ProcessFiles
from gilscope.programs.dumping import DumpedThread, dump
from gilscope.programs.interpreters import Interpreters
from gilscope.programs.memory import Memory
from gilscope.programs.refusals import NotPermittedError
from gilscope.programs.runtime import find_runtime
from tests.programs.conftest import Start

pytestmark = [
    pytest.mark.interpreter,
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="programs are seen into by Linux's /proc alone"),
]


def by_function(threads: tuple[DumpedThread, ...]) -> dict[str, list[DumpedThread]]:
    """The threads by the function of the target that they are in."""
    found: dict[str, list[DumpedThread]] = {}
    for thread in threads:
        names = [frame.function.name for frame in thread.look.stack or () if frame.function.file.endswith("target.py")]
        found.setdefault(names[0] if names else "", []).append(thread)
    return found


def test_every_thread_is_told_with_its_state_and_its_stack(start: Start) -> None:
    seen = dump(start("sleeps", "receives", "waits_for_a_lock", "waits_for_a_lock", "steps", "computes"))
    threads = by_function(seen.threads)
    states = {name: [(each.look.wait, each.look.call) for each in members] for name, members in threads.items()}
    computing = states.pop("computes")
    del states["main"]  # which may still wait for the GIL after it has said that it is ready
    assert states == {
        "sleeps": [("sleep", "clock_nanosleep")],
        "receives": [("network", "recvfrom")],
        "waits_for_a_lock": [("lock", "futex")] * 2,
        "generated": [("sleep", "clock_nanosleep")],
    }
    assert len(computing) == 1
    (gil,) = seen.gils
    assert gil.held_looks > seen.looks / 2
    assert gil.look.holder is None or gil.look.holder.tid == threads["computes"][0].look.tid
    assert seen.python == sys.version_info[:3]


def test_those_that_wait_for_one_lock_are_told_to(start: Start) -> None:
    threads = by_function(dump(start("waits_for_a_lock", "waits_for_a_lock")).threads)
    locks = {each.look.lock for each in threads["waits_for_a_lock"]}
    assert len(locks) == 1
    assert None not in locks


def test_lines_are_those_that_are_executed(start: Start) -> None:
    (thread,) = by_function(dump(start("sleeps")).threads)["sleeps"]
    assert thread.look.stack is not None
    frame = thread.look.stack[0]
    with open(frame.function.file) as source:
        lines = source.read().split("\n")
    assert lines[frame.function.first_line - 1] == "def sleeps() -> None:"
    assert frame.line is not None
    assert lines[frame.line - 1] == "    time.sleep(1000)"


def test_a_freeze_is_told_with_who_holds_the_gil_in_which_call_and_since_when(start: Start) -> None:
    seen = dump(start("keeps_the_gil_while_it_sleeps"))
    (gil,) = seen.gils
    threads = by_function(seen.threads)
    (keeper,) = threads["keeps_the_gil_while_it_sleeps"]
    assert gil.look.holder is not None
    assert gil.look.holder.tid == keeper.look.tid
    assert (keeper.look.wait, keeper.look.holds_gil, gil.held_looks, gil.switches) == ("sleep", True, seen.looks, 0)
    assert gil.held_s is not None
    assert gil.held_s >= seen.watched_s
    assert [each.look.wait for each in seen.threads if each is not keeper] == ["gil_wait"]


def test_a_stopped_program_is_told_to_be(start: Start) -> None:
    pid = start("sleeps")
    os.kill(pid, signal.SIGSTOP)
    os.waitid(os.P_PID, pid, os.WSTOPPED | os.WNOWAIT)
    try:
        assert {thread.look.wait for thread in dump(pid).threads} == {"stopped"}
    finally:
        os.kill(pid, signal.SIGCONT)


def test_the_command_tells_it_in_text_and_in_json(start: Start) -> None:
    pid = start("keeps_the_gil_while_it_sleeps")
    command = [sys.executable, "-m", "gilscope", "dump", str(pid)]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert "keeps_the_gil_while_it_sleeps" in text.partition("has held the GIL for")[0]
    assert "1 thread waits for it" in text.replace("\n", " ")
    assert "a switch interval of 16.7 min" in text.replace("\n", " ")
    told = json.loads(subprocess.run([*command, "--json"], capture_output=True, text=True, check=True).stdout)
    assert told["schema"] == "gilscope.dump/1"
    assert [gil["switch_interval_s"] for gil in told["gils"]] == [1000.0]
    assert [(each["state"], each["holds_gil"]) for each in told["threads"]] == [("sleep", True), ("gil_wait", False)]
    assert told["threads"][0]["stack"][0]["function"] == "keeps_the_gil_while_it_sleeps"


CALIBRATED = """
from gilscope.introspection import runtime_address
from gilscope.observers.calibration import own_layout
print(runtime_address() + own_layout().offset, flush=True)
input()
"""


def test_the_gil_is_where_a_process_that_calibrates_itself_finds_it() -> None:
    """Two ways that know nothing of each other: the layout of the version, and what changes as the GIL is let go."""
    with subprocess.Popen([sys.executable, "-c", CALIBRATED], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as program:
        assert program.stdout is not None
        locked = int(program.stdout.readline())
        files = ProcessFiles(program.pid)
        memory = Memory(files)
        interpreters = Interpreters(memory, find_runtime(program.pid, memory))
        assert [gil + interpreters.layout.gil_locked for gil in interpreters.gils] == [locked]
        files.close()
        program.communicate(b"\n")


def test_a_subinterpreters_calls_stand_above_those_that_called_it(start: Start) -> None:
    seen = dump(start("in_a_subinterpreter"))
    (called,) = [thread.look for thread in seen.threads if thread.interpreter]
    names = [frame.function.name for frame in called.stack or ()]
    assert names[:3] == ["inside", "<module>", "in_a_subinterpreter"]
    shared = sys.version_info < (3, 12)
    assert [gil.look.interpreters for gil in seen.gils] == ([(0, 1)] if shared else [(0,), (1,)])
    assert called.gil == (0 if shared else 1)


def test_a_container_has_its_own_numbers_of_threads(start: Start) -> None:
    apart = ["unshare", "--pid", "--fork"]
    if shutil.which("unshare") is None or subprocess.run([*apart, "true"], capture_output=True, check=False).returncode:
        pytest.skip("no PID namespace may be made here")
    pid = start("sleeps", "computes", before=apart)
    threads = by_function(dump(pid).threads)
    assert [len(threads[name]) for name in ("main", "sleeps", "computes")] == [1, 1, 1]
    assert threads["main"][0].look.tid == pid


def test_an_interpreter_whose_file_is_gone_is_read_from_memory(start: Start, tmp_path: Path) -> None:
    own = ProcessFiles(os.getpid())
    path = Path(find_runtime(os.getpid(), Memory(own)).path)
    own.close()
    copy = Path(shutil.copy(path, tmp_path))
    if path.name.startswith("libpython"):
        pid = start("sleeps", LD_LIBRARY_PATH=str(tmp_path))
    else:
        pid = start("sleeps", python=str(copy), PYTHONHOME=f"{sys.base_prefix}:{sys.base_exec_prefix}")
    assert str(copy) in Path(f"/proc/{pid}/maps").read_text()
    copy.unlink()
    assert "sleeps" in by_function(dump(pid).threads)
    copy.write_bytes(b"another file where it was")
    assert "sleeps" in by_function(dump(pid).threads)


def test_without_its_memory_what_the_kernel_tells_is_told_of_any_process(start: Start) -> None:
    seen = dump(start("sleeps", "receives", "waits_for_a_lock", "computes"), memory=False)
    waits = Counter(thread.look.wait for thread in seen.threads)
    assert (waits["sleep"], waits["network"], waits["lock"], waits["gil_wait"]) == (1, 1, 0, 0)
    assert waits["unknown"] >= 1  # a lock, or the GIL
    assert (seen.gils, seen.python) == ((), None)
    assert {thread.look.stack for thread in seen.threads} == {None}


def test_one_that_may_not_be_read_is_told_by_its_states_alone(start: Start) -> None:
    """As another user sees it: neither memory nor system calls."""
    if os.geteuid():
        pytest.skip("only root can be somebody else")
    pid = start("sleeps", "computes")
    with as_nobody():
        with pytest.raises(NotPermittedError, match="another user's"):
            dump(pid)
        seen = {thread.look.wait for thread in dump(pid, memory=False).threads}
    assert "unknown" in seen
    assert "sleep" not in seen


@contextmanager
def as_nobody() -> Iterator[None]:
    """This process, as a user who may read nothing of others'."""
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)
