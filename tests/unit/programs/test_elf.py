"""What is read of ELF files, and of what is mapped."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gilscope.programs.elf import ElfFile, NotElfError
from gilscope.programs.maps import mapped_files, parsed

MAPS = """\
55d0c8a00000-55d0c8a01000 r--p 00000000 fe:00 1001                       /usr/bin/python3.13
55d0c8a01000-55d0c8a02000 r-xp 00001000 fe:00 1001                       /usr/bin/python3.13
7f10a0000000-7f10a0400000 rw-p 00000000 00:00 0
7f10a1000000-7f10a1100000 r--p 00000000 fe:00 1005                       /usr/lib/libssl.so.3
7f10a1200000-7f10a1300000 r--p 00000000 fe:00 1006                       /srv/my app/_x.cpython-313-x86_64-linux-gnu.so
7f10a2000000-7f10a2100000 r--p 00000000 fe:00 1007                       /srv/my app/libpython3.13.so.1.0 (deleted)
7f10a2100000-7f10a2600000 rw-p 00100000 fe:00 1007                       /srv/my app/libpython3.13.so.1.0 (deleted)
7ffd1d400000-7ffd1d421000 rw-p 00000000 00:00 0                          [stack]
"""
LOAD, DYNAMIC, STRINGS, SYMBOLS = 1, 2, 3, 11
BASE, RUNTIME_AT, VERSION_AT = 0x400000, 0x45_6780, 0x45_7000


def segment(kind: int, offset: int, address: int, size: int) -> bytes:
    return struct.pack("<IIQQQQQQ", kind, 6, offset, address, address, size, size, 4096)


def elf(*, sections: bool = True, runtime_section: bool = True) -> bytes:
    """A file with ``_PyRuntime`` and ``Py_Version`` among its dynamic symbols, and an undefined one."""
    names = b"\0_PyRuntime\0Py_Version\0_PyRuntimeState_Init\0"
    symbols = b"".join(
        struct.pack("<IBBHQQ", names.index(b"\0" + name + b"\0") + 1, 0x11, 0, defined, address, 8)
        for name, defined, address in (
            (b"_PyRuntimeState_Init", 1, 0x1),
            (b"_PyRuntime", 7, RUNTIME_AT),
            (b"Py_Version", 8, VERSION_AT),
        )
    )
    titles = b"\0.dynsym\0.dynstr\0.PyRuntime\0.shstrtab\0"
    symbols_at, names_at = 0x200, 0x200 + len(symbols)
    dynamic_at = names_at + len(names) + 7 & -8
    told = ((6, BASE + symbols_at), (5, BASE + names_at), (10, len(names)))
    dynamic = b"".join(struct.pack("<qQ", *pair) for pair in told)
    titles_at = dynamic_at + len(dynamic)
    sections_at = titles_at + len(titles) + 7 & -8
    rows = [
        (0, 0, 0, 0, 0, 0),
        (titles.index(b".dynsym"), SYMBOLS, BASE + symbols_at, symbols_at, len(symbols), 2),
        (titles.index(b".dynstr"), STRINGS, BASE + names_at, names_at, len(names), 0),
        (titles.index(b".shstrtab"), STRINGS, 0, titles_at, len(titles), 0),
        *([(titles.index(b".PyRuntime"), 1, RUNTIME_AT, 0x1000, 64, 0)] if runtime_section else []),
    ]
    rows = rows if sections else []
    table = b"".join(struct.pack("<IIQQQQIIQQ", a, b, 0, c, d, e, f, 0, 8, 24) for a, b, c, d, e, f in rows)
    head = b"\x7fELF\x02\x01\x01" + bytes(9) + struct.pack("<HHIQQQ", 3, 62, 1, 0, 64, sections_at if rows else 0)
    head += struct.pack("<IHHHHHH", 0, 64, 56, 3, 64, len(rows), 3)
    segments = segment(DYNAMIC, dynamic_at, BASE + dynamic_at, len(dynamic)) + segment(LOAD, 0, BASE, 0x300)
    whole = bytearray(0x800)
    for at, part in (
        (0, head),
        (64, segments + segment(LOAD, 0x1DC8, BASE + 0x2DC8, 0x100)),
        (symbols_at, symbols),
        (names_at, names),
        (dynamic_at, dynamic),
        (titles_at, titles),
        (sections_at, table),
    ):
        whole[at : at + len(part)] = part
    return bytes(whole)


def opened(file: bytes) -> ElfFile:
    return ElfFile(lambda offset, size: file[offset : offset + size])


def test_the_interpreter_is_found_by_its_section_and_by_its_symbols() -> None:
    file = opened(elf())
    assert file.section_address(b".PyRuntime") == RUNTIME_AT
    wanted = {b"_PyRuntime", b"Py_Version", b"missing"}
    assert file.symbols(wanted) == {b"_PyRuntime": RUNTIME_AT, b"Py_Version": VERSION_AT}
    assert opened(elf(runtime_section=False)).section_address(b".PyRuntime") is None


def test_without_sections_what_is_loaded_tells_the_symbols() -> None:
    """As of a file that is deleted; wherever it was loaded, and whether or not the loader has written down where."""
    file, bias = elf(sections=False), 0x7F00_0000_0000
    assert opened(file).symbols({b"_PyRuntime"}) == {}
    for at in (0, bias):
        loaded = opened(file).symbols_in_memory(at, lambda a, n, at=at: file[a - at - BASE :][:n], {b"_PyRuntime"})  # type: ignore[misc]
        assert loaded == {b"_PyRuntime": RUNTIME_AT}


def test_how_far_it_was_moved_follows_from_its_first_mapping() -> None:
    assert opened(elf()).bias(0x55D0C8A00000, 0) == 0x55D0C8A00000 - BASE
    assert opened(elf()).bias(0x55D0C8A01000, 0x1000) is None


@pytest.mark.parametrize("file", [b"", b"#!/bin/sh\n", b"\x7fELF\x01" + bytes(100), elf()[:70], elf()[:63]])
def test_what_is_no_program_is_refused(file: bytes) -> None:
    with pytest.raises(NotElfError):
        opened(file)


@given(st.integers(0, 0x300), st.binary(min_size=1, max_size=16))
def test_a_damaged_file_is_refused_or_read_and_never_breaks_anything(at: int, damage: bytes) -> None:
    file = bytearray(elf())
    file[at : at + len(damage)] = damage
    try:
        damaged = opened(bytes(file))
        damaged.section_address(b".PyRuntime")
        damaged.symbols({b"_PyRuntime"})
        damaged.symbols_in_memory(0, lambda address, size: bytes(file[address - BASE :][:size]), {b"_PyRuntime"})
    except NotElfError:
        return


def test_files_are_looked_into_in_the_order_in_which_they_may_be_the_interpreter() -> None:
    files = mapped_files(parsed(MAPS))
    assert [(file.path, file.deleted) for file in files] == [
        ("/srv/my app/libpython3.13.so.1.0", True),
        ("/usr/bin/python3.13", False),
        ("/usr/lib/libssl.so.3", False),
        ("/srv/my app/_x.cpython-313-x86_64-linux-gnu.so", False),
    ]
    assert files[0].first.start == 0x7F10A2000000
    assert [mapping.path for mapping in parsed(MAPS)][-1] == "[stack]"
    assert list(parsed("nothing like it\n")) == []
