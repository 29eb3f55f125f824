"""Lines of instructions, as the interpreter itself tells them."""

from __future__ import annotations

import argparse
import asyncio.base_events
import inspect
import types
import typing
from collections.abc import Iterator

import pytest

from gilscope.programs.linetables import line_of


def codes(code: types.CodeType) -> Iterator[types.CodeType]:
    yield code
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from codes(constant)


@pytest.mark.interpreter
@pytest.mark.parametrize("module", [argparse, asyncio.base_events, typing])
def test_every_instruction_has_the_line_that_python_tells(module: types.ModuleType) -> None:
    for code in codes(compile(inspect.getsource(module), "source", "exec")):
        told = [line for line, *_ in code.co_positions()]
        assert told == [line_of(code.co_linetable, code.co_firstlineno, at) for at in range(len(told))]


def test_a_function_that_has_not_begun_is_on_its_first_line() -> None:
    assert line_of(b"\xf0", 17, -1) == 17


@pytest.mark.parametrize("table", [b"", b"\x80", b"\xff\xff\xff", bytes(range(256)), b"\xe8\x40\x40\x40"])
def test_a_table_that_is_cut_off_tells_no_line(table: bytes) -> None:
    assert line_of(table, 1, 1_000_000) is None
