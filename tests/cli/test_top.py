"""``gilscope top``: what a terminal shows of a program, and that both are afterwards as they were."""

from __future__ import annotations

import itertools
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import gilscope
from gilscope.program_result import ProgramResult
from tests.cli.conftest import Cli, finish
from tests.cli.terminal import Terminal, terminal

BUSY = Path(__file__).parent.parent / "programs" / "busy.py"
FEW = ("--overhead", "20%", "--window", "2s")


@pytest.fixture
def busy() -> Iterator[subprocess.Popen[bytes]]:
    """A program of two threads that compete for the GIL."""
    command = [sys.executable, "-S", str(BUSY), "computes", "computes"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as program:
        assert program.stdout is not None
        assert program.stdout.readline() == b"ready\n"
        yield program
        program.kill()


@pytest.fixture
def screen() -> Iterator[Terminal]:
    with terminal() as made:
        yield made


@pytest.mark.timing
def test_keys_show_what_is_asked_for_and_quitting_leaves_all_as_it_was(
    cli: Cli, screen: Terminal, busy: subprocess.Popen[bytes]
) -> None:
    shown = screen.start([*cli.command, "top", str(busy.pid), *FEW], cli.cwd, **cli.environment)
    screen.wait_for("Looking at the program")
    screen.wait_for("Threads (", "computes (busy.py", "q quit")
    screen.type("b")
    screen.wait_for("Who waits for whom (", "while held by", "computes (busy.py")
    screen.type("?")
    screen.wait_for("this help")
    screen.type("?")
    screen.wait_for("Threads (")
    screen.resize(60, 20)
    screen.wait_for("Threads (")
    screen.type("s")
    screen.wait_for("saved in gilscope-top-")
    screen.type("q")
    assert screen.ended(shown) == 0
    assert screen.is_as_before
    assert busy.poll() is None
    (saved,) = cli.cwd.glob(f"gilscope-top-{busy.pid}-*.json")
    result = gilscope.load(saved)
    assert isinstance(result, ProgramResult)
    assert 0 < result.watched_s < 4
    assert result.blame_frame()["waiting_function"].iloc[0].startswith("computes")


def test_it_stops_and_goes_on_as_the_shell_says(cli: Cli, screen: Terminal, busy: subprocess.Popen[bytes]) -> None:
    """Ctrl-Z gives the terminal back, ``fg`` takes it again; Ctrl-C ends the view."""
    top = " ".join([*cli.command, "top", str(busy.pid), *FEW])
    shell = screen.start(["bash", "-c", f"set -m; {top}; stty -a; fg; echo status $?"], cli.cwd, **cli.environment)
    screen.wait_for("Threads (")
    screen.type("\x1a")
    screen.wait_for("; icanon" if b"; icanon" in screen.said else " icanon", " echo ")
    screen.wait_for("Threads (")
    screen.type("\x03")
    screen.wait_for("status 130")
    assert screen.ended(shell) == 0
    assert screen.is_as_before
    assert busy.poll() is None


@pytest.mark.parametrize("ending", ["SIGTERM", "SIGQUIT", "hang up"])
def test_however_it_is_ended_the_program_goes_on(
    cli: Cli, screen: Terminal, busy: subprocess.Popen[bytes], ending: str
) -> None:
    shown = screen.start([*cli.command, "top", str(busy.pid), *FEW], cli.cwd, **cli.environment)
    screen.wait_for("Threads (")
    if ending == "hang up":
        screen.hang_up()
        assert shown.wait(60) == 129
    else:
        shown.send_signal(signal.Signals[ending])
        assert screen.ended(shown) == 128 + signal.Signals[ending]
        assert screen.is_as_before
    assert busy.poll() is None


def test_a_program_that_it_started_is_asked_to_end_and_keeps_off_the_terminal(cli: Cli, screen: Terminal) -> None:
    code = """
import pathlib, signal, sys, time
def end(*_):
    pathlib.Path("asked").write_text("politely")
    sys.exit(5)
signal.signal(signal.SIGTERM, end)
print("on the terminal")
print(sys.stdin.read() == "", file=sys.stderr)
def serves():
    while True:
        time.sleep(0.01)
serves()
"""
    (cli.cwd / "work.py").write_text(code, encoding="utf-8")
    command = [*cli.command, "top", *FEW, "--program-output", "said", "--", "work.py", "-x"]
    shown = screen.start(command, cli.cwd, **cli.environment)
    screen.wait_for("Threads (", "serves (work.py")
    screen.type("q")
    assert screen.ended(shown) == 0
    assert screen.is_as_before
    assert (cli.cwd / "asked").read_text() == "politely"
    assert b"on the terminal" not in screen.said
    assert sorted((cli.cwd / "said").read_text().split("\n")) == ["", "True", "on the terminal"]


def test_without_a_terminal_a_block_is_written_for_every_window(cli: Cli) -> None:
    code = "import sys; print('mine'); open('go').read(); sys.exit('why it failed')"
    os.mkfifo(cli.cwd / "go")
    shown = cli.start("top", "--window", "1s", "--", "-c", code)
    assert shown.stdout is not None
    first = list(itertools.takewhile(lambda line: "Threads (1" not in line, shown.stdout))
    assert shown.poll() is None, first
    (cli.cwd / "go").write_text("")  # it ends when it has been seen, however long that took
    done = finish(shown)
    assert done.status == 1
    assert "mine" not in "".join((*first, done.stdout))
    assert done.stderr == "gilscope: the program has ended with status 1\nwhy it failed\n"


def test_a_reader_that_goes_away_ends_it(cli: Cli, busy: subprocess.Popen[bytes]) -> None:
    blocks = cli.start("top", str(busy.pid), "--overhead", "20%", "--window", "1s")
    assert blocks.stdout is not None
    assert blocks.stdout.readline()
    blocks.stdout.close()
    blocks.stdout = None
    assert finish(blocks).status == 0
    assert busy.poll() is None


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("999999999",), "999999999"),
        (("1", "2"), "no arguments"),
        (("1", "--window", "soon"), "--window"),
        (("1", "--window", "1h"), "--window"),
        (("1", "--processes", "some"), "--processes"),
        (("1", "--program-output", "said"), "--program-output"),
        (("-o", "seen.unknown", "1"), "seen.unknown"),
    ],
)
def test_what_cannot_be_done_as_asked_is_one_line(cli: Cli, arguments: tuple[str, ...], says: str) -> None:
    done = cli.answer("top", *arguments)
    assert done.status == 2
    assert says in done.line
