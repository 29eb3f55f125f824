"""RQ in a real trial's process: right answers, and a status with its reason for every fault, with nothing left."""

from __future__ import annotations

import os
import signal
import time
from collections import Counter
from collections.abc import Iterator

import pytest
from rq import Queue

from gilscope.measure import messages as m
from gilscope.measure.trial import TrialEnded
from gilscope.queues.brokers.redis import connected
from tests.backends.conftest import TARGETS, Case, Trial
from tests.processes import left_of, lives
from tests.queues.conftest import Start, server_of
from tests.queues.engine import sharing, test_results_are_those_of_the_calls

__all__ = ["test_results_are_those_of_the_calls"]

KINDS = ["rq", "rq-simple"]
either = pytest.mark.parametrize("kind", KINDS)


@pytest.fixture(scope="module", params=KINDS)
def shared(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trial]:
    with sharing(Case(request.param), "call", tmp_path_factory.mktemp("shared")) as trial:
        yield trial


@pytest.mark.interpreter
def test_calls_are_made_once_each_in_other_processes(shared: Trial) -> None:
    shared.forget()
    for chunksize in (1, 4):
        assert shared.round(10, chunksize).calls == 10
    assert Counter(note.words for note in shared.notes) == {(number,): 2 for number in range(10)}
    pids = {note.pid for note in shared.notes}
    assert shared.pid not in pids
    watched = {worker.pid for worker in shared.workers}
    if shared.case.backend == "rq":  # a process for each task, which nobody can watch from its beginning
        assert watched == set()
        assert len(pids) == 10 + 3
    else:
        assert len(watched) == 2
        assert pids <= watched


def test_errors_keep_their_text(shared: Trial) -> None:
    done = shared.round(10, 5)
    assert (done.calls, done.errors) == (10, 4)
    assert done.error is not None
    assert done.error.type == "ValueError"
    assert done.error.message.endswith("is divisible by three")
    frames = [line for line in done.error.traceback.splitlines() if line.startswith("  File ")]
    assert frames
    assert all(str(TARGETS) in frame for frame in frames)


TAKEN = (
    *("enqueue_s", "queue_wait_p50_s", "execute_p50_s", "fetch_s", "round_trip_s"),
    *("tasks_per_s", "broker_cpu_s", "worker_cpu_s"),
)


def test_what_the_queue_takes_is_told_apart(shared: Trial) -> None:
    shared.round(0, empty_chunks=20)
    done = shared.round(20, 2)
    queue = done.queue
    assert queue is not None
    figures: dict[str, float] = {name: getattr(queue, name) for name in TAKEN}
    assert all(seconds is not None and seconds > 0 for seconds in figures.values()), figures
    assert figures["queue_wait_p50_s"] < figures["round_trip_s"]
    assert figures["broker_cpu_s"] < figures["round_trip_s"]
    assert figures["execute_p50_s"] < done.wall_s


# -- what cannot go there ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("target", "options", "told"),
    [
        ("anonymous", {"inputs": "NUMBERS"}, r"the function cannot be pickled.*lambda"),
        ("take_lock", {"inputs": "LOCKS"}, r"an argument cannot be pickled.*lock"),
    ],
)
def test_what_cannot_cross_is_refused(start: Start, target: str, options: dict[str, str], told: str) -> None:
    with pytest.raises(TrialEnded, match=told) as ended:
        start("rq-simple", target, **options).round(1)
    assert ended.value.status == "refused"


def test_results_that_do_not_get_across_are_refused(start: Start) -> None:
    trial = start("rq-simple", "do_as_told", inputs="NUMBERS")
    for told, reason in (("give_lock", "pickled.*lock"), ("give_torn", "unpickled.*torn on the way")):
        trial.let(told)
        with pytest.raises(TrialEnded, match=f"a result cannot be {reason}") as ended:
            trial.round(1)
        assert ended.value.status == "refused"


def test_a_function_that_workers_cannot_import_is_refused(start: Start) -> None:
    with pytest.raises(TrialEnded, match=r"the function cannot be imported in a worker.*only_here") as ended:
        start("rq-simple", "hidden", inputs="NUMBERS")
    assert ended.value.status == "refused"


def test_a_set_up_that_raises_is_told(start: Start) -> None:
    with pytest.raises(TrialEnded, match=r"the set-up raised in a worker.*no licence") as ended:
        start("rq", "call", inputs="NUMBERS", setup=f"{TARGETS}:refuse_to_start")
    assert ended.value.status == "failed"


# -- what goes wrong --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "target", "told"),
    [
        ("rq", "kill_itself", "a work horse.* ended by SIGKILL in the middle of its work"),
        ("rq-simple", "kill_itself", "a worker process ended by SIGKILL in the middle of its work"),
        ("rq-simple", "exit_hard", "a worker process ended with exit status 3 in the middle of its work"),
    ],
)
def test_a_worker_that_ends_is_told(start: Start, kind: str, target: str, told: str) -> None:
    trial = start(kind, target, inputs="NUMBERS")
    with pytest.raises(TrialEnded, match=told) as ended:
        trial.round(4)
    assert ended.value.status == "failed"


@either
def test_a_broker_that_is_killed_is_told(start: Start, kind: str) -> None:
    trial = start(kind, "sleep", inputs="NUMBERS")
    trial.process.tell(m.Round(first=0, calls=1000, inputs=10, chunksize=1))
    server_of(trial).send_signal(signal.SIGKILL)
    with pytest.raises(TrialEnded, match="the broker ended by SIGKILL in the middle of its work") as ended:
        trial.hear(m.RoundDone)
    assert ended.value.status == "failed"


def test_a_task_past_its_time_is_ended_with_all_there_is(start: Start, given: str) -> None:
    trial = start("rq", "sleep", {"GILSCOPE_BROKER": given}, inputs="NUMBERS")
    family = trial.family
    trial.process.tell(m.Round(first=0, calls=1000, inputs=10, chunksize=100))
    with pytest.raises(TrialEnded) as ended:
        trial.process.hear(m.RoundDone, time.monotonic() + 0.3, "running 1000 calls")
    assert ended.value.status == "timeout"
    trial.end()
    assert [process for process in family if lives(process)] == []
    with connected(given) as connection:
        assert connection.keys() == []


def test_a_broker_out_of_memory_is_told(start: Start, given: str) -> None:
    trial = start("rq-simple", "large", {"GILSCOPE_BROKER": given}, inputs="NUMBERS")
    with connected(given) as connection:
        connection.config_set("maxmemory", connection.info("memory")["used_memory"] + (1 << 20))
        with pytest.raises(TrialEnded, match="out of memory") as ended:
            trial.round(10)
        connection.config_set("maxmemory", 0)
        trial.end()
        assert connection.keys() == []
    assert ended.value.status == "failed"


@either
def test_others_messages_are_not_unpickled(start: Start, given: str, kind: str) -> None:
    trial = start(kind, "call", {"GILSCOPE_BROKER": given}, inputs="NUMBERS")
    prefix = os.path.basename(trial.process.token)
    with connected(given) as connection:
        Queue(prefix, connection=connection).enqueue(os.mkdir, f"{trial.process.token}/trap", description="")
        assert trial.round(10).calls == 10
        assert not os.path.exists(f"{trial.process.token}/trap")
        tasks = sum(f"rq:job:{prefix}-".encode() in key for key in connection.scan_iter())
        connection.xadd(f"rq:results:{prefix}-{tasks + 1}", {"type": 1, "return_value": "AAAA"})
        with pytest.raises(TrialEnded, match="not signed by this analysis") as ended:
            trial.round(1)
    assert ended.value.status == "failed"


@pytest.mark.parametrize("url", ["redis://127.0.0.1:1/0", "redis://192.0.2.1/0"])
def test_a_broker_that_cannot_be_used_is_told(start: Start, url: str) -> None:
    with pytest.raises(TrialEnded, match="the broker redis://") as ended:
        start("rq", "call", {"GILSCOPE_BROKER": url}, inputs="NUMBERS")
    assert ended.value.status == "failed"


@either
def test_nothing_outlives_a_trial_that_is_killed(start: Start, kind: str) -> None:
    trial = start(kind, "sleep", inputs="NUMBERS")
    trial.process.tell(m.Round(first=0, calls=1000, inputs=10, chunksize=100))
    family = trial.family
    os.kill(trial.pid, signal.SIGKILL)
    assert left_of(family, within_s=30) == []  # before anybody ends them
