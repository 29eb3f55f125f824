"""What a report is to be drawn of: saved results, or recorded profiles, from files and from folders of them."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from gilscope.errors import LoadError, UsageError
from gilscope.production.files import SCHEMA, Loaded, Skipped, load_files, recorded_at, recorded_in
from gilscope.production.names import PATTERN
from gilscope.reading import read_bytes
from gilscope.records import ResultRecord
from gilscope.records.programs import ProgramRecord
from gilscope.records.pythons import PythonsRecord
from gilscope.report import format_for_path
from gilscope.report.saved import are_pythons, is_program, parsed, program_of, pythons_of, results_of

__all__ = ["Sources", "are_recorded", "gather", "gather_profiles"]


@dataclass(frozen=True)
class Sources:
    """Either sort."""

    results: tuple[ResultRecord, ...] = ()
    profiles: Loaded | None = None
    program: ProgramRecord | None = None
    """One that was watched."""
    pythons: PythonsRecord | None = None
    """A function under several."""
    skipped: tuple[Skipped, ...] = ()
    """Files that could not be read, of a folder or of those that processes write."""


def gather(paths: Sequence[str | Path]) -> Sources:
    """Read saved results, or read and merge recorded profiles. Of a folder: the profiles in it, or the results where it
    has none.

    :raises LoadError: when a result that was named cannot be read, or there is nothing to read
    :raises UsageError: when both sorts are given
    """
    files = [(file, path) for path in map(Path, paths) for file in _files(path)]
    recorded = [file for file, _ in files if _is_recorded(file)]
    if not recorded:
        return _results(files)
    if len(recorded) < len(files):
        other = next(file for file, _ in files if file not in recorded)
        raise UsageError(f"{str(other)!r} holds no recorded profiles, as {str(recorded[0])!r} does: report on one sort")
    return Sources(profiles=(loaded := _loaded(recorded)), skipped=loaded.skipped)


def gather_profiles(paths: Sequence[str | Path]) -> Loaded:
    """Read and merge recorded profiles alone.

    :raises LoadError: when there are none
    """
    found = gather(paths).profiles
    if found is None:
        raise LoadError(
            f"{str(paths[0])!r} holds saved results, not recorded profiles: give the folder of GILSCOPE_OUT"
        )
    return found


def are_recorded(path: str | Path) -> bool:
    """Whether a file, or a folder, holds recorded profiles rather than saved results."""
    place = Path(path)
    return bool(recorded_in(place)) if os.path.isdir(place) else _is_recorded(recorded_at(place))


def _files(path: Path) -> list[Path]:
    if not os.path.isdir(path):  # which minds no name, however long
        return [recorded_at(path)]
    saved = (file for file in path.glob("*.json") if format_for_path(file) == "json")  # and nothing for a viewer
    files = recorded_in(path) or sorted(saved)
    if not files:
        raise LoadError(
            f"cannot load {str(path)!r}: it holds neither recorded profiles ({PATTERN}) nor saved results (*.json)"
        )
    return files


def _is_recorded(file: Path) -> bool:
    """By its name, which a damaged file has too, or by what it says of itself."""
    if file.match(PATTERN):
        return True
    try:
        # A pipe can be read only once.
        return os.path.isfile(file) and msgspec.json.decode(read_bytes(file), type=_Head).schema == SCHEMA
    except (OSError, ValueError, msgspec.DecodeError, RecursionError):  # whoever reads it tells what is the matter
        return False


class _Head(msgspec.Struct):
    schema: str


def _loaded(files: list[Path]) -> Loaded:
    loaded = load_files({os.path.realpath(file): file for file in files}.values())
    if not loaded.processes:
        raise _none(loaded.skipped[0])
    return loaded


def _results(files: list[tuple[Path, Path]]) -> Sources:
    results: list[ResultRecord] = []
    skipped: list[Skipped] = []
    for file, given in files:
        try:
            found = parsed(file)
            if is_program(found) and len(files) == 1:
                return Sources(program=program_of(file, found, ProgramRecord))
            if are_pythons(found) and len(files) == 1:
                return Sources(pythons=pythons_of(file, found, PythonsRecord))
            results += results_of(file, found, ResultRecord)
        except LoadError as error:
            if file == given:
                raise
            skipped.append(Skipped(path=str(file), reason=str(error).removeprefix(f"cannot load {str(file)!r}: ")))
    if not results:
        raise _none(skipped[0])
    return Sources(results=tuple(results), skipped=tuple(skipped))


def _none(first: Skipped) -> LoadError:
    return LoadError(f"cannot load {first.path!r}: {first.reason}; no file could be read")
