"""What the doctor says of a machine that keeps back what a ledger needs."""

from __future__ import annotations

import pytest

from gilscope.errors import MeasurementError
from gilscope.measure import health
from gilscope.measure.health import READINGS, Check, checks
from gilscope.observers.pyspy import Hot, HotRecorder
from gilscope.observers.thread_files import UnreadableError


def proc_check() -> Check:
    return next(check for check in checks() if check.name == "/proc")


@pytest.mark.parametrize("name", ["status", "fdinfo", "the CPU clock"])
def test_each_reading_that_a_ledger_needs_is_tried_and_named_when_it_fails(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read(_: object) -> None:
        raise UnreadableError("it is not as expected")

    monkeypatch.setitem(READINGS, name, read)
    check = proc_check()
    assert not check.works
    assert f"{name} (it is not as expected)" in check.detail


@pytest.mark.parametrize(
    ("hot", "told"),
    [
        (Hot((), "py-spy was stopped before it took a sample"), "py-spy was stopped before it took a sample"),
        (Hot((), None, seen=0), "took no sample of a trial's process"),
    ],
    ids=["stopped early", "saw nothing"],
)
def test_a_py_spy_that_took_no_sample_does_not_work(hot: Hot, told: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "find_pyspy", lambda: "/bin/py-spy")
    monkeypatch.setattr(HotRecorder, "start", lambda self, pid: None)
    monkeypatch.setattr(HotRecorder, "stop", lambda self: hot)
    check = next(check for check in checks() if check.name == "py-spy")
    assert not check.works
    assert told in check.detail


def test_what_this_machine_cannot_tell_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    assert proc_check().works
    monkeypatch.setattr(health, "has_table", lambda: False)
    monkeypatch.setattr(health, "keeps_scheduler_statistics", lambda: False)
    check = proc_check()
    assert not check.works
    assert "system calls" in check.detail
    assert "CONFIG_SCHED_INFO" in check.detail


def test_a_trial_that_cannot_be_started_is_the_one_thing_that_is_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    def start(_: object) -> None:
        raise MeasurementError("the process of a trial cannot be started: no room")

    monkeypatch.setattr("gilscope.measure.live.LiveTrial.start", start)
    failed = [check for check in checks() if not check.works]
    assert failed == [Check("trial process", False, "the process of a trial cannot be started: no room", needed=True)]
