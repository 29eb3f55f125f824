"""Interpreters beside the main one: each goes on with the journal of one that has ended; the main one finds all."""

from __future__ import annotations

import os
import time
from itertools import count
from typing import TYPE_CHECKING, Any

import pytest

from gilscope import classify
from gilscope.observers.functions import FUNCTIONS, Seen
from gilscope.production import cells, recording
from gilscope.production.beside import Beside
from gilscope.production.described import described_process, host
from gilscope.production.files import load_profiles
from gilscope.production.function import Function
from gilscope.production.journal import Journal
from gilscope.production.journal_entries import journaled
from gilscope.production.journal_layout import ADDRESS
from gilscope.production.names import INTERPRETER_SUFFIX

from ..moments import address, counts

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from gilscope.thread_address import ThreadAddress

NUMBERS = count()
THREAD = address(pid=1, tid=7, thread_state=8, busy=FUNCTIONS)


@pytest.fixture(autouse=True)
def _unregistered(monkeypatch: pytest.MonkeyPatch) -> None:
    """Journals are made by hand here."""
    monkeypatch.setattr(cells, "on_new_cell", [])


def place(folder: Path) -> Path:
    return folder / f"gilscope-{host()}-{os.getpid()}-1{INTERPRETER_SUFFIX}"


def heading() -> bytes:
    return described_process(time.time(), interpreter=True)


def called(journal: Journal, times: int) -> Function:
    """The same function as if another interpreter had it: known by its name and code."""

    def same() -> None: ...

    func: Any = classify(name=f"of another {next(NUMBERS)}")(same)
    function: Function = func.__gilscope__
    function.name = "same"
    journal.attach(function, function.cell())
    for _ in range(times):
        func()
    return function


def told(path: Path) -> list[tuple[str, int]]:
    found = journaled(path.read_bytes())
    assert found is not None
    return [(profile.name, profile.calls) for profile in found.functions]


def test_the_next_interpreter_goes_on_with_the_counts_of_one_that_has_ended(tmp_path: Path) -> None:
    path = place(tmp_path)
    first = Journal(path, heading())
    called(first, 1000)
    assert told(path) == [("same", 1000)]
    first.let_go()
    size = path.stat().st_size
    for again in range(1, 4):
        following = Journal(path, heading(), go_on=True)
        called(following, 500)
        assert told(path) == [("same", 1000 + 500 * again)]
        following.let_go()
    assert path.stat().st_size == size


def test_calls_after_an_interpreter_has_let_go_are_not_counted_as_the_next_ones(tmp_path: Path) -> None:
    path = place(tmp_path)
    first = Journal(path, heading())
    late = called(first, 10)
    first.let_go()
    following = Journal(path, heading(), go_on=True)
    called(following, 5)
    for _ in range(100):
        late.begin().end()
    assert told(path) == [("same", 15)]
    following.let_go()


def test_a_journal_that_an_interpreter_has_is_nobody_elses(tmp_path: Path) -> None:
    path = place(tmp_path)
    first = Journal(path, heading())
    with pytest.raises(BlockingIOError):
        Journal(path, heading(), go_on=True)
    called(first, 3)
    assert told(path) == [("same", 3)]
    first.let_go()


@pytest.mark.parametrize("other", ['"born": "another:1"', '"born": null'])
def test_a_journal_of_another_process_with_this_number_is_left_alone(tmp_path: Path, other: str) -> None:
    path = place(tmp_path)
    own = heading().decode()
    before = own[own.index('"born"') : own.index(', "python"')]
    Journal(path, own.replace(before, other).encode()).let_go()
    with pytest.raises(ValueError, match="another process"):
        Journal(path, heading(), go_on=True)
    assert path.exists()


def test_what_lacks_calls_is_not_gone_on_with(tmp_path: Path) -> None:
    path = place(tmp_path)
    first = Journal(path, heading())
    function = called(first, 3)
    function.restart()
    first.attach(function, function.cell())
    first.let_go()
    with pytest.raises(ValueError, match="lacks calls"):
        Journal(path, heading(), go_on=True)


def seen(samples: int) -> Seen:
    return Seen(1.0, counts({"sleep": samples}), samples)


def packed(thread: ThreadAddress) -> bytes:
    return ADDRESS.pack(thread.pid, thread.tid, thread.thread_state, thread.runtime, thread.busy, thread.interpreter)


def test_threads_of_interpreters_are_told_of_once_and_again_to_another_observer(tmp_path: Path) -> None:
    journal = Journal(place(tmp_path), heading())
    words, word = journal.enter_thread(packed(THREAD))
    found: list[tuple[ThreadAddress, int]] = []

    def tell(thread: ThreadAddress, begin: int) -> None:
        found.append((thread, begin))

    beside = Beside()
    beside.look(tmp_path)
    beside.tell(tell)
    beside.look(tmp_path)
    assert found == [(THREAD, FUNCTIONS)]
    beside.tell(tell)
    assert found == [(THREAD, FUNCTIONS)] * 2
    words[word] = 0
    beside.look(tmp_path)
    beside.tell(tell)
    assert len(found) == 2, "it has ended"
    journal.let_go()


def test_what_is_seen_of_their_calls_is_read_beside_their_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal, beside = Journal(place(tmp_path), heading()), Beside()
    called(journal, 40)
    beside.look(tmp_path)
    beside.add_seen(FUNCTIONS + 1, seen(100))
    monkeypatch.setattr(recording, "beside", beside)
    monkeypatch.setattr(recording, "functions", list)  # the main interpreter has called none
    recorder = recording.Recorder(str(tmp_path))
    recorder.flush()
    loaded = load_profiles(tmp_path)
    assert (loaded.processes, len(loaded.recorded)) == (1, 2)
    (profile,) = loaded.profiles
    assert (profile.name, profile.calls, profile.processes) == ("same", 40, 1)
    assert profile.observed is not None
    assert (profile.observed.samples, profile.observed.sleep_s) == (100, 1.0)
    journal.let_go()


def test_a_process_whose_main_interpreter_made_no_call_is_one_process(tmp_path: Path) -> None:
    journals: list[Callable[[], None]] = []
    for number in range(3):
        journal = Journal(place(tmp_path).with_name(place(tmp_path).name.replace("-1-", f"-{number}-")), heading())
        called(journal, 10)
        journals.append(journal.let_go)
    assert {each.state for each in load_profiles(tmp_path).recorded} == {"running"}
    for let_go in journals:
        let_go()
    loaded = load_profiles(tmp_path)
    assert (loaded.processes, loaded.profiles[0].calls) == (1, 30)
    assert {(each.state, each.interpreter, each.processes) for each in loaded.recorded} == {("ended", True, 0)}
