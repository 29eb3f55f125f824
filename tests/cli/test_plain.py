"""What a saved result looks like where the terminal has only ASCII, or no colour; and the exports of it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gilscope.records import Stack
from tests.cli.conftest import Cli
from tests.unit.handmade import make_result, make_timeline, make_trial


@pytest.fixture
def saved(cli: Cli) -> Path:
    """A result with everything that can be drawn."""
    stacks = (Stack(frames=("main (a.py:1)", "is_prime (a.py:2)"), samples=9, gil_samples=8),)
    trials = (make_trial(timeline=make_timeline(1)), make_trial("thread", 2, timeline=make_timeline(2)))
    make_result(stacks=stacks, trials=trials).to_json(cli.cwd / "saved.json")
    return cli.cwd / "saved.json"


LOCALE = {"LC_ALL": "C.UTF-8", "TERM": "xterm", "PYTHONIOENCODING": ""}


@pytest.mark.parametrize(
    "environment",
    [{"PYTHONIOENCODING": "ascii"}, {"PYTHONIOENCODING": "latin-1"}, {"LC_ALL": "C"}, {"TERM": "dumb"}],
)
def test_ascii_where_there_is_no_more(cli: Cli, saved: Path, environment: dict[str, str]) -> None:
    plain, whole = (cli.answer("report", saved.name, env=LOCALE | more) for more in (environment, {}))
    assert (plain.status, plain.stderr) == (whole.status, whole.stderr) == (0, "")
    assert plain.stdout.isascii()
    assert "thread x 2" in plain.stdout
    assert "thread × 2" in whole.stdout
    shapes = [[len(line) for line in outcome.stdout.splitlines()] for outcome in (plain, whole)]
    assert shapes[0] == shapes[1], "sign for sign, so that columns stay aligned"


def test_no_colour_is_no_lack_of_characters(cli: Cli, saved: Path) -> None:
    assert "thread × 2" in cli.answer("report", saved.name, env=LOCALE | {"NO_COLOR": "1"}).stdout


def test_exports_are_written_by_their_suffixes(cli: Cli, saved: Path) -> None:
    names = ["out/a.perfetto.json", "out/a.speedscope.json", "out/a.gecko.json", "out/a.collapsed"]
    outcome = cli.answer("report", saved.name, saved.name, *(part for name in names for part in ("-o", name)), "--json")
    assert outcome.status == 0
    assert outcome.stderr.splitlines() == [f"wrote {name}" for name in names]
    trace, scope, gecko = (json.loads((cli.cwd / name).read_text()) for name in names[:3])
    assert (len(trace["traceEvents"]) > 9, len(scope["profiles"]), len(gecko["threads"])) == (True, 4, 2)
    assert (cli.cwd / names[3]).read_text().splitlines()[0].endswith(";main (a.py:1);is_prime (a.py:2) 9")
    again = cli.answer("report", ".", "out", "-f", "collapsed")
    assert "out" in again.line


def test_what_one_file_cannot_hold_keeps_no_other_from_being_written(cli: Cli) -> None:
    make_result(stacks=()).to_json(cli.cwd / "saved.json")
    outcome = cli.answer("report", "saved.json", "-o", "a.folded", "-o", "a.md", "-o", "b.trace.json")
    assert outcome.status == 2
    assert "is_prime is compute-bound" in outcome.stdout
    wrote, stacks, timeline = outcome.stderr.splitlines()
    assert wrote == "wrote a.md"
    assert stacks.startswith("gilscope: 'app.primes:is_prime' has no stacks to export: ")
    assert timeline.startswith("'app.primes:is_prime' has no timeline to export: ")
    assert not list(cli.cwd.glob("a.folded"))
