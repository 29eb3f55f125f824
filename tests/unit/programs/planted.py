"""Memory made by hand: what an interpreter keeps, where its layout says."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import cast

from gilscope.observers.process_files import ProcessFiles
from gilscope.programs.layouts import Layout
from gilscope.programs.memory import Memory, ReadError

__all__ = ["Planted", "heads"]

CODE_TYPE, CODE_TYPE_NAME = 0x5000, 0x5800

#: What interpreters on x86-64 wrote behind the cookie.
_HEADS = {
    "3.13.0": (
        "51183856 0 283320 608 632 194968 7272 7264 7344 7400 7656 7640 7648 16 7752 0 7768 7760 304 0 8 16 "
        "72 152 160 232 32 80 8 0 56 72 70 208 112 120 128 136 68 52 96 104 200 16 8 416 24 88 168 32 24 16 "
        "40 24 16 48 32 40 24 16 32 16 24 40 16 32 64 32 16 40 240 200"
    ),
    "3.14.10": (
        "51251952 0 316616 784 808 225864 7280 7272 7344 7360 7408 7688 7672 7680 16 7784 0 7800 7792 7992 0 "
        "832 0 8 16 72 152 160 232 32 88 8 0 56 80 74 64 0 216 112 120 128 136 68 52 96 104 208 0 16 8 416 24 "
        "88 168 40 32 16 40 24 16 200 24 40 32 48 32 40 24 16 32 16 24 40 16 32 64 32 16 40 264 192"
    ),
    "3.15.2": (
        "51315440 0 346568 912 936 226240 7272 7264 7336 7352 7400 7592 7576 7584 16 7736 0 7752 7744 7944 0 "
        "888 0 8 16 72 80 88 96 176 184 256 32 36 40 136 288 0 88 8 0 56 80 74 64 0 216 112 120 128 136 68 52 "
        "96 104 208 0 16 8 424 24 88 168 32 288 944 888 40 32 16 40 24 16 200 24 40 32 48 32 40 24 16 32 16 "
        "24 40 16 32 64 32 16 40 56 176"
    ),
    # Of builds that can do without a GIL, as the compiler tells them of the headers with Py_GIL_DISABLED.
    "3.13.0t": (
        "51183856 1 328256 608 632 215616 7272 7264 7344 7400 7664 7648 7656 16 7760 0 7784 7776 304 0 8 16 "
        "72 152 160 232 32 80 8 0 56 72 70 224 128 136 144 152 84 68 112 120 216 32 24 432 40 104 184 48 40 "
        "32 56 40 32 64 48 56 40 32 48 32 40 56 32 48 80 48 32 56 248 200"
    ),
    "3.14.10t": (
        "51251952 1 365624 784 808 249976 7280 7272 7344 7360 7408 7712 7696 7704 16 7808 0 7832 7824 8024 "
        "17300 832 0 8 16 72 152 160 232 32 88 8 0 56 80 78 64 72 240 128 136 144 152 84 68 112 120 232 224 "
        "32 24 432 40 104 184 56 48 32 56 40 32 216 40 56 48 64 48 56 40 32 48 32 40 56 32 48 80 48 32 56 288 "
        "192 176 40"
    ),
    "3.15.2t": (
        "51315440 1 409296 912 936 250328 7272 7264 7336 7352 7400 7592 7576 7584 16 7736 0 7760 7752 7952 "
        "17252 888 0 8 16 72 80 88 96 176 184 256 32 36 40 136 288 0 88 8 0 56 80 78 64 72 240 128 136 144 "
        "152 84 68 112 120 232 224 32 24 440 40 104 184 48 304 968 904 56 48 32 56 40 32 216 40 56 48 64 48 "
        "56 40 32 48 32 40 56 32 48 80 48 32 56 72 176 112 120"
    ),
}


def heads() -> dict[str, bytes]:
    """The beginning of ``_PyRuntime`` of some versions."""
    return {version: _head([int(word) for word in words.split()]) for version, words in _HEADS.items()}


def _head(words: Sequence[int]) -> bytes:
    return (b"xdebugpy" + struct.pack(f"={len(words)}Q", *words)).ljust(960, b"\0")


class Planted(Memory):
    """The memory of a process that is not there."""

    def __init__(self, layout: Layout) -> None:
        self.pid = 1
        self.files = cast("ProcessFiles", self)
        self.layout = layout
        self.regions: dict[int, bytearray] = {}
        self._next = 0x100000
        self.put(CODE_TYPE, {layout.type_name: CODE_TYPE_NAME}, 512)
        self.regions[CODE_TYPE_NAME] = bytearray(b"code\0")

    def read(self, address: int, size: int) -> bytes:
        for start, region in self.regions.items():
            if start <= address and address + size <= start + len(region):
                return bytes(region[address - start : address - start + size])
        raise ReadError(f"nothing is planted at {address:#x}")

    def read_many(self, ranges: Sequence[tuple[int, int]]) -> list[bytes | None]:
        return [self._read_or_none(*wanted) for wanted in ranges]

    def put(self, at: int, words: dict[int, int], size: int) -> int:
        """A structure at an address: its words by their offsets."""
        region = self.regions[at] = bytearray(size)
        for offset, word in words.items():
            struct.pack_into("=Q", region, offset, word)
        return at

    def place(self) -> int:
        """Where nothing is yet."""
        self._next += 0x100000
        return self._next

    def text(self, told: str, at: int | None = None) -> int:
        """A string."""
        widest = max(map(ord, told), default=0)
        kind = 1 if widest < 256 else 2 if widest < 65536 else 4
        encoded = told.encode({1: "latin-1", 2: "utf-16-le", 4: "utf-32-le"}[kind])
        begins = self.layout.string_ascii_data if widest < 128 else self.layout.string_data
        at = self.place() if at is None else at
        self.put(at, {self.layout.string_length: len(told)}, begins + len(encoded) + 128)
        state = (kind | 1 << 3 | (widest < 128) << 4) << self.layout.string_kind_shift
        struct.pack_into("=I", self.regions[at], self.layout.string_state, state)
        self.regions[at][begins : begins + len(encoded)] = encoded
        return at

    def code(
        self,
        name: str,
        *,
        line: int = 10,
        at: int | None = None,
        number: int = 7,
        name_at: int | None = None,
        file: str = "/srv/app.py",
    ) -> int:
        """A code object of 100 code units on one line."""
        layout = self.layout
        table = self.put(self.place(), {layout.bytes_size: 13}, layout.bytes_data + 64)
        # 13 entries of 8 code units, none of which changes the line or tells columns
        self.regions[table][layout.bytes_data : layout.bytes_data + 13] = bytes([0x80 | 13 << 3 | 7, 0] * 6 + [0x80])
        at = self.place() if at is None else at
        words = {
            layout.object_type: CODE_TYPE,
            layout.object_size: 100,
            layout.code_name: self.text(name, name_at),
            layout.code_file: self.text(file),
            layout.code_linetable: table,
        }
        self.put(at, words, layout.code_instructions + 400)
        struct.pack_into("=i", self.regions[at], layout.code_first_line, line)
        struct.pack_into("=I", self.regions[at], 92 + layout.object_type - 8, number)
        return at

    def frame(self, chunk: int, offset: int, code: int, previous: int, *, owner: int = 0, instruction: int = 3) -> int:
        """A frame in a chunk."""
        layout = self.layout
        pointed = code + layout.code_instructions + 2 * instruction
        for at, word in (
            (layout.frame_code, code),
            (layout.frame_previous, previous),
            (layout.frame_instruction, pointed),
        ):
            struct.pack_into("=Q", self.regions[chunk], offset + at, word)
        self.regions[chunk][offset + layout.frame_owner] = owner
        return chunk + offset

    def thread(self, chunk: int, top: int, frame: int) -> int:
        """A thread state whose innermost frame this is."""
        layout, state = self.layout, self.place()
        pointed = frame
        if layout.cframe_frame is not None:
            pointed = self.put(self.place(), {layout.cframe_frame: frame}, 64)
        words = {layout.thread_frame: pointed, layout.thread_chunk: chunk, layout.thread_chunk + 8: chunk + top}
        return self.put(state, words, layout.thread_chunk + 16)

    def interpreter(self, number: int, threads: Sequence[tuple[int, int]], following: int, gil: int) -> int:
        """An interpreter with these threads, each with its number, and what follows it in the list."""
        layout = self.layout
        largest = max(
            layout.interpreter_id, layout.interpreter_next, layout.interpreter_threads, layout.interpreter_gil
        )
        words = {
            layout.interpreter_id: number,
            layout.interpreter_next: following,
            layout.interpreter_threads: threads[0][0] if threads else 0,
        }
        at = self.put(self.place(), words, largest + 8)
        if layout.runtime_gil is None:
            struct.pack_into("=Q", self.regions[at], layout.interpreter_gil, gil)
        for (state, tid), (later, _) in zip(threads, [*threads[1:], (0, 0)], strict=False):
            for offset, word in (
                (layout.thread_next, later),
                (layout.thread_interpreter, at),
                (layout.thread_number, tid),
            ):
                struct.pack_into("=Q", self.regions[state], offset, word)
        return at

    def gil(
        self, holder: int, locked: int, switches: int, at: int | None = None, enabled: int = 1, interval: int = 5_000
    ) -> int:
        """A GIL.

        :param enabled: of a build that can do without one
        :param interval: after which it is given up, in microseconds
        """
        place = self.place() if at is None else at
        region = bytearray(self.layout.gil_locked + 24)
        struct.pack_into("=QQi4xQ", region, self.layout.gil_locked - 16, interval, holder, locked, switches)
        if self.layout.gil_enabled is not None:
            struct.pack_into("=i", region, self.layout.gil_enabled, enabled)
        self.regions[place] = region
        return place
