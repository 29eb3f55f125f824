"""What the machine permits: fewer CPUs, no py-spy, no /proc, no standard streams."""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from tests.cli.conftest import Cli, place

PR_CAPBSET_DROP = 24
CAP_SYS_PTRACE = 19
UNKNOWN = ("cpu_gil_s", "cpu_free_s", "gil_wait_s", "runqueue_s", "sleep_s", "lock_s", "idle_s")


def test_workers_are_planned_for_the_cpus_that_are_usable(cli: Cli) -> None:
    one = min(os.sched_getaffinity(0))
    outcome = cli.analyze(
        *place("well", "spin"),
        *("--inputs", "NUMBERS"),
        backends="process",
        workers="auto",
        calls=300,
        preexec_fn=lambda: os.sched_setaffinity(0, {one}),
    )
    assert outcome.status == 0
    environment = outcome.analysis.result["environment"]
    assert environment["cpus_usable"] == 1
    if environment["cpus_visible"] > 1:
        assert "affinity" in environment["cpus_reason"]
        assert "Only 1 of" in outcome.analysis.finding("cpus-limited")["title"]
    assert max(trial["workers"] for trial in outcome.analysis.trials) <= 2
    assert outcome.analysis.result["recommendation"]["workers"] == 1


def _bare_environment(cli: Cli, folder: Path) -> Path:
    """A virtual environment with gilscope's packages, but no scripts; its folder of scripts."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", "--symlinks", folder], check=True)
    inside = {"base": str(folder), "platbase": str(folder)}
    site = Path(sysconfig.get_path("purelib", "venv", inside))
    elsewhere = [sysconfig.get_path("purelib"), str(Path(__file__).parents[2] / "profiler")]
    (site / "elsewhere.pth").write_text("\n".join(elsewhere))
    scripts = Path(sysconfig.get_path("scripts", "venv", inside))
    cli.command = [str(scripts / "python"), "-m", "gilscope"]
    cli.environment["PATH"] = "/usr/bin:/bin"
    cli.environment["HOME"] = str(folder)
    return scripts


def test_without_py_spy_there_are_no_hot_lines_and_that_is_named(cli: Cli, tmp_path: Path) -> None:
    scripts = _bare_environment(cli, tmp_path / "bare")
    missing = cli.analyze(*place("well", "nap"), calls=10_000, budget=2.5)
    assert missing.status == 0
    assert missing.analysis.result["hot"] == []
    assert missing.analysis.result["instrument"]["hot_source"] == "none"
    assert "py-spy is not installed" in missing.analysis.result["instrument"]["reason"]
    assert "py-spy" in missing.analysis.finding("instrument-fallback")["evidence"]
    told = cli.run("doctor")
    assert told.status == 0
    (line,) = [line for line in told.stdout.splitlines() if " py-spy " in line]
    assert not line.startswith("ok")
    assert "optional: not installed" in line
    by_name = cli.run("analyze", *place("well", "nap"), "--observer", "py-spy")
    assert (by_name.status, by_name.stdout) == (2, "")
    assert "--observer py-spy does not work here: py-spy is not installed: pip install py-spy. " in by_name.line
    program = scripts / "py-spy"
    program.write_text("#!/bin/sh\necho 'Permission Denied: Try running again with elevated permissions' >&2\nexit 1\n")
    program.chmod(0o755)
    refused = cli.analyze(*place("well", "nap"), calls=10_000, budget=2.5)
    assert refused.status == 0
    assert refused.analysis.result["hot"] == []
    assert "ptrace is restricted" in refused.analysis.result["instrument"]["reason"]


def _without_ptrace() -> None:
    """Root loses its right to look into every process when it next starts a program; others have none."""
    ctypes.CDLL(None).prctl(PR_CAPBSET_DROP, CAP_SYS_PTRACE, 0, 0, 0)


def test_without_proc_the_ledger_is_undivided_and_that_is_named(cli: Cli) -> None:
    target = (*place("guarded", "nap"), "--setup", "forbid")
    outcome = cli.analyze(*target, backends="thread,process", preexec_fn=_without_ptrace)
    assert outcome.status == 0
    analysis = outcome.analysis
    assert analysis.statuses == {"serial": "ok", "thread": "ok", "process": "ok"}
    assert analysis.result["instrument"]["ledger_source"] == "psutil"
    assert "/proc does not let the workers be watched" in analysis.result["instrument"]["reason"]
    ledger = analysis.trial("serial")["ledger"]
    assert [ledger[name] for name in UNKNOWN] == [None] * len(UNKNOWN)
    assert ledger["cpu_s"] + ledger["blocked_s"] == pytest.approx(ledger["wall_s"])
    assert analysis.result["classification"]["label"] == "io-bound"
    (cli.cwd / "saved.json").write_text(outcome.stdout)
    assert "unknown" in cli.answer("report", "saved.json").stdout
    by_name = cli.run("analyze", *target, "--observer", "proc", preexec_fn=_without_ptrace)
    assert (by_name.status, by_name.stdout) == (2, "")
    assert "--observer proc does not work here: /proc does not let the workers be watched" in by_name.line


def test_a_closed_standard_output_is_told_before_any_measuring(cli: Cli) -> None:
    outcome = cli.run("analyze", *place("stuck", "sleeps"), preexec_fn=lambda: os.close(1))
    assert outcome.status == 2
    assert outcome.line == "gilscope: standard output is closed: give a file with -o"


def test_a_closed_standard_error_changes_nothing(cli: Cli) -> None:
    outcome = cli.analyze(*place("well", "nap"), "-v", preexec_fn=lambda: os.close(2))
    assert outcome.status == 0
    assert outcome.analysis.advised is not None


def test_a_full_disk_is_told_in_one_line(cli: Cli) -> None:
    with open("/dev/full", "w") as full:
        outcome = cli.run("--version", stdout=full)
    assert outcome.status == 2
    (line,) = outcome.stderr.splitlines()
    assert "cannot write to standard output: No space left on device" in line
