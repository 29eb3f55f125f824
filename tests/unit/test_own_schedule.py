"""Who had to make way for the sampler, from what the kernel wrote."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from gilscope.observers import own_schedule
from gilscope.observers.own_schedule import GRAIN_S, LastRun, OwnSchedule, cpu_of, last_run

#: Captured from /proc/PID/task/TID/sched of Linux 6.18; older kernels have more lines, in another order.
SCHED = b"""python (4324, #threads: 1)
-------------------------------------------------------------------
se.exec_start                                :      18122980.240675
se.vruntime                                  :        127208.280373
se.sum_exec_runtime                          :          1250.500000
se.nr_migrations                             :                    0
nr_switches                                  :                    0
"""


def test_when_a_thread_last_ran_is_told_in_the_time_of_its_cpu() -> None:
    told = last_run(SCHED)
    assert told is not None
    assert told == pytest.approx((18122.980240675, 1.2505))


def test_the_cpu_is_told_whatever_the_thread_is_called() -> None:
    assert cpu_of(b"7 (a) b (c) R " + b" ".join(b"%d" % field for field in range(4, 53)) + b"\n") == 39


@pytest.mark.parametrize("text", [b"", SCHED.replace(b"se.exec_start", b"exec_start"), SCHED[:150]])
def test_a_kernel_that_tells_otherwise_tells_nothing(text: bytes) -> None:
    assert last_run(text) is None


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[float, float, float], OwnSchedule]:
    """The schedule of a thread that had run for the first before it waited, and when it runs again has run for the
    second by the third."""

    open_file = os.open

    def made(before_s: float, run_s: float, at_s: float) -> OwnSchedule:
        (tmp_path / "stat").write_text(f"7 (python) R {' '.join(['3'] * 49)}\n")
        (tmp_path / "sched").write_text(
            f"\nse.exec_start : {at_s * 1e3:.6f}\nse.sum_exec_runtime : {run_s * 1e3:.6f}\n"
        )
        monkeypatch.setattr(
            own_schedule, "opened", lambda path: open_file(tmp_path / path.rpartition("/")[2], os.O_RDONLY)
        )
        monkeypatch.setattr("time.thread_time", lambda: before_s)
        schedule = OwnSchedule()
        schedule.sleep()
        schedule.wake()
        return schedule

    return made


def test_who_ran_on_its_cpu_until_the_sampler_was_given_it_had_to_make_way(
    own: Callable[[float, float, float], OwnSchedule],
) -> None:
    schedule, since_s = own(1.0, 1.0003, 500.0), 500.0 - 0.0003  # it has run for 0.3 ms by now
    for at_s, made_way in (
        (since_s, True),
        (since_s - GRAIN_S / 2, True),
        (since_s - 2 * GRAIN_S, False),
        (494.0, False),  # woken, and not on a CPU since
        (500.1, False),  # by the clock of another CPU
    ):
        assert schedule.took_cpu_of(LastRun(at_s, 9.0), lambda: 3) is made_way
    assert not schedule.took_cpu_of(LastRun(since_s, 9.0), lambda: 2)
    assert not schedule.took_cpu_of(None, lambda: 3)
    schedule.close()


def test_where_the_kernel_does_not_tell_nobody_is_known_to_have_made_way(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(path: str) -> int:
        raise FileNotFoundError(path)

    monkeypatch.setattr(own_schedule, "opened", missing)
    schedule = OwnSchedule()
    schedule.sleep()
    schedule.wake()
    assert not schedule.took_cpu_of(LastRun(1e9, 1.0), lambda: 0)
    schedule.close()
