"""A child finds modules as its parent does, and how it ended is told in words."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from gilscope.subprocesses import exit_reason, python_path


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


def test_a_child_elsewhere_finds_what_lies_in_this_process_s_working_folder(
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
