"""py-spy: its output parsed, its shares reckoned, its failures told, and one real recording."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import pytest

import gilscope
from gilscope.observe import pyspy
from gilscope.observe.pyspy import Frame, Hot, HotRecorder, Samples, find_pyspy, hot_lines, parse_raw

if TYPE_CHECKING:
    from collections.abc import Iterator

PACKAGE = Path(gilscope.__file__).parent

RAW = """\
thread (4370): MainThread;<module> (/app/spin.py:15);loop (/app/spin.py:10);native (/app/spin.py:7) 244
thread (4370): MainThread;<module> (/app/spin.py:15);loop (/app/spin.py:10);spin (/app/spin.py:3) 6
thread (4372): Thread-1 (sleeper);Thread._bootstrap (/usr/lib/threading.py:1002);sleeper (/app/spin.py:12) 4
"""

SPINNER = """
from time import process_time
def warm(): return sum(range(10))
def hot():
    total = 0
    for number in range(100_000): total += number
    return total
print("ready", flush=True)
input()
while process_time() < 0.5:
    warm()
    hot()
print("done", flush=True)
input()
"""


def test_stacks_have_a_thread_frames_and_a_count() -> None:
    native, spin, sleeper = parse_raw(RAW)
    assert native.thread == spin.thread == "thread (4370): MainThread"
    assert native.frames[-1] == Frame("native", "/app/spin.py", 7)
    assert native.frames[0] == Frame("<module>", "/app/spin.py", 15)
    assert [stack.seen for stack in (native, spin, sleeper)] == [244, 6, 4]
    assert sleeper.frames == (
        Frame("Thread._bootstrap", "/usr/lib/threading.py", 1002),
        Frame("sleeper", "/app/spin.py", 12),
    )


@pytest.mark.parametrize(
    ("line", "leaf"),
    [
        ("<lambda> (a.py:1) 3", Frame("<lambda>", "a.py", 1)),
        (
            "f (a.py:1);<listcomp> (/my (new) folder/a b.py:20) 3",
            Frame("<listcomp>", "/my (new) folder/a b.py", 20),
        ),
        ("f (/semi;colon/a.py:7) 3", Frame("f", "/semi;colon/a.py", 7)),
        ("_load (<frozen importlib._bootstrap>:241) 3", Frame("_load", "<frozen importlib._bootstrap>", 241)),
        ("thread (1): pool;1;<module> (a.py:1);f (a.py:2) 3", Frame("f", "a.py", 2)),
        ("f (C:\\app\\a.py:9) 3", Frame("f", "C:\\app\\a.py", 9)),
        ("f (a.py:1);unknown line (b.py) 3", Frame("f", "a.py", 1)),
    ],
)
def test_odd_names(line: str, leaf: Frame) -> None:
    (stack,) = parse_raw(line)
    assert stack.frames[-1] == leaf
    assert stack.seen == 3


@pytest.mark.parametrize("text", ["", "\n", "f (a.py:1)", "f (a.py:1) many"])
def test_what_is_no_stack_is_left_out(text: str) -> None:
    assert parse_raw(text) == ()


def samples(text: str, moments: float = 100) -> Samples:
    return Samples(parse_raw(text), moments)


def test_shares_are_of_all_moments_and_of_the_innermost_line() -> None:
    gil = samples("main (a.py:1);python (a.py:5) 30\nother (a.py:2);python (a.py:5) 10", moments=80)
    active = samples("main (a.py:1);python (a.py:5) 50\nmain (a.py:1);native (a.py:9) 25")
    python, native = hot_lines(gil, active)
    assert (python.function, python.file, python.line) == ("python", "a.py", 5)
    assert (python.gil_share, python.cpu_share) == (0.5, 0.5)
    assert (native.gil_share, native.cpu_share) == (0.0, 0.25)


def test_a_measure_not_taken_is_unknown() -> None:
    (line,) = hot_lines(None, samples("f (a.py:1) 10"))
    assert (line.gil_share, line.cpu_share) == (None, 0.1)
    assert hot_lines(None, None) == ()
    assert hot_lines(samples("", moments=0), None) == ()


def test_own_machinery_is_left_out_but_not_its_examples() -> None:
    active = samples(
        f"main (a.py:1);chunk ({PACKAGE}/backends/base.py:3) 40\n"
        f"chunk ({PACKAGE}/backends/base.py:3);is_prime ({PACKAGE}/examples/primes.py:8) 30\n"
        f"chunk ({PACKAGE}/backends/base.py:3);decode (/usr/lib/json/decoder.py:353) 20\n"
    )
    assert [(line.function, line.cpu_share) for line in hot_lines(None, active)] == [
        ("is_prime", 0.3),
        ("decode", 0.2),
    ]


def test_only_the_hottest_are_kept_in_a_fixed_order() -> None:
    text = "".join(f"f (a.py:{line}) {line}\n" for line in range(1, 15)) + "g (a.py:14) 14\n"
    lines = hot_lines(None, samples(text))
    assert [line.line for line in lines] == [14, 14, 13, 12, 11, 10, 9, 8, 7, 6]
    assert [line.function for line in lines[:2]] == ["f", "g"]


@pytest.mark.parametrize(
    ("returncode", "told", "complaint", "expected"),
    [
        (0, "Wrote raw flamegraph data. Samples: 3 Errors: 0", "", None),
        (1, "", "Permission Denied: Try running again with elevated permissions", "ptrace is restricted"),
        (
            1,
            "",
            "Error: Failed to find python version\n\nStack backtrace:\n 0: x",
            "Failed to find python version",
        ),
        (2, "", "", "exit status 2"),
        (-signal.SIGINT, "", "", "before it took a sample"),
        (0, "Stopped sampling because process exited", "", "lost the process"),
        (0, "1.29s behind in sampling, results may be inaccurate", "", "behind"),
    ],
)
def test_failures_are_told(returncode: int, told: str, complaint: str, expected: str | None) -> None:
    reason = pyspy._failure(returncode, told, complaint)
    assert reason is None if expected is None else expected in (reason or "")


def test_the_script_beside_the_interpreter_is_found_before_the_path(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def script(folder: str) -> str:
        path = tmp_path / folder / "py-spy"
        path.parent.mkdir()
        path.write_text("")
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
        return str(path)

    on_path = script("path")
    monkeypatch.setenv("PATH", str(tmp_path / "path"))
    monkeypatch.setattr(sysconfig, "get_path", lambda *_: str(tmp_path / "scripts"))
    assert find_pyspy() == on_path
    assert find_pyspy() != script("scripts") == find_pyspy()
    monkeypatch.setattr(sysconfig, "get_path", lambda *_: str(tmp_path))
    monkeypatch.setenv("PATH", "")
    assert find_pyspy() is None


needs_pyspy = pytest.mark.skipif(
    os.name != "posix" or find_pyspy() is None, reason="py-spy is not installed, or cannot be stopped here"
)


@pytest.fixture
def spinner() -> Iterator[subprocess.Popen[bytes]]:
    """A Python process that is ready, and spins for half a second once it is given a line."""
    command = [sys.executable, "-c", SPINNER]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0) as process:
        assert process.stdout is not None
        process.stdout.readline()
        yield process
        process.kill()


@pytest.fixture(autouse=True)
def nothing_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No process and no file outlives a recording."""
    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "tmp"))
    before = psutil.Process().children()
    yield
    assert psutil.Process().children() == before
    assert list((tmp_path / "tmp").iterdir()) == []


@needs_pyspy
@pytest.mark.truth
def test_the_hot_function_leads(spinner: subprocess.Popen[bytes]) -> None:
    with HotRecorder() as recorder:
        recorder.start(spinner.pid)
        assert spinner.stdin is not None
        assert spinner.stdout is not None
        spinner.stdin.write(b"go\n")
        spinner.stdout.readline()
        hot = recorder.stop()
        again = recorder.stop()
    if hot.reason is not None and "ptrace is restricted" in hot.reason:
        pytest.skip(hot.reason)
    assert hot.reason is None
    assert hot.lines is not None
    lead = hot.lines[0]
    assert (lead.function, lead.file) == ("hot", "<string>")
    spent = [line for line in hot.lines if line.function == "hot"]
    assert sum(line.gil_share or 0.0 for line in spent) > 0.5
    assert sum(line.cpu_share or 0.0 for line in spent) > 0.5
    assert again.lines is None


@needs_pyspy
def test_a_process_that_is_no_python_is_a_reason() -> None:
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE) as process, HotRecorder() as recorder:
        recorder.start(process.pid)
        hot = recorder.stop()
    assert hot.lines is None
    assert "py-spy" in (hot.reason or "")


@needs_pyspy
def test_a_process_that_dies_while_recorded_is_a_reason(spinner: subprocess.Popen[bytes]) -> None:
    with HotRecorder() as recorder:
        recorder.start(spinner.pid)
        spinner.kill()
        spinner.wait()
        for run in recorder._runs:
            run._process.wait(pyspy.PATIENCE_S)
        hot = recorder.stop()
    assert hot.lines is None
    assert hot.reason == "py-spy lost the process: it ended while it was recorded"


@needs_pyspy
def test_leaving_the_context_ends_py_spy(spinner: subprocess.Popen[bytes]) -> None:
    with HotRecorder() as recorder:
        recorder.start(spinner.pid)
        processes = [run._process for run in recorder._runs]
        assert [process.poll() for process in processes] == [None, None]
    assert [process.returncode for process in processes] == [-signal.SIGKILL] * 2


def test_never_started_or_not_installed_is_a_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pyspy, "find_pyspy", lambda: None)
    with HotRecorder() as recorder:
        assert recorder.stop() == Hot(None, "py-spy was not started")
        recorder.start(os.getpid())
        assert recorder.stop() == Hot(None, "py-spy is not installed: pip install py-spy")


@pytest.mark.skipif(os.name != "posix", reason="py-spy cannot be stopped here")
def test_a_program_that_cannot_run_is_a_reason(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(pyspy, "find_pyspy", lambda: str(tmp_path))
    with HotRecorder() as recorder:
        recorder.start(os.getpid())
        hot = recorder.stop()
    assert hot.lines is None
    assert "cannot be started" in (hot.reason or "")


@pytest.mark.skipif(os.name != "posix", reason="py-spy cannot be stopped here")
def test_a_py_spy_that_never_stops_is_killed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    deaf = tmp_path / "py-spy"
    deaf.write_text("#!/bin/sh\ntrap '' INT\necho started\nexec tail -f /dev/null\n")
    deaf.chmod(0o755)
    monkeypatch.setattr(pyspy, "find_pyspy", lambda: str(deaf))
    monkeypatch.setattr(pyspy, "PATIENCE_S", 0.2)
    with HotRecorder() as recorder:
        recorder.start(os.getpid())
        hot = recorder.stop()
    assert hot == Hot(None, "py-spy did not stop within 0.2 s")
