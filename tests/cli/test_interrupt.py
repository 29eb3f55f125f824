"""Ctrl-C, SIGTERM and a terminal that goes away at any moment: nothing is left, and what is finished is reported."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from collections.abc import Callable

import pytest

from tests.cli.conftest import Cli, Outcome, finish, interrupt, place


def _until(process: subprocess.Popen[str], step: str) -> None:
    """Read what it says on standard error until it is at ``step``."""
    assert process.stderr is not None
    for line in process.stderr:
        if step in line:
            return
    pytest.fail(f"it ended before {step!r}")


def _start(cli: Cli, *arguments: str, budget: str = "6s", **options: object) -> subprocess.Popen[str]:
    return cli.start("analyze", *arguments, "--workers", "2", "--budget", budget, "--json", "-v", **options)


def _hears_hang_ups() -> None:
    """As it would not where the tests run under nohup."""
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


def _assert_interrupted(outcome: Outcome, number: signal.Signals = signal.SIGINT) -> None:
    assert outcome.status == 128 + number
    assert outcome.analysis.result["interrupted"]
    assert "Traceback" not in outcome.stderr


def test_during_the_import(cli: Cli, reached: Callable[[], str]) -> None:
    process = _start(cli, *place("waits_on_import", "func"))
    assert reached() == "importing"
    _assert_interrupted(interrupt(process))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_during_the_first_call(cli: Cli, reached: Callable[[], str], number: signal.Signals) -> None:
    process = _start(cli, *place("told", "sleeps"), preexec_fn=_hears_hang_ups)
    assert reached() == "called"
    _assert_interrupted(interrupt(process, number), number)


@pytest.mark.parametrize("method", ["spawn", "forkserver", "fork"])
def test_while_workers_start(cli: Cli, reached: Callable[[], str], method: str) -> None:
    pool = ("--backends", "process", "--start-method", method)
    process = _start(cli, *place("told", "nap"), "--setup", "setup_sleeps", *pool)
    assert reached().startswith("starting")  # one worker, or both at once
    outcome = interrupt(process)
    _assert_interrupted(outcome)
    assert outcome.analysis.trial("serial")["calls"] > 0, "what is finished is reported"


@pytest.mark.parametrize(
    ("step", "number"),
    [
        ("opening process", signal.SIGINT),
        ("timing 3 configurations", signal.SIGTERM),
        ("watching 2 configurations", signal.SIGINT),
    ],
)
def test_during_a_step(cli: Cli, step: str, number: signal.Signals) -> None:
    process = _start(cli, *place("well", "nap"), "--backends", "thread,process")
    _until(process, step)
    outcome = interrupt(process, number)
    _assert_interrupted(outcome, number)
    assert outcome.analysis.trial("serial")["calls"] > 0
    assert outcome.analysis.result["recommendation"]["backend"] is None
    assert "interrupted" in outcome.analysis.result["recommendation"]["reason"]


def test_from_the_keyboard_while_py_spy_runs(cli: Cli) -> None:
    """Ctrl-C goes to every process of the terminal's foreground group."""
    process = _start(cli, *place("well", "spin"), "--backends", "thread", budget="3s", start_new_session=True)
    _until(process, "looking for the hot lines")
    os.killpg(process.pid, signal.SIGINT)
    _assert_interrupted(finish(process))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_command_that_measures_nothing_is_ended_too(cli: Cli, number: signal.Signals) -> None:
    os.mkfifo(cli.cwd / "results.json")
    process = cli.start("report", "results.json")
    with open(cli.cwd / "results.json", "w"):  # it reads
        outcome = interrupt(process, number)
    assert (outcome.status, outcome.stdout, outcome.stderr) == (128 + number, "", "")


def test_impatience_spoils_nothing(cli: Cli) -> None:
    process = _start(cli, *place("well", "nap"), "--backends", "thread,process")
    _until(process, "timing 3 configurations")
    for _ in range(20):
        process.send_signal(signal.SIGINT)
    _assert_interrupted(interrupt(process, signal.SIGTERM))


def test_what_other_targets_gave_is_reported(cli: Cli) -> None:
    targets = (*place("well", "nap"), *place("stuck", "sleeps"), *place("well", "doze"))
    process = _start(cli, *targets, "--backends", "thread", "--max-calls", "150")
    _until(process, "stuck.py:sleeps, ")
    outcome = interrupt(process)
    assert outcome.status == 130
    assert {name: analysis.result["interrupted"] for name, analysis in outcome.analyses.items()} == {
        "nap": False,
        "sleeps": True,
    }
    assert outcome.analyses["nap"].advised is not None


def test_a_target_that_ignores_signals_is_ended_too(cli: Cli) -> None:
    process = _start(cli, *place("noisy", "ignores_signals"), "--backends", "thread,process")
    _until(process, "timing 3 configurations")
    _assert_interrupted(interrupt(process))


def test_daemons_of_the_target_are_ended_too(cli: Cli) -> None:
    process = _start(cli, *place("starting", "leaves_daemon"), "--backends", "thread,process", "--max-calls", "30")
    _until(process, "opening thread")
    _assert_interrupted(interrupt(process))


def test_at_any_moment(cli: Cli) -> None:
    """From the first moment to the last, a quarter of a second apart."""
    pool = ("--backends", "process", "--max-calls", "150")
    processes = [_start(cli, *place("well", "nap"), *pool) for _ in range(8)]
    for number, process in zip(4 * (signal.SIGINT, signal.SIGTERM), processes, strict=True):
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=0.25)
        process.send_signal(number)
    for number, outcome in zip(4 * (signal.SIGINT, signal.SIGTERM), map(finish, processes), strict=True):
        # Before gilscope has the word, the interpreter ends by the signal. Shells show the same number for that.
        assert outcome.status in (0, 128 + number, -number)
