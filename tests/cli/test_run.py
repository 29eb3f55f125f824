"""``gilscope run`` and ``attach``: the program is as it would be under python, and the report is what is added."""

from __future__ import annotations

import fcntl
import json
import os
import signal
import subprocess
import sys
import termios
import textwrap
from pathlib import Path

import pytest

from gilscope.observers.proc import child_processes
from tests.cli.conftest import Cli, finish

WAITING = """
import threading, time
def crunch():
    until = time.monotonic() + 1.2
    while time.monotonic() < until:
        sum(range(1000))
def serve():
    until = time.monotonic() + 1.2
    while time.monotonic() < until:
        time.sleep(0.001)
        sum(range(5000))
threads = [threading.Thread(target=each) for each in (crunch, serve)]
[each.start() for each in threads]
[each.join() for each in threads]
"""


def script(cli: Cli, text: str, name: str = "work.py") -> str:
    (cli.cwd / name).write_text(textwrap.dedent(text), encoding="utf-8")
    return name


def test_arguments_streams_and_exit_status_are_the_programs(cli: Cli) -> None:
    work = script(cli, "import sys; print(sys.argv, __name__, sys.stdin.read()); sys.exit(7)")
    (cli.cwd / "given").write_text("words", encoding="utf-8")
    with open(cli.cwd / "given", encoding="utf-8") as given:
        done = cli.run("run", work, "-o", "nothing.html", "--", "--flag", stdin=given)
    assert done.stdout == "['work.py', '-o', 'nothing.html', '--', '--flag'] __main__ words\n"
    assert done.status == 7
    assert not (cli.cwd / "nothing.html").exists()


def test_a_module_and_a_command_are_run_as_python_runs_them(cli: Cli) -> None:
    done = cli.run("run", "-m", "json.tool", "--compact", "--help")
    assert "usage: python -m json.tool" in done.stdout
    assert cli.run("run", "-c", "import sys; print(sys.argv)", "-x").stdout == "['-c', '-x']\n"


def test_an_exception_has_its_own_traceback_and_nothing_more(cli: Cli) -> None:
    work = script(cli, "def fail():\n    raise ValueError('three')\nfail()")
    plain = subprocess.run([sys.executable, work], cwd=cli.cwd, capture_output=True, text=True, check=False)
    done = cli.run("run", "-o", "seen.json", "--quiet", work)
    assert done.status == plain.returncode == 1
    assert done.stderr == plain.stderr


def test_it_ends_by_the_signal_that_ended_the_program(cli: Cli) -> None:
    done = cli.run("run", "-c", "import os, signal; os.kill(os.getpid(), signal.SIGTERM)")
    assert done.status == -signal.SIGTERM
    assert "ended with status -15" in done.stderr


def test_signals_are_passed_on_and_the_program_ends_as_it_chooses(cli: Cli) -> None:
    work = script(
        cli,
        """
        import signal, sys, time
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(3))
        signal.signal(signal.SIGINT, lambda *_: print("interrupted", flush=True))
        print("ready", flush=True)
        while True:
            time.sleep(0.01)
        """,
    )
    running = cli.start("run", work, start_new_session=True)
    assert running.stdout is not None
    assert running.stdout.readline() == "ready\n"
    running.send_signal(signal.SIGINT)
    assert running.stdout.readline() == "interrupted\n"
    running.send_signal(signal.SIGTERM)
    assert finish(running).status == 3


def test_a_signal_that_comes_when_it_has_ended_loses_no_report(cli: Cli) -> None:
    """As of somebody who presses Ctrl-C twice."""
    running = cli.start(
        "run", "-o", "seen.json", "-q", "-c", "import time; print('ready', flush=True); time.sleep(60)",
        start_new_session=True,
    )  # fmt: skip
    assert running.stdout is not None
    assert running.stdout.readline() == "ready\n"
    running.send_signal(signal.SIGINT)
    while child_processes(running.pid):  # until the program was waited for
        pass
    running.send_signal(signal.SIGINT)
    assert finish(running).status == -signal.SIGINT
    assert (cli.cwd / "seen.json").exists()


@pytest.mark.parametrize("settings", [{}, {"PYTHONUNBUFFERED": "1"}])
def test_a_report_that_cannot_be_told_leaves_the_exit_status_the_programs(cli: Cli, settings: dict[str, str]) -> None:
    with open("/dev/full", "w", encoding="utf-8") as full:
        done = cli.run("run", "-c", "import sys; sys.exit(3)", stderr=full, env=settings)
    assert done.status == 3


def test_a_terminal_that_goes_away_ends_the_program_and_the_report_is_written(cli: Cli) -> None:
    ours, theirs = os.openpty()
    running = cli.start(
        "run", "-o", "seen.json", "-c", "import time; print('ready', flush=True); time.sleep(60)",
        stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True,
        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
    )  # fmt: skip
    os.close(theirs)
    assert os.read(ours, 100).startswith(b"ready")
    os.close(ours)
    assert finish(running).status == -signal.SIGHUP
    assert (cli.cwd / "seen.json").exists()


@pytest.mark.timing
def test_who_waits_for_whom_is_told_and_saved(cli: Cli) -> None:
    done = cli.run("run", "--overhead", "10%", "-o", "seen.json", "-o", "seen.html", "-q", script(cli, WAITING))
    assert (done.status, done.stdout, done.stderr) == (0, "", "")
    seen = json.loads((cli.cwd / "seen.json").read_text(encoding="utf-8"))
    assert "its GIL is held" in seen["verdict"]["sentence"]
    assert seen["verdict"]["advice"][0]["command"] == "gilscope analyze work:crunch"
    most = seen["blame"][0]
    assert (most["waiting"]["function"], most["holding"]["function"]) == ("serve", "crunch")
    assert seen["exit_status"] == 0
    assert "<html" in (cli.cwd / "seen.html").read_text(encoding="utf-8")


def test_decorated_functions_appear_by_their_names_and_gilscopes_own_frames_do_not(cli: Cli) -> None:
    work = script(
        cli,
        """
        import asyncio, time
        from gilscope import classify
        until = time.monotonic() + 1.2
        @classify(name="shop.tokens")
        def tokenize():
            for number in range(20_000):
                number * number
        @classify
        def parts():
            while time.monotonic() < until:
                tokenize()
                yield
        class Shop:
            @classify
            async def serve(self):
                tokenize()
        for _ in parts():
            asyncio.run(Shop().serve())
        """,
    )
    assert cli.run("run", "--overhead", "10%", "-o", "seen.json", "-q", work).status == 0
    functions = json.loads((cli.cwd / "seen.json").read_text(encoding="utf-8"))["functions"]
    classified = {each["place"]["classified"] for each in functions} - {""}
    assert classified == {"shop.tokens", "__main__:parts", "__main__:Shop.serve"}
    assert not [each["place"] for each in functions if "production" in each["place"]["file"]]


def test_the_report_goes_to_standard_error(cli: Cli) -> None:
    done = cli.run("run", "-c", "import time; time.sleep(0.3); print('mine')")
    assert done.stdout == "mine\n"
    assert "1 process, 1 thread, watched for" in done.stderr


def test_a_program_that_is_attached_goes_on(cli: Cli) -> None:
    code = "import sys; print('ready', flush=True); sys.stdin.read(); print('done')"
    program = subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=cli.cwd
    )
    with program:
        assert program.stdout is not None
        assert program.stdout.readline() == "ready\n"
        done = cli.run("attach", str(program.pid), "--duration", "400ms", "--json", "--threads", "Main*")
        seen = json.loads(done.stdout)
        assert [thread["name"] for thread in seen["threads"]] == ["MainThread"]
        assert seen["settings"]["threads"] == "Main*"
        assert (done.status, seen["exit_status"]) == (0, None)
        assert seen["processes"][0]["pid"] == program.pid
        assert program.communicate("", timeout=20)[0] == "done\n"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGHUP])
def test_ctrl_c_and_a_terminal_that_goes_away_end_the_watching_with_the_report(
    cli: Cli, number: signal.Signals
) -> None:
    program = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    try:
        watching = cli.start("attach", str(program.pid), "--duration", "60s", "-o", "seen.json", "--rate", "50")
        assert watching.stderr is not None
        _wait_until_it_watches(watching.pid)
        watching.send_signal(number)
        assert finish(watching).status == 128 + number
        assert (cli.cwd / "seen.json").exists()
        assert program.poll() is None
    finally:
        program.kill()
        program.wait()


def _wait_until_it_watches(pid: int) -> None:
    """Until it has a descriptor of a process (pidfd_open)."""
    while True:
        names = (_link(entry) for entry in Path(f"/proc/{pid}/fd").iterdir())
        if any("pidfd" in name for name in names):
            return


def _link(entry: Path) -> str:
    try:
        return os.readlink(entry)
    except OSError:
        return ""


def test_what_can_be_told_without_memory_is_offered(cli: Cli) -> None:
    other = subprocess.Popen(["cat"], stdin=subprocess.PIPE)
    try:
        for command in ("attach", "top"):
            assert "or give --no-memory" in cli.answer(command, str(other.pid)).line
        done = cli.answer("attach", str(other.pid), "--duration", "100ms", "--no-memory", "--json")
        (seen,) = json.loads(done.stdout)["processes"]
        assert (seen["threads"], seen["account"]["gil_wait_s"]) == (1, None)
        assert "only the kernel was asked" in seen["unseen"]
    finally:
        other.communicate()


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("attach", "999999999"), "999999999"),
        (("attach", "1", "--duration", "soon"), "--duration"),
        (("attach", "1", "--overhead", "much"), "--overhead"),
        (("attach", "1", "--processes", "some"), "--processes"),
        (("run", "--rate", "0", "work.py"), "--rate"),
        (("run", "-o", "seen.unknown", "work.py"), "seen.unknown"),
    ],
)
def test_what_cannot_be_done_as_asked_is_one_line(cli: Cli, arguments: tuple[str, ...], says: str) -> None:
    done = cli.answer(*arguments)
    assert done.status == 2
    assert says in done.line
