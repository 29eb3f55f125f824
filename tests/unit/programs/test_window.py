"""The last seconds of a program: what is in them, and what is let go."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gilscope.observers.thread_files import Scheduled
from gilscope.programs import window
from gilscope.programs.moments import ProcessMoment
from gilscope.programs.seen import SeenThread
from gilscope.programs.window import Totals, Window, since
from tests.unit.programs.builders import PID, SPAN_S, holding, moment, process, thread, waiting


def upto(at_s: float, *threads: SeenThread, pid: int = PID) -> Totals:
    return Totals(at_s, (replace(process(*threads, pid=pid), last_s=at_s),), moments=round(at_s / SPAN_S))


def used(tid: int, wall_s: float, run_s: float, first_s: float = 0.0) -> SeenThread:
    return replace(thread(tid, first_s + wall_s, run_s), first_s=first_s)


def computing(at: int) -> ProcessMoment:
    return moment(at, holding(1, "crunch"), waiting(2, "serve"))


def watched(seconds: int, length_s: float) -> Window:
    """Moments of so many seconds, and totals at each of them; one thread computes half the time."""
    shown = Window(length_s, upto(0.0, used(1, 0.0, 0.0)))
    for second in range(1, seconds):
        for at in range((second - 1) * 100, second * 100):
            shown.see(computing(at))
        shown.cut(upto(float(second), used(1, float(second), second / 2)))
    for at in range((seconds - 1) * 100, seconds * 100):
        shown.see(computing(at))
    return shown


def test_totals_and_moments_are_those_of_the_last_seconds() -> None:
    cut = watched(20, 5.0).cut(upto(20.0, used(1, 20.0, 10.0)))
    assert cut.lasted_s == pytest.approx(5.0)
    (one,) = cut.processes
    (only,) = one.threads
    assert (only.wall_s, only.scheduled.run_s) == pytest.approx((5.0, 2.5))
    assert one.cpu_s == pytest.approx(2.5)
    assert cut.views.processes[PID].moments == 500
    assert cut.ended.moments - cut.began.moments == 500


def test_until_there_are_so_many_seconds_all_of_them_are_shown() -> None:
    cut = watched(3, 5.0).cut(upto(3.0, used(1, 3.0, 1.5)))
    assert cut.lasted_s == pytest.approx(3.0)
    assert cut.views.processes[PID].moments == 300


def test_what_had_ended_before_is_not_shown_and_what_began_meanwhile_is_from_then_on() -> None:
    began = upto(10.0, used(1, 10.0, 1.0), used(2, 4.0, 4.0))
    gone = replace(process(pid=99), last_s=9.0)
    now = (replace(process(used(1, 12.0, 1.5), used(2, 4.0, 4.0), used(3, 1.0, 0.5, first_s=11.0)), last_s=12.0), gone)
    (one,) = since(now, began)
    assert {each.tid: (each.wall_s, each.scheduled.run_s) for each in one.threads} == {
        1: pytest.approx((2.0, 0.5)),
        3: pytest.approx((1.0, 0.5)),
    }


def test_a_thread_that_got_the_number_of_one_that_has_ended_has_its_own_totals() -> None:
    began = upto(10.0, used(1, 10.0, 9.0))
    (one,) = since((replace(process(used(1, 10.0, 9.0), used(1, 1.0, 0.25, first_s=11.0)), last_s=12.0),), began)
    assert [each.scheduled for each in one.threads] == [Scheduled(0.25, 0.0)]


def test_a_process_that_runs_another_program_is_counted_from_then_on() -> None:
    before = replace(process(used(1, 10.0, 9.0)), last_s=10.0)
    after = replace(process(used(1, 2.0, 1.0, first_s=10.0)), first_s=10.0, last_s=12.0)
    found = since((before, after), Totals(9.0, (replace(before, last_s=9.0, cpu_s=8.0),)))
    assert [each.first_s for each in found] == [9.0, 10.0]
    assert [each.cpu_s for each in found] == pytest.approx([1.0, 1.0])


def test_of_a_flood_of_frames_the_earliest_are_let_go_and_the_window_gets_shorter(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(window, "MOST_KEPT", 4 * 250)
    shown = watched(20, 5.0)
    assert shown._kept <= 4 * 250
    cut = shown.cut(upto(20.0, used(1, 20.0, 10.0)))
    assert cut.lasted_s == pytest.approx(2.0)
    assert cut.views.processes[PID].moments == 200
    (one,) = cut.processes
    assert one.cpu_s == pytest.approx(1.0)


def test_a_day_keeps_no_more_than_a_minute() -> None:
    shown = Window(60.0, Totals(0.0))
    whole = process(used(1, 1.0, 1.0))
    for minute in range(1, 60):
        for at in range(100):
            shown.see(replace(computing(at), at_s=60.0 * minute - 60.0 + 0.6 * at))
        shown.cut(Totals(60.0 * minute, (replace(whole, last_s=60.0 * minute),)))
    assert len(shown._moments) <= 200
    assert len(shown._totals) <= window.BEGINNINGS + 2
