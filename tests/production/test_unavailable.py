"""Where a process cannot be recorded or observed, a line says so, and its calls go on."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.production.test_processes import ROOT, program

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere nothing is observed")

#: What makes it impossible, and what is said then.
HOSTS = {
    "frozen": ("sys.frozen = True", "this process is not observed: no process can be started beside a frozen program"),
    "no Python": (
        # It would say so on standard error if it were started.
        "sys.executable = shutil.which('ls')",
        "this process is not observed: no process can be started here: sys.executable, ",
    ),
    "without threads": (
        "threading.Thread.start = refused",
        "this process is not observed: [Errno 11] can't start new thread",
    ),
    "its folder deleted": (
        "os.mkdir('gone'); os.chdir('gone'); os.rmdir('../gone'); os.environ['GILSCOPE_OUT'] = 'out'",
        "profiles are not recorded: [Errno 2] No such file or directory",
    ),
    "a program that turns warnings into errors": (
        "os.environ['GILSCOPE_OUT'] = '/dev/null/none'; logging.getLogger('gilscope').addFilter(lambda _: 1 / 0)",
        "",
    ),
}
PROGRAM = """
import logging, os, shutil, sys, threading
logging.basicConfig(format="%(message)s")
os.chdir({place!r})

def refused(thread):
    raise RuntimeError("can't start new thread")

import gilscope
{host}
f.nap(0)
print(f.nap(0), f.nap.__gilscope__.profile().calls)
with gilscope.observe():
    f.nap(0)
"""


@pytest.mark.parametrize("host", HOSTS)
def test_calls_go_on_and_a_line_says_what_is_off(tmp_path: Path, host: str) -> None:
    text, said = HOSTS[host]
    place = str(tmp_path)
    with program(PROGRAM.format(host=text, place=place), GILSCOPE_OBSERVE="1") as process:
        told, complaint = process.communicate(timeout=100)
    assert told == "None 2\n"
    assert process.returncode == 0
    assert complaint.count("\n") == len(said and [said])
    assert complaint.startswith(said)


def test_a_first_call_at_the_end_of_the_interpreter_is_a_call_like_others(tmp_path: Path) -> None:
    text = "import atexit; atexit.register(lambda: print(f.nap(0)))"
    with program(text, tmp_path, GILSCOPE_OBSERVE="1") as process:
        told, complaint = process.communicate(timeout=100)
    assert (told, process.returncode) == ("None\n", 0)
    assert "Traceback" not in complaint


def test_greenlets_in_the_place_of_threads_are_neither_recorded_nor_judged(tmp_path: Path) -> None:
    """A recorder among them would be waited for by `gevent.wait`, for ever; and one that sleeps while others compute
    would be taken for one that computes."""
    pytest.importorskip("gevent")
    text = """
from gevent import monkey
monkey.patch_all()
import gevent, logging
from tests.production import functions as f
logging.basicConfig(format="%(message)s")
beside = [gevent.spawn(f.spin, 0.02) for _ in range(20)]
gevent.joinall([gevent.spawn(f.nap, 0.02) for _ in range(20)] + beside)
gevent.wait()
found = f.nap.__gilscope__.profile()
print(found.calls, found.wall_s > 0.2, found.cpu_s, found.classification.label, "greenlets" in found.advice)
"""
    environment = {**os.environ, "GILSCOPE_OUT": str(tmp_path), "GILSCOPE_OBSERVE": "1"}
    done = subprocess.run(
        [sys.executable, "-c", text], env=environment, cwd=ROOT, capture_output=True, text=True, timeout=100, check=True
    )
    assert done.stdout == "20 True None inconclusive True\n"
    assert [line.partition(":")[0] for line in done.stderr.splitlines()] == [
        "profiles are not recorded",
        "this process is not observed",
    ]
    assert not list(tmp_path.iterdir())
