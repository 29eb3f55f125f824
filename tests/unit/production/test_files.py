"""Files of profiles: whole, merged when read, and the damaged ones named."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from gilscope.errors import LoadError
from gilscope.production.files import ProfileFile, load_profiles, write_profiles
from tests.unit.production.profiles import make_profile

if TYPE_CHECKING:
    from pathlib import Path


def file(*profiles: Any, **fields: Any) -> ProfileFile:
    return ProfileFile(
        **{"host": "h", "pid": 1, "python": "3", "started": 0.0, "written": 1.0, **fields}, profiles=profiles
    )


def test_the_files_of_many_processes_become_one_profile(tmp_path: Path) -> None:
    for pid in range(20):
        write_profiles(tmp_path / f"gilscope-h-{pid}.profiles.json", file(make_profile(), pid=pid))
    loaded = load_profiles(tmp_path)
    assert (loaded.processes, loaded.skipped) == (20, ())
    assert [(profile.calls, profile.processes) for profile in loaded.profiles] == [(2000, 20)]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (b"", "half-written"),
        (msgspec.json.encode(file(make_profile()))[:-40], "half-written"),
        (b"\xff\xfe\x00", "half-written"),
        (b'{"schema": "gilscope.profiles/1"}', "half-written"),
        (msgspec.json.encode(file(schema="gilscope.profiles/9")), "its schema is 'gilscope.profiles/9'"),
    ],
)
def test_a_damaged_file_is_named_and_left_out(tmp_path: Path, text: bytes, reason: str) -> None:
    write_profiles(tmp_path / "gilscope-good.profiles.json", file(make_profile()))
    (tmp_path / "gilscope-bad.profiles.json").write_bytes(text)
    loaded = load_profiles(tmp_path)
    assert [profile.calls for profile in loaded.profiles] == [100]
    assert [os.path.basename(skipped.path) for skipped in loaded.skipped] == ["gilscope-bad.profiles.json"]
    assert reason in loaded.skipped[0].reason


def test_a_folder_of_that_name_is_named_too(tmp_path: Path) -> None:
    (tmp_path / "gilscope-folder.profiles.json").mkdir()
    assert load_profiles(tmp_path).skipped[0].reason == "Is a directory"


@pytest.mark.parametrize(("folder", "told"), [("", "no process has written"), ("nowhere", "it is no folder")])
def test_a_folder_without_profiles_is_an_error(tmp_path: Path, folder: str, told: str) -> None:
    with pytest.raises(LoadError, match=told):
        load_profiles(tmp_path / folder)


def test_nothing_is_left_beside_the_file(tmp_path: Path) -> None:
    place = tmp_path / "new" / "gilscope-1.profiles.json"
    write_profiles(place, file())
    write_profiles(place, file(make_profile()))
    assert os.listdir(tmp_path / "new") == [place.name]
    place.unlink()
    place.mkdir()
    with pytest.raises(IsADirectoryError):
        write_profiles(place, file())
    assert os.listdir(tmp_path / "new") == [place.name]


def test_a_file_of_an_earlier_version_is_read(tmp_path: Path) -> None:
    """As it was written: the possible wait for the GIL had another name then."""
    old = msgspec.json.decode(msgspec.json.encode(file(make_profile(clocked_possible_gil_wait_s=0.5))))
    assert old["profiles"][0]["clocked_unclear_s"] == 0.5
    (tmp_path / "gilscope-old.profiles.json").write_bytes(msgspec.json.encode(old))
    assert load_profiles(tmp_path).profiles[0].clocked_possible_gil_wait_s == 0.5


def test_a_file_of_profiles_is_for_its_user_alone_and_made_through_no_link(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever may write to the folder knows the file's name once it is there."""
    victim, place = tmp_path / "victim", tmp_path / "gilscope-h-1-ab.profiles.json"
    victim.write_text("precious")
    place.symlink_to(victim)
    write_profiles(place, file(make_profile()))
    assert (victim.read_text(), place.is_symlink(), place.stat().st_mode & 0o777) == ("precious", False, 0o600)
    monkeypatch.setattr("secrets.token_hex", lambda _: "guessed")
    (tmp_path / f".{place.name}.guessed.tmp").symlink_to(victim)
    with pytest.raises(FileExistsError):
        write_profiles(place, file(make_profile()))
    assert victim.read_text() == "precious"
