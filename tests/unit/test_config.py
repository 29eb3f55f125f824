"""What files and the environment say of options that nobody typed."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import typer.main

from gilscope.cli.app import app
from gilscope.cli.configured import key_of, keys_of, options_of
from gilscope.config import (
    NO_KEYS,
    TYPED_ONLY,
    Key,
    nearest_file,
    refuse_unknown,
    said,
    unknown_variables,
    variables_of,
)
from gilscope.errors import UsageError
from gilscope.options import Options

BUDGET, WORKERS, QUIET, VERBOSE = Key("budget"), Key("workers"), Key("quiet", "flag"), Key("verbose", "count")
CPUS = Key("predict-cpus", repeatable=True)
Write = Callable[[str], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """``write(text)``: a folder with such a pyproject.toml."""

    def made(text: str) -> Path:
        (tmp_path / "pyproject.toml").write_text(text, encoding="utf-8")
        return tmp_path

    return made


def _said(folder: Path, *keys: Key, environment: dict[str, str] | None = None, typed: str = "") -> dict[str, Any]:
    found = said(keys, "analyze", nearest_file(folder), environment or {}, typed.split())
    return {name: one.value for name, one in found.items()}


# -- where it is said --------------------------------------------------------------------------------------------------


def test_the_nearest_file_with_a_table_is_taken(write: Write) -> None:
    folder = write('[tool.gilscope]\nbudget = "3s"')
    below = folder / "a" / "b"
    below.mkdir(parents=True)
    (folder / "a" / "pyproject.toml").write_text('[project]\nname = "not-ours"')
    assert _said(below, BUDGET) == {"budget": "3s"}
    (below / "pyproject.toml").write_text("[tool.gilscope]")
    assert _said(below, BUDGET) == {}


@pytest.mark.parametrize("text", ["[tool.ruff]\nline-length = 100", "no [toml", "tool = 3 # gilscope", "\xff"])
def test_a_file_that_says_nothing_of_us_is_passed_over_whatever_it_is(tmp_path: Path, text: str) -> None:
    (tmp_path / "pyproject.toml").write_bytes(text.encode("latin-1"))
    assert nearest_file(tmp_path) is None


def test_a_file_that_another_user_left_in_a_folder_open_to_all_is_passed_over(
    write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write('[tool.gilscope]\nbudget = "3s"')
    if os.getuid() == 0:
        os.chown(folder / "pyproject.toml", 12345, -1)
    else:
        monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    assert nearest_file(folder) is not None, "as of a checkout that was mounted into a container"
    folder.chmod(0o1777)
    assert nearest_file(folder) is None


def test_what_is_typed_goes_before_the_environment_and_that_before_the_file(write: Write) -> None:
    folder = write('[tool.gilscope]\nbudget = "3s"\nworkers = "1"\n[tool.gilscope.analyze]\nworkers = "2"')
    both = {"GILSCOPE_BUDGET": "4s", "GILSCOPE_ANALYZE_BUDGET": "5s", "GILSCOPE_WORKERS": ""}
    assert _said(folder, BUDGET, WORKERS) == {"budget": "3s", "workers": "2"}
    assert _said(folder, BUDGET, WORKERS, environment=both) == {"budget": "5s", "workers": "2"}
    assert _said(folder, BUDGET, WORKERS, environment=both, typed="budget") == {"workers": "2"}


def test_what_comes_first_rules_out_what_contradicts_it(write: Write) -> None:
    folder = write('[tool.gilscope]\nitems = 100\nwithin = "1m"\nquiet = true')
    plan = (Key("items"), Key("within"), Key("target-rate"))
    assert _said(folder, *plan) == {"items": "100", "within": "1m"}
    assert _said(folder, *plan, environment={"GILSCOPE_TARGET_RATE": "5/s"}) == {"target-rate": "5/s"}
    assert _said(folder, *plan, QUIET, VERBOSE, typed="target-rate verbose") == {}


# -- what is said ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "key", "value"),
    [
        ("budget = 20", BUDGET, "20"),
        ("workers = [1, 2]", WORKERS, "1,2"),
        ("predict-cpus = [4, 8]", CPUS, ["4", "8"]),
        ('predict_cpus = "4,8"', CPUS, ["4,8"]),
        ("quiet = true", QUIET, True),
        ("verbose = 2", VERBOSE, 2),
    ],
)
def test_a_file_says_it_in_the_types_of_toml(write: Write, text: str, key: Key, value: Any) -> None:
    assert _said(write(f"[tool.gilscope]\n{text}"), key) == {key.name: value}


@pytest.mark.parametrize(
    ("text", "key", "value"),
    [
        ("1,2", WORKERS, "1,2"),
        ("'a b' c", Key("output", repeatable=True), ["a b", "c"]),
        ("Yes", QUIET, True),
        ("off", QUIET, False),
        ("2", VERBOSE, 2),
        ("true", VERBOSE, 1),
    ],
)
def test_a_variable_says_it_as_it_is_typed(tmp_path: Path, text: str, key: Key, value: Any) -> None:
    assert _said(tmp_path, key, environment={f"GILSCOPE_{key.name.upper()}": text}) == {key.name: value}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("quiet = 1", "quiet = 1 in [tool.gilscope] of {} is neither true nor false"),
        ('verbose = "much"', 'verbose = "much" in [tool.gilscope] of {} is no number'),
        ("budget = true", "budget = true in [tool.gilscope] of {} is neither text nor a number"),
        ("budget = [", "{} is no TOML: "),
        (
            'setup = "evil:run"',
            'setup = "evil:run" in [tool.gilscope] of {} is not for a file to say, for it would run',
        ),
    ],
)
def test_what_a_file_cannot_say_is_told_with_the_file_and_the_key(write: Write, text: str, told: str) -> None:
    folder = write(f"[tool.gilscope]\n{text}")
    with pytest.raises(UsageError) as raised:
        _said(folder, BUDGET, QUIET, VERBOSE, Key("setup"))
    assert told.format(folder / "pyproject.toml") in str(raised.value)


def test_what_a_variable_cannot_say_is_told_with_its_name(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="GILSCOPE_QUIET=perhaps says neither yes nor no: write 1 or 0"):
        _said(tmp_path, QUIET, environment={"GILSCOPE_QUIET": "perhaps"})
    with pytest.raises(UsageError, match=r"GILSCOPE_PREDICT_CPUS=.*No closing quotation"):
        _said(tmp_path, CPUS, environment={"GILSCOPE_PREDICT_CPUS": "'4"})


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("bugdet = 3", r"bugdet in \[tool.gilscope\] of .* names no option: did you mean budget\?"),
        ("json = true", 'json in .* is no preference: write format = "json"'),
        ("[tool.gilscope.analyse]", r"\[tool.gilscope.analyse\] of .* names no command: did you mean analyze\?"),
        ("[tool.gilscope.top]\nbudget = 3", r"budget in \[tool.gilscope.top\] of .* names no option of gilscope top"),
    ],
)
def test_an_unknown_key_is_refused_with_the_nearest(write: Write, text: str, told: str) -> None:
    file = nearest_file(write(f"[tool.gilscope]\n{text}"))
    assert file is not None
    with pytest.raises(UsageError, match=told):
        refuse_unknown(file, {"analyze": {"budget", "workers", "json"}, "top": {"window"}})


def test_a_path_is_one_from_the_folder_of_the_file(write: Write) -> None:
    folder = write('[tool.gilscope.analyze]\nbaseline = "kept/base.json"')
    assert _said(folder, Key("baseline")) == {"baseline": str(folder / "kept/base.json")}


# -- of all commands ---------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def commands() -> dict[str, Any]:
    group: Any = typer.main.get_command(app)
    return dict(group.commands.items())


def test_no_option_that_takes_a_place_a_function_or_an_address_is_for_a_file_to_say(commands: dict[str, Any]) -> None:
    for name, command in commands.items():
        for option in options_of(command):
            if any(sort in (option.metavar or "") for sort in ("PATH", "FILE", "FOLDER", "REF", "EXPR", "URL", "SPEC")):
                assert key_of(option).name in {*TYPED_ONLY, *NO_KEYS}, (
                    f"{name} {option.opts}: may whoever wrote the file do that?"
                )


def test_every_option_has_variables_that_mean_nothing_else(commands: dict[str, Any]) -> None:
    for name, command in commands.items():
        for key in keys_of(command):
            assert variables_of(name, key), f"{name} {key}"
    assert variables_of("run", Key("capture")) == ("GILSCOPE_RUN_CAPTURE",), "the other is what a program is told"


def test_a_variable_that_sets_nothing_is_told_with_the_nearest() -> None:
    told = unknown_variables({"GILSCOPE_BUGET": "1", "GILSCOPE_OUT": "out", "PATH": "x"}, ["GILSCOPE_BUDGET"])
    assert told == {"GILSCOPE_BUGET": "GILSCOPE_BUDGET"}


# -- in Python ---------------------------------------------------------------------------------------------------------


def test_the_library_reads_them_where_it_is_told_to(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = write('[tool.gilscope]\nbudget = "3s"\nmax-workers = 4\noverhead = "2%"\nexhaustive = true')
    monkeypatch.chdir(folder)
    monkeypatch.setenv("GILSCOPE_PREDICT_CPUS", "4,16 64")
    options = Options.from_config()
    assert (options.budget_s, options.max_workers, options.exhaustive) == (3.0, 4, True)
    assert options.predict_cpus == (4, 16, 64)
    assert Options().predict_cpus == ()
    monkeypatch.setenv("GILSCOPE_BUDGET", "soon")
    with pytest.raises(UsageError, match=r"--budget 'soon' is no time: .* \(GILSCOPE_BUDGET=soon\)"):
        Options.from_config(folder)
    monkeypatch.delenv("GILSCOPE_BUDGET")
    monkeypatch.setenv("GILSCOPE_MAX_WORKERS", "many")
    with pytest.raises(UsageError, match=r"--max-workers 'many' is no whole number \(GILSCOPE_MAX_WORKERS=many\)"):
        Options.from_config(folder)
