"""What a machine leaves unknown, by name."""

from __future__ import annotations

import pytest

from gilscope.observers.account import BLOCKED_STATES
from gilscope.observers.gil import Gil, GilLayout
from gilscope.observers.untold import Untold, untold

KNOWN = Gil(layout=GilLayout(8))


@pytest.mark.parametrize("gil", [KNOWN, Gil(layout=GilLayout(8, "musl")), Gil(enabled=False), Gil()])
def test_on_a_machine_as_it_should_be_nothing_is(gil: Gil) -> None:
    assert untold(gil, calls=True, statistics=True) == Untold()


def test_locks_of_another_c_library_leave_open_who_waits_for_the_gil() -> None:
    found = untold(Gil(layout=GilLayout(8, None)), calls=True, statistics=True)
    assert found.states == {"gil_wait", "lock"}
    assert "C library" in found.reasons[0]


def test_without_a_table_of_system_calls_no_wait_is_told() -> None:
    found = untold(KNOWN, calls=False, statistics=True)
    assert found.states == set(BLOCKED_STATES)
    assert "system calls" in found.reasons[0]


def test_without_scheduler_statistics_the_run_queue_is_not() -> None:
    found = untold(KNOWN, calls=True, statistics=False)
    assert found.states == {"runqueue"}
    assert "CONFIG_SCHED_INFO" in found.reasons[0]
