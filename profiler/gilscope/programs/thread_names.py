"""The names that a program has given its threads, read from its memory.

A thread that Python has started begins in ``Thread._bootstrap``, whose only argument is its `threading.Thread`: the
first frame of the first piece of memory that its frames are in. What that object has is either behind (since 3.13) or
before it, in the order in which its class has the names, or in a dictionary. What does not look like one of these
has no name here: names are never guessed.
"""

from __future__ import annotations

import struct
from typing import Final

from gilscope.programs.codes import CodeCache, NotCodeError
from gilscope.programs.layouts import Layout
from gilscope.programs.memory import Memory, ReadError

__all__ = ["ThreadNames"]

_BEGINS: Final = ("Thread._bootstrap", "threading.py")
_ATTRIBUTE: Final = "_name"
#: ``struct _PyStackChunk``: the piece before, size, top, then the frames; in the first, behind one word that is skipped
#: (``push_chunk`` in Python/pystate.c).
_FIRST_FRAME: Final = 32
_MOST_CHUNKS: Final = 1_000
#: References on the stack have tags in their lowest bits (since 3.14).
_TAG_BITS: Final = 7
#: ``tp_basicsize``; ``ht_cached_keys``, behind the end of ``PyTypeObject`` and the tables of a class's methods.
_BASIC_SIZE, _CACHED_KEYS = 32, 464
#: ``tp_flags``, and of these: values lie behind an object (since 3.13), and its dictionary is told before it.
_FLAGS, _INLINE_VALUES, _MANAGED_DICT = 168, 1 << 2, 1 << 4
#: Before an object: its dictionary, and before 3.12 also its values.
_DICT_BEFORE, _VALUES_BEFORE = 24, 32
#: ``PyDictObject``: its keys and, of one that shares them, its values.
_KEYS, _VALUES = 32, 40
#: ``struct _dictkeysobject``: the logarithm of the size of its index, its kind, how many entries it has; the index. Of
#: the kinds, those whose keys are all strings have entries of a key and a value.
_INDEX_BITS, _KIND, _ENTRIES, _INDEX, _OF_STRINGS, _ENTRY = 9, 10, 24, 32, (1, 2), 16
_MOST_ENTRIES: Final = 256


class ThreadNames:
    """The names of the threads of one process."""

    def __init__(self, memory: Memory, layout: Layout, codes: CodeCache) -> None:
        self._memory = memory
        self._layout = layout
        self._codes = codes

    def of(self, state: int) -> str | None:
        """The name of the thread of a thread state; None where it was not started by `threading`, or is not told."""
        try:
            thread = self._thread(state)
            value = None if thread is None else self._attribute(thread)
            return None if value is None else self._codes.string(value)
        except (ReadError, NotCodeError, struct.error):
            return None

    def _thread(self, state: int) -> int | None:
        """The address of its `threading.Thread`."""
        layout, word = self._layout, self._memory.word
        chunk = word(state + layout.thread_chunk)
        for _ in range(_MOST_CHUNKS):
            before = word(chunk)
            if not before:
                break
            chunk = before
        frame = chunk + _FIRST_FRAME
        code = word(frame + layout.frame_code) & ~_TAG_BITS
        if code not in self._codes.check({code}):
            return None
        begins = self._codes.function(code)
        if begins.name != _BEGINS[0] or not begins.file.endswith(_BEGINS[1]):
            return None
        return word(frame + layout.frame_locals) & ~_TAG_BITS

    def _attribute(self, thread: int) -> int | None:
        """The address of its name."""
        word = self._memory.word
        kind = word(thread + self._layout.object_type)
        flags = word(kind + _FLAGS)
        if not flags & _MANAGED_DICT:
            return None
        values = self._values(thread, kind, flags)
        if values is not None:
            return self._among(word(kind + self._layout.type_size + _CACHED_KEYS), values)
        found = word(thread - _DICT_BEFORE)
        if not found:
            return None
        values = word(found + _VALUES)
        return self._among(word(found + _KEYS), values + self._values_begin if values else None)

    @property
    def _values_begin(self) -> int:
        """Where the values are in ``struct _dictvalues``: since 3.13 it tells their number first."""
        return 8 if self._layout.version >= (3, 13, 0) else 0

    def _values(self, thread: int, kind: int, flags: int) -> int | None:
        """Where an object has its values; None of one that has a dictionary."""
        word, version = self._memory.word, self._layout.version
        if version >= (3, 13, 0):
            if not flags & _INLINE_VALUES:
                return None
            at = thread + word(kind + _BASIC_SIZE)
            _, _, _, valid = self._memory.read(at, 4)
            return at + self._values_begin if valid else None
        if version >= (3, 12, 0):
            tagged = word(thread - _DICT_BEFORE)
            return tagged + 1 if tagged & 1 else None
        return word(thread - _VALUES_BEFORE) or None

    def _among(self, keys: int, values: int | None) -> int | None:
        """The value of the name, among keys that are shared and values that are not, or among both together."""
        head = self._memory.read(keys, _INDEX)
        (count,) = struct.unpack_from("=q", head, _ENTRIES)
        if head[_KIND] not in _OF_STRINGS or not 0 < count <= _MOST_ENTRIES or head[_INDEX_BITS] > 16:
            return None
        entries = self._memory.read(keys + _INDEX + (1 << head[_INDEX_BITS]), _ENTRY * count)
        for at, (key, value) in enumerate(struct.iter_unpack("=QQ", entries)):
            if key and self._codes.string(key) == _ATTRIBUTE:
                found = value if values is None else self._memory.word(values + 8 * at)
                return found if found and self._are_alike(found, key) else None
        return None

    def _are_alike(self, one: int, other: int) -> bool:
        """Whether two objects are of one type: what is no string is no name."""
        at = self._layout.object_type
        return self._memory.word(one + at) == self._memory.word(other + at)
