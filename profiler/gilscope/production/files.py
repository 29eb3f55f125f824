"""Files of profiles: one for each process, whole at every moment, read back and merged."""

from __future__ import annotations

import os
from contextlib import ExitStack
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

import msgspec

from gilscope.errors import LoadError
from gilscope.production.delays import Delays, added_delays
from gilscope.production.journal_entries import Journaled, journaled
from gilscope.production.liveness import born, is_held, locked
from gilscope.production.merging import merged_processes
from gilscope.production.names import ENDED_SUFFIX, JOURNAL_SUFFIX, LOCK, PATTERN, PERIODS, SUFFIX
from gilscope.production.nesting import nested
from gilscope.production.on_loops import BlockedAt, added_places
from gilscope.production.profile import Profile, updated
from gilscope.production.replacing import replace_file
from gilscope.production.since import identity, since
from gilscope.production.sketch import BUCKETS
from gilscope.reading import MOST, is_measurable, read_bytes
from gilscope.records import Record
from gilscope.units import thousands

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = [
    "SCHEMA",
    "Loaded",
    "ProfileFile",
    "Read",
    "Recorded",
    "Skipped",
    "State",
    "load_files",
    "load_profiles",
    "part_of",
    "process_of",
    "processes_in",
    "read_process",
    "recorded_at",
    "recorded_in",
    "write_profiles",
]

SCHEMA: Final = "gilscope.profiles/1"
#: Whether a process is done. ``ended``: it wrote at its end. ``running``: it is there. ``gone``: it is gone, and
#: wrote nothing at its end; all of its calls are counted. ``unfinished``: it may be there or not, and calls after its
#: last writing are not counted.
State = Literal["ended", "running", "gone", "unfinished"]


class ProfileFile(Record, frozen=True, kw_only=True):
    """What one process has seen, or several that have ended."""

    schema: str = SCHEMA
    host: str
    pid: int
    python: str
    started: float
    """When recording began, in seconds since 1970; ``written``: when the file was."""
    written: float
    ended: float | None = None
    """When the process said that it ends; None as long as it has not."""
    processes: int = 1
    merged: tuple[str, ...] = ()
    """Processes that are in it and had files of their own (`process_of`), which count no more."""
    part: int = 0
    """How many periods of the process have files of their own (`part_of`)."""
    before: tuple[Profile, ...] = ()
    """What it had counted until ``started``, which these hold."""
    closing: tuple[Profile, ...] = ()
    """Of the last of them, as long as that may not be written."""
    profiles: tuple[Profile, ...] = ()
    loop_lag: Delays | None = None
    """How late callbacks ran on its event loops; None where nobody listened (`gilscope.observe`)."""
    blocked_at: tuple[BlockedAt, ...] = ()
    """Where what is not decorated kept its event loops; empty where nobody looked."""
    interpreter: bool = False
    """Whether it is of interpreters of the process beside the main one, which has a file of its own."""


class Recorded(Record, frozen=True, kw_only=True):
    """One process whose calls are counted, from ``started`` until ``until``, in seconds since 1970; or several that
    have ended and were put together, without a host."""

    processes: int = 1
    host: str
    pid: int
    python: str
    started: float
    until: float
    state: State
    interpreter: bool = False
    """Whether these are calls in interpreters beside the main one."""


class Skipped(Record, frozen=True, kw_only=True):
    """A file that could not be read."""

    path: str
    reason: str


class Loaded(Record, frozen=True, kw_only=True):
    """What a folder holds: one profile for each function, the most wall clock first."""

    profiles: tuple[Profile, ...]
    processes: int
    recorded: tuple[Recorded, ...] = ()
    parts: tuple[tuple[Profile, ...], ...] = ()
    """The profiles as they were recorded, of each process by itself."""
    skipped: tuple[Skipped, ...] = ()
    loop_lag: Delays | None = None
    """How late callbacks ran on the event loops of all processes together."""
    blocked_at: tuple[BlockedAt, ...] = ()
    """Where what is not decorated kept event loops, most first."""


def write_profiles(path: str | Path, file: ProfileFile) -> None:
    """Replace the file in one step.

    :raises OSError: when it cannot be written
    """
    place = Path(path)
    place.parent.mkdir(parents=True, exist_ok=True)
    replace_file(place, msgspec.json.encode(file))


def recorded_in(folder: Path) -> list[Path]:
    """The files that processes have written to a folder."""
    journals = folder.glob(f"gilscope-*{JOURNAL_SUFFIX}")
    return sorted({*folder.glob(PATTERN), *map(recorded_at, journals)})


def recorded_at(path: Path) -> Path:
    """The file of the process whose file, or journal, this is: where there is a journal alone, it is not there."""
    return _beside(path, SUFFIX) if path.name.endswith(JOURNAL_SUFFIX) else path


def load_profiles(folder: str | Path) -> Loaded:
    """Read and merge what processes have written to ``folder``; files that cannot be read are named and left out.

    :raises LoadError: when there is no such folder, or no file of profiles in it
    """
    place = Path(folder)
    if not os.path.isdir(place):  # which minds no name, however long
        raise LoadError(f"cannot load {str(folder)!r}: it is no folder; give the one that GILSCOPE_OUT named")
    paths = recorded_in(place)
    if not paths:
        raise LoadError(f"cannot load {str(folder)!r}: no process has written profiles to it (none match {PATTERN})")
    return load_files(paths)


def load_files(paths: Iterable[Path]) -> Loaded:
    """Read and merge files of profiles, each of one process; those that cannot be read are named and left out."""
    given = list(paths)
    with ExitStack() as reading:
        for folder in {path.parent for path in given}:
            reading.enter_context(locked(folder / LOCK, exclusive=False))
        found, skipped = _read_all(given)
    latest = sorted(found, key=lambda each: -each.until)
    return Loaded(
        profiles=tuple(nested(_called(merged_processes([each.file.profiles for each in latest])))),
        processes=processes_in(each.file for each in found),
        recorded=tuple(map(_recorded, found)),
        parts=tuple(each.file.profiles for each in found),
        skipped=tuple(skipped),
        loop_lag=added_delays(each.file.loop_lag for each in found),
        blocked_at=added_places(each.file.blocked_at for each in found),
    )


def _called(profiles: Iterable[Profile]) -> list[Profile]:
    """Of calls in other interpreters than the main one a file may tell what was seen, and not count them."""
    return [profile for profile in profiles if profile.calls]


def processes_in(files: Iterable[ProfileFile]) -> int:
    """How many processes wrote them. One whose main interpreter recorded nothing is known by the others alone."""
    known = list(files)
    main = {(file.host, file.pid) for file in known if not file.interpreter}
    others = {(file.host, file.pid) for file in known if file.interpreter}
    return sum(file.processes for file in known) + len(others - main)


class Read(NamedTuple):
    """What was read of a process."""

    file: ProfileFile
    state: State
    until: float
    """When its last call that counts may have ended."""


def _read_all(given: list[Path]) -> tuple[list[Read], list[Skipped]]:
    """Each process once. What was put together since the files were listed is in a period's file now."""
    gone = [path for path in given if not any(map(os.path.lexists, (path, _beside(path, JOURNAL_SUFFIX))))]
    periods = {path.parent: list(path.parent.glob(PERIODS)) for path in gone}
    there = [path for path in given if path not in gone or not periods[path.parent]]
    listed = {path: read_process(path) for path in chain(there, *periods.values())}
    merged = {name for read in listed.values() if isinstance(read, Read) for name in read.file.merged}
    ended = {process_of(path) for path in listed if path.name.endswith(ENDED_SUFFIX)}
    counting = [
        read
        for path, read in listed.items()
        if process_of(path) not in merged and (path.name.endswith(ENDED_SUFFIX) or process_of(path) not in ended)
    ]
    return [each for each in counting if isinstance(each, Read)], [
        each for each in counting if isinstance(each, Skipped)
    ]


def process_of(path: Path) -> str:
    """What is alike in the names of all files of one process."""
    return path.name.removesuffix(JOURNAL_SUFFIX).removesuffix(ENDED_SUFFIX).removesuffix(SUFFIX)


def part_of(path: Path, part: int) -> Path:
    """The file of a process's period that is over."""
    return path.with_name(f"{process_of(path)}.{part}{ENDED_SUFFIX}")


def _recorded(process: Read) -> Recorded:
    file = process.file
    about = {name: getattr(file, name) for name in ("processes", "host", "pid", "python", "started", "interpreter")}
    return Recorded(**about, until=process.until, state=process.state)


def read_process(path: Path) -> Read | Skipped:
    """A process's file, with what its journal tells beyond it; the journal alone where there is no more."""
    place = _beside(path, JOURNAL_SUFFIX)
    journal, held = _journal(place), is_held(place)  # before the file: a process that ends has written it by then
    file = _read_file(path)
    if isinstance(file, Skipped):
        if not isinstance(journal, Journaled):
            return file if journal is None or os.path.lexists(path) else journal
        file = _begun(journal)
    read = _joined(file, journal if isinstance(journal, Journaled) else None, held)
    if not file.closing or part_of(path, file.part - 1).exists():
        return read
    profiles = merged_processes([read.file.profiles, file.closing])
    processes = file.processes + (file.part == 1)  # the first of its periods counts it
    return read._replace(file=msgspec.structs.replace(read.file, processes=processes, profiles=tuple(profiles)))


def _joined(file: ProfileFile, journal: Journaled | None, held: bool | None) -> Read:
    if file.ended is not None:
        return Read(file, "ended", file.ended)
    if journal is None:
        return Read(file, "running" if held else "unfinished", file.written)
    until = max(file.written, journal.alive_at)
    if journal.heading.interpreter and held is False and journal.complete:
        return Read(_counted(file, journal), "ended", until)  # it has no other way to say so
    # A process that closed all its files has no lock until it takes it again.
    held = held or (
        held is False and journal.heading.born is not None and born(journal.heading.pid) == journal.heading.born
    )
    state: State = "unfinished" if held is None else "running" if held else "gone"
    if not journal.complete:
        state, until = "running" if held else "unfinished", file.written
    return Read(_counted(file, journal), state, until)


def _counted(file: ProfileFile, journal: Journaled) -> ProfileFile:
    """With the later counts of the journal."""
    known = {identity(profile): profile for profile in file.profiles}
    counted = {identity(profile): profile for profile in since(journal.profiles, file.before)}
    profiles = [updated(known.get(key, profile), profile) for key, profile in counted.items()]
    others = [profile for key, profile in known.items() if key not in counted]
    return msgspec.structs.replace(file, profiles=(*profiles, *others))


def _begun(journal: Journaled) -> ProfileFile:
    heading = journal.heading
    about = {name: getattr(heading, name) for name in ("host", "pid", "python", "started", "interpreter")}
    return ProfileFile(**about, written=heading.started, processes=0 if heading.interpreter else 1)


def _beside(path: Path, suffix: str) -> Path:
    return path.with_name(path.name.removesuffix(SUFFIX).removesuffix(JOURNAL_SUFFIX) + suffix)


def _journal(path: Path) -> Journaled | Skipped | None:
    """None where there is none."""
    try:
        return journaled(read_bytes(path))
    except FileNotFoundError:
        return None
    except OSError as error:
        return Skipped(path=str(path), reason=error.strerror or str(error))
    except (ValueError, IndexError, TypeError, msgspec.DecodeError) as error:
        return Skipped(path=str(path), reason=f"it is damaged or something else ({error})")


def _read_file(path: Path) -> ProfileFile | Skipped:
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
        return Skipped(
            path=str(path), reason=f"a figure in it is none that anybody counted: it is beyond {thousands(MOST)}"
        )
    if not all(0 <= index < BUCKETS and count > 0 for each in file.profiles for index, count in each.durations.items()):
        return Skipped(path=str(path), reason="it is damaged: it counts durations that no process does")
    return file
