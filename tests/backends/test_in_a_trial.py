"""What every backend owes its caller, asked of it in a real trial's process."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

import psutil
import pytest

import gilscope
from gilscope.digest import digest
from gilscope.measure import messages as m
from gilscope.measure.trial import TrialEnded
from tests.backends.conftest import CASES, PROCESSES, QUICK, TARGETS, Case, Start, Trial
from tests.backends.targets import NUMBERS

pytestmark = [
    pytest.mark.skipif(sys.platform == "win32", reason="trials run on POSIX"),
]
PACKAGE = str(Path(gilscope.__file__).parent)

every_backend = pytest.mark.parametrize("case", CASES, ids=str)
each_backend_once = pytest.mark.parametrize("case", QUICK, ids=str)
processes = pytest.mark.parametrize("case", PROCESSES, ids=str)


# -- workers ---------------------------------------------------------------------------------------


def expected_workers(trial: Trial) -> int:
    """A loop runs coroutine functions in one thread."""
    native = trial.case.backend == "asyncio" and trial.loaded.kind == "coroutine"
    return 1 if native else trial.case.workers


def test_all_workers_are_started_and_distinct(shared: Trial) -> None:
    workers = shared.workers
    assert len(workers) == expected_workers(shared)
    assert len({(worker.pid, worker.tid) for worker in workers}) == len(workers)
    assert len({(worker.pid, worker.thread_state) for worker in workers}) == len(workers)
    assert len({(worker.pid, worker.busy) for worker in workers}) == len(workers)


def test_workers_are_where_the_backend_says(shared: Trial) -> None:
    pids = {worker.pid for worker in shared.workers}
    if shared.case.in_processes:
        assert len(pids) == shared.case.workers
        assert shared.pid not in pids
    else:
        assert pids == {shared.pid}


# -- calls -----------------------------------------------------------------------------------------


@pytest.mark.interpreter
@pytest.mark.parametrize("chunksize", [1, 3, 10, 100])
def test_every_call_is_made_once_by_a_worker(shared: Trial, chunksize: int) -> None:
    shared.forget()
    done = shared.round(10, chunksize)
    assert done.calls == 10
    assert Counter(note.words for note in shared.notes) == Counter((number,) for number in range(10))
    assert {(note.pid, note.tid) for note in shared.notes} <= {(worker.pid, worker.tid) for worker in shared.workers}


def test_calls_go_round_the_inputs(shared: Trial) -> None:
    shared.forget()
    assert shared.round(25, 4, first=7).calls == 25
    assert sorted(Counter(note.words for note in shared.notes).values()) == [2] * 5 + [3] * 5


def test_errors_are_counted_and_the_first_is_kept(shared: Trial) -> None:
    done = shared.round(10, 5)
    assert (done.calls, done.errors) == (10, 4)
    assert done.error is not None
    assert done.error.type == "ValueError"
    assert done.error.message.endswith("is divisible by three")


def test_results_are_those_of_the_calls(shared: Trial) -> None:
    ask = m.Round(first=0, calls=10, inputs=10, chunksize=1, digests=True)
    done: m.RoundDone = shared.ask(ask, m.RoundDone)
    assert done.digests == {digest(number): [digest(2 * number)] for number in NUMBERS if number % 3}


def test_the_first_traceback_is_the_users_alone(shared: Trial) -> None:
    error = shared.round(10).error
    assert error is not None
    frames = [line for line in error.traceback.splitlines() if line.startswith("  File ")]
    assert frames
    assert all(str(TARGETS) in frame for frame in frames), error.traceback
    assert PACKAGE not in error.traceback
    assert error.traceback.rstrip().endswith(error.message)


def test_latencies_are_within_the_round(shared: Trial) -> None:
    done = shared.round(10)
    assert done.latency_p50_s is not None
    assert done.latency_p99_s is not None
    assert done.queue_wait_p50_s is not None
    assert 0 <= done.latency_p50_s <= done.latency_p99_s <= done.wall_s
    assert 0 <= done.queue_wait_p50_s <= done.wall_s


def test_chunks_without_calls_are_dispatched_and_call_nothing(shared: Trial) -> None:
    shared.forget()
    done = shared.round(0, empty_chunks=50)
    assert (done.calls, done.errors, done.latency_p50_s) == (0, 0, None)
    assert done.queue_wait_p50_s is not None  # so many chunks were started
    assert done.wall_s > 0
    assert shared.notes == []


def test_a_round_of_nothing_ends(shared: Trial) -> None:
    assert shared.round(0).calls == 0


def test_only_a_loop_has_a_lag(shared: Trial) -> None:
    done = shared.round(10)
    if shared.case.backend != "asyncio":
        assert (done.loop_lag_p50_s, done.loop_lag_p99_s, done.loop_lag_max_s) == (None, None, None)
    elif done.loop_lag_max_s is not None:  # it is, where the round was over before the heart beat once
        assert done.loop_lag_max_s >= 0


@each_backend_once
@pytest.mark.parametrize("kind", ["", "_coroutine"])
def test_generators_are_drained(start: Start, case: Case, kind: str) -> None:
    trial = start(case, f"count{kind}", inputs="NUMBERS")
    assert trial.round(10, 3).errors == 0
    assert Counter(note.words for note in trial.notes) == Counter((number,) for number in range(10))


@each_backend_once
@pytest.mark.parametrize("kind", ["", "_coroutine"])
def test_star_unpacks_and_keyword_arguments_come_along(start: Start, case: Case, kind: str) -> None:
    trial = start(case, f"pair{kind}", inputs="PAIRS", star=True, kwargs={"third": "6 * 7"})
    assert trial.round(10).errors == 0
    assert Counter(note.words for note in trial.notes) == Counter((number, -number, 42) for number in range(10))


@each_backend_once
@pytest.mark.parametrize("kind", ["", "_coroutine"])
def test_a_function_may_take_no_input(start: Start, case: Case, kind: str) -> None:
    trial = start(case, f"nothing{kind}", kwargs={"third": "42"})
    assert trial.round(5).errors == 0
    assert [note.words for note in trial.notes] == [(42,)] * 5


@each_backend_once
def test_calls_that_are_not_timed_are_counted_all_the_same(start: Start, case: Case) -> None:
    trial = start(case, "call", inputs="NUMBERS", timed=False)
    done = trial.round(10, 5)
    assert (done.calls, done.errors) == (10, 4)
    assert done.latency_p50_s is not None


# -- set-up and tear-down --------------------------------------------------------------------------


@every_backend
def test_set_up_and_tear_down_run_once_in_every_process(start: Start, case: Case) -> None:
    trial = start(case, "call", inputs="NUMBERS", setup="set_up", teardown="tear_down")
    trial.round(10)
    trial.round(10)
    trial.close()
    by_pid: dict[int, list[str]] = {worker.pid: [] for worker in trial.workers}
    for note in trial.notes:
        by_pid[note.pid].append(note.what)
    for what in by_pid.values():
        assert (what[0], what[-1]) == ("setup", "teardown")
        assert (what.count("setup"), what.count("teardown")) == (1, 1)


SETTINGS = """
import sys
sys.path.insert(0, {folder!r})
from targets import note
TABLE = []

def configure():
    TABLE.append(7)
    note("setup")
"""
ORDERS = """
import settings
FIRST = settings.TABLE[0]
INPUTS = list(range(10))

def total(order):
    settings.note("call", FIRST)

def close():
    settings.note("teardown")
"""


@every_backend
def test_a_set_up_elsewhere_is_over_before_the_target_is_imported(start: Start, case: Case, tmp_path: Path) -> None:
    (tmp_path / "settings.py").write_text(SETTINGS.format(folder=str(TARGETS.parent)))
    (tmp_path / "orders.py").write_text(ORDERS)
    trial = start(
        case,
        "total",
        place="orders",
        inputs="INPUTS",
        setup="settings:configure",
        teardown="orders:close",
        sys_path=(str(tmp_path),),
    )
    assert trial.round(10).errors == 0
    trial.close()
    by_pid: dict[int, list[str]] = {pid: [] for pid in (trial.pid, *(worker.pid for worker in trial.workers))}
    for note in trial.notes:
        by_pid[note.pid].append(note.what)
    for what in by_pid.values():
        assert (what[0], what[-1]) == ("setup", "teardown")
        assert (what.count("setup"), what.count("teardown")) == (1, 1)


def test_a_loop_is_set_up_once_too(start: Start) -> None:
    trial = start(Case("asyncio"), "call_coroutine", inputs="NUMBERS", setup="set_up", teardown="tear_down")
    trial.round(10)
    trial.close()
    what = [note.what for note in trial.notes]
    assert what == ["setup", *["call"] * 10, "teardown"]


@every_backend
def test_a_set_up_that_raises_ends_the_trial(start: Start, case: Case) -> None:
    with pytest.raises(TrialEnded, match=r"set-up") as told:
        start(case, "call", inputs="NUMBERS", setup="refuse_to_start")
    assert told.value.status == "failed"


# -- memory ----------------------------------------------------------------------------------------


def peak_bytes(process: psutil.Process) -> int:
    """The most memory that a process ever had; nothing for one that has just ended."""
    try:
        status = Path(f"/proc/{process.pid}/status").read_text()
    except OSError:
        return 0
    return sum(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM:")) << 10


@pytest.mark.skipif(sys.platform != "linux", reason="reads the peak memory in /proc")
@every_backend
def test_results_are_dropped(start: Start, case: Case) -> None:
    trial = start(case, "large", inputs="NUMBERS")
    before = max(map(peak_bytes, trial.family))
    done = trial.round(50)
    assert (done.calls, done.errors) == (50, 0)
    grown = max(map(peak_bytes, trial.family)) - before
    assert grown < 50 * (4 << 20) / 2


# -- what cannot cross -----------------------------------------------------------------------------


@processes
def test_a_function_that_cannot_be_pickled_is_refused(start: Start, case: Case) -> None:
    with pytest.raises(TrialEnded, match=r"the function cannot be pickled: ") as told:
        start(case, "anonymous", inputs="NUMBERS")
    assert told.value.status == "refused"


@pytest.mark.parametrize(("target", "inputs"), [("take_lock", "LOCKS"), ("give_lock", "NUMBERS")])
def test_an_argument_or_a_result_that_cannot_be_pickled_is_refused(start: Start, target: str, inputs: str) -> None:
    trial = start(PROCESSES[-1], target, inputs=inputs)
    with pytest.raises(TrialEnded, match=r"cannot be pickled: .*lock") as told:
        trial.round(3)
    assert told.value.status == "refused"


@processes
def test_a_result_that_cannot_be_unpickled_is_refused(start: Start, case: Case) -> None:
    trial = start(case, "give_torn", inputs="NUMBERS")
    with pytest.raises(TrialEnded, match="a result cannot be unpickled: ValueError: torn on the way") as told:
        trial.round(10)
    assert told.value.status == "refused"


@pytest.mark.parametrize("case", [case for case in CASES if not case.in_processes], ids=str)
def test_within_a_process_nothing_needs_pickling(start: Start, case: Case) -> None:
    for target, inputs in (("anonymous", "NUMBERS"), ("take_lock", "LOCKS"), ("give_lock", "NUMBERS")):
        done = start(case, target, inputs=inputs).round(3)
        assert (done.calls, done.errors) == (3, 0)


# -- death -----------------------------------------------------------------------------------------


@every_backend
def test_a_call_that_ends_its_process_is_told(start: Start, case: Case) -> None:
    trial = start(case, "exit_hard", inputs="NUMBERS")
    with pytest.raises(TrialEnded, match="exit status 3") as told:
        trial.round(10)
    assert told.value.status == "failed"


@processes
def test_a_killed_worker_is_told_and_the_pool_stays_broken(start: Start, case: Case) -> None:
    trial = start(case, "kill_itself", inputs="NUMBERS")
    for _ in range(2):
        with pytest.raises(TrialEnded, match=r"a worker process ended by SIGKILL before its first call was over$"):
            trial.round(10)


@processes
def test_a_worker_killed_from_outside_is_told(start: Start, case: Case) -> None:
    trial = start(case, "sleep", inputs="NUMBERS")
    psutil.Process(trial.workers[-1].pid).kill()
    with pytest.raises(TrialEnded, match="a worker process ended by SIGKILL"):
        trial.round(100)


@every_backend
def test_a_worker_that_ends_while_starting_is_told(start: Start, case: Case) -> None:
    told = "while starting" if case.in_processes else "exit status 3"
    with pytest.raises(TrialEnded, match=told):
        start(case, "call", inputs="NUMBERS", setup="exit_hard")


# -- the loop --------------------------------------------------------------------------------------


def median_lag_s(start: Start, target: str) -> float:
    lag_s = start(Case("asyncio"), target, inputs="NUMBERS").round(10).loop_lag_p50_s
    assert lag_s is not None
    return lag_s


@pytest.mark.timing
@pytest.mark.parametrize("kind", ["sleep", "sleep_coroutine"])
def test_a_blocked_loop_lags_more_than_a_free_one(start: Start, kind: str) -> None:
    assert median_lag_s(start, "block_coroutine") > 4 * median_lag_s(start, kind)
