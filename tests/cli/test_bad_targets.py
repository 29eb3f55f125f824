"""A target that is not there, cannot be called, or fails before its first call: an exit status and one line. What each
is told stands in tests/unit/targets."""

from __future__ import annotations

from collections.abc import Callable

from tests.cli.conftest import PACKAGE, TARGETS, Cli, Measured, place

ABSENT = {
    f"{TARGETS}/wel.py:spin": ["no file 'wel.py'", "did you mean 'well.py'?"],
    f"{TARGETS}/well.py": ["names no function", "module:function"],
    f"{TARGETS}/well.py:add": ["add(n: int, step: int, *, times: int = 1)", "needs arguments", "--inputs", "--arg"],
    "no_such_module:func": ["no module 'no_such_module'", "looked in"],
}


def test_what_is_not_there_is_named_with_where_was_looked(cli: Cli) -> None:
    outcome = cli.run("analyze", *ABSENT)
    assert outcome.status == 2
    assert outcome.stdout == ""
    for line, told in zip(outcome.stderr.splitlines(), ABSENT.values(), strict=True):
        assert line.startswith("gilscope: ")
        for part in told:
            assert part in line


def test_an_import_that_raises_or_ends_the_process_is_told_with_the_users_traceback(cli: Cli) -> None:
    modules = ("raises_on_import", "exits_on_import", "dies_on_import")
    outcome = cli.analyze(*(target for module in modules for target in place(module, "func")))
    assert outcome.status == 3
    assert outcome.stdout == ""
    assert outcome.stderr.startswith("Traceback (most recent call last):\n")
    assert 'raise KeyError("CONFIG_PATH")' in outcome.stderr
    assert PACKAGE not in outcome.stderr, "the frames are the user's alone"
    raised, left, ended = (line for line in outcome.stderr.splitlines() if line.startswith("gilscope: "))
    assert "raises_on_import.py" in raised
    assert "KeyError: 'CONFIG_PATH'" in raised
    assert "called sys.exit('usage: exits_on_import FILE')" in left
    assert "ended with exit status 3" in ended


def test_an_import_that_does_not_end_is_stopped(cli: Cli) -> None:
    cli.environment["REACHED"] = "/dev/null"
    outcome = cli.analyze(*place("waits_on_import", "func"), budget=1)
    assert outcome.status == 3
    assert "still importing the target after" in outcome.line


def test_a_setup_that_raises_keeps_its_traceback(cli: Cli) -> None:
    outcome = cli.analyze(*place("failing", "sometimes"), "--inputs", "NUMBERS", "--setup", "bad_setup")
    assert outcome.status == 3
    assert 'raise RuntimeError("no database")' in outcome.stderr
    assert "set-up" in outcome.stderr.splitlines()[-1]


def test_one_bad_target_does_not_stop_the_others(measured: Callable[[str], Measured]) -> None:
    well = measured("well")
    assert well.outcome.status == 2
    assert "no 'no_such'" in well.outcome.stderr
    kinds = [analysis.result["target"]["kind"] for analysis in well.analyses.values()]
    assert kinds == ["sync", "coroutine"]
    assert None not in [analysis.advised for analysis in well.analyses.values()]
