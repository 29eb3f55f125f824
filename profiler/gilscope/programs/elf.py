"""The little that must be known of an ELF file: where it says that `_PyRuntime` and other symbols are, and how far from
there it was loaded (elf(5)). Pure: the file is read by a function that is given."""

from __future__ import annotations

import struct
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from typing import Final, NamedTuple

__all__ = ["ElfFile", "NotElfError"]

Read = Callable[[int, int], bytes]
"""So many bytes from an offset in the file on; fewer at its end."""

MAGIC: Final = b"\x7fELF\x02"  # of 64 bits
PT_LOAD, PT_DYNAMIC = 1, 2
DT_STRTAB, DT_SYMTAB, DT_STRSZ = 5, 6, 10
SHT_DYNSYM = 11
PAGE: Final = 4096
SECTION, SYMBOL = "IIQQQQIIQQ", "IBBHQQ"
SYMBOL_BYTES: Final = 24
#: Of sections and of symbols; the file may be anything.
MOST_SECTIONS, MOST_SYMBOLS, MOST_NAME_BYTES = 10_000, 1_000_000, 1 << 26


class NotElfError(ValueError):
    """The file is no ELF file of 64 bits, or is cut off."""


class _Section(NamedTuple):
    name: bytes
    kind: int
    address: int
    offset: int
    size: int
    link: int


@dataclass(frozen=True)
class _Segment:
    kind: int
    offset: int
    address: int
    size: int


class ElfFile:
    """One file.

    :raises NotElfError: when it is none
    """

    def __init__(self, read: Read) -> None:
        self._read = read
        head = read(0, 64)
        if len(head) < 64 or not head.startswith(MAGIC):
            raise NotElfError("no ELF file of 64 bits")
        self._order = {1: "<", 2: ">"}.get(head[5], "<")
        (self._segments_at, self._sections_at) = self._unpack("QQ", head, 32)
        (self._segment_bytes, self._segment_count) = self._unpack("HH", head, 54)
        (self._section_bytes, self._section_count, self._names_index) = self._unpack("HHH", head, 58)
        self.segments = list(self._read_segments())

    def _unpack(self, form: str, data: bytes, at: int = 0) -> tuple[int, ...]:
        try:
            return struct.unpack_from(self._order + form, data, at)
        except struct.error as error:
            raise NotElfError("the file is cut off") from error

    def _read_segments(self) -> Iterator[_Segment]:
        table = self._read(self._segments_at, self._segment_bytes * self._segment_count)
        for number in range(self._segment_count):
            kind, _, offset, address, _, size = self._unpack("IIQQQQ", table, number * self._segment_bytes)
            yield _Segment(kind, offset, address, size)

    def bias(self, start: int, offset: int) -> int | None:
        """How far from the addresses that the file gives it was loaded.

        :param start: where its first mapping begins
        :param offset: what is mapped there; None is returned where that is not the beginning of the program
        """
        loaded = [segment for segment in self.segments if segment.kind == PT_LOAD]
        first = min(loaded, key=lambda segment: segment.address, default=None)
        if first is None or first.offset & -PAGE != offset:
            return None
        return start - (first.address & -PAGE)

    def section_address(self, name: bytes) -> int | None:
        """The address of a section, as the file gives it; None where there is none (it may have been stripped)."""
        return next((section.address for section in self._sections() if section.name == name), None)

    def symbols(self, wanted: Collection[bytes]) -> dict[bytes, int]:
        """The addresses, as the file gives them, of those of these dynamic symbols that it defines."""
        sections = list(self._sections())
        for section in sections:
            if section.kind == SHT_DYNSYM and section.link < len(sections):
                names = sections[section.link]
                table = self._read(section.offset, min(section.size, MOST_SYMBOLS * SYMBOL_BYTES))
                return self._named(table, self._read(names.offset, names.size), wanted)
        return {}

    def symbols_in_memory(self, bias: int, read: Read, wanted: Collection[bytes]) -> dict[bytes, int]:
        """The same, by what is loaded of the program, for a file that is not to be had any more.

        :param read: reads its memory
        """
        dynamic = next((segment for segment in self.segments if segment.kind == PT_DYNAMIC), None)
        if dynamic is None:
            return {}
        table = read(dynamic.address + bias, min(dynamic.size, 1 << 16))
        told: dict[int, int] = dict(struct.iter_unpack(f"{self._order}qQ", table[: len(table) & -16]))
        # The loader of glibc writes where they are in memory over what the file gives, that of musl does not.
        at = {key: told.get(key, 0) + (bias if told.get(key, 0) < bias else 0) for key in (DT_SYMTAB, DT_STRTAB)}
        size = at[DT_STRTAB] - at[DT_SYMTAB]  # the names lie behind the symbols, whose number is told nowhere else
        if not 0 < size <= MOST_SYMBOLS * SYMBOL_BYTES:
            return {}
        names = read(at[DT_STRTAB], min(told.get(DT_STRSZ, 0), MOST_NAME_BYTES))
        return self._named(read(at[DT_SYMTAB], size - size % SYMBOL_BYTES), names, wanted)

    def _named(self, table: bytes, names: bytes, wanted: Collection[bytes]) -> dict[bytes, int]:
        found: dict[bytes, int] = {}
        places = {at for name in wanted if (at := names.find(b"\0" + name + b"\0") + 1)}
        for at in range(0, len(table) - SYMBOL_BYTES + 1, SYMBOL_BYTES):
            name_at, _, _, defined, address, _ = self._unpack(SYMBOL, table, at)
            if defined and name_at in places:
                found[_text(names, name_at)] = address
        return found

    def _sections(self) -> Iterator[_Section]:
        count = min(self._section_count, MOST_SECTIONS)
        table = self._read(self._sections_at, self._section_bytes * count)
        if len(table) < self._section_bytes * count or self._names_index >= count:
            return
        rows = [self._unpack(SECTION, table, number * self._section_bytes) for number in range(count)]
        names = self._read(rows[self._names_index][4], min(rows[self._names_index][5], MOST_NAME_BYTES))
        for name_at, kind, _, address, offset, size, link, *_ in rows:
            yield _Section(_text(names, name_at), kind, address, offset, size, link)


def _text(names: bytes, at: int) -> bytes:
    end = names.find(b"\0", at)
    return names[at:end] if 0 <= at < len(names) and end >= 0 else b""
