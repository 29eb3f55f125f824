"""What the doctor says of a machine that keeps back what a ledger needs."""

from __future__ import annotations

import pytest

from gilscope.measure import health
from gilscope.measure.health import READINGS, Check, checks
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


def test_what_this_machine_cannot_tell_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    assert proc_check().works
    monkeypatch.setattr(health, "has_table", lambda: False)
    monkeypatch.setattr(health, "keeps_scheduler_statistics", lambda: False)
    check = proc_check()
    assert not check.works
    assert "system calls" in check.detail
    assert "CONFIG_SCHED_INFO" in check.detail
