"""A child finds modules as its parent does, and how it ended is told in words."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from gilscope.errors import UsageError
from gilscope.subprocesses import current_folder, exit_reason, interpreter, python_path, start_thread


@pytest.mark.parametrize(
    ("code", "told"),
    [
        (0, "with exit status 0"),
        (3, "with exit status 3"),
        (-signal.SIGKILL, "by SIGKILL"),
        (-(signal.SIGRTMIN + 1), f"by signal {signal.SIGRTMIN + 1}"),
    ],
)
def test_how_a_process_ended_is_told_in_words(code: int, told: str) -> None:
    assert exit_reason(code) == told


def test_a_child_elsewhere_finds_what_lies_in_this_process_s_current_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    here.mkdir()
    there.mkdir()
    (here / "only_here.py").write_text("FOUND = 'found'")
    monkeypatch.chdir(here)
    monkeypatch.setattr(sys, "path", ["", *sys.path])
    child = [sys.executable, "-P", "-c", "import only_here; print(only_here.FOUND)"]
    environment = {**os.environ, "PYTHONPATH": python_path()}
    assert subprocess.check_output(child, cwd=there, env=environment, text=True).strip() == "found"


@pytest.mark.parametrize("name", ["python", "python3.14", "python3-dbg", "pypy3", "Python", "/opt/app/bin/python3.13t"])
def test_an_interpreter_is_known_by_its_name(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setattr(sys, "executable", name)
    assert interpreter() == name


@pytest.mark.parametrize("name", [None, "", "/usr/bin/uwsgi", "/usr/sbin/apache2", "/opt/blender/blender"])
def test_a_host_that_is_no_python_is_not_started_as_one(monkeypatch: pytest.MonkeyPatch, name: str | None) -> None:
    monkeypatch.setattr(sys, "executable", name)
    with pytest.raises(UsageError, match="is no Python"):
        interpreter()


def test_a_frozen_program_is_not_started_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    with pytest.raises(UsageError, match="a frozen program"):
        interpreter()


def test_a_pipe_s_ends_are_no_standard_streams_even_where_these_are_closed() -> None:
    text = "import os; [os.close(n) for n in range(3)]; from gilscope.subprocesses import pipe; os._exit(min(pipe()))"
    assert subprocess.run([sys.executable, "-c", text], check=False).returncode == 3


def test_a_current_folder_that_is_gone_is_an_error_in_a_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    with pytest.raises(UsageError, match="the working folder is gone"):
        current_folder()


def test_a_thread_that_cannot_be_had_is_an_error_of_the_system(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refused)
    with pytest.raises(OSError, match=r"can't start new thread \(a limit on threads"):
        start_thread(print, "never")
