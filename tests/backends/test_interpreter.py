"""Pools of interpreters, in real trials: what crosses, what refuses, and what ends them."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

import gilscope
from gilscope import backends
from gilscope.backends.interpreter import is_available
from gilscope.errors import UsageError
from gilscope.measure.trial import TrialEnded
from tests.backends.conftest import Case, Start

POOL = Case("interpreter")
on_new_pythons = [
    pytest.mark.interpreter,
    pytest.mark.skipif(not is_available(), reason="this Python has no pools of interpreters"),
]
#: Of modules that gilscope needs itself, so that they are there.
MODULES = """
import os, threading
NUMBERS = list(range(4))
VIEWS = [memoryview(bytes([number])) for number in NUMBERS]
kept = []

def needs_msgspec_later(number):
    import msgspec
    return number

def first(view):
    return view[0]

def in_the_background(number):
    threading.Thread(target=print, daemon=True).start()

def configure():
    kept.append(7)

def close():
    os.write(2, b"closed\\n")

def uses_the_set_up(number):
    return kept[0]

def abort(number):
    os.abort()
"""
NEEDS_MSGSPEC = """
import msgspec
NUMBERS = list(range(4))

def never_called(number):
    raise AssertionError
"""


@pytest.fixture
def place(tmp_path: Path) -> str:
    (tmp_path / "of_a_test.py").write_text(MODULES)
    (tmp_path / "needs_msgspec.py").write_text(NEEDS_MSGSPEC)
    return str(tmp_path / "of_a_test.py")


@pytest.mark.skipif(is_available(), reason="this Python has pools of interpreters")
def test_an_older_python_is_refused_by_name_with_the_way_out() -> None:
    told = (
        r"'interpreter' needs .*Python 3\.14.*newer Python, measure under one \(pythons\), or leave it out of backends"
    )
    with pytest.raises(UsageError, match=told):
        gilscope.analyze(abs, [1], backends=("interpreter",))
    assert "interpreter" not in backends.names()


class TestOnNewPythons:
    pytestmark = on_new_pythons

    def test_workers_are_threads_of_one_process_with_an_interpreter_each(self, start: Start) -> None:
        trial = start(POOL, "call", inputs="NUMBERS")
        assert {worker.pid for worker in trial.workers} == {trial.pid}
        assert len({worker.tid for worker in trial.workers}) == 2
        assert len({worker.interpreter for worker in trial.workers} - {0}) == 2
        done = trial.round(10, 3)
        assert (done.calls, done.errors) == (10, 4)
        assert Counter(note.words for note in trial.notes) == Counter((number,) for number in range(10))
        assert {note.tid for note in trial.notes} <= {worker.tid for worker in trial.workers}

    def test_coroutines_keep_one_loop_in_each(self, start: Start) -> None:
        done = start(POOL, "call_coroutine", inputs="NUMBERS").round(10)
        assert (done.calls, done.errors) == (10, 4)

    def test_each_is_set_up_and_torn_down(self, start: Start, place: str) -> None:
        trial = start(
            POOL, "uses_the_set_up", place=place, inputs="NUMBERS", setup="configure", teardown="of_a_test:close"
        )
        assert trial.round(8).errors == 0
        trial.close()
        trial.process.output.settle(5.0)
        assert trial.process.output.text().count("closed") == 2

    def test_what_refuses_to_be_imported_is_named_before_anything_is_called(self, start: Start, place: str) -> None:
        target = str(Path(place).with_name("needs_msgspec.py"))
        with pytest.raises(TrialEnded, match=r"the module msgspec\._core cannot be imported in an interpreter") as told:
            start(POOL, "never_called", place=target, inputs="NUMBERS")
        assert told.value.status == "refused"

    def test_so_is_what_a_call_imports(self, start: Start, place: str) -> None:
        trial = start(POOL, "needs_msgspec_later", place=place, inputs="NUMBERS")
        with pytest.raises(TrialEnded, match=r"the module msgspec\._core cannot be imported in an interpreter") as told:
            trial.round(4)
        assert told.value.status == "refused"

    def test_what_pickle_cannot_take_crosses_where_interpreters_share_it(self, start: Start, place: str) -> None:
        assert start(POOL, "first", place=place, inputs="VIEWS").round(4).errors == 0

    @pytest.mark.parametrize(
        ("target", "inputs", "what"), [("take_lock", "LOCKS", "an argument"), ("give_lock", "NUMBERS", "a result")]
    )
    def test_what_neither_crosses_as_it_is_nor_pickled_is_refused(
        self, start: Start, target: str, inputs: str, what: str
    ) -> None:
        trial = start(POOL, target, inputs=inputs)
        with pytest.raises(TrialEnded, match=f"{what} cannot be pickled") as told:
            trial.round(3)
        assert told.value.status == "refused"

    def test_a_daemon_thread_is_an_error_of_the_call(self, start: Start, place: str) -> None:
        done = start(POOL, "in_the_background", place=place, inputs="NUMBERS").round(4)
        assert done.errors == 4
        assert done.error is not None
        assert "daemon threads are disabled" in done.error.message

    def test_one_that_crashes_ends_the_process(self, start: Start, place: str) -> None:
        trial = start(POOL, "abort", place=place, inputs="NUMBERS")
        with pytest.raises(
            TrialEnded, match=r"its process was ended by SIGABRT: Aborted in abort \(of_a_test\.py:\d+\)"
        ) as told:
            trial.round(1)  # of several that crash at once the first to end takes the others along
        assert told.value.status == "failed"

    def test_a_set_up_that_raises_is_told(self, start: Start) -> None:
        with pytest.raises(TrialEnded, match="its set-up raised RuntimeError: no licence"):
            start(POOL, "call", inputs="NUMBERS", setup="refuse_to_start")
