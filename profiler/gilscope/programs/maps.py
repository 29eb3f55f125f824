"""What is mapped into a process: ``/proc/PID/maps`` (proc_pid_maps(5)). Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

__all__ = ["MappedFile", "Mapping", "mapped_files", "parsed"]

DELETED = " (deleted)"


@dataclass(frozen=True, slots=True)
class Mapping:
    """One range of addresses."""

    start: int
    end: int
    writable: bool
    offset: int
    """In the file."""
    inode: int
    path: str
    """Empty of memory of no file, and not a path where it is in brackets."""
    deleted: bool = False


@dataclass(frozen=True, slots=True)
class MappedFile:
    """A file, by its first mapping."""

    path: str
    inode: int
    first: Mapping
    deleted: bool


def parsed(text: str) -> Iterator[Mapping]:
    """The mappings, lowest first. Lines of another form are left out."""
    for line in text.split("\n"):
        fields = line.split(maxsplit=5)
        if len(fields) < 5 or "-" not in fields[0]:
            continue
        start, _, end = fields[0].partition("-")
        path = fields[5] if len(fields) == 6 else ""
        gone = path.endswith(DELETED)
        path = path[: -len(DELETED)] if gone else path
        yield Mapping(int(start, 16), int(end, 16), "w" in fields[1], int(fields[2], 16), int(fields[4]), path, gone)


def mapped_files(mappings: Iterable[Mapping]) -> list[MappedFile]:
    """The files among them, those that may be an interpreter first: a library of it, then programs that are called so,
    then all others, but for extension modules."""
    found: dict[tuple[str, int], MappedFile] = {}
    for mapping in mappings:
        if mapping.path.startswith("/") and mapping.inode:
            key = mapping.path, mapping.inode
            found.setdefault(key, MappedFile(mapping.path, mapping.inode, mapping, mapping.deleted))
    return sorted(found.values(), key=lambda file: _rank(file.path.rpartition("/")[2]))


def _rank(name: str) -> int:
    if name.startswith("libpython"):
        return 0
    if "cpython-" in name or ".abi3." in name or name.endswith((".mo", ".cache", "locale-archive")):
        return 3
    return 1 if "python" in name else 2
