"""Threads are chosen by their names, and what is left out is said."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gilscope.programs.chosen_threads import ALL_THREADS, ChosenThreads
from gilscope.programs.conclude import Watched, conclude
from gilscope.programs.views import Views
from gilscope.records.programs import ProgramRecord, Sampling
from tests.unit.programs.builders import feed, holding, moment, process, thread, waiting
from tests.unit.programs.test_record import ENVIRONMENT

NAMES = {1: "MainThread", 2: "worker_0", 3: "worker_1"}


def told(*patterns: str) -> ProgramRecord:
    """A second: the main thread computes, and two workers wait for it. Of moments only those chosen are told."""
    chosen = ChosenThreads(patterns)
    looks = (holding(1, "crunch"), waiting(2, "serve"), waiting(3, "serve"))
    whole = [moment(at, *looks) for at in range(100)]
    kept = [replace(each, threads=tuple(look for look in looks if chosen.has(NAMES[look.tid]))) for each in whole]
    views = Views(0.0)
    feed(views, kept)
    threads = [replace(thread(tid, 1.0, run_s=float(tid == 1)), name=name) for tid, name in NAMES.items()]
    watched = Watched("2026-01-01T00:00:00Z", "python", ENVIRONMENT, 0.0, 1.0, Sampling(moments=100), chosen=chosen)
    return conclude(watched, [process(*threads)], views)


@pytest.mark.parametrize(
    ("patterns", "names"),
    [
        ((), set(NAMES.values())),
        (("worker*",), {"worker_0", "worker_1"}),
        (("worker_[1-9]", "Main*"), {"worker_1", "MainThread"}),
        (("WORKER*",), set()),
        (("worker_?",), {"worker_0", "worker_1"}),
        (("worker",), set()),
    ],
)
def test_a_pattern_is_as_shells_have_it(patterns: tuple[str, ...], names: set[str]) -> None:
    assert {name for name in NAMES.values() if ChosenThreads(patterns).has(name)} == names


def test_only_the_chosen_are_told_of_but_whom_they_wait_for_is() -> None:
    record = told("worker*")
    assert {each.name for each in record.threads} == {"worker_0", "worker_1"}
    assert [each.place.function for each in record.functions] == ["serve"]
    assert record.account.wall_s == pytest.approx(2.0)
    assert record.account.gil_wait_s == pytest.approx(2.0)
    (row,) = record.blame
    assert (row.waiting.function if row.waiting else "", row.holding.function if row.holding else "") == (
        "serve",
        "crunch",
    )
    assert record.processes[0].account.gil_held_ratio == pytest.approx(1.0)


def test_what_is_left_out_is_said_with_what_it_used() -> None:
    assert told().sampling.notes == ()
    (note,) = told("worker*").sampling.notes
    assert note.startswith("Of 3 threads only the 2 called 'worker*' are told of. The others used 1.00 s of CPU time")


def test_a_name_that_nobody_has_is_answered_with_those_there_are() -> None:
    (note,) = told("wroker*").sampling.notes
    assert note == "No thread is called 'wroker*': there are MainThread, worker_0, worker_1."


def test_without_a_pattern_nothing_is_asked() -> None:
    assert ALL_THREADS.told([process(thread(1, 1.0, 1.0))]) is None
