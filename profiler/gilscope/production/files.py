"""Files of profiles: one for each process, whole at every moment, read back and merged."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from gilscope.errors import LoadError
from gilscope.production.delays import Delays, added_delays
from gilscope.production.nesting import nested
from gilscope.production.profile import Profile
from gilscope.production.record import merged
from gilscope.production.replacing import replace_file
from gilscope.production.sketch import BUCKETS
from gilscope.reading import MOST, is_measurable, read_bytes
from gilscope.records import Record

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["PATTERN", "SCHEMA", "Loaded", "ProfileFile", "Skipped", "load_files", "load_profiles", "write_profiles"]

SCHEMA: Final = "gilscope.profiles/1"
#: The names of the files.
PATTERN: Final = "gilscope-*.profiles.json"


class ProfileFile(Record, frozen=True, kw_only=True):
    """What one process has seen."""

    schema: str = SCHEMA
    host: str
    pid: int
    python: str
    started: float
    """When recording began, in seconds since 1970; ``written``: when the file was."""
    written: float
    profiles: tuple[Profile, ...] = ()
    loop_lag: Delays | None = None
    """How late callbacks ran on its event loops; None where nobody listened (`gilscope.observe`)."""


class Skipped(Record, frozen=True, kw_only=True):
    """A file that could not be read."""

    path: str
    reason: str


class Loaded(Record, frozen=True, kw_only=True):
    """What a folder holds: one profile for each function, the most wall clock first."""

    profiles: tuple[Profile, ...]
    processes: int
    skipped: tuple[Skipped, ...] = ()
    loop_lag: Delays | None = None
    """How late callbacks ran on the event loops of all processes together."""


def write_profiles(path: str | Path, file: ProfileFile) -> None:
    """Replace the file in one step.

    :raises OSError: when it cannot be written
    """
    place = Path(path)
    place.parent.mkdir(parents=True, exist_ok=True)
    replace_file(place, msgspec.json.encode(file))


def load_profiles(folder: str | Path) -> Loaded:
    """Read and merge what processes have written to ``folder``; files that cannot be read are named and left out.

    :raises LoadError: when there is no such folder, or no file of profiles in it
    """
    place = Path(folder)
    if not os.path.isdir(place):  # which minds no name, however long
        raise LoadError(f"cannot load {str(folder)!r}: it is no folder; give the one that GILSCOPE_OUT named")
    paths = sorted(place.glob(PATTERN))
    if not paths:
        raise LoadError(f"cannot load {str(folder)!r}: no process has written profiles to it (none match {PATTERN})")
    return load_files(paths)


def load_files(paths: Iterable[Path]) -> Loaded:
    """Read and merge files of profiles, each of one process; those that cannot be read are named and left out."""
    read = [_read(path) for path in paths]
    files = [each for each in read if isinstance(each, ProfileFile)]
    return Loaded(
        profiles=tuple(nested(merged(profile for file in files for profile in file.profiles))),
        processes=len(files),
        skipped=tuple(each for each in read if isinstance(each, Skipped)),
        loop_lag=added_delays(file.loop_lag for file in files),
    )


def _read(path: Path) -> ProfileFile | Skipped:
    try:
        data = read_bytes(path)
        measurable, file = is_measurable(msgspec.json.decode(data)), msgspec.json.decode(data, type=ProfileFile)
    except OSError as error:
        return Skipped(path=str(path), reason=error.strerror or str(error))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:  # a ValidationError is a DecodeError
        return Skipped(path=str(path), reason=f"it is half-written, damaged or something else ({error})")
    if file.schema != SCHEMA:
        return Skipped(path=str(path), reason=f"its schema is {file.schema!r}, not {SCHEMA!r}")
    if not measurable:
        return Skipped(path=str(path), reason=f"a figure in it is none that anybody counted: it is beyond {MOST:g}")
    if not all(0 <= index < BUCKETS and count > 0 for each in file.profiles for index, count in each.durations.items()):
        return Skipped(path=str(path), reason="it is damaged: it counts durations that no process does")
    return file
