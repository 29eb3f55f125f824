"""Stacks read from memory, and those that are none."""

from __future__ import annotations

import struct

import pytest

from gilscope.programs.codes import MOST_NAME_CHARACTERS, CodeCache
from gilscope.programs.layouts import Layout, layout_of
from gilscope.programs.own import OWN
from gilscope.programs.stacks import MOST_FRAMES, StackReader
from tests.unit.programs.planted import Planted, heads

LAYOUTS = {
    "3.11": layout_of((3, 11, 2), bytes(960)),
    "3.12": layout_of((3, 12, 1), bytes(960)),
    **{version: layout_of(tuple(map(int, version.rstrip("t").split("."))), head) for version, head in heads().items()},  # type: ignore[arg-type]
}
CHUNK = 0x7F0000000000
C_CODE_CALLED_PYTHON, GENERATORS = 3, 1


@pytest.fixture(params=LAYOUTS)
def memory(request: pytest.FixtureRequest) -> Planted:
    layout = LAYOUTS[request.param]
    assert layout is not None
    planted = Planted(layout)
    planted.regions[CHUNK] = bytearray(0x8000)
    return planted


def reader(memory: Planted) -> StackReader:
    return StackReader(memory, memory.layout, CodeCache(memory, memory.layout))


def names(memory: Planted, *states: int, by: StackReader | None = None) -> list[list[str] | None]:
    found = (by or reader(memory)).read(states)
    return [None if stack is None else [frame.function.name for frame in stack] for stack in found]


def two(memory: Planted, **inner: int) -> int:
    """A thread in ``inner``, called by ``outer``."""
    outer = memory.frame(CHUNK, 24, memory.code("outer"), 0)
    return memory.thread(CHUNK, 400, memory.frame(CHUNK, 200, memory.code("inner"), outer, **inner))


def test_functions_are_told_innermost_first_with_file_and_line(memory: Planted) -> None:
    (stack,) = reader(memory).read([two(memory)])
    assert stack is not None
    assert [(frame.function.name, frame.function.file, frame.line) for frame in stack] == [
        ("inner", "/srv/app.py", 10),
        ("outer", "/srv/app.py", 10),
    ]


def nested(memory: Planted, *called: tuple[str, str]) -> int:
    """A thread in functions of these files, the innermost first."""
    frame = 0
    for number, (name, file) in enumerate(reversed(called)):
        frame = memory.frame(CHUNK, 24 + 200 * number, memory.code(name, file=file or "/srv/app.py"), frame)
    return memory.thread(CHUNK, 24 + 200 * len(called), frame)


OWN_FILES = "/opt/lib/python3.12/site-packages/gilscope/production/"


def test_decorated_functions_have_their_names_and_what_stands_in_their_place_is_left_out(memory: Planted) -> None:
    state = nested(
        memory,
        ("inner", ""),
        ("steps", ""),
        ("Steps.__next__", f"{OWN_FILES}call.py"),
        ("steps", f"{OWN_FILES}<classify shop.tokenize/1>"),
        ("outer", ""),
    )
    by = reader(memory)
    for _ in range(2):
        (stack,) = by.read([state])
        assert [(frame.function.name, frame.function.shown) for frame in stack or ()] == [
            ("inner", "inner"),
            ("steps", "shop.tokenize/1"),
            ("outer", "outer"),
        ]


def test_what_gilscope_itself_does_in_a_call_is_told_as_its_own(memory: Planted) -> None:
    clock, wrapper = ("begin", f"{OWN_FILES}clocks.py"), ("tiny", f"{OWN_FILES}<classify app:tiny>")
    state = nested(memory, clock, ("Function.begin", f"{OWN_FILES}function.py"), wrapper, ("outer", ""))
    assert names(memory, state) == [[OWN.name, "outer"]]
    assert names(memory, nested(memory, wrapper, ("tiny", ""))) == [[OWN.name, "tiny"]]


def test_a_program_that_has_such_folders_of_its_own_is_told_in_full(memory: Planted) -> None:
    mine = "/home/me/shop/production/gilscope.py"
    assert names(memory, nested(memory, ("mine", mine), ("outer", ""))) == [["mine", "outer"]]


def test_a_thread_in_no_python_code_has_an_empty_stack(memory: Planted) -> None:
    assert names(memory, memory.thread(CHUNK, 24, 0)) == [[]]


def test_places_where_c_code_called_python_are_no_functions(memory: Planted) -> None:
    outer = memory.frame(CHUNK, 24, memory.code("outer"), 0)
    elsewhere = memory.place()
    memory.regions[elsewhere] = bytearray(0x1000)
    entry = memory.frame(elsewhere, 0, 0, outer, owner=C_CODE_CALLED_PYTHON)
    inner = memory.frame(CHUNK, 200, memory.code("inner"), entry)
    assert names(memory, memory.thread(CHUNK, 400, inner)) == [["inner", "outer"]]


def test_generators_lie_elsewhere_and_are_found_there_again(memory: Planted) -> None:
    outer = memory.frame(CHUNK, 24, memory.code("outer"), 0)
    heap = memory.place()
    memory.regions[heap] = bytearray(0x1000)
    state = memory.thread(CHUNK, 400, memory.frame(heap, 64, memory.code("steps"), outer, owner=GENERATORS))
    by = reader(memory)
    assert names(memory, state, by=by) == [["steps", "outer"]]
    assert names(memory, state, by=by) == [["steps", "outer"]]


def test_several_threads_are_read_together_and_one_that_is_gone_is_left_out(memory: Planted) -> None:
    state = two(memory)
    assert names(memory, state, 0xDEAD0000, state) == [["inner", "outer"], None, ["inner", "outer"]]


@pytest.mark.parametrize("torn", [{"owner": 77}, {"instruction": 5000}, {"instruction": -2}])
def test_a_frame_that_cannot_be_tears_the_stack(memory: Planted, torn: dict[str, int]) -> None:
    assert names(memory, two(memory, **torn)) == [None]


def test_a_frame_that_leads_nowhere_tears_the_stack(memory: Planted) -> None:
    frame = memory.frame(CHUNK, 200, memory.code("inner"), 0xDEAD0000)
    assert names(memory, memory.thread(CHUNK, 400, frame)) == [None]


def test_a_frame_that_leads_to_itself_is_not_followed_for_ever(memory: Planted) -> None:
    code = memory.code("inner")
    frame = memory.frame(CHUNK, 200, code, CHUNK + 200)
    there = memory.frame(CHUNK, 400, code, CHUNK + 600)
    assert names(memory, memory.thread(CHUNK, 800, frame)) == [None]
    back = memory.frame(CHUNK, 600, code, there)
    (found,) = names(memory, memory.thread(CHUNK, 800, back))
    assert found is None or len(found) == MOST_FRAMES


def test_what_is_no_code_object_tears_the_stack(memory: Planted) -> None:
    """Freed, and something else since."""
    code = memory.code("inner")
    state = memory.thread(CHUNK, 400, memory.frame(CHUNK, 200, code, 0))
    by = reader(memory)
    assert names(memory, state, by=by) == [["inner"]]
    memory.regions[code][memory.layout.object_type : memory.layout.object_type + 8] = bytes(8)
    assert names(memory, state, by=by) == [None]


def test_another_function_at_the_same_address_is_told_by_its_own_name(memory: Planted) -> None:
    """A program that makes code all the time: of the same size, its name where that of the one before was."""
    name_at = memory.place()
    code = memory.code("first", name_at=name_at, number=7)
    state = memory.thread(CHUNK, 400, memory.frame(CHUNK, 200, code, 0))
    by = reader(memory)
    assert names(memory, state, by=by) == [["first"]]
    kept = bytearray(memory.regions[code])
    memory.text("other", name_at)
    if memory.layout.version >= (3, 12):  # its number is all that is different of the code object itself
        struct.pack_into("=I", kept, 92, 8)
    memory.regions[code] = kept
    assert names(memory, state, by=by) == [["other"]]


@pytest.mark.parametrize("name", ["é" * 10, "函数", "𝔣", "a" * 100_000, "函" * 100_000, "\x1b[31m<b>"])
def test_names_of_any_sort_are_read_and_bounded(memory: Planted, name: str) -> None:
    ((told,),) = reader(memory).read([memory.thread(CHUNK, 400, memory.frame(CHUNK, 24, memory.code(name), 0))])  # type: ignore[misc]
    assert told.function.name == name if len(name) <= MOST_NAME_CHARACTERS else name[: MOST_NAME_CHARACTERS - 1] + "…"


def test_of_a_deep_recursion_the_innermost_are_told(memory: Planted) -> None:
    size, codes = memory.layout.frame_size, [memory.code("dive"), memory.code("leaf")]
    memory.regions[CHUNK] = bytearray(0x40000)
    frame = 0
    for depth in range(2000):
        frame = memory.frame(CHUNK, 24 + depth * size, codes[depth == 1999], frame)
    (stack,) = names(memory, memory.thread(CHUNK, 24 + 2000 * size, frame))
    assert stack == ["leaf", *["dive"] * (MOST_FRAMES - 1)]


@pytest.mark.parametrize("version", ["3.14.10t", "3.15.2t"])
def test_a_threads_own_copy_of_a_functions_instructions_is_known(version: str) -> None:
    """In a build without a GIL each thread executes one (PEP 703, since 3.14)."""
    layout = LAYOUTS[version]
    assert layout is not None
    assert layout.code_copies is not None
    memory = Planted(layout)
    memory.regions[CHUNK] = bytearray(0x8000)
    code, copies = memory.code("inner"), memory.place()
    frame = memory.frame(CHUNK, 24, code, 0)
    state = memory.thread(CHUNK, 400, frame)
    read = reader(memory)
    array = memory.put(memory.place(), {0: 2, 8: code + layout.code_instructions, 16: copies}, 24)
    struct.pack_into("=Q", memory.regions[code], layout.code_copies, array)
    struct.pack_into("=Q", memory.regions[CHUNK], 24 + layout.frame_instruction, copies + 2 * 3)
    (stack,) = read.read([state])
    assert stack is not None
    assert [(frame.function.name, frame.line) for frame in stack] == [("inner", 10)]
    struct.pack_into("=Q", memory.regions[CHUNK], 24 + layout.frame_instruction, copies + 2 * 200)
    assert read.read([state]) == [None]  # in no copy of it


def test_every_layout_is_tried() -> None:
    assert all(isinstance(layout, Layout) for layout in LAYOUTS.values())
