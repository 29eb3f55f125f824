"""Celery in a real trial's process: right answers, and a status with its reason for every fault, with nothing left."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from gilscope.measure import messages as m
from gilscope.measure.trial import TrialEnded
from tests.backends.conftest import Case, Start, Trial, start
from tests.queues.conftest import server_of
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
PREFORK, THREADS = Case("celery"), Case("celery-threads")


@pytest.fixture(scope="module", params=["celery-call", "celery-threads-call_coroutine"])
def shared(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trial]:
    backend, _, target = request.param.rpartition("-")
    with sharing(Case(backend), target, tmp_path_factory.mktemp("shared")) as trial:
        yield trial


def test_workers_are_where_the_backend_says(shared: Trial) -> None:
    processes = {worker.pid for worker in shared.workers}
    (main,) = (process for process in of_command(shared, "celery.worker") if process.ppid() == shared.pid)
    children = {process.pid for process in main.children()}
    assert processes == (children if shared.case.backend == "celery" else {main.pid})


def test_the_queue_is_metered(shared: Trial) -> None:
    a_queue_is_metered(shared)


def test_nobody_is_listened_to(shared: Trial) -> None:
    sockets = [each for process in shared.family for each in process.net_connections()]
    assert [each for each in sockets if each.status == psutil.CONN_LISTEN] == []


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_the_ledger_is_the_workers_and_a_killed_one_is_told(start: Start) -> None:
    trial = start(PREFORK, "sleep", inputs="NUMBERS")
    done, ledger = observed(trial, 30)  # long beside what it takes to begin to watch
    assert ledger.threads == 2
    assert ledger.wall_s == pytest.approx(2 * done.wall_s, rel=0.2)
    assert ledger.sleep_s is not None
    assert 0.1 * ledger.wall_s < ledger.sleep_s <= ledger.wall_s
    psutil.Process(trial.workers[-1].pid).kill()
    for _ in range(2):  # Celery puts another in its place, which is not the one that is watched
        with pytest.raises(TrialEnded, match="a worker process ended in the middle of its work") as told:
            trial.round(10)
        assert told.value.status == "failed"


@pytest.mark.parametrize(
    ("case", "told"), [(PREFORK, r"signal 9 \(SIGKILL\)"), (THREADS, "ended by SIGKILL in the middle")], ids=str
)
def test_a_call_that_ends_its_process_is_told(start: Start, case: Case, told: str) -> None:
    trial = start(case, "kill_itself", inputs="NUMBERS")
    with pytest.raises(TrialEnded, match=told) as ended:
        trial.round(10)
    assert ended.value.status == "failed"


def test_an_argument_that_cannot_be_pickled_is_refused_and_a_lost_broker_told(start: Start) -> None:
    trial = start(THREADS, "take_lock", inputs="LOCKS")
    with pytest.raises(TrialEnded, match=r"an argument cannot be pickled: .*lock") as told:
        trial.round(3)
    assert told.value.status == "refused"
    server_of(trial).kill()
    with pytest.raises(TrialEnded, match="the broker ended by SIGKILL") as lost:
        trial.round(0, empty_chunks=3)
    assert lost.value.status == "failed"


def test_results_that_do_not_get_across_are_refused_and_a_broker_killed_in_the_middle_told(start: Start) -> None:
    trial = start(THREADS, "do_as_told", inputs="NUMBERS")
    for told, reason in (("give_lock", "pickled: .*lock"), ("give_torn", "unpickled: ValueError")):
        trial.let(told)
        with pytest.raises(TrialEnded, match=f"a result cannot be {reason}") as ended:
            trial.round(3)
        assert ended.value.status == "refused"
    trial.let("sleep")
    trial.begin(200)
    server_of(trial).kill()
    with pytest.raises(TrialEnded, match=r"the broker ended by SIGKILL|a worker process ended") as lost:
        trial.hear(m.RoundDone)
    assert lost.value.status == "failed"


@pytest.mark.parametrize(
    ("setup", "told"), [("refuse_to_start", "set-up raised .*no licence"), ("exit_hard", "starting")]
)
def test_a_set_up_that_fails_ends_the_trial(start: Start, setup: str, told: str) -> None:
    with pytest.raises(TrialEnded, match=told) as ended:
        start(PREFORK, "call", inputs="NUMBERS", setup=setup)
    assert ended.value.status == "failed"


def test_what_cannot_be_pickled_and_what_only_this_process_has_are_refused(start: Start) -> None:
    for target, told in (("anonymous", "the function cannot be pickled"), ("hidden", "cannot be imported in a worker")):
        with pytest.raises(TrialEnded, match=told) as ended:
            start(THREADS, target, inputs="NUMBERS")
        assert ended.value.status == "refused"


def test_a_missing_extra_is_told(tmp_path: Path) -> None:
    code = "import sys; sys.modules['celery'] = None; from gilscope import backends; backends.get('celery')"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=tmp_path)
    assert "UsageError" in told.stderr
    assert "pip install 'gilscope[queues]'" in told.stderr
