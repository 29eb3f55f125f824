"""What cannot be done as typed is told in a line: the option, the value, and what would work. Nothing else is said
where nothing else is asked for."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.cli.conftest import Cli, place

SAVED = Path(__file__).parents[1] / "unit" / "saved" / "result-1.json"
NAP = place("well", "nap")


@pytest.fixture
def saved(cli: Cli) -> str:
    shutil.copy(SAVED, cli.cwd / "result.json")
    (cli.cwd / "work.py").touch()
    return "result.json"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("shop.orders:price",), "'shop.orders:price' is no command; did you mean gilscope analyze shop.orders:price?"),
        (("analyse", "x:y"), "'analyse' is no command; did you mean gilscope analyze?"),
        (("xyz",), "'xyz' is no command; gilscope --help lists them"),
        (("work.py",), "'work.py' is no command; did you mean gilscope run work.py?"),
        (("4711",), "'4711' is no command; did you mean gilscope attach 4711?"),
        (("saved.json",), "'saved.json' is no command; did you mean gilscope report saved.json?"),
        (("analyze", *NAP, "--max-calls", "1.5"), "--max-calls '1.5': "),
        (("analyze", *NAP, "--seed=x"), "--seed 'x': "),
        (("attach", "abc"), "PID 'abc': "),
        (("attach", "1", "--duration", "0"), "--duration '0' leaves no time to watch: give some, as in 30s"),
        (("analyze", *NAP, "--teardown", "napp"), "--teardown 'napp': no 'napp' in module "),
        (("analyze", *NAP, "--max-p99", "-5"), "--max-p99 '-5' is no time: write it as 250, in milliseconds"),
        (("analyze", *NAP, "--chunksize", "1,2"), "--chunksize '1,2' is more than one number"),
        (
            ("check", "result.json", "--baseline", "result.json", "--fail-on", "x<1"),
            "--fail-on 'x<1': nothing is called",
        ),
        (("check", "result.json", "--baseline", "result.json", "--fail-on", ",,"), "--fail-on names no condition"),
        (("schema", "rezult"), "schema 'rezult' is none of result, program, pythons; did you mean 'result'?"),
        (("config", "analyse"), "did you mean 'analyze'?"),
        (("run", "wrok.py"), "there is no file 'wrok.py' to run; did you mean 'work.py'?"),
        (("top", "--", "wrok.py"), "there is no file 'wrok.py' to run; did you mean 'work.py'?"),
        (("report",), "report needs PATH...: results that were saved as JSON"),
        (("report", "x.json", "--colr", "never"), "report has no option --colr; did you mean '--color'?"),
        (("--jsn", "report"), "there is no option --jsn; "),
        (("dump", "-5"), "dump has no option -5; gilscope dump --help lists them"),
        (("attach", "1", "-d"), "-d needs a value: -d TIME"),
        (("doctor", "--json=yes"), "--json takes no value"),
        (("attach", "1", "2"), "attach: got unexpected extra argument(s) (2); gilscope attach --help"),
        (("--color", "never"), "missing command; gilscope --help"),
        (("--color",), "--color needs a value: --color [auto|always|never]"),
        (
            ("report", "x.json", "--color", "nver"),
            "--color 'nver' is none of auto, always, never; did you mean 'never'?",
        ),
        (("run", "--ouput=x.html", "work.py"), "run has no option --ouput; did you mean '--output'?"),
        (("top", "--windw", "5s", "1"), "top has no option --windw; did you mean '--window'?"),
        (("report", "reslt.json"), "cannot load 'reslt.json': No such file or directory; did you mean 'result.json'?"),
        (("check", "result.json"), "held against others: give those with --baseline BASE.json"),
        (("report", "result.json", "-o", "/dev/null"), "standard output is -, and its format -f"),
        (("run", "-o", "-", "work.py"), "--output -: standard output is the program's"),
        (("run", "-q", "work.py"), "--quiet without --output would tell nothing: name a file, as in -o report.html"),
        (("top", "-o", "-", "1"), "--output -: standard output is the view's; name a file"),
    ],
)
def test_an_error_is_a_line_with_what_was_typed_and_what_would_work(
    cli: Cli, saved: str, arguments: tuple[str, ...], told: str
) -> None:
    outcome = cli.answer(*arguments)
    assert outcome.status == 2
    assert told in outcome.line


def test_standard_output_holds_only_the_format_asked_for_and_quiet_means_it(cli: Cli, saved: str) -> None:
    told = cli.answer("report", saved, "-o", "-", "-f", "json", "-o", "also.md", "-q")
    assert (told.status, told.stderr) == (0, "")
    assert json.loads(told.stdout)["schema"].startswith("gilscope.result/")
    assert (cli.cwd / "also.md").exists()
    compared = cli.answer("compare", saved, saved, "-o", "-", "-f", "json", "-q")
    assert (compared.status, compared.stderr) == (0, "")
    json.loads(compared.stdout)


def test_what_is_left_out_is_told_unless_quiet(cli: Cli, saved: str) -> None:
    (cli.cwd / "torn.json").write_text('{"schema": "gilscope.result/1"')
    assert "skipped torn.json" in cli.answer("report", ".").stderr
    assert cli.answer("report", ".", "-q").stderr == ""
