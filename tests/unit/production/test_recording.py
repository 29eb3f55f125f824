"""The recorder of a process: it writes what is new, and tells once of what goes wrong."""

from __future__ import annotations

import logging
import os
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

from gilscope.production import recording
from gilscope.production.files import load_profiles
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
