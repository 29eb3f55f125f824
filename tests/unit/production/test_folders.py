"""A folder of profiles stays small, and no call is lost or counted twice, wherever who tidies it is killed."""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path
from typing import Any

import msgspec
import pytest

from gilscope.production import folders
from gilscope.production.files import ProfileFile, load_files, load_profiles, write_profiles
from gilscope.production.folders import period_of, put_together
from gilscope.production.journal import Journal
from gilscope.production.journal_entries import Heading
from gilscope.production.liveness import locked
from gilscope.production.names import ENDED_SUFFIX, LOCK
from tests.unit.production.profiles import make_profile

HOUR_S = 3600.0
DAY_S = 24 * HOUR_S


def write(folder: Path, name: str, started: float | None = None, suffix: str = ENDED_SUFFIX) -> Path:
    """What one process wrote that called a function a hundred times."""
    began = time.time() if started is None else started
    ended = began + 60 if suffix == ENDED_SUFFIX else None
    about: dict[str, Any] = {"host": "h", "pid": 1, "python": "3", "started": began, "written": began + 60}
    path = folder / f"gilscope-{name}{suffix}"
    write_profiles(path, ProfileFile(**about, ended=ended, profiles=(make_profile(),)))
    return path


def counted(folder: Path) -> tuple[int, int]:
    """Calls and processes."""
    loaded = load_profiles(folder)
    assert loaded.skipped == ()
    return sum(profile.calls for profile in loaded.profiles), loaded.processes


def names(folder: Path) -> list[str]:
    return sorted(name for name in os.listdir(folder) if name != LOCK)


def test_many_that_ended_become_one_file_of_their_hour(tmp_path: Path) -> None:
    for number in range(10):
        write(tmp_path, f"h-{number}")
    put_together(tmp_path, most=10)
    assert len(names(tmp_path)) == 10, "not more than it may have"
    put_together(tmp_path, most=9)
    (name,) = names(tmp_path)
    assert name.startswith("gilscope-period-2")
    assert counted(tmp_path) == (1000, 10)
    write(tmp_path, "h-later")
    put_together(tmp_path, most=0)
    assert (len(names(tmp_path)), counted(tmp_path)) == (1, (1100, 11))


def test_what_runs_or_does_not_say_stays_by_itself(tmp_path: Path) -> None:
    heading = msgspec.json.encode(Heading(host="h", pid=1, born=None, python="3", started=time.time()))
    running = Journal(tmp_path / "gilscope-running.profiles.journal", heading)
    gone = Journal(tmp_path / "gilscope-gone.profiles.journal", heading)
    gone.abandon()
    for name in ("running", "gone", "unknown"):
        write(tmp_path, name, suffix=".profiles.json")
    put_together(tmp_path, most=0)
    left = [name for name in names(tmp_path) if not name.startswith("gilscope-period")]
    assert left == [
        *("gilscope-running.profiles.journal", "gilscope-running.profiles.json", "gilscope-unknown.profiles.json")
    ]
    assert counted(tmp_path) == (300, 3)
    running.remove()


def test_the_past_is_told_by_the_hour_then_by_the_day_then_by_the_year() -> None:
    now = 1764164096.0  # 2025-11-26T13:34:56
    ages = (0, HOUR_S, 47 * HOUR_S, 49 * HOUR_S, 59 * DAY_S, 61 * DAY_S, 1000 * DAY_S)
    assert [period_of(now - age, now) for age in ages] == [
        *("2025-11-26T13", "2025-11-26T12", "2025-11-24T14", "2025-11-24", "2025-09-28", "2025", "2023")
    ]


def test_a_folder_that_is_written_to_for_years_has_few_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    began = 1.7e9
    for number in range(400):
        now = began + number * 2 * DAY_S
        monkeypatch.setattr(time, "time", lambda now=now: now)
        write(tmp_path, f"h-{number}", now)
        put_together(tmp_path, most=0)
    assert counted(tmp_path) == (40_000, 400)
    assert len(names(tmp_path)) < 40


class Killed(BaseException):
    """Ends what it is raised in."""


@pytest.mark.parametrize("survives", range(12))
def test_nothing_is_lost_wherever_who_tidies_is_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, survives: int
) -> None:
    """After so many steps: each is a file that is written or removed."""
    for number in range(3):
        write(tmp_path, f"h-{number}")
    write(tmp_path, "old", time.time() - 100 * DAY_S)
    left = [survives]

    def step(real: Any) -> Any:
        def stepped(*arguments: Any, **named: Any) -> Any:
            if not left[0]:
                raise Killed
            left[0] -= 1
            return real(*arguments, **named)

        return stepped

    with monkeypatch.context() as patched:
        patched.setattr(Path, "unlink", step(Path.unlink))
        patched.setattr(folders, "write_profiles", step(write_profiles))
        try:
            put_together(tmp_path, most=0)
        except Killed:
            assert left == [0]
    assert counted(tmp_path) == (400, 4)
    put_together(tmp_path, most=0)
    assert counted(tmp_path) == (400, 4)
    write(tmp_path, "h-again")
    put_together(tmp_path, most=0)
    assert (counted(tmp_path), len(names(tmp_path))) == ((500, 5), 2)


def test_one_tidies_at_a_time_and_readers_wait_for_it(tmp_path: Path) -> None:
    write(tmp_path, "h-1")
    with locked(tmp_path / LOCK, exclusive=True) as mine:
        put_together(tmp_path, most=0)
        assert (mine, len(names(tmp_path))) == (True, 1)
        with locked(tmp_path / LOCK, exclusive=True) as again:
            assert not again
    put_together(tmp_path, most=0)
    assert names(tmp_path)[0].startswith("gilscope-period")


def test_files_that_were_put_together_after_they_were_listed_are_found(tmp_path: Path) -> None:
    listed = [write(tmp_path, f"h-{number}") for number in range(3)]
    put_together(tmp_path, most=0)
    loaded = load_files(listed)
    assert ([profile.calls for profile in loaded.profiles], loaded.skipped) == ([300], ())


def test_a_damaged_period_keeps_what_would_be_added_to_it(tmp_path: Path) -> None:
    write(tmp_path, "h-1")
    put_together(tmp_path, most=0)
    (name,) = names(tmp_path)
    (tmp_path / name).write_text("{")
    write(tmp_path, "h-2")
    put_together(tmp_path, most=0)
    loaded = load_profiles(tmp_path)
    assert ([each.calls for each in loaded.profiles], len(loaded.skipped)) == ([100], 1)


def test_the_lock_is_made_through_no_link(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    (tmp_path / LOCK).symlink_to(victim)
    write(tmp_path, "h-1")
    put_together(tmp_path, most=0)
    assert not victim.exists()
    assert len(names(tmp_path)) == 1, "nobody tidies"


def test_a_copy_of_a_folder_tells_the_same(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    for number in range(3):
        write(tmp_path / "out", f"h-{number}")
    put_together(tmp_path / "out", most=2)
    shutil.copytree(tmp_path / "out", tmp_path / "copy")
    assert counted(tmp_path / "copy") == counted(tmp_path / "out") == (300, 3)
