"""Comparing and checking from a program: the same as the commands, on results or on what they were saved as."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

import gilscope
from gilscope.errors import LoadError, UsageError
from tests.unit.handmade import make_environment
from tests.unit.programs.handmade import make_program
from tests.unit.pythons_builders import make_pythons
from tests.unit.regress_builders import measured

OLD = measured()
SLOWER = measured([5.0, 5.1, 5.2], [9.0, 9.1, 9.2])


def test_results_and_their_files_compare_alike(tmp_path: Path) -> None:
    OLD.to_json(tmp_path / "old.json")
    SLOWER.to_json(tmp_path / "new.json")
    compared = gilscope.compare(OLD, SLOWER)
    assert compared.to_dict() == gilscope.compare(tmp_path / "old.json", str(tmp_path / "new.json")).to_dict()
    assert compared.to_dict() == gilscope.compare([OLD], [SLOWER]).to_dict()
    assert compared.verdict.startswith("is_prime: slower, 0.47×")
    assert {change["shown"] for change in compared.changes} == {"slower", "not shown"}
    assert json.loads(json.dumps(compared.to_dict()))["schema"] == "gilscope.comparison/1"


def test_a_comparison_is_drawn_as_results_are(tmp_path: Path) -> None:
    compared = gilscope.compare(OLD, SLOWER)
    assert repr(compared) == f"<ComparisonResult: {compared.verdict}>"
    for text in (compared.to_text(), compared.to_html(tmp_path / "page.html"), compared.to_markdown()):
        assert "is_prime: slower, 0.47×" in text
    assert compared.to_csv().startswith("function,configuration,figure,")
    assert (tmp_path / "page.html").stat().st_size > 1000


def test_programs_and_pythons_compare_too() -> None:
    programs = gilscope.compare(make_program(), make_program(0.4))
    assert programs.verdict.startswith("Less waiting for the GIL")
    assert gilscope.compare(make_pythons(), make_pythons()).changes


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ((OLD, make_program()), r"'new' is a program that was watched, and 'old' the analysis of a function"),
        (
            (OLD, msgspec.structs.replace(OLD, environment=make_environment(python="3.14.0"))),
            r"python 3.*force=True",
        ),
        ((OLD, OLD.recommendation), "give a result, a list of results, or the path of what was saved, not"),
        ((OLD, [OLD, None]), "give a result, a list of results"),
    ],
)
def test_what_cannot_be_compared_is_told(given: tuple[Any, Any], why: str) -> None:
    with pytest.raises(UsageError, match=why):
        gilscope.compare(*given)


def test_what_is_not_comparable_can_be_forced() -> None:
    other = msgspec.structs.replace(OLD, environment=make_environment(python="3.14.0"))
    assert any("python" in each for each in gilscope.compare(OLD, other, force=True).to_dict()["incomparable"])


def test_a_gate_that_fails_is_told_and_raises_nothing() -> None:
    failed, passed = gilscope.check(SLOWER, OLD), gilscope.check(OLD, OLD, fail_on="throughput<0.5,label")
    assert (failed.passed, bool(failed)) == (False, False)
    assert (passed.passed, bool(passed)) == (True, True)
    assert [each["outcome"] for each in failed.conditions] == ["failed"]
    assert [each["outcome"] for each in passed.conditions] == ["passed", "passed"]
    assert failed.to_dict()["passed"] is False
    assert repr(failed).startswith("<CheckResult: Failed: 1 failed")


def test_a_program_is_held_against_limits() -> None:
    assert gilscope.check(make_program(), fail_on="cpus>100")
    assert not gilscope.check(make_program(), fail_on="gil_held>0.0001")


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"baseline": OLD, "fail_on": "thruput<0.9"}, "did you mean throughput"),
        ({}, "held against others: give those with baseline$"),
    ],
)
def test_a_gate_that_cannot_be_held_is_an_error(given: dict[str, Any], why: str) -> None:
    with pytest.raises(UsageError, match=why):
        gilscope.check(OLD, **given)


def test_a_file_that_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(LoadError, match="No such file"):
        gilscope.check(OLD, tmp_path / "none.json")
