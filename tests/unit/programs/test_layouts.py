"""Where interpreters keep things: what they say themselves since 3.13, and what is written down of those before."""

from __future__ import annotations

import struct

import pytest

from gilscope.programs.layouts import is_free_threaded, layout_of, version_of
from tests.unit.programs.planted import heads


@pytest.mark.parametrize(
    ("version", "frame", "number", "first_line"),
    [("3.13.0", 80, 160, 68), ("3.14.10", 88, 160, 68), ("3.15.2", 88, 184, 68)],
)
def test_an_interpreter_says_itself_where_things_are(version: str, frame: int, number: int, first_line: int) -> None:
    head = heads()[version]
    known = version_of(head, None)
    assert known == tuple(map(int, version.split(".")))
    layout = layout_of(known, head)
    assert layout is not None
    assert (layout.frame_size, layout.thread_number, layout.code_first_line) == (frame, number, first_line)
    assert (layout.gil_locked, layout.string_ascii_data, layout.string_data, layout.bytes_data) == (16, 40, 56, 32)


@pytest.mark.parametrize("told", [0x030B02F0, 0x030C01F0])
def test_older_ones_tell_their_version_alone(told: int) -> None:
    version = version_of(bytes(960), told)
    assert version == (3, told >> 16 & 255, told >> 8 & 255)
    layout = layout_of(version, bytes(960))
    assert layout is not None
    assert layout.cframe_frame is not None
    assert (layout.runtime_gil is None) == (version[1] == 12)


def test_what_no_version_is_known_of_is_not_guessed() -> None:
    assert version_of(bytes(960), None) is None
    assert layout_of((3, 10, 4), bytes(960)) is None
    assert layout_of((3, 16, 0), heads()["3.15.2"]) is None


@pytest.mark.parametrize("version", ["3.13.0", "3.14.10", "3.15.2"])
def test_offsets_with_a_field_more_are_refused(version: str) -> None:
    """As if a release had added a field: all that follow are one place further."""
    head = heads()[version]
    shifted = head[:176] + struct.pack("=Q", 12) + head[176:-8]
    assert layout_of(tuple(map(int, version.split("."))), shifted) is None  # type: ignore[arg-type]


@pytest.mark.parametrize("version", ["3.13.0", "3.14.10"])
def test_another_minor_versions_offsets_are_refused(version: str) -> None:
    head = heads()[version]
    others = [(3, minor, 0) for minor in (13, 14, 15) if not version.startswith(f"3.{minor}")]
    assert [layout_of(other, head) for other in others] == [None, None]


def test_a_build_that_can_do_without_a_gil_says_so() -> None:
    head = heads()["3.14.10"]
    assert not is_free_threaded(head)
    assert is_free_threaded(head[:16] + struct.pack("=Q", 1) + head[24:])
    assert not is_free_threaded(bytes(960))
