"""What a user types for a time, a list of numbers, names, keyword arguments."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gilscope.errors import UsageError
from gilscope.parsing import counts, hertz, key_values, milliseconds, names, seconds, size


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


@pytest.mark.parametrize(("text", "expected"), [("250", 0.25), ("250ms", 0.25), ("1.5s", 1.5), (" 3 ", 0.003)])
def test_a_number_alone_is_of_milliseconds(text: str, expected: float) -> None:
    assert milliseconds(text, "--max-p99") == pytest.approx(expected)


@pytest.mark.parametrize("text", ["", "fast", "-5", "1e3", "10 days"])
def test_what_is_no_latency(text: str) -> None:
    with pytest.raises(UsageError, match=r"--max-p99 .* is no time"):
        milliseconds(text, "--max-p99")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1048576", 1 << 20),
        ("100B", 100),
        ("1KiB", 1024),
        ("512MiB", 512 << 20),
        ("512mib", 512 << 20),
        ("2G", 2 << 30),
        ("1.5 GiB", 3 << 29),
        ("1.5 GB", 1_500_000_000),
        ("1t", 1 << 40),
    ],
)
def test_sizes(text: str, expected: int) -> None:
    assert size(text, "--max-memory") == expected


@pytest.mark.parametrize("text", ["", "MiB", "much", "-1", "1iB", "1e9", "5 PiB", "inf"])
def test_what_is_no_size(text: str) -> None:
    with pytest.raises(UsageError, match=r"--max-memory .* is no size: write it as 512MiB or 2GiB"):
        size(text, "--max-memory")


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


def test_a_sampling_rate_is_read() -> None:
    assert (hertz("100", "--rate"), hertz("62.5 Hz", "--rate")) == (100.0, 62.5)
    with pytest.raises(UsageError, match="--rate 'often' is no sampling rate"):
        hertz("often", "--rate")
    with pytest.raises(UsageError, match="--target-rate 500/s"):
        hertz("500/s", "--rate")
