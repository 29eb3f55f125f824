"""A target that is not there, cannot be called, or fails before its first call: an exit status and one line."""

from __future__ import annotations

from tests.cli.conftest import PACKAGE, TARGETS, Cli, place

ABSENT = {
    f"{TARGETS}/missing.py:func": ["no file 'missing.py'", f"looked in {TARGETS}"],
    f"{TARGETS}/wel.py:spin": ["no file 'wel.py'", "did you mean 'well.py'?"],
    f"{TARGETS}/well.py:spinn": ["no 'spinn' in module well", "did you mean 'spin'?"],
    f"{TARGETS}/well.py": ["names no function", "module:function"],
    f"{TARGETS}/well.py:add": ["add(n: int, step: int, *, times: int = 1)", "needs arguments", "--inputs", "--arg"],
    f"{TARGETS}/shapes.py:Napper.napp": ["no 'napp' in class Napper", "did you mean 'nap'?"],
    f"{TARGETS}/shapes.py:NOT_CALLABLE": ["is of type int, which cannot be called"],
    f"{TARGETS}/shapes.py:Needy.nap": ["needs an instance", "Needy(seconds: float)"],
    "no_such_module:func": ["no module 'no_such_module'", "looked in"],
    "jsonn:loads": ["no module 'jsonn'", "did you mean 'json'?"],
    "json.decoderr:JSONDecoder": ["no module 'json.decoderr'", "did you mean 'json.decoder'?"],
}


def test_what_is_not_there_is_named_with_where_was_looked(cli: Cli) -> None:
    outcome = cli.run("analyze", *ABSENT)
    assert outcome.status == 2
    assert outcome.stdout == ""
    for line, told in zip(outcome.stderr.splitlines(), ABSENT.values(), strict=True):
        assert line.startswith("gilscope: ")
        for part in told:
            assert part in line


def test_an_import_that_raises_keeps_the_users_traceback(cli: Cli) -> None:
    outcome = cli.analyze(*place("raises_on_import", "func"))
    assert outcome.status == 3
    assert outcome.stdout == ""
    first, *_, last = outcome.stderr.splitlines()
    assert first == "Traceback (most recent call last):"
    assert 'raise KeyError("CONFIG_PATH")' in outcome.stderr
    assert "raises_on_import.py" in last
    assert "KeyError: 'CONFIG_PATH'" in last
    assert PACKAGE not in outcome.stderr, "the frames are the user's alone"


def test_an_import_that_ends_the_process_is_told(cli: Cli) -> None:
    outcome = cli.analyze(*place("exits_on_import", "func"), *place("dies_on_import", "func"))
    assert outcome.status == 3
    told = [line for line in outcome.stderr.splitlines() if line.startswith("gilscope: ")]
    assert "called sys.exit('usage: exits_on_import FILE')" in told[0]
    assert "ended with exit status 3" in told[1]
    assert outcome.stdout == ""


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


def test_one_bad_target_does_not_stop_the_others(cli: Cli) -> None:
    outcome = cli.analyze(*place("well", "no_such", "nap", "doze"), backends="thread,asyncio")
    assert outcome.status == 2
    assert "no 'no_such'" in outcome.stderr
    assert [analysis.result["target"]["kind"] for analysis in outcome.analyses.values()] == ["sync", "coroutine"]
    assert None not in [analysis.advised for analysis in outcome.analyses.values()]
