"""Targets that use what their process has of the outside world: the report is intact, and nothing is left."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.conftest import Cli, Measured, finish, place

#: Runs a command, and writes down how many KiB the largest of its processes had.
WEIGHED = """
import resource, subprocess, sys
status = subprocess.call(sys.argv[2:])
open(sys.argv[1], "w").write(str(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss))
sys.exit(status)
"""


def test_a_flood_of_output_is_bounded(cli: Cli) -> None:
    """Ten megabytes a call, hundreds in all."""
    weighed = cli.cwd / "weighed"
    cli.command = [sys.executable, "-c", WEIGHED, str(weighed), *cli.command]
    outcome = cli.analyze(*place("noisy", "prints_a_lot"), calls=160)
    assert outcome.status == 0
    assert outcome.analysis.result["output"].endswith("the last line\n")
    assert len(outcome.analysis.result["output"]) <= 64 * 1024
    assert "MiB" in outcome.analysis.finding("much-output")["evidence"]
    assert int(weighed.read_text()) < 400 * 1024, "no process grew with what was printed"


def test_output_is_kept_from_the_report_and_shown_when_asked(cli: Cli) -> None:
    bounds = ("--backends", "thread", "--workers", "2", "--max-calls", "60")
    quiet = cli.run("analyze", *place("noisy", "prints_escapes"), *bounds, "-o", "saved.json")
    assert "straight to" not in quiet.stdout + quiet.stderr
    shown = cli.answer("report", "saved.json", "--show-output")
    assert shown.status == 0
    for part in ("{not: json}", "straight to 1", "straight to 2 \ufffd"):
        assert part in shown.stdout
    assert "\x1b" not in shown.stdout


def test_what_targets_do_to_their_process_stays_there(cli: Cli, tmp_path: Path) -> None:
    typed = tmp_path / "typed"
    typed.write_text("not for the target\n")
    with typed.open() as stdin:
        outcome = cli.analyze(*place("noisy", "is_rude"), backends="thread,process", stdin=stdin)
        assert stdin.tell() == 0, "standard input is the user's still"
    assert outcome.status == 0
    assert outcome.analysis.statuses == {"serial": "ok", "thread": "ok", "process": "ok"}
    assert {trial["errors"] for trial in outcome.analysis.trials} == {0}


def test_a_target_that_forks_and_returns_twice_is_counted_once(cli: Cli) -> None:
    names = ("forks_and_returns_twice", "forks_on_the_loop")
    outcome = cli.analyze(*place("noisy", *names), backends="thread,process,asyncio")
    assert outcome.status == 0
    for analysis in outcome.analyses.values():
        assert set(analysis.statuses.values()) == {"ok"}
        assert analysis.trial("serial")["calls"] > 0


def test_closing_every_descriptor_is_told(cli: Cli) -> None:
    outcome = cli.analyze(*place("noisy", "closes_everything"), backends="thread,process")
    assert outcome.status == 4
    assert outcome.analysis.statuses == {"serial": "failed", "thread": "failed", "process": "failed"}
    assert "did the target close all descriptors?" in outcome.analysis.trial("serial")["reason"]


def test_processes_that_targets_start_end_with_the_analysis(cli: Cli) -> None:
    outcome = cli.analyze(*place("starting", "leaves_all"), backends="thread,process", calls=60)
    assert outcome.status == 0
    assert outcome.analysis.statuses == {"serial": "ok", "thread": "ok", "process": "ok"}


def test_a_daemon_whose_parent_dies_ends_with_the_analysis(cli: Cli) -> None:
    outcome = cli.analyze(*place("starting", "leaves_daemon_and_dies"), backends="thread,process", calls=60)
    assert outcome.status == 4
    assert set(outcome.analysis.statuses.values()) == {"failed"}


@pytest.mark.parametrize("method", ["spawn", "forkserver"])
def test_no_semaphore_is_left(cli: Cli, tmp_path: Path, method: str) -> None:
    cli.environment["SEMAPHORES"] = f"test-{tmp_path.stat().st_ino}-"
    outcome = cli.analyze(*place("named", "nap"), "--start-method", method, backends="process", calls=60)
    assert outcome.analysis.statuses["process"] == "ok"
    assert not list(Path("/dev/shm").glob(f"*{cli.environment['SEMAPHORES']}*"))
    assert "semaphore" not in outcome.analysis.result["output"]


def test_results_that_cannot_be_pickled_refuse_processes_and_no_more(cli: Cli) -> None:
    outcome = cli.analyze(*place("results", "unpicklable"), backends="thread,process")
    assert outcome.status == 0
    assert outcome.analysis.statuses == {"serial": "ok", "thread": "ok", "process": "refused"}
    assert "a result cannot be pickled: it is a _thread.lock" in outcome.analysis.trial("process")["reason"]


def test_big_results_are_measured_and_their_cost_is_named(cli: Cli) -> None:
    outcome = cli.analyze(*place("results", "big"), backends="thread,process", calls=60)
    assert outcome.status == 0
    processes = outcome.analysis.trial("process")
    assert processes["status"] == "ok"
    assert processes["pickle_bytes"] >= 20_000_000
    assert processes["pickle_s"] > 0
    assert "MiB" in outcome.analysis.finding("pickling-cost")["evidence"]


def test_a_reader_that_goes_away_is_no_failure(cli: Cli, measured: Callable[[str], Measured]) -> None:
    """As in ``gilscope analyze ... | head -1``."""
    nap = (*place("well", "nap"), "--backends", "thread", "--workers", "2", "--max-calls", "100")
    saved = str(measured("well").folder / "saved.json")
    readers = []
    for command in (("analyze", *nap), ("report", saved, "-f", "json"), ("report", saved, "-f", "html")):
        reader = cli.start(*command)
        assert reader.stdout is not None
        reader.stdout.close()
        reader.stdout = None
        readers.append(reader)
    for reader in readers:
        outcome = finish(reader)
        assert outcome.status == 0
        assert outcome.stderr == ""
