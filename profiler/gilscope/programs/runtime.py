"""Finding the interpreter that runs in a process: which of the files mapped into it has `_PyRuntime`, and where that
is."""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

from gilscope.observers.proc import contents
from gilscope.programs.elf import ElfFile, NotElfError, Read
from gilscope.programs.layouts import COOKIE, HEAD_BYTES, Version, version_of
from gilscope.programs.maps import MappedFile, mapped_files, parsed
from gilscope.programs.memory import Memory, ReadError
from gilscope.programs.refusals import NotPythonError

__all__ = ["Runtime", "find_runtime"]

RUNTIME, VERSION = b"_PyRuntime", b"Py_Version"
#: Every CPython has it, ``_PyRuntime`` those since 3.7.
MAIN = b"Py_Main"
WANTED = frozenset({RUNTIME, VERSION, MAIN})
SECTION = b".PyRuntime"
#: Files of a process that are looked into.
MOST_FILES = 400


@dataclass(frozen=True)
class Runtime:
    """The interpreter of a process."""

    address: int
    path: str
    """Of the file that it is in, as the process sees it."""
    head: bytes
    """The first `HEAD_BYTES` of it."""
    version: Version | None
    """None where it does not tell: it is older than 3.11."""
    maps: str
    """What was mapped when it was found."""


def find_runtime(pid: int, memory: Memory) -> Runtime:
    """The interpreter of a process.

    :raises NotPythonError: when there is none
    :raises OSError: when the process is gone or its memory may not be read
    """
    maps = contents(f"/proc/{pid}/maps").decode(errors="replace")
    files = mapped_files(parsed(maps))
    for file in files[:MOST_FILES]:
        found = _runtime_in(pid, memory, file, maps)
        if found is not None:
            return found
    if other := next((file.path for file in files if "pypy" in file.path.rpartition("/")[2]), None):
        raise NotPythonError(f"process {pid} runs PyPy ({other}): only CPython's memory can be read")
    name = contents(f"/proc/{pid}/comm").decode(errors="replace").strip()
    raise NotPythonError(f"process {pid} ({name}) is no Python: no CPython is mapped into it")


def _runtime_in(pid: int, memory: Memory, file: MappedFile, maps: str) -> Runtime | None:
    try:
        symbols = _symbols(pid, memory, file)
        if RUNTIME not in symbols and MAIN in symbols:
            return Runtime(0, file.path, b"", None, maps)
        if RUNTIME not in symbols:
            return None
        address = symbols[RUNTIME]
        head = memory.read(address, HEAD_BYTES)
        told = struct.unpack("=Q", memory.read(symbols[VERSION], 8))[0] if VERSION in symbols else None
    except (NotElfError, ReadError):
        return None
    if not head.startswith(COOKIE) and told is None and not any(head):
        return None
    return Runtime(address, file.path, head, version_of(head, told), maps)


def _symbols(pid: int, memory: Memory, file: MappedFile) -> dict[bytes, int]:
    """Where in the process they are: by the file if it is to be had, else by what is loaded of it."""
    for read, close in _opened(pid, file):
        try:
            elf = ElfFile(read)
            bias = elf.bias(file.first.start, file.first.offset)
            if bias is None:
                return {}
            section = elf.section_address(SECTION)
            found = elf.symbols(WANTED)
            if section is not None:
                found[RUNTIME] = section
            return {name: address + bias for name, address in found.items()}
        finally:
            os.close(close)
    return _loaded_symbols(memory, file)


def _loaded_symbols(memory: Memory, file: MappedFile) -> dict[bytes, int]:
    elf = ElfFile(lambda offset, size: memory.read(file.first.start + offset, size))
    bias = elf.bias(file.first.start, file.first.offset)
    if bias is None:
        return {}
    found = elf.symbols_in_memory(bias, memory.read, WANTED)
    return {name: address + bias for name, address in found.items()}


def _opened(pid: int, file: MappedFile) -> Iterator[tuple[Read, int]]:
    """The file, if it can be opened and is still the one that is mapped, with its descriptor: through the root of the
    process, which may be a container's; as its executable, which may be deleted; or by the mapping itself, which takes
    a privilege."""
    first = file.first
    for path in (
        f"/proc/{pid}/root{file.path}",
        f"/proc/{pid}/exe",
        f"/proc/{pid}/map_files/{first.start:x}-{first.end:x}",
    ):
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        except OSError:
            continue
        if os.fstat(descriptor).st_ino == file.inode:
            yield partial(_read_file, descriptor), descriptor
            return
        os.close(descriptor)


def _read_file(descriptor: int, offset: int, size: int) -> bytes:
    return os.pread(descriptor, size, offset)
