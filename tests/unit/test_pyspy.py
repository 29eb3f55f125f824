"""py-spy: found, run and stopped, its failures told, and real recordings."""

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

from gilscope.observers import pyspy
from gilscope.observers.pyspy import Hot, HotRecorder, find_pyspy
from gilscope.records import HotLine

if TYPE_CHECKING:
    from collections.abc import Iterator

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
@pytest.mark.timing
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


CALLER = """
import sys
sys.path.insert(0, {folder!r})
import waiting
from gilscope.backends.base import Work
from gilscope.backends.worker import permit_observer, run_chunk_here
permit_observer({observer})
work = Work(getattr(waiting, {name!r}), {kind!r})
run_chunk_here(work, [0], 0)
print("ready", flush=True)
input()
run_chunk_here(work, range(10), 0)
print("done", flush=True)
input()
"""
WAITING = """\
import asyncio
import threading
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from time import sleep


class Slow(BaseHTTPRequestHandler):
    def do_GET(self):
        sleep(0.05)
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_):
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Slow)
threading.Thread(target=server.serve_forever, daemon=True).start()
URL = f"http://127.0.0.1:{server.server_port}/"


def fetch(_):
    with urllib.request.urlopen(URL) as answer:
        return answer.status


async def blocks(_):
    await asyncio.sleep(0.03)
    sleep(0.03)


async def awaits(_):
    await asyncio.sleep(0.06)
"""


def recorded(name: str, kind: str, folder: Path) -> tuple[HotLine, ...]:
    """The lines of ten calls of a function of the module above."""
    (folder / "waiting.py").write_text(WAITING)
    program = CALLER.format(folder=str(folder), name=name, kind=kind, observer=os.getpid())
    command = [sys.executable, "-c", program]
    with (
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0) as process,
        HotRecorder() as recorder,
    ):
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        recorder.start(process.pid)
        process.stdin.write(b"go\n")
        assert process.stdout.readline() == b"done\n"
        hot = recorder.stop()
        process.kill()
    if hot.reason is not None and "ptrace is restricted" in hot.reason:
        pytest.skip(hot.reason)
    assert hot.reason is None
    return hot.lines or ()


@needs_pyspy
@pytest.mark.timing
@pytest.mark.parametrize(
    ("name", "kind", "source", "callee", "least"),
    [
        ("fetch", "sync", "with urllib", "urllib.request.urlopen", 0.5),
        ("blocks", "coroutine", "    sleep(0.03)", "time.sleep", 0.25),
    ],
)
def test_a_line_that_waits_is_found_with_what_it_calls(
    name: str, kind: str, source: str, callee: str, least: float, tmp_path: Path
) -> None:
    lead, *_ = recorded(name, kind, tmp_path)
    assert (lead.function, lead.file, lead.callee) == (name, str(tmp_path / "waiting.py"), callee)
    assert source in WAITING.splitlines()[lead.line - 1]
    assert lead.wait_share is not None
    assert lead.wait_share > least
    assert lead.cpu_share is not None
    assert lead.cpu_share < lead.wait_share


@needs_pyspy
@pytest.mark.timing
def test_what_a_loop_waits_for_is_no_line(tmp_path: Path) -> None:
    assert [line for line in recorded("awaits", "coroutine", tmp_path) if (line.wait_share or 0.0) > 0.1] == []


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
        assert [process.poll() for process in processes] == [None, None, None]
    assert [process.returncode for process in processes] == [-signal.SIGKILL] * 3


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
    assert hot == Hot(None, "py-spy did not stop within 200 ms")
