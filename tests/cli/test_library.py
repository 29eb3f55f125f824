"""Analyses that a program asks for: what they tell it meanwhile, and what is left when they are stopped."""

from __future__ import annotations

import json
import re
import signal
import sys
from pathlib import Path
from typing import Any

import pytest

import gilscope
from gilscope.records import ResultRecord
from tests.cli.conftest import Cli, Outcome

PAGE = Path(__file__).parents[2] / "docs/library.md"
#: Of the callback: what is raised at the first step of a name. Nothing else has time to matter.
PROGRAM = """
import json, os, signal, sys, time
import gilscope

told = []

def nap():
    time.sleep(0.005)

def tell(progress):
    told.append((progress.doing, progress.elapsed_s, progress.budget_s, progress.left_s))
    if {step!r} in progress.doing:
        {what}

if __name__ == "__main__":
    try:
        gilscope.analyze(
            nap, backends=["thread"], workers=[2], budget_s=6, max_calls=240, hot_lines=False, progress=tell, {more}
        )
    except KeyboardInterrupt as stopped:
        stopped.result.to_json("stopped.json")
        raise
    finally:
        with open("told.json", "w") as file:
            json.dump(told, file)
"""
CTRL_C = "os.kill(os.getpid(), signal.SIGINT)"
UNDER_THIS = "pythons=[sys.executable]"


def _run(cli: Cli, step: str, what: str, more: str = "") -> Outcome:
    (cli.cwd / "program.py").write_text(PROGRAM.format(step=step, what=what, more=more))
    cli.command = [sys.executable]
    return cli.run("program.py")


@pytest.mark.parametrize(
    ("more", "kind"), [("", gilscope.Result), (UNDER_THIS, gilscope.PythonsResult)], ids=["here", "under a Python"]
)
def test_ctrl_c_gives_what_was_finished(cli: Cli, more: str, kind: Any) -> None:
    outcome = _run(cli, "opening thread", CTRL_C, more)
    assert outcome.status == -signal.SIGINT, outcome.stderr
    assert "KeyboardInterrupt: the analysis was interrupted" in outcome.stderr
    stopped = gilscope.load(cli.cwd / "stopped.json")
    assert isinstance(stopped, kind)
    assert stopped.interrupted
    result = stopped.pythons[0].result if isinstance(stopped, gilscope.PythonsResult) else stopped
    assert isinstance(result, ResultRecord)
    assert result.trials[0].calls > 0
    assert result.recommendation.backend is None
    told = json.loads((cli.cwd / "told.json").read_text())
    assert any("alone" in doing for doing, *_ in told)
    assert [elapsed_s for _, elapsed_s, *_ in told] == sorted(elapsed_s for _, elapsed_s, *_ in told)
    assert all(left_s == max(0, budget_s - elapsed_s) > 0 for _, elapsed_s, budget_s, left_s in told)


def test_what_a_callback_raises_is_raised(cli: Cli) -> None:
    """Though it be of the sort that says that one of several Pythons cannot be measured."""
    outcome = _run(cli, "opening thread", "raise gilscope.UsageError('of my own')", UNDER_THIS)
    assert outcome.status == 1
    assert outcome.stderr.rstrip().endswith("gilscope.errors.UsageError: of my own")
    assert "During handling" not in outcome.stderr
    assert not (cli.cwd / "stopped.json").exists()


def test_the_programs_of_the_page_run_one_after_the_other(cli: Cli) -> None:
    programs = re.findall(r"^```python\n(.*?)^```", PAGE.read_text(), re.DOTALL | re.MULTILINE)
    assert len(programs) >= 3
    cli.command = [sys.executable]
    for program in programs:
        (cli.cwd / "program.py").write_text(program.replace("budget_s=2", "budget_s=1"))
        outcome = cli.run("program.py")
        assert (outcome.status, outcome.stderr) == (0, ""), program
        assert outcome.stdout
