"""What a report is drawn of, told apart by what is there."""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import Any

import msgspec
import pytest

from gilscope import classify, report
from gilscope.errors import LoadError, UsageError
from gilscope.production.files import ProfileFile, write_profiles
from gilscope.production.journal import Journal
from gilscope.production.journal_entries import Heading
from gilscope.report.sources import gather, gather_profiles
from tests.unit.handmade import make_result
from tests.unit.production.profiles import make_profile

HALF = '{"schema": "gilscope.'


def record(path: Path, *, bucket: int = 5) -> Path:
    profile = make_profile(durations={bucket: 100})
    write_profiles(path, ProfileFile(host="h", pid=1, python="3", started=0.0, written=1.0, profiles=(profile,)))
    return path


def save(path: Path) -> Path:
    path.write_text(report.render([make_result()], "json"))
    return path


def recorded(folder: Path, name: str) -> Path:
    return record(folder / f"gilscope-{name}.profiles.json")


def test_a_folder_of_profiles_is_merged(tmp_path: Path) -> None:
    for name in "ab":
        recorded(tmp_path, name)
    save(tmp_path / "gilscope-profiles.json")  # a report that was written there is no profile
    found = gather([tmp_path]).profiles
    assert found is not None
    assert [(profile.calls, profile.processes) for profile in found.profiles] == [(200, 2)]


def test_files_and_folders_can_be_mixed_and_each_file_counts_once(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    inside = recorded(tmp_path / "out", "a")
    renamed = record(tmp_path / "kept.json")
    found = gather_profiles([tmp_path / "out", inside, renamed])
    assert (found.processes, found.profiles[0].calls) == (2, 200)


def test_a_process_that_left_a_journal_alone_is_read_by_its_folder_and_by_its_name(tmp_path: Path) -> None:
    heading = msgspec.json.encode(Heading(host="h", pid=1, born=None, python="3", started=0.0))
    func: Any = classify(name="of a journal")(lambda: None)
    journal = Journal(tmp_path / "gilscope-h-1.profiles.journal", heading)
    journal.attach(func.__gilscope__, func.__gilscope__.cell())
    func()
    for paths in ([tmp_path], [journal.path], [tmp_path, journal.path]):
        found = gather_profiles(paths)
        assert [(each.name, each.calls) for each in found.profiles] == [("of a journal", 1)]
        assert [each.state for each in found.recorded] == ["running"]
    journal.abandon()
    assert [each.state for each in gather_profiles([tmp_path]).recorded] == ["gone"]


def test_damaged_profiles_are_named_and_left_out(tmp_path: Path) -> None:
    recorded(tmp_path, "a")
    torn = tmp_path / "gilscope-b.profiles.json"
    torn.write_text(HALF)
    absurd = record(tmp_path / "gilscope-c.profiles.json", bucket=10**9)
    for paths in ([tmp_path], sorted(tmp_path.iterdir())):
        found = gather(paths)
        assert [Path(skipped.path) for skipped in found.skipped] == [torn, absurd]
        assert "half-written" in found.skipped[0].reason
        assert "durations" in found.skipped[1].reason
    with pytest.raises(LoadError, match=r"half-written.*no file could be read"):
        gather([torn])


def test_a_folder_of_results_is_read(tmp_path: Path) -> None:
    for name in ("a.json", "b.json"):
        save(tmp_path / name)
    (tmp_path / "c.json").write_text(HALF)
    (tmp_path / "notes.txt").write_text("no JSON")
    found = gather([tmp_path])
    assert (len(found.results), found.profiles) == (2, None)
    ((path, reason),) = [(skipped.path, skipped.reason) for skipped in found.skipped]
    assert (Path(path).name, reason.partition(":")[0]) == ("c.json", "it is truncated")


def test_a_result_that_is_named_must_be_readable(tmp_path: Path) -> None:
    (tmp_path / "c.json").write_text(HALF)
    for paths in ([tmp_path / "c.json"], [save(tmp_path / "a.json"), tmp_path / "c.json"], [tmp_path / "none.json"]):
        with pytest.raises(LoadError, match="cannot load"):
            gather(paths)
    (tmp_path / "a.json").unlink()
    with pytest.raises(LoadError, match="no file could be read"):
        gather([tmp_path])


def test_nothing_to_read_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(LoadError, match=r"neither recorded profiles \(gilscope-\*\.profiles\.json\) nor saved results"):
        gather([tmp_path])


def test_one_report_is_on_one_sort(tmp_path: Path) -> None:
    result, profile = save(tmp_path / "a.json"), recorded(tmp_path, "a")
    with pytest.raises(UsageError, match="report on one sort"):
        gather([result, profile])
    with pytest.raises(LoadError, match="holds saved results, not recorded profiles"):
        gather_profiles([result])


def test_a_link_to_itself_a_pipe_and_nesting_beyond_any_profile_s_are_named_and_left_out(tmp_path: Path) -> None:
    recorded(tmp_path, "a")
    loop, pipe, deep, huge = (tmp_path / f"gilscope-{name}.profiles.json" for name in "bcde")
    loop.symlink_to(loop)
    os.mkfifo(pipe)
    deep.write_text("[" * 100_000)
    huge.write_text(record(tmp_path / "kept.json").read_text().replace('"pid":1,', '"pid":1e300,'))
    found = gather([tmp_path])
    assert found.profiles is not None
    assert found.profiles.processes == 1
    assert [Path(skipped.path) for skipped in found.skipped] == [loop, pipe, deep, huge]


def test_results_may_come_through_a_pipe(tmp_path: Path) -> None:
    text = save(tmp_path / "a.json").read_bytes()
    descriptor, into = os.pipe()
    writer = threading.Thread(target=lambda: write_and_close(into, text))
    writer.start()
    assert len(gather([f"/dev/fd/{descriptor}"]).results) == 1
    os.close(descriptor)
    writer.join()


def write_and_close(descriptor: int, text: bytes) -> None:
    with open(descriptor, "wb") as pipe:
        pipe.write(text)
