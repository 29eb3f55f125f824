"""Surroundings that are broken: what can work does, and what cannot is told in a line."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from gilscope.backends.base import Configuration
from gilscope.errors import MeasurementError
from gilscope.measure import messages as m
from gilscope.measure.live import LiveTrial
from gilscope.measure.trial import TrialEnded, TrialProcess
from gilscope.targets import TargetSpec
from tests.cli.conftest import Cli, finish, place

PATIENCE_S = 30.0
#: Runs what follows in a folder that is no more.
NOWHERE = ["sh", "-c", 'mkdir gone && cd gone && rmdir ../gone && exec "$@"', "sh"]
#: Runs what follows where there is no /proc; the administrator's right is one within a space of users of its own.
NO_PROC = ["unshare", "--map-root-user", "--mount", "sh", "-c", 'mount -t tmpfs none /proc && exec "$@"', "sh"]


def test_what_prints_and_reads_when_an_interpreter_starts_is_no_part_of_the_conversation(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text("import sys; print('hello from site', flush=True); sys.stdin.read()")
    with TrialProcess({**os.environ, "PYTHONPATH": str(tmp_path)}) as process:
        assert process.hear(m.Hello, time.monotonic() + PATIENCE_S, "starting").pid == process.pid
        process.ask(m.Close(), m.Closed, time.monotonic() + PATIENCE_S, "closing")
        process.output.settle(PATIENCE_S)
        assert process.output.text() == "hello from site\n"


def test_what_closes_descriptors_when_an_interpreter_starts_is_told(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text("import os; os.closerange(3, 64)")
    with (
        TrialProcess({**os.environ, "PYTHONPATH": str(tmp_path)}) as process,
        pytest.raises(TrialEnded, match=r"the connection to gilscope is lost .*: does a sitecustomize close"),
    ):
        process.hear(m.Hello, time.monotonic() + PATIENCE_S, "starting")


def test_a_trial_s_command_line_has_nothing_for_the_target_to_read(tmp_path: Path) -> None:
    (tmp_path / "argued.py").write_text("import sys\nassert len(sys.argv) == 1, sys.argv\ndef target(): pass")
    load = m.Load(target=TargetSpec(spec="argued.py:target", cwd=str(tmp_path)), seed=0)
    with TrialProcess() as process:
        process.hear(m.Hello, time.monotonic() + PATIENCE_S, "starting")
        process.ask(load, m.Loaded, time.monotonic() + PATIENCE_S, "importing")


@pytest.mark.parametrize("refused", [0, 1])
def test_threads_that_cannot_be_had_are_an_error_and_leave_nothing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, refused: int
) -> None:
    start, started, before = threading.Thread.start, [], psutil.Process().children()

    def limited(thread: threading.Thread) -> None:
        started.append(thread)
        if len(started) > refused:
            raise RuntimeError("can't start new thread")
        start(thread)

    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    monkeypatch.setattr(threading.Thread, "start", limited)
    with pytest.raises(MeasurementError, match=r"the process of a trial cannot be started: .* can't start new thread"):
        LiveTrial(Configuration("serial")).start()
    assert not list(tmp_path.iterdir())
    assert psutil.Process().children() == before


def test_a_working_folder_that_is_gone_is_told_in_a_line(cli: Cli) -> None:
    cli.command = [*NOWHERE, *cli.command]
    outcome = cli.run("analyze", *place("well", "nap"))
    assert outcome.status == 2
    assert outcome.line.startswith("gilscope: the working folder is gone (No such file or directory): change to one")


def test_without_proc_the_doctor_says_what_does_not_work_and_an_analysis_does_without(cli: Cli) -> None:
    if subprocess.run([*NO_PROC, "true"], capture_output=True, check=False).returncode:
        pytest.skip("this system lets nobody have a space of mounts of his own")
    cli.command = [*NO_PROC, *cli.command]
    doctor = cli.run("doctor")
    assert (doctor.status, doctor.stderr) == (0, "")
    assert "-- /proc            optional: " in doctor.stdout
    outcome = cli.analyze(*place("well", "nap"), budget=2)
    assert (outcome.status, outcome.stderr) == (0, "")
    assert outcome.analysis.statuses == {"serial": "ok", "thread": "ok"}
    assert "/proc does not let" in outcome.analysis.result["instrument"]["reason"]


def test_what_the_system_refuses_is_a_line_and_an_error_of_our_own_is_no_failed_gate(
    cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    def raising(error: BaseException) -> Callable[..., None]:
        def checks() -> None:
            raise error

        return checks

    monkeypatch.setattr("gilscope.measure.health.checks", raising(OSError(24, "Too many open files")))
    refused = cli.answer("doctor")
    assert refused.status == 4
    assert refused.line.startswith("gilscope: the system refused: [Errno 24] Too many open files; ")
    monkeypatch.setattr("gilscope.measure.health.checks", raising(KeyError("nobody thought of it")))
    own = cli.answer("doctor")
    assert own.status == 70
    assert own.stderr.startswith("gilscope: this is an error of gilscope's own")
    assert own.stderr.endswith("KeyError: 'nobody thought of it'\n")


@pytest.mark.parametrize(
    "arguments", [("caf\udce9.py:f",), ("job.py:f", "--inputs", "caf\udce9"), ("job.py:f", "--arg", "'\udce9'")]
)
def test_a_name_that_is_no_text_is_told_in_a_line(cli: Cli, arguments: tuple[str, ...]) -> None:
    outcome = cli.answer("analyze", *arguments)
    assert outcome.status == 2
    assert "has bytes that are no text in the encoding of this locale" in outcome.line


def test_a_process_pool_can_be_opened_where_the_target_has_closed_standard_error() -> None:
    text = "import os; os.close(2); from gilscope.backends.process import _start_tracker as go; go(); os._exit(7)"
    assert subprocess.run([sys.executable, "-c", text], check=False).returncode == 7


def test_an_error_of_our_own_does_not_change_how_a_program_ends(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    def record(*_: object) -> None:
        raise KeyError("nobody thought of it")

    monkeypatch.setattr("gilscope.programs.watching.Watching.record", record)
    done = cli.answer("run", "-c", "raise SystemExit(3)")
    assert (done.status, done.stdout) == (3, "")
    assert done.stderr.startswith("gilscope: this is an error of gilscope's own")


@pytest.mark.parametrize("arguments", [("--help",), ("analyze", "-h"), ("schema",), ("--version",)])
def test_a_reader_that_goes_away_is_no_error(cli: Cli, arguments: tuple[str, ...]) -> None:
    reads, writes = os.pipe()
    os.close(reads)
    process = cli.start(*arguments, stdout=writes)
    os.close(writes)
    done = finish(process)
    assert (done.status, done.stderr) == (0, "")


def test_a_connection_that_breaks_is_not_taken_for_a_reader_that_goes_away(
    cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    def checks() -> None:
        raise BrokenPipeError(32, "Broken pipe")

    monkeypatch.setattr("gilscope.measure.health.checks", checks)
    refused = cli.answer("doctor")
    assert refused.status == 4
    assert refused.line.startswith("gilscope: the system refused: [Errno 32] Broken pipe")
