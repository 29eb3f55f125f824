"""A folder of profiles stays small: what many ended processes wrote is put together, by the hour, later by the day and
the year.

Any process that records does it for all of them, when there are more than `MOST_ENDED`: one at a time, by a lock on a
file in the folder. A period's file is replaced in one step and names what it holds, so that nothing is counted twice or
not at all, wherever the process that does it is killed: files that it names count no more, and are removed by the next.
"""

from __future__ import annotations

import os
import time
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from gilscope.production.delays import added_delays
from gilscope.production.files import (
    ProfileFile,
    Read,
    Skipped,
    process_of,
    processes_in,
    read_process,
    recorded_at,
    write_profiles,
)
from gilscope.production.liveness import is_held, locked
from gilscope.production.merging import merged_processes
from gilscope.production.names import ENDED_SUFFIX, JOURNAL_SUFFIX, LOCK, PERIODS, SUFFIX
from gilscope.production.on_loops import added_places

__all__ = ["MOST_ENDED", "hour_of", "period_of", "put_together"]

#: So many processes that have ended keep files of their own.
MOST_ENDED: Final = 64
#: For so long the past is told by the hour, then by the day, then by the year.
HOURS_FOR: Final = timedelta(days=2)
DAYS_FOR: Final = timedelta(days=60)


def hour_of(seconds: float) -> str:
    """The hour that a time since 1970 is in (UTC)."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H")


def period_of(seconds: float, now: float) -> str:
    """The hour (``2025-11-26T14``, UTC), the day or the year that a time since 1970 is in, by how long ago it was."""
    hour = hour_of(seconds)
    age = timedelta(seconds=now - seconds)
    if age < HOURS_FOR:
        return hour
    return hour.partition("T")[0] if age < DAYS_FOR else hour.partition("-")[0]


def put_together(folder: Path, most: int = MOST_ENDED) -> None:
    """Put the files of ended processes together, where there are more than ``most`` of them and nobody else does.

    :raises OSError: when the folder cannot be written
    """
    if len(_ended(folder)) <= most:
        return
    with locked(folder / LOCK, exclusive=True) as mine:
        if mine:
            _put_together(folder, time.time())


def _ended(folder: Path) -> list[Path]:
    """The files of processes that said so, and of those that are gone."""
    ended = {process_of(path): path for path in folder.glob(f"gilscope-*{ENDED_SUFFIX}")}
    journals = (path for path in folder.glob(f"gilscope-*{JOURNAL_SUFFIX}") if is_held(path) is False)
    gone = {process_of(path): recorded_at(path) for path in journals}
    return sorted((gone | ended).values())


def _put_together(folder: Path, now: float) -> None:
    read = {path: read_process(path) for path in (*_ended(folder), *folder.glob(PERIODS))}
    known = {path: each for path, each in read.items() if isinstance(each, Read) and each.state in ("ended", "gone")}
    held = {name for each in known.values() for name in each.file.merged}
    periods: dict[str, list[tuple[Path, Read]]] = defaultdict(list)
    for path, each in known.items():
        if process_of(path) in held:  # who put it together was killed before it could be removed
            _remove(path)
        elif path != (place := _place(folder, period_of(each.file.started, now))):
            periods[place.name].append((path, each))
    for name, found in periods.items():
        _add(folder / name, found)


def _place(folder: Path, period: str) -> Path:
    return folder / PERIODS.replace("*", period)


def _add(place: Path, found: Sequence[tuple[Path, Read]]) -> None:
    """To the file of a period. One that is damaged stays as it is, and so does what would have been added to it."""
    before = read_process(place) if os.path.lexists(place) else None
    if isinstance(before, Skipped):
        return
    reads = [read for _, read in found]
    still = [name for name in before.file.merged if any(map(os.path.lexists, _files(place, name)))] if before else []
    names = (*still, *(process_of(path) for path, _ in found))
    write_profiles(place, _together([*reads, *([before] if before else [])], names))
    for path, _ in found:
        _remove(path)


def _together(reads: Iterable[Read], names: tuple[str, ...]) -> ProfileFile:
    latest = sorted(reads, key=lambda read: -read.until)
    files = [read.file for read in latest]
    return ProfileFile(
        host="",
        pid=0,
        python=files[0].python,
        started=min(file.started for file in files),
        written=latest[0].until,
        ended=latest[0].until,
        processes=processes_in(files),
        merged=names,
        profiles=tuple(merged_processes([file.profiles for file in files])),
        loop_lag=added_delays(file.loop_lag for file in files),
        blocked_at=added_places(file.blocked_at for file in files),
    )


def _files(path: Path, process: str) -> list[Path]:
    """All that a process may have left beside ``path``."""
    return [path.with_name(process + suffix) for suffix in (SUFFIX, JOURNAL_SUFFIX, ENDED_SUFFIX)]


def _remove(path: Path) -> None:
    for file in _files(path, process_of(path)):
        file.unlink(missing_ok=True)
