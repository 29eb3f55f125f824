"""What a marker asks of calls, and whether they are so."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from gilscope.errors import UsageError
from gilscope.production.observed import Observed
from gilscope.pytest_plugin.limits import LABELS, Limits, exceeded, limits_of
from gilscope.pytest_plugin.table import COLUMNS, lines
from tests.unit.production.profiles import make_profile


def limits(*positional: object, **keywords: Any) -> Limits:
    return limits_of([(positional, keywords)])


def test_limits_are_read() -> None:
    read = limits(label="io-bound", max_loop_block="500ms", max_gil_share=0.2)
    assert read == Limits(label="io-bound", max_loop_block=0.5, max_gil_share=0.2)
    assert {limits(label=label).label for label in LABELS} == {"compute-bound", "io-bound", "mixed", "overhead-bound"}


def test_a_later_marker_overrides_limit_by_limit() -> None:
    marks: list[tuple[tuple[()], Mapping[str, Any]]]
    marks = [((), {"label": "mixed", "max_gil_share": 1}), ((), {"label": "io-bound"})]
    assert limits_of(marks) == Limits(label="io-bound", max_gil_share=1.0)


@pytest.mark.parametrize(
    ("keywords", "message"),
    [
        ({}, "names no limit"),
        ({"lable": "io-bound"}, "there is no limit 'lable'; known are label, max_loop_block, max_gil_share"),
        ({"label": "IO"}, "label='IO' is none of compute-bound, io-bound"),
        ({"label": "inconclusive"}, "label='inconclusive' is none of"),
        ({"label": None}, "label=None is none of"),
        ({"label": ["io-bound"]}, "is none of"),
        ({"max_loop_block": "5 parsecs"}, "max_loop_block '5 parsecs' is no time"),
        ({"max_loop_block": None}, "max_loop_block 'None' is no time"),
        ({"max_gil_share": "20%"}, "max_gil_share='20%' is no share"),
        ({"max_gil_share": 20}, "max_gil_share=20 is no share"),
        ({"max_gil_share": -0.1}, "is no share"),
        ({"max_gil_share": float("nan")}, "is no share"),
        ({"max_gil_share": True}, "is no share"),
    ],
)
def test_what_is_no_limit(keywords: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        limits(**keywords)


def test_a_limit_needs_its_name() -> None:
    with pytest.raises(UsageError, match="'io-bound' has no name"):
        limits("io-bound")


def test_a_block_at_the_limit_is_within_it() -> None:
    at, beyond = (make_profile(kind="coroutine", longest_block_s=block) for block in (0.005, 0.0051))
    assert exceeded(limits(max_loop_block="5ms"), [at]) == []
    assert exceeded(limits(max_loop_block="5ms"), [at, beyond]) == [
        "gilscope: total: it kept its event loop for 5.10 ms, the limit is 5.00 ms"
    ]


def test_a_block_that_was_not_timed_is_unknown() -> None:
    untimed = make_profile(kind="coroutine", longest_block_s=None)
    assert "kept its event loop for unknown" in exceeded(limits(max_loop_block="5ms"), [untimed])[0]


def seen(held_s: float, samples: int = 100) -> Observed:
    """A second of computing, so much of it with the GIL."""
    return Observed(
        wall_s=1.0, cpu_s=1.0, cpu_gil_s=held_s, cpu_free_s=1.0 - held_s, gil_held_off_cpu_s=0.0, samples=samples
    )


@pytest.mark.parametrize(("share", "fails"), [(0.1, False), (0.2, False), (0.3, True)])
def test_the_share_of_the_gil(share: float, fails: bool) -> None:
    reasons = exceeded(limits(max_gil_share=0.2), [make_profile(observed=seen(share))])
    assert bool(reasons) == fails
    assert "is unknown" not in "".join(reasons)


@pytest.mark.parametrize("observed", [None, seen(0.0, samples=3)])
def test_a_share_that_was_hardly_seen_is_unknown(observed: Observed | None) -> None:
    (reason,) = exceeded(limits(max_gil_share=0.2), [make_profile(observed=observed)])
    assert "how long it holds the GIL is unknown" in reason


def test_who_was_never_seen_on_a_cpu_held_it_no_longer_than_it_was_on_one() -> None:
    waited = Observed(wall_s=1.0, blocked_s=1.0, sleep_s=1.0, gil_held_off_cpu_s=0.0, samples=100)
    rarely, often = (make_profile(clocked_cpu_s=cpu_s, observed=waited) for cpu_s in (0.1, 0.3))
    assert exceeded(limits(max_gil_share=0.2), [rarely]) == []
    assert "is unknown" in exceeded(limits(max_gil_share=0.2), [often])[0]


def test_every_reason_is_told() -> None:
    found = [make_profile(name="a"), make_profile(name="b", kind="coroutine", longest_block_s=1.0)]
    reasons = exceeded(limits(label="io-bound", max_loop_block="5ms", max_gil_share=0.2), found)
    assert [reason.split(":")[1].strip() for reason in reasons] == ["a", "b", "b", "a", "b"]


def test_the_table_is_sorted_by_wall_clock_and_says_unknown() -> None:
    known = make_profile(name="known", wall_s=2.0, calls=1234)
    unknown = make_profile(
        name="unknown_", calls=3, wall_s=0.0, timed_calls=0, durations={}, clocked_calls=0, clocked_wall_s=0.0
    )
    heading, first, second = lines([unknown, make_profile(calls=0), known])
    assert heading.split() == list(COLUMNS)
    assert first.split()[:4] == ["known", "1,234", "2.00", "s"]
    assert second.split() == ["unknown_", "3", "unknown", "unknown", "unknown", "inconclusive"]
