"""Dask in a real trial's process: right answers, and a status with its reason for every fault, with nothing left."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from gilscope.measure.trial import TrialEnded
from gilscope.queues.dask.backend import _of_result
from tests.backends.conftest import Case, Start, Trial, start
from tests.queues.engine import (
    a_queue_is_metered,
    observed,
    of_command,
    sharing,
    test_all_workers_are_started_and_distinct,
    test_calls_go_round_the_inputs,
    test_chunks_without_calls_are_dispatched_and_call_nothing,
    test_errors_are_counted_and_the_first_is_kept,
    test_every_call_is_made_once_by_a_worker,
    test_results_are_those_of_the_calls,
    test_the_first_traceback_is_the_users_alone,
)

__all__ = [
    "start",
    "test_all_workers_are_started_and_distinct",
    "test_calls_go_round_the_inputs",
    "test_chunks_without_calls_are_dispatched_and_call_nothing",
    "test_errors_are_counted_and_the_first_is_kept",
    "test_every_call_is_made_once_by_a_worker",
    "test_results_are_those_of_the_calls",
    "test_the_first_traceback_is_the_users_alone",
]
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="trials run on POSIX")
DASK = Case("dask")


@pytest.fixture(scope="module", params=["dask-call", "dask-threads-call_coroutine"])
def shared(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trial]:
    backend, _, target = request.param.rpartition("-")
    with sharing(Case(backend), target, tmp_path_factory.mktemp("shared")) as trial:
        yield trial


def test_workers_are_where_the_backend_says(shared: Trial) -> None:
    processes = {worker.pid for worker in shared.workers}
    assert len(processes) == (2 if shared.case.backend == "dask" else 1)
    assert processes < {process.pid for process in of_command(shared, "dask.node")}  # and the scheduler


def test_the_queue_is_metered(shared: Trial) -> None:
    a_queue_is_metered(shared)


def test_nobody_beyond_this_machine_is_listened_to(shared: Trial) -> None:
    sockets = [each for process in shared.family for each in process.net_connections()]
    listening = [each.laddr.ip for each in sockets if each.status == psutil.CONN_LISTEN]
    assert set(listening) == {"127.0.0.1"}


def test_a_lambda_is_run_between_set_up_and_tear_down(start: Start) -> None:
    trial = start(Case("dask", 1), "anonymous", inputs="NUMBERS", setup="set_up", teardown="tear_down")
    assert trial.round(10).errors == 0
    trial.close()
    assert [note.what for note in trial.notes] == ["setup", *["call"] * 10, "teardown"]


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_the_ledger_is_the_workers_and_a_killed_one_is_told(start: Start) -> None:
    trial = start(DASK, "sleep", inputs="NUMBERS")
    done, ledger = observed(trial, 30)
    assert ledger.threads == 2
    assert ledger.wall_s == pytest.approx(2 * done.wall_s, rel=0.2)
    assert ledger.sleep_s is not None
    assert 0.1 * ledger.wall_s < ledger.sleep_s <= ledger.wall_s
    psutil.Process(trial.workers[-1].pid).kill()
    for _ in range(2):  # it stays broken
        with pytest.raises(TrialEnded, match="a worker process ended by SIGKILL in the middle of its work") as told:
            trial.round(100)
        assert told.value.status == "failed"


def test_an_argument_that_cannot_be_pickled_is_refused_and_a_lost_scheduler_told(start: Start) -> None:
    trial = start(Case("dask", 1), "take_lock", inputs="LOCKS")
    with pytest.raises(TrialEnded, match=r"an argument cannot be pickled: .*lock") as told:
        trial.round(3)
    assert told.value.status == "refused"
    workers = {worker.pid for worker in trial.workers}
    (scheduler,) = (process for process in of_command(trial, "dask.node") if process.pid not in workers)
    scheduler.kill()
    with pytest.raises(TrialEnded, match=r"the Dask scheduler ended by SIGKILL|scheduler-connection-lost") as lost:
        trial.round(0, empty_chunks=3)
    assert lost.value.status == "failed"


def test_results_that_do_not_get_across_are_refused(start: Start) -> None:
    trial = start(Case("dask-threads", 1), "do_as_told", inputs="NUMBERS")
    for told, reason in (("give_lock", "pickled: .*lock"), ("give_torn", "unpickled: ValueError")):
        trial.let(told)
        with pytest.raises(TrialEnded, match=f"a result cannot be {reason}") as ended:
            trial.round(3)
        assert ended.value.status == "refused"


@pytest.mark.parametrize(
    ("setup", "told"), [("refuse_to_start", "set-up raised .*no licence"), ("exit_hard", "status 3")]
)
def test_a_set_up_that_fails_ends_the_trial(start: Start, setup: str, told: str) -> None:
    with pytest.raises(TrialEnded, match=told) as ended:
        start(Case("dask", 1), "call", inputs="NUMBERS", setup=setup)
    assert ended.value.status == "failed"


def test_a_missing_extra_is_told(tmp_path: Path) -> None:
    code = "import sys; sys.modules['distributed'] = None; from gilscope import backends; backends.get('dask')"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=tmp_path)
    assert "UsageError" in told.stderr
    assert "pip install 'gilscope[queues]'" in told.stderr


def test_what_was_raised_is_told_and_not_the_notes_below_it() -> None:
    noted = "Could not serialize object of type list\nTraceback (most recent call last):\n  File ...\n    dump(x)\n"
    noted += "TypeError: cannot pickle '_thread.lock' object\nwhen serializing list item 0\n"
    assert _of_result(TypeError(noted)) == "a result cannot be pickled: TypeError: cannot pickle '_thread.lock' object"
