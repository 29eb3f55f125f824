"""Commands that can be pasted."""

from __future__ import annotations

import os
import shutil
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gilscope.report.shell_words import shell_command, shell_word

WORDS = [
    "work.py",
    "two words",
    "it's",
    "a\nb",
    "tab\there",
    "\\",
    "é",
    "\u202e",
    "\x1b[31m1",
    "",
    "$HOME",
    "\udcff7",
    "a'\n\\",
]


def test_what_is_plain_stays_so() -> None:
    assert shell_command(["-m", "uvicorn", "shop:app", "--port", "8000"]) == "-m uvicorn shop:app --port 8000"


@given(st.text())
def test_every_command_is_on_one_line_that_can_be_seen(word: str) -> None:
    assert shell_word(word).isprintable()


@pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")
def test_a_shell_gives_a_program_the_words_that_were_typed() -> None:
    told = subprocess.run(
        ["bash", "-c", f"printf '%s\\0' {shell_command(WORDS)}"], capture_output=True, check=True, timeout=60
    )
    assert told.stdout.split(b"\0")[:-1] == [os.fsencode(word) for word in WORDS]
