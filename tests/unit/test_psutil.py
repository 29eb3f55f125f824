"""The fallback ledger: conservation on made-up snapshots, and one reading of real threads."""

from __future__ import annotations

import os
import threading
import time

import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gilscope.observers.psutil_ import WHOLE_PROCESS, WorkerKey, account, snapshot
from gilscope.records import STATES, Ledger

WORKERS = {(1, 11), (1, 12), (2, 21)}


def ledger(before: dict[WorkerKey, float], after: dict[WorkerKey, float], wall_s: float = 1.0) -> Ledger:
    found = account(before, after, wall_s, WORKERS)
    assert found is not None
    return found


def test_blocked_is_wall_clock_less_cpu_and_nothing_is_split() -> None:
    found = ledger({(1, 11): 5.0, (1, 12): 1.0, (2, 21): 0.0}, {(1, 11): 5.5, (1, 12): 1.0, (2, 21): 1.0})
    assert (found.wall_s, found.cpu_s, found.blocked_s, found.threads) == (3.0, 1.5, 1.5, 3)
    assert [found.state_s(state) for state in STATES] == [None] * len(STATES)
    assert found.wait_s is None


def test_a_tick_too_many_is_not_more_than_the_wall_clock() -> None:
    found = ledger({(1, 11): 0.0}, {(1, 11): 1.01})
    assert (found.wall_s, found.cpu_s, found.blocked_s) == (1.0, 1.0, 0.0)


def test_a_process_total_stands_for_all_its_workers() -> None:
    found = ledger({(1, WHOLE_PROCESS): 1.0}, {(1, WHOLE_PROCESS): 2.5})
    assert (found.wall_s, found.cpu_s, found.threads) == (2.0, 1.5, 2)


@pytest.mark.parametrize(
    "after",
    [
        {(1, 11): 0.5},  # the other is gone
        {(1, 11): 0.5, (2, WHOLE_PROCESS): 9.0},  # its threads can no longer be told apart
        {(1, 11): 0.5, (2, 21): 0.1},  # another thread got its id
        {(1, 11): 0.5, (3, 31): 9.0},  # a stranger
    ],
)
def test_a_worker_without_two_readings_is_left_out(after: dict[WorkerKey, float]) -> None:
    found = ledger({(1, 11): 0.0, (2, 21): 0.2, (3, 31): 0.0}, after)
    assert (found.wall_s, found.cpu_s, found.threads) == (1.0, 0.5, 1)


def test_nobody_left_is_unknown() -> None:
    assert account({(1, 11): 0.0}, {}, 1.0, WORKERS) is None
    assert account({}, {}, 1.0, ()) is None


@given(
    deltas=st.lists(st.floats(0, 100), min_size=1, max_size=8),
    wall_s=st.floats(0, 50),
)
def test_the_sum_holds(deltas: list[float], wall_s: float) -> None:
    keys = [(1, tid) for tid in range(1, len(deltas) + 1)]
    found = account(dict.fromkeys(keys, 0.0), dict(zip(keys, deltas, strict=True)), wall_s, keys)
    assert found is not None
    assert 0 <= found.cpu_s <= found.wall_s
    assert found.blocked_s >= 0
    assert found.cpu_s + found.blocked_s == pytest.approx(found.wall_s)


def test_a_busy_thread_is_told_from_a_waiting_one() -> None:
    done, ready = threading.Event(), threading.Barrier(2)
    waiting = threading.Thread(target=lambda: (ready.wait(), done.wait()))
    waiting.start()
    ready.wait()
    assert waiting.native_id is not None
    busy, idle = (os.getpid(), threading.get_native_id()), (os.getpid(), waiting.native_id)
    before, start = snapshot([busy, idle]), time.thread_time()
    while time.thread_time() - start < 0.1:
        pass
    after = snapshot([busy, idle])
    done.set()
    waiting.join()
    if busy not in after:
        pytest.skip("this platform does not tell threads apart")
    assert after[busy] - before[busy] > 3 * (after[idle] - before[idle])


def test_hidden_threads_give_the_process_total(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(process: psutil.Process) -> list[object]:
        raise psutil.AccessDenied(process.pid)

    monkeypatch.setattr(psutil.Process, "threads", refuse)
    pid = os.getpid()
    found = snapshot([(pid, threading.get_native_id())])
    assert list(found) == [(pid, WHOLE_PROCESS)]
    assert found[pid, WHOLE_PROCESS] > 0


def test_a_process_that_is_gone_has_no_entry(monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(pid: int) -> psutil.Process:
        raise psutil.NoSuchProcess(pid)

    monkeypatch.setattr(psutil, "Process", gone)
    assert snapshot([(1, 11)]) == {}
