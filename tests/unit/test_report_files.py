"""Where reports go: formats, folders, and writing that is all or nothing."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from gilscope import report
from gilscope.cli.output import Destinations
from gilscope.errors import LoadError, OutputError, TargetError, UsageError
from gilscope.records import Stack
from gilscope.report.files import _planted
from gilscope.report.sources import gather
from gilscope.targets.resolver import find
from tests.unit.handmade import make_result, make_timeline, make_trial


def _everything(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*"))


def test_importing_reports_loads_nothing_heavy() -> None:
    heavy = "pandas", "numpy", "rich", "jinja2"
    check = f"import sys, gilscope.report; print([name for name in {heavy} if name in sys.modules])"
    told = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True, check=True)
    assert told.stdout == "[]\n"


@pytest.mark.parametrize("name", list(report.FORMATS))
def test_every_format_draws_one_result_and_several(name: str) -> None:
    stacks = (Stack(frames=("is_prime (primes.py:17)",), samples=3),)
    result = make_result(stacks=stacks, trials=(make_trial(timeline=make_timeline()),))
    one, two = report.render([result], name), report.render([result, result], name)
    assert "is_prime" in one
    assert len(two) > len(one)
    assert one.endswith("\n")


def test_an_unknown_format_names_the_nearest_and_all() -> None:
    with pytest.raises(UsageError, match=r"'htm'; did you mean html\? known are text, json, csv, html, md"):
        report.render([make_result()], "htm")


@pytest.mark.parametrize(("path", "name"), [("a.json", "json"), ("b/c.HTML", "html"), ("d.txt", "text")])
def test_the_suffix_tells_the_format(path: str, name: str) -> None:
    assert report.format_for_path(path) == name


def test_an_unknown_suffix_is_an_error() -> None:
    with pytest.raises(OutputError, match=r"'out\.cvs'; did you mean \.csv\?"):
        report.format_for_path("out.cvs")


@pytest.mark.parametrize("place", ["reports/", "reports"])
def test_a_folder_gets_every_format(place: str) -> None:
    outputs = report.expand_outputs(place, ["app.primes:is_prime"])
    folder = Path("reports")
    assert outputs == [
        (folder / "gilscope-is_prime.html", "html"),
        (folder / "gilscope-is_prime.csv", "csv"),
        (folder / "gilscope-is_prime.json", "json"),
        (folder / "gilscope-is_prime.md", "md"),
    ]


def test_an_existing_folder_with_a_suffix_is_still_a_folder(tmp_path: Path) -> None:
    folder = tmp_path / "run.json"
    folder.mkdir()
    assert {path.parent for path, _ in report.expand_outputs(folder, ["f"])} == {folder}


def test_a_file_is_one_file() -> None:
    assert report.expand_outputs("out.md", ["f", "g"]) == [(Path("out.md"), "md")]


@pytest.mark.parametrize(
    ("names", "stem"),
    [
        (["m:<lambda>"], "lambda"),
        (["../x.py:f"], "f"),
        (["m:../../etc"], "etc"),
        (["m:f", "m:g"], "f-g"),
        (["m:f"] * 5, "f-f-f-and-2-more"),
        ([], "result"),
    ],
)
def test_file_names_are_safe(names: list[str], stem: str) -> None:
    path, _ = report.expand_outputs("out/", names)[0]
    assert path.parent == Path("out")
    assert path.name.removeprefix("gilscope-").removesuffix(".html").strip("_") == stem


def test_writing_makes_folders_and_replaces_files(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b" / "out.txt"
    report.write_text(path, "first\r\n")
    report.write_text(path, "second µ\n")
    assert path.read_bytes() == "second µ\n".encode()
    assert _everything(tmp_path / "a" / "b") == [path]


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(source: object, target: object) -> None:
        raise OSError(28, "No space left on device")

    path = tmp_path / "out.txt"
    report.write_text(path, "old")
    monkeypatch.setattr(os, "replace", refuse)
    with pytest.raises(OutputError, match=r"out\.txt': No space left on device"):
        report.write_text(path, "new")
    assert path.read_text() == "old"
    assert _everything(tmp_path) == [path]


def test_a_link_is_written_through(tmp_path: Path) -> None:
    (tmp_path / "link.txt").symlink_to(tmp_path / "real.txt")
    report.write_text(tmp_path / "link.txt", "text")
    assert (tmp_path / "link.txt").is_symlink()
    assert (tmp_path / "real.txt").read_text() == "text"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes on this platform")
def test_a_pipe_is_written_to_and_not_replaced(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe.json"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        report.write_text(pipe, "text")
        assert os.read(reader, 100) == b"text"
    finally:
        os.close(reader)
    assert pipe.is_fifo()


def test_a_new_place_can_be_written_and_is_not_made_yet(tmp_path: Path) -> None:
    report.check_writable(tmp_path / "new" / "folder" / "out.json")
    report.check_writable(tmp_path / "out.json")
    assert _everything(tmp_path) == []


def test_an_existing_file_can_be_written(tmp_path: Path) -> None:
    path = tmp_path / "out.json"
    path.write_text("old")
    report.check_writable(path)
    assert path.read_text() == "old"


@pytest.mark.parametrize("name", ["folder", "file/out.json", "file/a/out.json", "x" * 300 + ".json", "nul\0.json"])
def test_impossible_places_are_refused_alike_before_and_while_writing(tmp_path: Path, name: str) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_text("text")
    before = _everything(tmp_path)
    with pytest.raises(OutputError, match="cannot write"):
        report.check_writable(f"{tmp_path}/{name}")
    with pytest.raises(OutputError, match="cannot write"):
        report.write_text(f"{tmp_path}/{name}", "text")
    assert _everything(tmp_path) == before


@pytest.mark.skipif(sys.platform != "linux", reason="needs a file system that refuses even root")
def test_a_read_only_place_is_refused() -> None:
    with pytest.raises(OutputError, match=r"cannot write '/proc/nowhere/out\.json'"):
        report.check_writable("/proc/nowhere/out.json")


@pytest.mark.parametrize("name", ["a" * 300 + ".json", "a" * 300, "a/" * 3000 + "x.json", "nu\0ll.json"])
def test_a_name_that_no_file_can_have_is_told_in_a_line(tmp_path: Path, name: str) -> None:
    (path, _), *_ = report.expand_outputs(tmp_path / name, ["m:f"])
    with pytest.raises(OutputError, match="cannot write"):
        report.check_writable(path)
    with pytest.raises(LoadError, match="cannot load"):
        gather([tmp_path / name])
    with pytest.raises(TargetError):
        find(f"{name}:function", str(tmp_path))


def _link(uid: int, mode: int = 0o120777) -> os.stat_result:
    return os.stat_result((mode, 0, 0, 1, uid, 0, 0, 0, 0, 0))


@pytest.mark.parametrize(
    ("owner", "folder_owner", "mode", "planted"),
    [
        (1234, 0, 0o41777, True),
        (os.geteuid(), 0, 0o41777, False),
        (1234, 1234, 0o41777, False),
        (1234, 0, 0o40755, False),
        (1234, 0, 0o40777, False),
    ],
)
def test_a_link_of_another_user_in_a_folder_open_to_all_is_not_written_through(
    owner: int, folder_owner: int, mode: int, planted: bool
) -> None:
    assert _planted(_link(owner), _link(folder_owner, mode)) is planted


def test_a_planted_link_is_told_in_a_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gilscope.report.files._planted", lambda link, folder: True)
    (tmp_path / "out.md").symlink_to(tmp_path / "victim")
    with pytest.raises(OutputError, match="a link that another user made"):
        report.write_text(tmp_path / "out.md", "text")
    assert not (tmp_path / "victim").exists()


def test_where_no_file_could_be_written_the_terminal_has_what_they_would(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "gone"
    folder.mkdir()
    paths = [str(folder / name) for name in ("one.json", "two.csv")]
    destinations = Destinations(paths, ["is_prime"], "text")
    destinations.write([make_result()])
    assert len(capsys.readouterr().out.splitlines()) == 1, "the files have the rest"
    shutil.rmtree(folder)
    folder.write_text("a file now")
    with pytest.raises(OutputError) as error:
        destinations.write([make_result()])
    assert [line.split(":")[0] for line in str(error.value).splitlines()] == [
        f"cannot write {path!r}" for path in paths
    ]
    assert "process × 2" in capsys.readouterr().out
