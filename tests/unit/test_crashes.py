"""Where a process crashed, read from what Python's faulthandler wrote."""

from __future__ import annotations

import subprocess
import sys

import pytest

from gilscope.crashes import crashed_in

#: As Python 3.14 writes it, with what the program had printed before.
DUMP = """\
loading the model
Fatal Python error: Segmentation fault

Current thread 0x00007f10c92eb740 [python] (most recent call first):
  File "/usr/lib/python3.14/ctypes/__init__.py", line 531 in string_at
  File "/home/user/site-packages/gilscope/backends/calling.py", line 90 in call
  File "/home/user/my work/dying.py", line 25 in Model.<lambda>
  File "/home/user/my work/dying.py", line 30 in main

Current thread's C stack trace (most recent call first):
  Binary file "/usr/bin/python3.14", at _Py_DumpStack+0x4c [0x5c1d1d]

Extension modules: msgspec._core, numpy._core._multiarray_umath (total: 2)
"""


def test_the_innermost_frames_of_the_program_are_named_and_none_of_gilscope() -> None:
    told = "Segmentation fault in string_at (__init__.py:531), called by Model.<lambda> (dying.py:25)"
    assert crashed_in(DUMP) == told


def test_what_it_printed_without_crashing_is_no_crash() -> None:
    assert crashed_in('ValueError: no good\n  File "/a/b.py", line 3 in f\n') is None


@pytest.mark.parametrize("rest", ["", "\n\nCurrent thread 0x1 (most recent call first):\n  <no Python frame>\n"])
def test_a_crash_without_a_stack_is_told_without_a_place(rest: str) -> None:
    assert crashed_in(f"Fatal Python error: Aborted{rest}") == "Aborted"


def test_two_threads_that_crash_at_once_are_one_crash() -> None:
    assert crashed_in("Fatal Python error: Fatal Python error: Aborted\n\n") == "Aborted"


def test_the_last_of_several_is_told() -> None:
    assert crashed_in(f"{DUMP}{DUMP.replace('string_at', 'memmove')}") == crashed_in(
        DUMP.replace("string_at", "memmove")
    )


def test_this_python_writes_what_is_read_here() -> None:
    program = "from gilscope.crashes import tell_crashes\ntell_crashes()\nimport os\ndef dies(): os.abort()\ndies()"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert crashed_in(done.stderr) == "Aborted in dies (<string>:4), called by <module> (<string>:5)"
    assert done.returncode < 0, "it ends as it would have"
