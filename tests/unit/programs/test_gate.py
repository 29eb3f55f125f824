"""Whether a program may pass."""

from __future__ import annotations

import pytest

from gilscope import report
from gilscope.decide.program_gate import judge_program, parsed_for_program
from gilscope.errors import UsageError
from gilscope.report.programs.gate import program_gate_sheet
from tests.unit.programs.test_record import empty, record


def outcomes(text: str) -> list[bool]:
    return [each.passed for each in judge_program(parsed_for_program(text), record())]


def test_a_figure_above_its_limit_fails_and_one_below_passes() -> None:
    assert outcomes("gil_wait>0.2, gil_wait>1.5") == [False, True]
    assert outcomes("gil_held>0.9,hold>500ms,hold>2s,loop_block>50ms") == [False, False, True, True]


def test_what_is_unknown_does_not_pass() -> None:
    (judged,) = judge_program(parsed_for_program("gil_held>0.9"), empty())
    assert (judged.passed, judged.value) == (False, None)
    assert "unknown" in judged.told


def test_the_sheet_says_what_failed_and_with_which_figure() -> None:
    judged = judge_program(parsed_for_program("gil_wait>0.2,loop_lag>20ms"), record())
    text = report.render(program_gate_sheet(judged, record()), "text")
    assert text.startswith("Failed: 1 of 2")
    assert all(word in text for word in ("gil_wait>0.2", "threads waiting for the GIL: 1.00", "loop_lag>20 ms"))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "no condition"),
        ("gil_wiat>1", "gil_wait"),
        ("loop_block", "50ms"),
        ("hold>soon", "soon"),
        ("gil_held<1", "limit"),
    ],
)
def test_what_is_no_condition_is_told_with_what_may_be_meant(text: str, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        parsed_for_program(text)
