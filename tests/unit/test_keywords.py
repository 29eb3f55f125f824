"""Errors name options as they are given: flags where they are typed, keywords in Python."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import gilscope
from gilscope.errors import PythonError, UsageError
from gilscope.keywords import in_keywords, naming_keywords, options_are_typed
from gilscope.options import Options, all_options, keywords
from tests.unit.pythons_builders import make_serial


@pytest.mark.parametrize(
    ("message", "told"),
    [
        ("or give --force", "or give force=True"),
        ("give --no-hot-lines", "give hot_lines=False"),
        ("--budget '10x' is no time", "budget_s '10x' is no time"),
        ("give inputs (--inputs module:NAME) or --kwarg NAME=EXPR", "give inputs (inputs) or kwargs"),
        ("--max-p99 and --max-memory", "max_p99_s and max_memory_bytes"),
        ("workers of --dask URL, or --rtt TIME", "workers of dask, or rtt_s"),
        ("gunicorn --user, pool--force, --forces", "gunicorn --user, pool--force, --forces"),
    ],
)
def test_flags_become_keywords_and_what_is_no_option_stays(message: str, told: str) -> None:
    assert in_keywords(message, keywords() | {"--force": "force=True"}) == told


def test_every_long_flag_has_a_keyword_that_there_is() -> None:
    names = {one.name for one in all_options()} | {"inputs", "kwargs", "star", "setup", "teardown"}
    assert {told.partition("=")[0] for told in keywords().values()} == names
    flags = {flag for one in all_options() for pair in one.flags for flag in pair.split("/") if flag.startswith("--")}
    assert flags <= {*keywords()}


def test_the_error_is_the_same_one_with_all_that_it_carries() -> None:
    error = PythonError("lacks it: give --force", "pip install it")

    @naming_keywords(lambda: {"--force": "force=True"})
    def fail() -> None:
        raise error

    with options_are_typed(), pytest.raises(PythonError, match="give --force"):
        fail()
    with pytest.raises(PythonError, match="give force=True") as caught:
        fail()
    assert (caught.value, caught.value.install) == (error, "pip install it")


def test_callers_of_python_read_keywords(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[tool.gilscope]\nstart-method = 'frok'\n")
    result = make_serial()
    for call, told in (
        (lambda: Options(items=3.0), "items and within_s go together"),
        (lambda: Options(start_method="frok"), "start_method 'frok' is none of"),  # type: ignore[arg-type]
        (lambda: gilscope.analyze(len, [[1]], observer="py-spy", hot_lines=False), "observer py-spy and hot_lines=Fal"),
        (lambda: gilscope.check(result), "give those with baseline"),
        (lambda: Options.from_config(tmp_path), "--start-method 'frok' is none of .*in [tool.gilscope]"),
    ):
        with pytest.raises(UsageError, match=".*".join(map(re.escape, told.split(".*")))):
            call()
