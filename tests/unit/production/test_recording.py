"""The recorder of a process: it writes what is new, and tells once of what goes wrong."""

from __future__ import annotations

import logging
import os
from contextlib import suppress
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

from gilscope.production import recording
from gilscope.production.files import ProfileFile, load_profiles, write_profiles
from gilscope.production.recording import Recorder
from tests.unit.production.profiles import make_profile

if TYPE_CHECKING:
    from pathlib import Path

    from gilscope.production.profile import Profile


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> list[Profile]:
    """What the process has seen: a list to change."""
    found = [make_profile(), make_profile(spec="m:not_called", calls=0)]
    functions = [SimpleNamespace(recorded=lambda place=place: found[place]) for place in range(len(found))]
    monkeypatch.setattr(recording, "functions", lambda: functions)
    return found


def test_a_recorder_writes_what_is_new(tmp_path: Path, seen: list[Profile]) -> None:
    recorder = Recorder(str(tmp_path / "made"))
    recorder.flush()
    assert [profile.spec for profile in load_profiles(tmp_path / "made").profiles] == ["shop.orders:total"]
    before = recorder.path.stat().st_mtime_ns
    recorder.flush()
    assert recorder.path.stat().st_mtime_ns == before
    seen[0] = make_profile(calls=101)
    recorder.flush()
    assert load_profiles(tmp_path / "made").profiles[0].calls == 101


def test_a_process_without_calls_writes_nothing(tmp_path: Path, seen: list[Profile]) -> None:
    seen[0] = make_profile(calls=0)
    Recorder(str(tmp_path / "made")).flush()
    assert os.listdir(tmp_path) == []


def test_a_folder_that_cannot_be_written_is_told_once(
    tmp_path: Path, seen: list[Profile], caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("")
    recorder = Recorder(str(tmp_path / "file"))
    with caplog.at_level(logging.WARNING, "gilscope"):
        recorder.flush()
        recorder.flush()
    assert [record.message.partition(":")[0] for record in caplog.records] == ["profiles are not recorded"]


class Killed(BaseException):
    """Ends what it is raised in."""


@pytest.mark.parametrize("survives", range(4))
def test_each_hour_of_a_process_has_a_file_wherever_it_is_killed(
    tmp_path: Path, seen: list[Profile], monkeypatch: pytest.MonkeyPatch, survives: int
) -> None:
    """While it writes the one that is over, after so many files; what is counted since is told beside it."""
    recorder = Recorder(str(tmp_path))
    recorder.flush()
    recorder._started -= 7200
    seen[0], before = make_profile(calls=130, errors=7), recorder.path.read_bytes()
    written = [survives]

    def write(path: Path, file: ProfileFile) -> None:
        if not written[0]:
            raise Killed
        written[0] -= 1
        write_profiles(path, file)

    monkeypatch.setattr(recording, "write_profiles", write)
    with suppress(Killed):
        recorder.flush()
    monkeypatch.setattr(recording, "write_profiles", write_profiles)
    loaded = load_profiles(tmp_path)
    if survives == 0:
        assert recorder.path.read_bytes() == before, "nothing of it was begun: the journal knows the rest"
        recorder.flush()
        loaded = load_profiles(tmp_path)
    assert [(each.calls, each.errors, each.processes) for each in loaded.profiles] == [(130, 7, 1)]
    assert loaded.processes == 1
    seen[0] = make_profile(calls=150, errors=8)
    recorder.flush()
    loaded = load_profiles(tmp_path)
    assert [(each.calls, each.errors, each.processes) for each in loaded.profiles] == [(150, 8, 1)]
    assert sorted(sum(each.calls for each in part) for part in loaded.parts) == [20, 130]
