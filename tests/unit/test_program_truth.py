"""The arithmetic by which programs' own truth is told in their benchmark, and what is saved of it."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from benchmarks.programs import known
from benchmarks.programs.known import Entry, Told, Used
from benchmarks.programs.results import load, part_of, save
from benchmarks.programs.truth import Row

MS = 1_000_000
WINDOW = (0, 100 * MS)


def ms(thread: str, tid: int, *entries: Entry, life: tuple[int, int] = (0, 100)) -> Told:
    return Told(thread, tid, (life[0] * MS, life[1] * MS), entries)


def call(
    state: str, called: float, until: float, returned: float, *, lets_go: bool = True, cpu: float = 0, queued: float = 0
) -> Entry:
    """In ms."""
    began, waited, back = (round(each * MS) for each in (called, until, returned))
    return Entry(state, began, waited, back, lets_go, round(cpu * MS), round(queued * MS))


def test_what_is_left_of_the_wall_clock_was_waited_for_the_gil() -> None:
    thread = ms("naps", 1, call("sleep", 10, 40, 60, cpu=1), call("network", 70, 80, 80))
    states = known.shares([thread], WINDOW, {1: Used(cpu_s=0.031, runqueue_s=0.009)})["naps"]
    assert states == pytest.approx(
        {"sleep": 0.3, "network": 0.1, "cpu_free": 0.01, "cpu_gil": 0.3, "runqueue": 0.09, "gil_wait": 0.2}
    )


def test_only_what_lies_in_the_time_that_was_watched_counts() -> None:
    thread = ms("naps", 1, call("sleep", -50, 10, 10), call("sleep", 90, 150, 150), life=(-100, 200))
    assert known.shares([thread], WINDOW, {1: Used(0.08, 0.0)})["naps"]["sleep"] == pytest.approx(0.2)
    assert known.gil_held([thread], WINDOW) == pytest.approx(0.8)


def test_a_wait_that_was_over_before_it_began_is_none() -> None:
    """The lock was free, or the answer there."""
    thread = ms("takes_turns", 1, call("lock", 50, 20, 50, lets_go=False))
    assert known.shares([thread], WINDOW, {1: Used(0.1, 0.0)})["takes_turns"]["lock"] == 0
    assert known.gil_held([thread], WINDOW) == 1


def test_the_gil_is_held_whenever_any_thread_is_not_in_a_call_that_lets_go_of_it() -> None:
    one = ms("naps", 1, call("sleep", 0, 50, 50), call("sleep", 60, 100, 100))
    other = ms("naps", 2, call("sleep", 0, 55, 60), call("sleep", 70, 100, 100))
    assert known.gil_held([one, other], WINDOW) == pytest.approx(0.2)


def test_who_sleeps_with_the_gil_holds_it() -> None:
    thread = ms("freezes", 1, call("sleep", 10, 60, 60, lets_go=False), call("sleep", 60, 100, 100))
    assert known.gil_held([thread], WINDOW) == pytest.approx(0.6)
    assert known.longest_hold_s([thread], "freezes", WINDOW) == pytest.approx(0.05)


def test_a_wait_is_for_whoever_had_the_gil_meanwhile() -> None:
    waits = ms("talks", 1, call("network", 0, 20, 50), call("network", 50, 100, 100))
    holds = ms("naps", 2, call("sleep", 0, 25, 25), call("sleep", 35, 100, 100))
    computes = ms("computes", 3)
    used = {1: Used(0.0, 0.0), 2: Used(0.01, 0.0), 3: Used(0.09, 0.0)}
    assert known.blame([waits, holds, computes], WINDOW, used) == pytest.approx(
        {("talks", "naps"): 0.25, ("talks", "computes"): 0.5, ("computes", "naps"): 0.25}
    )


def test_time_in_the_run_queue_is_no_wait_for_the_gil() -> None:
    waits = ms("talks", 1, call("network", 0, 20, 50, queued=15), call("network", 50, 100, 100))
    holds = ms("naps", 2, call("sleep", 0, 20, 20), call("sleep", 50, 100, 100))
    other = ms("hashes", 3, call("sleep", 0, 20, 35), call("sleep", 35, 100, 100))
    used = dict.fromkeys((1, 2, 3), Used(0.0, 0.0))
    assert known.blame([waits, holds, other], WINDOW, used) == pytest.approx(
        {("talks", "naps"): 0.5, ("hashes", "naps"): 0.5}
    )


def test_those_that_only_compute_wait_for_each_other_as_long_as_the_kernel_says() -> None:
    threads = [ms("computes", tid) for tid in (1, 2, 3)]
    used = {tid: Used(cpu_s=0.03, runqueue_s=0.01) for tid in (1, 2, 3)}
    assert known.blame(threads, WINDOW, used) == {("computes", "computes"): 1.0}
    assert known.shares(threads, WINDOW, used)["computes"]["gil_wait"] == pytest.approx(0.6)


def test_overlaps_of_many_are_counted_once_each() -> None:
    ours, theirs = [(0, 10), (20, 30)], known.union([(5, 8), (25, 40), (7, 22)])
    assert theirs == [(5, 22), (25, 40)]
    assert known.overlap(ours, theirs) == 5 + 2 + 5


def test_a_run_that_is_cut_off_goes_on_with_what_it_has_saved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    row = Row("3.13.0", "naps × 4", "GIL held", 0.5, 0.51, 0.02)
    monkeypatch.setattr(sys, "argv", ["programs", "truth", "--seconds", "5"])
    part = part_of("truth-3.13", 5.0, tmp_path, resume=False)
    part.rows.append(row)
    save(part, tmp_path)
    assert load(tmp_path, ["truth", "cost"]) == [part]
    assert part_of("truth-3.13", 5.0, tmp_path, resume=False).rows == []
    monkeypatch.setattr(sys, "argv", ["programs", "truth", "--resume", "--seconds", "5"])
    assert part_of("truth-3.13", 5.0, tmp_path, resume=True).rows == [row]
    assert part_of("truth-3.14", 5.0, tmp_path, resume=True).rows == []
    monkeypatch.setattr(sys, "argv", ["programs", "truth", "--resume", "--seconds", "9"])
    assert part_of("truth-3.13", 9.0, tmp_path, resume=True).rows == []
