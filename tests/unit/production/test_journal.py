"""The journal: what is kept in it is read back, grows by cells alone, and never tells less than it says."""

from __future__ import annotations

import os
import struct
import threading
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from gilscope import classify
from gilscope.production import cells
from gilscope.production import journal as journals
from gilscope.production.journal import Journal
from gilscope.production.journal_entries import Heading, Journaled, journaled
from gilscope.production.journal_layout import Tag, entries

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from gilscope.production.function import Function

HEADING = msgspec.json.encode(Heading(host="h", pid=1, born=None, python="3", started=5.0))


@pytest.fixture
def journal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Journal]:
    made = Journal(tmp_path / "gilscope-h-1.profiles.journal", HEADING)
    monkeypatch.setattr(cells, "on_new_cell", [made.attach])
    yield made
    made.remove()


def fill(journal: Journal) -> None:
    """With more than its first piece has place for."""
    for number in range(200):
        kept(journal, f"{journal.path.name} {number}")


def read(journal: Journal) -> Journaled:
    found = journaled(journal.path.read_bytes())
    assert found is not None
    return found


def kept(journal: Journal, name: str) -> tuple[Function, Callable[..., Any]]:
    """A function whose cell of this thread is kept, and what is called."""
    func: Any = classify(name=name)(lambda fails=False: 1 // (not fails))
    journal.attach(func.__gilscope__, func.__gilscope__.cell())  # where it was not new
    return func.__gilscope__, func


def test_what_is_kept_is_what_the_process_knows(journal: Journal) -> None:
    function, func = kept(journal, "kept")
    for _ in range(500):
        func()
    for _ in range(3):
        with pytest.raises(ZeroDivisionError):
            func(fails=True)
    found = read(journal)
    (profile,) = found.profiles
    assert (profile.calls, profile.errors, profile.name) == (503, 3, "kept")
    assert profile.durations == function.profile().durations
    assert (found.complete, found.heading.started) == (True, 5.0)
    assert found.alive_at > 1e9


def test_what_was_counted_before_is_kept_too(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    """By a thread that made its first calls while recording began, and makes none any more."""
    monkeypatch.setattr(cells, "on_new_cell", [])
    func: Any = classify(name="early")(lambda: None)
    thread = threading.Thread(target=lambda: [func() for _ in range(40)])
    thread.start()
    thread.join()
    for cell in func.__gilscope__.cells():
        journal.attach(func.__gilscope__, cell)
    (profile,) = read(journal).profiles
    assert (profile.calls, profile.timed_calls) == (40, func.__gilscope__.profile().timed_calls)


def test_the_file_does_not_grow_with_threads_that_come_and_go(journal: Journal) -> None:
    function, func = kept(journal, "threads")
    size = journal.path.stat().st_size
    for _ in range(300):
        thread = threading.Thread(target=func)
        thread.start()
        thread.join()
    assert [each.calls for each in read(journal).profiles] == [300]
    assert journal.path.stat().st_size == size
    assert len(function.cells()) <= 2


def test_many_functions_take_many_pieces(journal: Journal) -> None:
    for number in range(200):
        _, func = kept(journal, f"many {number}")
        func()
    found = read(journal)
    assert [each.calls for each in found.profiles] == [1] * 200
    assert found.complete
    assert journal.path.stat().st_size > journals.FIRST_BYTES


def test_a_function_that_is_not_kept_whole_is_left_to_the_profiles(
    journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journals, "MOST_BYTES", journals.FIRST_BYTES)
    _, first = kept(journal, "first")
    first()
    with pytest.raises(OSError, match="KiB of counts"):
        fill(journal)
    found = read(journal)
    assert not found.complete
    assert [each.name for each in found.profiles] == ["first"]


def test_calls_after_a_restart_are_left_to_the_profiles(journal: Journal) -> None:
    function, func = kept(journal, "restarted")
    func()
    function.restart()
    journal.attach(function, function.cell())
    func()
    assert (read(journal).complete, read(journal).profiles) == (False, ())


def test_a_disk_that_is_full_is_an_error_and_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "pwrite", lambda *_: 100)
    with pytest.raises(OSError, match="No space left"):
        Journal(tmp_path / "full.profiles.journal", HEADING)
    assert os.listdir(tmp_path) == []


def test_a_journal_is_for_its_user_alone_and_made_through_no_link(tmp_path: Path) -> None:
    victim, place = tmp_path / "victim", tmp_path / "a.profiles.journal"
    victim.write_text("precious")
    place.symlink_to(victim)
    with pytest.raises(FileExistsError):
        Journal(place, HEADING)
    assert victim.read_text() == "precious"
    own = Journal(tmp_path / "b.profiles.journal", HEADING)
    assert own.path.stat().st_mode & 0o777 == 0o600
    own.path.unlink()
    own.path.symlink_to(victim)
    with pytest.raises(OSError, match="symbolic links"):
        fill(own)
    assert victim.read_text() == "precious"


@pytest.mark.parametrize("length", [0, 8, 40])
def test_a_journal_that_was_only_begun_tells_nothing(journal: Journal, length: int) -> None:
    assert journaled(journal.path.read_bytes()[:length]) is None


def test_what_is_no_journal_is_said_to_be_none() -> None:
    with pytest.raises(ValueError, match="does not begin as a journal does"):
        journaled(b"\x01" + bytes(127))


def test_a_figure_that_nobody_counted_is_damage(journal: Journal) -> None:
    kept(journal, "damaged")
    data = bytearray(journal.path.read_bytes())
    at = [entry.body for entry in entries(bytes(data)) if entry.tag == Tag.CELL]
    place = bytes(data).index(bytes(at[0]))
    data[place : place + 8] = struct.pack("d", float("nan"))
    with pytest.raises(ValueError, match="none that anybody counted"):
        journaled(bytes(data))
