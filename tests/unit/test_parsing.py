"""What a user types for a time, a list of numbers, names, keyword arguments."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gilscope.errors import UsageError
from gilscope.parsing import counts, is_on, key_values, names, seconds


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("10", 10),
        ("10s", 10),
        ("500ms", 0.5),
        ("2m", 120),
        ("1.5min", 90),
        (".5s", 0.5),
        ("1h", 3600),
        (" 3 s ", 3),
        ("7sec", 7),
    ],
)
def test_times(text: str, expected: float) -> None:
    assert seconds(text, "--budget") == pytest.approx(expected)


@pytest.mark.parametrize("text", ["", "s", "ten", "10 days", "-5s", "1e3", "10s s", "10,5s", "inf", "nan"])
def test_what_is_no_time(text: str) -> None:
    with pytest.raises(UsageError, match=r"--budget .* is no time: write it as"):
        seconds(text, "--budget")


@given(st.integers(0, 10**9))
def test_a_thousand_milliseconds_are_a_second(number: int) -> None:
    assert seconds(f"{number * 1000}ms", "--x") == pytest.approx(seconds(f"{number}s", "--x"))
    assert seconds(f"{number * 60}s", "--x") == pytest.approx(seconds(f"{number}m", "--x"))


@pytest.mark.parametrize(
    ("text", "expected"), [("auto", ()), (" auto ", ()), ("4", (4,)), ("1,2,4", (1, 2, 4)), ("1, 2", (1, 2))]
)
def test_numbers(text: str, expected: tuple[int, ...]) -> None:
    assert counts(text, "--workers") == expected


@pytest.mark.parametrize("text", ["", "two", "1;2", "1,,2", "1.5", "1-4", "auto,2"])
def test_what_is_no_list_of_numbers(text: str) -> None:
    with pytest.raises(UsageError, match=r"--workers .* neither auto nor numbers"):
        counts(text, "--workers")


@given(st.lists(st.integers(-1000, 1000), min_size=1))
def test_numbers_there_and_back(numbers: list[int]) -> None:
    assert counts(",".join(map(str, numbers)), "--workers") == tuple(numbers)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("", ()), ("thread", ("thread",)), ("thread, process ,", ("thread", "process"))],
)
def test_names(text: str, expected: tuple[str, ...]) -> None:
    assert names(text, "--x") == expected


def test_keyword_arguments_keep_what_is_behind_the_first_equals_sign() -> None:
    given = ["timeout=60", "where = 'a=b'", "empty="]
    assert key_values(given, "--kwarg") == {"timeout": "60", "where": " 'a=b'", "empty": ""}


@pytest.mark.parametrize("item", ["timeout", "=60", "2x=1", "a.b=1", "a b=1"])
def test_what_is_no_keyword_argument(item: str) -> None:
    with pytest.raises(UsageError, match=r"--kwarg .*NAME=EXPR"):
        key_values([item], "--kwarg")


def test_on_and_off() -> None:
    assert (is_on("on", "--x"), is_on("off", "--x")) == (True, False)
    with pytest.raises(UsageError, match="--x 'no' is neither on nor off"):
        is_on("no", "--x")
