"""Looking at calls in 3.11, which has no `sys.monitoring`: the code of the functions begins with one more call.

A function is given code that is its own but for a call of `called` at its beginning: it stays the same object wherever
it was bound, with the same signature, lines and frames. The layout of 3.11's code does not change any more.
"""

from __future__ import annotations

import sys
from _weakref import ref
from types import CodeType, FunctionType
from typing import TYPE_CHECKING, Final

from gilscope.capture.defined import watch_definitions

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from gilscope.capture.agent import Agent

__all__ = ["called", "install", "with_call"]

#: Of 3.11 (`opcode.opmap`), and the units of cache behind each.
_RESUME, _EXTENDED_ARG, _LOAD_CONST = 151, 144, 100
_PUSH_NULL, _PRECALL, _CALL, _POP_TOP, _CACHE = 2, 166, 171, 1, 0
_PRECALL_CACHES, _CALL_CACHES = 1, 4
#: Of the table of lines: an entry of so many units at most that says that there is no line.
_NO_LINE: Final = 0x80 | 15 << 3
_MOST_UNITS = 8

_agent: Agent | None = None
_numbers: dict[int, tuple[CodeType, int]] = {}  # by the address: to hash code takes longer than all the rest


def called() -> None:
    """What the functions' code calls first. Found by its name, so that a function can be pickled by value still."""
    frame = sys._getframe(1)
    known = _numbers.get(id(frame.f_code))
    if known is not None and _agent is not None:
        _agent.called(known[1], frame)


def install(agent: Agent) -> None:
    """Have the agent told of the calls that it wants."""
    global _agent
    _agent = agent
    changed: list[tuple[ref[FunctionType], CodeType, CodeType]] = []
    is_on = [True]

    def found(functions: list[FunctionType]) -> None:
        for function in functions:
            code = function.__code__
            number = None if id(code) in _numbers else agent.wanted(code, function.__globals__)
            made = None if number is None else with_call(code, called)
            if number is not None and made is not None:
                _numbers[id(made)] = made, number
                changed.append((ref(function), code, made))
                function.__code__ = made if is_on[0] else code

    def switch(on: bool) -> None:
        is_on[0] = on
        for function_of, code, made in changed:
            function = function_of()
            if function is not None and function.__code__ in (code, made):
                function.__code__ = made if on else code

    agent.switch = switch
    watch_definitions(agent.places, agent.qualnames, found)


def with_call(code: CodeType, function: Callable[[], object]) -> CodeType | None:
    """The same code, which calls ``function`` first; None where it is not as it is known to be."""
    units = code.co_code
    at = next((at for at in range(0, len(units), 2) if units[at : at + 2] == bytes((_RESUME, 0))), None)
    if at is None:
        return None
    at += 2
    added = _call(len(code.co_consts))
    lines = _lines_with(code.co_linetable, at // 2, len(added) // 2)
    if lines is None:
        return None
    return code.replace(
        co_code=units[:at] + added + units[at:],
        co_consts=(*code.co_consts, function),
        co_linetable=lines,
        co_exceptiontable=_shifted(code.co_exceptiontable, at // 2, len(added) // 2),
        co_stacksize=code.co_stacksize + 2,
    )


def _call(constant: int) -> bytes:
    high = [(_EXTENDED_ARG, constant >> shift & 0xFF) for shift in (24, 16, 8) if constant >> shift]
    instructions = (
        (_PUSH_NULL, 0),
        *high,
        (_LOAD_CONST, constant & 0xFF),
        (_PRECALL, 0),
        *[(_CACHE, 0)] * _PRECALL_CACHES,
        (_CALL, 0),
        *[(_CACHE, 0)] * _CALL_CACHES,
        (_POP_TOP, 0),
    )
    return bytes(byte for instruction in instructions for byte in instruction)


def _lines_with(table: bytes, at: int, units: int) -> bytes | None:
    """The table of lines with so many units without a line, at a unit (Objects/locations.md of 3.11)."""
    place = unit = 0
    while unit < at and place < len(table):
        unit += (table[place] & 7) + 1
        place += 1
        while place < len(table) and not table[place] & 0x80:
            place += 1
    if unit != at:
        return None
    sizes = [min(_MOST_UNITS, units - done) for done in range(0, units, _MOST_UNITS)]
    return table[:place] + bytes(_NO_LINE | size - 1 for size in sizes) + table[place:]


def _shifted(table: bytes, at: int, units: int) -> bytes:
    """The table of exceptions' handlers, where so many units were added (Objects/exception_handling_notes.txt)."""
    made = bytearray()
    numbers = _varints(table)
    for begins, length, target, rest in zip(numbers, numbers, numbers, numbers, strict=True):
        ends = begins + length
        moved = [each + units if each >= at else each for each in (begins, ends, target)]
        entry = b"".join(map(_varint, (moved[0], moved[1] - moved[0], moved[2], rest)))
        made += bytes([entry[0] | 0x80]) + entry[1:]
    return bytes(made)


def _varints(table: bytes) -> Iterator[int]:
    value = 0
    for byte in table:
        value = value << 6 | byte & 0x3F
        if not byte & 0x40:
            yield value
            value = 0


def _varint(value: int) -> bytes:
    groups = [value & 0x3F]
    while value := value >> 6:
        groups.append(value & 0x3F | 0x40)
    return bytes(reversed(groups))
