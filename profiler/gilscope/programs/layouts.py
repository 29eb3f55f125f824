"""Where an interpreter keeps what is read of it, by version.

Since 3.13 it says so itself: ``struct _Py_DebugOffsets`` is the first thing in ``_PyRuntime`` (Include/internal/
pycore_debug_offsets.h, before 3.14 in pycore_runtime.h). Its fields differ by minor version and stay within one. 3.11
and 3.12 do not, and their layouts no longer change: they are written down here, as the compiler tells them of the
headers in Include/internal on machines of 64 bits. Whether a layout is right is checked where it is used
(`gilscope.programs.interpreters`), for no table knows every build. Pure.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Final

__all__ = ["COOKIE", "HEAD_BYTES", "OLDEST", "Layout", "Version", "is_free_threaded", "layout_of", "version_of"]

Version = tuple[int, int, int]

COOKIE: Final = b"xdebugpy"
#: Enough of ``_PyRuntime`` for every version's offsets.
HEAD_BYTES: Final = 8 * 120
#: The oldest version whose threads and frames are laid out as they are read here.
OLDEST: Final = (3, 11)
#: Of the fixed part of a frame, in every version so far, at least and at most.
FRAME_BYTES: Final = (72, 104)


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """Offsets in bytes, from the beginning of what the first word of each name says."""

    version: Version
    runtime_interpreters: int
    runtime_gil: int | None = None
    """Of 3.11, where all interpreters have one GIL, which lies in ``_PyRuntime``."""
    interpreter_id: int
    interpreter_next: int
    interpreter_threads: int
    interpreter_gil: int = 0
    """Of the pointer to its GIL."""
    gil_enabled: int | None = None
    """Of a build that can do without a GIL: of the number in the GIL that is not 0 while it is in use."""
    gil_locked: int = 16
    """Behind the switch interval and the holder, and before the switch number (`gilscope.observers.gil.GilLayout`)."""
    thread_next: int
    thread_interpreter: int
    thread_frame: int
    """Of the innermost frame; of 3.11 and 3.12, of a structure on the C stack that points to it."""
    thread_number: int
    """The kernel's number of the thread, as the process itself sees it."""
    thread_chunk: int
    """The piece of memory in which its innermost frames are; behind it, how far that is in use."""
    thread_contexts: int
    """How often it has entered or left a context (``context_ver``), as event loops do for each callback."""
    cframe_frame: int | None = None
    frame_size: int
    frame_previous: int
    frame_code: int
    frame_instruction: int
    frame_owner: int
    frame_locals: int
    code_names: int
    """Of the tuple with the names of its local variables, in their order."""
    tuple_items: int = 24
    code_file: int
    code_name: int
    code_linetable: int
    code_first_line: int
    code_instructions: int
    code_copies: int | None = None
    """Of a build that can do without a GIL, since 3.14: of the pointer to the copies of its instructions, of which
    each thread executes one (``co_tlbc``)."""
    object_type: int = 8
    type_name: int = 24
    type_size: int
    """Of ``PyTypeObject``, which a class begins with."""
    string_length: int = 16
    string_state: int = 32
    string_kind_shift: int = 2
    """In bits: how wide the state of interning before it is."""
    string_ascii_data: int
    string_data: int
    bytes_size: int = 16
    bytes_data: int = 32

    @property
    def gil_interval(self) -> int:
        """Of the switch interval, in microseconds (``interval`` in ``struct _gil_runtime_state``)."""
        return self.gil_locked - 16

    @property
    def object_size(self) -> int:
        """Of what every object has, in bytes: its type is the last of it, and a length or a value follows."""
        return self.object_type + 8

    @property
    def thread_suspended(self) -> int | None:
        """Of a build that can do without a GIL: of the word that a thread parks on while the world is stopped
        (``state`` in ``struct _ts``, Include/cpython/pystate.h; ``tstate_wait_attach`` in Python/pystate.c)."""
        return None if self.gil_enabled is None else _SUSPENDED.get(self.version[:2])

    @property
    def parks(self) -> bool:
        """Whether threads that wait for a lock of Python's park on a semaphore on their own stacks, with the lock's
        address before it (``struct wait_entry`` in Python/parking_lot.c): since 3.13."""
        return self.version >= (3, 13, 0)


_SUSPENDED: Final = {(3, 13): 40, (3, 14): 44, (3, 15): 48}

_TABLES: Final[dict[tuple[int, int], Layout]] = {
    (3, 11): Layout(
        version=(3, 11, 0),
        runtime_interpreters=40,
        runtime_gil=360,
        interpreter_id=48,
        interpreter_next=0,
        interpreter_threads=16,
        thread_next=8,
        thread_interpreter=16,
        thread_frame=56,
        thread_number=160,
        thread_chunk=296,
        thread_contexts=232,
        cframe_frame=8,
        frame_size=80,
        frame_previous=48,
        frame_code=32,
        frame_instruction=56,
        frame_owner=69,
        frame_locals=72,
        code_names=96,
        code_file=112,
        code_name=128,
        code_linetable=136,
        code_first_line=72,
        code_instructions=184,
        type_size=408,
        string_ascii_data=48,
        string_data=72,
    ),
    (3, 12): Layout(
        version=(3, 12, 0),
        runtime_interpreters=40,
        interpreter_id=8,
        interpreter_next=0,
        interpreter_threads=72,
        interpreter_gil=384,
        thread_next=8,
        thread_interpreter=16,
        thread_frame=56,
        thread_number=144,
        thread_chunk=232,
        thread_contexts=216,
        cframe_frame=0,
        frame_size=80,
        frame_previous=8,
        frame_code=0,
        frame_instruction=56,
        frame_owner=70,
        frame_locals=72,
        code_names=96,
        code_file=112,
        code_name=128,
        code_linetable=136,
        code_first_line=68,
        code_instructions=192,
        type_size=416,
        string_ascii_data=40,
        string_data=56,
    ),
}

#: The fields behind cookie, version and free_threaded, structure by structure, as far as they are needed.
_RUNTIME = "runtime.size runtime.finalizing runtime.interpreters"
_INTERPRETER = "interpreter.size interpreter.id interpreter.next interpreter.threads {main}interpreter.gc "
_INTERPRETER += "interpreter.modules interpreter.sysdict interpreter.builtins interpreter.gil interpreter.own_gil "
_INTERPRETER += "gil.enabled gil.locked gil.holder {generations}"
_THREAD = "thread.size thread.prev thread.next thread.interpreter thread.frame {profiled}thread.id thread.number "
_THREAD += "thread.chunk thread.status {gil}"
_FRAME = "frame.size frame.previous frame.code frame.instruction frame.locals frame.owner {stackpointer}"
_CODE = (
    "code.size code.file code.plain_name code.name code.linetable code.first_line code.argcount code.names code.kinds "
)
_CODE += "code.instructions {tlbc}"
_OBJECTS = (
    "object.size object.type type.size type.name type.repr type.flags {heap_types}tuple.size tuple.item tuple.length "
)
_OBJECTS += (
    "list.size list.item list.length {set}dict.size dict.keys dict.values float.size float.value long.size long.tag "
)
_OBJECTS += "long.digit bytes.size bytes.length bytes.data string.size string.state string.length string.ascii"
_FIELDS: Final = " ".join((_RUNTIME, _INTERPRETER, _THREAD, _FRAME, _CODE, _OBJECTS))
_ADDED_BY_3_14: Final = {
    "main": "interpreter.main_thread ",
    "generations": "interpreter.code_generation interpreter.tlbc_generation",
    "profiled": "",
    "gil": "",
    "stackpointer": "frame.stackpointer frame.tlbc",
    "tlbc": "code.tlbc ",
    "heap_types": "",
    "set": "set.size set.used set.table set.mask ",
}
_ADDED: Final[dict[tuple[int, int], dict[str, str]]] = {
    (3, 13): dict.fromkeys(_ADDED_BY_3_14, ""),
    (3, 14): _ADDED_BY_3_14,
    (3, 15): {
        **_ADDED_BY_3_14,
        "profiled": "thread.base_frame thread.profiled_frame thread.profiled_frame_number ",
        "gil": "thread.holds_gil thread.gil_requested thread.exception thread.exception_state exception.value",
        "heap_types": "type.basicsize type.dictoffset heap_type.size heap_type.keys ",
    },
}


def version_of(head: bytes, told: int | None) -> Version | None:
    """The version of an interpreter; None where neither tells it.

    :param head: the beginning of its ``_PyRuntime``
    :param told: its ``Py_Version``, where that was found
    """
    number = struct.unpack_from("=Q", head, 8)[0] if head.startswith(COOKIE) else told
    return None if number is None else (number >> 24 & 0xFF, number >> 16 & 0xFF, number >> 8 & 0xFF)


def is_free_threaded(head: bytes) -> bool:
    """Whether an interpreter is one of those that can do without a GIL."""
    return head.startswith(COOKIE) and struct.unpack_from("=Q", head, 16)[0] == 1


def layout_of(version: Version, head: bytes) -> Layout | None:
    """The layout of an interpreter of this version; None where it is not known.

    :param head: the beginning of its ``_PyRuntime``
    """
    if head.startswith(COOKIE):
        added = _ADDED.get(version[:2])
        return None if added is None else _by_offsets(version, head, _FIELDS.format(**added).split())
    return _TABLES.get(version[:2])


def _by_offsets(version: Version, head: bytes, names: list[str]) -> Layout | None:
    if len(head) < 24 + 8 * len(names):
        return None
    at = dict(zip(names, struct.unpack_from(f"={len(names)}Q", head, 24), strict=True))
    if not _agrees(at):
        return None
    own_gil = at["interpreter.own_gil"]
    return Layout(
        version=version,
        runtime_interpreters=at["runtime.interpreters"],
        interpreter_id=at["interpreter.id"],
        interpreter_next=at["interpreter.next"],
        interpreter_threads=at["interpreter.threads"],
        interpreter_gil=at["interpreter.gil"],
        gil_enabled=at["gil.enabled"] if is_free_threaded(head) else None,
        gil_locked=at["gil.locked"] - own_gil,
        thread_next=at["thread.next"],
        thread_interpreter=at["thread.interpreter"],
        thread_frame=at["thread.frame"],
        thread_number=at["thread.number"],
        thread_chunk=at["thread.chunk"],
        thread_contexts=at["thread.chunk"] - 16,  # before the chunk, and a number of its own
        frame_size=at["frame.size"],
        frame_previous=at["frame.previous"],
        frame_code=at["frame.code"],
        frame_instruction=at["frame.instruction"],
        frame_owner=at["frame.owner"],
        frame_locals=at["frame.locals"],
        code_names=at["code.names"],
        tuple_items=at["tuple.item"],
        code_file=at["code.file"],
        code_name=at["code.name"],
        code_linetable=at["code.linetable"],
        code_first_line=at["code.first_line"],
        code_instructions=at["code.instructions"],
        code_copies=at.get("code.tlbc") or None,
        object_type=at["object.type"],
        type_name=at["type.name"],
        type_size=at["type.size"],
        string_length=at["string.length"],
        string_state=at["string.state"],
        # Since 3.14, builds without a GIL have a byte of its own for it (``struct _PyUnicodeObject_state``).
        string_kind_shift=8 if is_free_threaded(head) and version >= (3, 14) else 2,
        string_ascii_data=at["string.ascii"],
        string_data=at["string.size"] - 8,
        bytes_size=at["bytes.length"],
        bytes_data=at["bytes.data"],
    )


def _agrees(at: dict[str, int]) -> bool:
    """Whether the fields are where they are taken to be: what has a length has it behind what every object has, and
    frames are as they are read."""
    lengths = {at["tuple.length"], at["list.length"], at["bytes.length"], at["string.length"]}
    in_order = at["frame.code"] < at["frame.previous"] < at["frame.instruction"] < at["frame.owner"] < at["frame.size"]
    before = at["gil.locked"] - at["gil.holder"] == 8
    return (
        before and in_order and lengths == {at["object.size"]} and FRAME_BYTES[0] <= at["frame.size"] <= FRAME_BYTES[1]
    )
