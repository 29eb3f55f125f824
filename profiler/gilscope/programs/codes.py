"""The code objects of a process, read from its memory: which function each is, and on which line.

What was read of one is kept by its address, and believed again only while its own memory is what it was: programs make
code and let it go, and the next has the same address.
"""

from __future__ import annotations

import struct
from typing import Final

from gilscope.programs.callbacks import is_loop
from gilscope.programs.layouts import Layout
from gilscope.programs.linetables import line_of
from gilscope.programs.memory import Memory, ReadError
from gilscope.programs.moments import Frame, PythonFunction
from gilscope.programs.own import OWN, classified_name, is_own

__all__ = ["MOST_NAME_CHARACTERS", "CodeCache", "NotCodeError"]

#: Names are the program's own, and may be of any length.
MOST_NAME_CHARACTERS: Final = 400
#: Code objects that are kept; a program that makes more is read anew.
MOST_CODES: Final = 20_000
MOST_TABLE_BYTES: Final = 1 << 20
#: Code units of one function, at most, and the characters of a name.
MOST_SIZE: Final = 1 << 31
#: ``struct state`` of a string, behind that of interning: three bits of bytes a character, then whether its text
#: follows.
KIND_MASK, COMPACT, ASCII = 7, 1 << 3, 1 << 4
ENCODINGS: Final = {1: "latin-1", 2: "utf-16", 4: "utf-32"}
#: What goes round in asyncio, with the local variables that tell: until when timers are due, a float made anew in each
#: turn, and which of the callbacks that are ready is called.
LOOP, TELLING = "BaseEventLoop._run_once", ("end_time", "i")
MOST_LOCALS: Final = 64
#: Copies of a code object's instructions: one for each of so many threads.
MOST_COPIES: Final = 4096
#: Of a name that are compared with those read before, where code objects have no number of their own.
COMPARED_BYTES: Final = 96


class NotCodeError(ValueError):
    """What is at an address is no code object (any more)."""


class _Code:
    """What is known of one code object."""

    __slots__ = ("copies", "frames", "function", "identity", "name_at", "name_begins", "size", "table", "table_at")

    def __init__(self, identity: bytes, function: PythonFunction, size: int, table_at: int) -> None:
        self.identity = identity
        self.function = function
        self.size = size
        self.table_at = table_at
        self.table: bytes | None = None
        self.frames: dict[int, Frame] = {}
        self.copies: tuple[int, ...] = ()
        self.name_at, self.name_begins = 0, b""


class CodeCache:
    """The code objects of one process."""

    def __init__(self, memory: Memory, layout: Layout) -> None:
        self._memory = memory
        self._layout = layout
        self._codes: dict[int, _Code] = {}
        self._functions: dict[PythonFunction, PythonFunction] = {}
        self.loops: dict[int, tuple[int, ...]] = {}
        """Of the code objects that are the turn of an event loop: in which places among their local variables those are
        that tell one turn, and one callback, from the next; nowhere, of what runs a loop that is no Python."""
        self.own: dict[int, PythonFunction] = {}
        """The code objects that are gilscope's own. Of those in the place of functions that are decorated, ``name`` and
        ``classified`` are these functions'."""
        self._type: int | None = None
        self._end = max(layout.code_linetable, layout.code_file, layout.code_name) + 8
        # From 3.12 on, a code object has a number of its own among what is compared (``co_version``).
        self._numbered = layout.version >= (3, 12, 0)

    def check(self, addresses: set[int]) -> set[int]:
        """Those of these that are code objects, known from now on as they are now."""
        wanted = sorted(addresses)
        ranges = [(address, self._end) for address in wanted]
        if not self._numbered:
            known = (self._codes.get(address) for address in wanted)
            ranges += [(code.name_at, len(code.name_begins)) for code in known if code is not None]
        found = self._memory.read_many(ranges)
        names = iter(found[len(wanted) :])
        good = set()
        for address, memory in zip(wanted, found, strict=False):
            known_code = self._codes.get(address)
            name = next(names) if known_code is not None and not self._numbered else b""
            if memory is None:
                continue
            same = known_code is not None and known_code.identity == self._identity(memory)
            if (same and (self._numbered or name == known_code.name_begins)) or self._learn(address, memory):  # type: ignore[union-attr]
                good.add(address)
        return good

    def frame(self, code: int, instruction_at: int) -> Frame:
        """A frame that executes this code object, which has just been checked.

        :param instruction_at: the address of its instruction
        :raises NotCodeError: when that is none of the code object's
        """
        known = self._codes[code]
        instruction = (instruction_at - code - self._layout.code_instructions) // 2
        if self._layout.code_copies is not None and not -1 <= instruction < known.size:
            instruction = self._in_a_copy(code, known, instruction_at)
        frame = known.frames.get(instruction)
        if frame is None:
            if not -1 <= instruction < known.size:
                raise NotCodeError(f"{instruction_at:#x} is no instruction of the code object at {code:#x}")
            frame = known.frames[instruction] = Frame(known.function, self._line(known, instruction))
        return frame

    def function(self, code: int) -> PythonFunction:
        """The function of a code object that has just been checked."""
        return self._codes[code].function

    def classify(self, code: int, name: str) -> PythonFunction:
        """Call the function of a code object that has just been checked so, from now on."""
        known = self._codes[code]
        if known.function.classified != name:
            known.function = known.function._replace(classified=name)
            known.frames.clear()
        return known.function

    def _in_a_copy(self, code: int, known: _Code, instruction_at: int) -> int:
        """Which instruction of a thread's own copy it is; one that there is not, where it is none's."""
        for fresh in (False, True):
            if fresh:
                known.copies = self._copies(code)
            for begins in known.copies:
                if -2 <= instruction_at - begins < 2 * known.size:
                    return (instruction_at - begins) // 2
        return known.size

    def _copies(self, code: int) -> tuple[int, ...]:
        """Where the copies of its instructions begin (``struct _PyCodeArray``: how many, then where each is)."""
        try:
            array = self._memory.word(code + (self._layout.code_copies or 0))
            count = min(self._memory.word(array), MOST_COPIES) if array else 0
            return struct.unpack(f"={count}Q", self._memory.read(array + 8, 8 * count)) if count else ()
        except ReadError:
            return ()

    def _identity(self, memory: bytes) -> bytes:
        """What stays the same of a code object as long as it lives; not how often it is referred to, nor how warm."""
        type_at = self._layout.object_type
        return memory[type_at : type_at + 32] + memory[self._layout.code_first_line :]

    def _learn(self, address: int, memory: bytes) -> bool:
        try:
            code = self._read(memory)
        except (NotCodeError, ReadError):
            return False
        if len(self._codes) >= MOST_CODES:
            self._codes.clear()
            self.loops.clear()
            self.own.clear()
            self._functions.clear()
        self._codes[address] = code
        self.loops.pop(address, None)
        self.own.pop(address, None)
        if is_own(code.function.file):
            self.own[address] = code.function._replace(classified=classified_name(code.function.file))
            code.function = OWN
        if is_loop(code.function):
            names = _word(memory, self._layout.code_names)
            self.loops[address] = self._places(names) if code.function.name == LOOP else ()
        return True

    def _places(self, names: int) -> tuple[int, ...]:
        """Of `TELLING` among the names of local variables."""
        try:
            count = min(self._memory.word(names + self._layout.object_size), MOST_LOCALS)
            items = self._memory.read(names + self._layout.tuple_items, 8 * count)
            known = [self.string(_word(items, 8 * at)) for at in range(count)]
        except (NotCodeError, ReadError):
            return ()
        return tuple(known.index(name) for name in TELLING if name in known)

    def _read(self, memory: bytes) -> _Code:
        layout = self._layout
        if not self._is_code_type(_word(memory, layout.object_type)):
            raise NotCodeError("an object of another type")
        size = _word(memory, layout.object_size)
        if size >= MOST_SIZE:
            raise NotCodeError("a code object of no size")
        name_at = _word(memory, layout.code_name)
        (first_line,) = struct.unpack_from("=i", memory, layout.code_first_line)
        function = PythonFunction(self.string(name_at), self.string(_word(memory, layout.code_file)), first_line)
        function = self._functions.setdefault(function, function)
        code = _Code(self._identity(memory), function, size, _word(memory, layout.code_linetable))
        if not self._numbered:
            code.name_at, code.name_begins = name_at, self._memory.read(name_at, COMPARED_BYTES)
        return code

    def _is_code_type(self, address: int) -> bool:
        if self._type is None:
            name = self._memory.read(self._memory.word(address + self._layout.type_name), 5)
            if name != b"code\0":
                return False
            self._type = address
        return address == self._type

    def string(self, address: int) -> str:
        """The text of a string object, cut where it is too long.

        :raises NotCodeError: when there is none at the address
        :raises ReadError: when nothing can be read there
        """
        layout = self._layout
        head = self._memory.read(address, layout.string_state + 4)
        length = _word(head, layout.string_length)
        (state,) = struct.unpack_from("=I", head, layout.string_state)
        state >>= layout.string_kind_shift
        kind = state & KIND_MASK
        if kind not in ENCODINGS or not state & COMPACT or length >= MOST_SIZE:
            raise NotCodeError("a name that is no string")
        data = layout.string_ascii_data if state & ASCII else layout.string_data
        text = self._memory.read(address + data, min(length, MOST_NAME_CHARACTERS) * kind)
        order = "" if kind == 1 else "-le" if struct.pack("=H", 1)[0] else "-be"
        whole = text.decode(ENCODINGS[kind] + order, "replace")
        return whole if length <= MOST_NAME_CHARACTERS else whole[:-1] + "…"

    def _line(self, code: _Code, instruction: int) -> int | None:
        if code.table is None:
            code.table = self._table(code.table_at)
        return line_of(code.table, code.function.first_line, instruction)

    def _table(self, address: int) -> bytes:
        try:
            size = self._memory.word(address + self._layout.bytes_size)
            return self._memory.read(address + self._layout.bytes_data, min(size, MOST_TABLE_BYTES))
        except (ReadError, OverflowError):
            return b""  # of no instruction is the line told


def _word(memory: bytes, at: int) -> int:
    return int.from_bytes(memory[at : at + 8], "little")
