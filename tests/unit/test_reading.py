"""Files that anybody may have written are read only so far, and their figures looked at."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gilscope.reading import MOST, is_measurable, read_bytes

FIGURES = st.one_of(st.integers(-MOST, MOST), st.floats(-float(MOST), float(MOST)), st.booleans(), st.text(), st.none())
NESTED = st.recursive(FIGURES, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner))


def test_a_device_that_never_ends_is_refused() -> None:
    with pytest.raises(OSError, match="larger than 256 MiB"):
        read_bytes("/dev/zero")


def test_a_pipe_that_nobody_writes_to_is_empty_and_another_is_read(tmp_path: Path) -> None:
    os.mkfifo(place := tmp_path / "pipe")
    assert read_bytes(place) == b""
    reads, writes = os.pipe()
    os.write(writes, b"told")
    os.close(writes)
    assert read_bytes(f"/dev/fd/{reads}") == b"told"
    os.close(reads)


@given(NESTED)
def test_figures_that_can_be_measured(value: Any) -> None:
    assert is_measurable(value)


@given(NESTED, st.sampled_from([2 * MOST, -(10**400), 1e300, float("inf"), float("nan")]))
def test_figures_that_nobody_measured_are_found_wherever_they_are(value: Any, figure: float) -> None:
    assert not is_measurable({"a": [value, {"b": [figure]}]})


def test_no_nesting_is_too_deep() -> None:
    value: Any = []
    for _ in range(100_000):
        value = [value]
    assert is_measurable(value)
