"""Conditions as they are written, and what they let pass."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gilscope.decide.comparable import Matched
from gilscope.decide.conditions import Condition, parsed
from gilscope.decide.gate import Judged, judge, passes
from gilscope.decide.regress import compare
from gilscope.errors import UsageError
from gilscope.result import Result
from tests.unit.handmade import make_classification, make_result
from tests.unit.regress_builders import measured, recommending

ALL_THERE = Matched((), (), ())


def test_the_conditions_of_a_list() -> None:
    assert parsed(" throughput<0.9, label ,gil_held + 0.05,errors,,errors+.1 , latency_p99>1.5") == (
        Condition("throughput", "<", 0.9),
        Condition("label"),
        Condition("gil_held", "+", 0.05),
        Condition("errors"),
        Condition("errors", "+", 0.1),
        Condition("latency_p99", ">", 1.5),
    )


@given(st.sampled_from(["throughput<", "latency_p50>", "wall>", "cpu>", "memory>"]), st.floats(1e-4, 1e4))
def test_a_condition_is_written_as_it_is_read(beginning: str, limit: float) -> None:
    text = f"{beginning}{limit:.6f}"
    (condition,) = parsed(text)
    assert condition.limit == pytest.approx(limit, abs=1e-6)
    assert str(condition) == f"{beginning}{condition.limit:g}"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "--fail-on names no condition"),
        (" , ", "--fail-on names no condition"),
        ("troughput<0.9", "nothing is called 'troughput'; did you mean throughput?"),
        ("Label", "did you mean label?"),
        ("<0.9", "nothing is called ''; known are throughput, "),
        ("speed", "known are throughput, latency_p50, "),
        ("throughput", "it fails below a ratio of new to old: write throughput<0.9"),
        ("throughput>0.9", "write throughput<0.9"),
        ("throughput<=0.9", "write throughput<0.9"),
        ("latency_p99<1.2", "it fails above a ratio of new to old: write latency_p99>1.1"),
        ("gil_held>0.05", "it fails when the share rose by more than a difference: write gil_held+0.05"),
        ("gil_held+5", "'5' is no difference of shares"),
        ("throughput<90%", "'90%' is no ratio"),
        ("throughput<0", "'0' is no ratio"),
        ("throughput<-1", "write throughput<0.9"),
        ("throughput<nan", "'nan' is no ratio"),
        ("throughput<1e9", "'1e9' is no ratio"),
        ("throughput<", "'' is no ratio"),
        ("label<1", "write label alone"),
        ("label io-bound", "write label alone"),
        ("backend=thread", "write backend alone"),
    ],
)
def test_what_is_no_condition_says_what_is(text: str, told: str) -> None:
    with pytest.raises(UsageError) as raised:
        parsed(text)
    assert told in str(raised.value)


@given(st.text(max_size=30))
def test_whatever_is_typed_is_a_condition_or_a_usage_error(text: str) -> None:
    try:
        found = parsed(text)
    except UsageError:
        return
    assert parsed(",".join(map(str, found))), "what was understood can be written again"


def judged(text: str, old: Result, new: Result) -> Judged:
    (condition,) = parsed(text)
    return judge(condition, compare(old, new))


def at(rate: float, **changes: Any) -> Result:
    """Rounds so steady that the floor of 5% is the whole interval."""
    return measured([rate] * 5, [2 * rate] * 5, **changes)


@pytest.mark.parametrize(
    ("text", "rate", "outcome"),
    [
        ("throughput<0.9", 8.5, "failed"),
        ("throughput<0.9", 8.7, "not shown"),
        ("throughput<0.9", 9.4, "not shown"),
        ("throughput<0.9", 9.5, "passed"),
        ("throughput<0.9", 20.0, "passed"),
        ("latency_p99>1.2", 7.8, "failed"),
        ("latency_p99>1.2", 8.5, "not shown"),
        ("latency_p99>1.2", 10.0, "passed"),
        ("wall>1.2", 7.8, "failed"),
        ("latency_p50>1.2", 7.8, "failed"),
    ],
)
def test_a_ratio_fails_only_where_all_of_its_interval_is_beyond(text: str, rate: float, outcome: str) -> None:
    found = judged(text, at(10.0), at(rate))
    assert found.outcome == outcome
    assert passes([found], ALL_THERE) == (outcome != "failed")


@pytest.mark.parametrize(("held", "outcome"), [(0.5, "passed"), (0.55, "not shown"), (0.8, "failed")])
def test_a_share_fails_when_it_rose_by_more(held: float, outcome: str) -> None:
    old, new = (at(10.0, classification=make_classification(gil_held_ratio=share)) for share in (0.5, held))
    assert judged("gil_held+0.05", old, new).outcome == outcome
    assert judged("gil_held+0.05", new, old).outcome == "passed"


def test_one_round_is_not_shown_and_says_what_would_be() -> None:
    found = judged("throughput<0.9", measured(process=[20.0]), measured(process=[5.0]))
    assert (found.outcome, passes([found], ALL_THERE)) == ("not shown", True)
    assert "larger budget" in found.evidence


def test_another_word_fails_where_both_were_sure() -> None:
    sure, guess = (make_classification(label="io-bound", subtype=None, confidence=share) for share in (0.9, 0.6))
    assert judged("label", at(10.0), at(10.0, classification=sure)).outcome == "failed"
    assert judged("label", at(10.0), at(10.0, classification=guess)).outcome == "not shown"
    assert judged("label", at(10.0), at(10.0)).outcome == "passed"
    found = judged("backend", at(10.0), at(10.0, recommendation=recommending("serial")))
    assert (found.outcome, found.old, found.new) == ("failed", "process", "serial")
    assert found.evidence == "was process with a confidence of 95%, is serial with one of 95%"


@pytest.mark.parametrize(
    ("text", "changes", "told"),
    [
        ("label", {"classification": make_classification(label="inconclusive")}, "the new result could not tell"),
        ("backend", {"recommendation": recommending(None, None)}, "the new result could not tell"),
        ("cpu>1.1", {"demands": None}, "not measured in the new result"),
        ("gil_held+0.1", {"classification": make_classification(gil_held_ratio=None)}, "not measured in the new"),
        ("throughput<0.9", {"trials": (), "recommendation": recommending(None, None)}, "the new result recommends no"),
        ("throughput<0.9", {"trials": ()}, "what is recommended was not measured well"),
        ("memory>1.2", {"trials": ()}, "not measured in the new result"),
        ("errors", {"trials": ()}, "no calls were made"),
        ("errors+0.1", {"trials": ()}, "not measured in the new result"),
    ],
)
def test_what_is_unknown_fails_with_the_reason(text: str, changes: dict[str, Any], told: str) -> None:
    found = judged(text, at(10.0), msgspec.structs.replace(at(10.0), **changes))
    assert (found.outcome, passes([found], ALL_THERE)) == ("unknown", False)
    assert told in found.evidence


def test_exceptions_fail_where_there_were_none() -> None:
    fine = at(10.0)
    first, *others = fine.trials
    raising = msgspec.structs.replace(
        fine, trials=(msgspec.structs.replace(first, errors=1), *others), failure=make_result().failure
    )
    assert judged("errors", fine, fine).outcome == "passed"
    found = judged("errors", fine, raising)
    assert (found.outcome, found.evidence) == (
        "failed",
        "calls raise that did not; the first ValueError: not a number",
    )
    assert judged("errors", raising, raising).outcome == "passed"
    assert judged("errors", raising, fine).outcome == "passed"


def test_a_function_that_was_not_measured_again_does_not_pass() -> None:
    found = judged("throughput<0.9", at(10.0), at(10.0))
    assert passes([found], Matched((), (), ("a:new",)))
    assert not passes([found], Matched((), ("a:gone",), ()))
