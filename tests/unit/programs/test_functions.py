"""Where the time of functions went, and the account of the whole."""

from __future__ import annotations

import pytest

from gilscope.programs import tables
from gilscope.programs.accounts import ThreadCounts, ledgers_of, summed
from gilscope.programs.functions import MOST_STACKS, StackTimes
from gilscope.programs.moments import Frame, ThreadLook
from gilscope.programs.parked import is_parked
from gilscope.programs.views import ProcessViews
from gilscope.records import Ledger
from tests.unit.programs.builders import (
    STDLIB,
    blocked,
    count,
    feed,
    frame,
    function,
    holding,
    moment,
    numbered,
    process,
    thread,
    waiting,
)


def test_a_function_has_its_own_time_and_that_of_what_it_calls() -> None:
    times = StackTimes()
    count(times, [moment(at, holding(1, "inner", "outer")) for at in numbered(30)])
    count(times, [moment(at, holding(1, "outer")) for at in numbered(10, 31)])
    found = times.functions()
    assert found[function("outer")].own_s == pytest.approx({"cpu_gil": 0.1})
    assert found[function("outer")].total_s == pytest.approx({"cpu_gil": 0.4})
    assert found[function("inner")].own_s == pytest.approx({"cpu_gil": 0.3})


def test_a_recursive_function_counts_once_in_a_look() -> None:
    times = StackTimes()
    count(times, [moment(1, holding(1, "walk", "walk", "walk"))])
    assert times.functions()[function("walk")].total_s == pytest.approx({"cpu_gil": 0.01})


def test_functions_come_to_the_exact_seconds_of_their_states() -> None:
    views = ProcessViews(0.0)
    feed(views, [moment(at, holding(1, "crunch"), waiting(2, "serve")) for at in numbered(100)])
    seen = process(thread(1, 1.0, run_s=0.8, queued_s=0.2), thread(2, 0.9, run_s=0.0))
    ledger = summed(ledger for _, ledger in ledgers_of(seen, views.counts))
    rows = {row.place.function: row for row in tables.functions([(views, tables.factors(views, ledger))])}
    assert rows["crunch"].own.cpu_s == pytest.approx(0.8)
    assert rows["serve"].own.gil_wait_s == pytest.approx(0.9)
    assert rows["crunch"].made_wait_s == pytest.approx(0.9)


def test_a_function_stands_for_the_libraries_that_it_calls() -> None:
    views = ProcessViews(0.0)
    encode = frame("encode", STDLIB + "json/encoder.py")
    feed(
        views, [moment(at, ThreadLook(1, 0, None, True, True, stack=(encode, frame("render")))) for at in numbered(50)]
    )
    rows = {row.place.function: row for row in tables.functions([(views, {})])}
    assert rows["render"].told_s == pytest.approx(0.5)
    assert (rows["render"].own.wall_s, rows["encode"].told_s) == (0.0, 0.0)


def test_holds_of_all_processes_are_one_row_scaled_to_the_time_in_which_the_gil_was_held() -> None:
    """Moments that were missed are in no sample."""
    parts = []
    for _ in range(2):
        views = ProcessViews(0.0)
        feed(views, [moment(at, holding(1, "crunch"), waiting(2, "serve")) for at in numbered(50)])
        parts.append((views, tables.factors(views, Ledger(gil_held_s=1.0, gil_observed_s=1.0))))
    (row,) = tables.holds(parts, 0.0)
    assert row.held_s == pytest.approx(2.0)


def test_a_function_is_judged_as_an_analyzed_one_is() -> None:
    views = ProcessViews(0.0)
    recv = frame("fetch")
    feed(views, [moment(at, holding(1, "crunch"), blocked(2, "network", recv)) for at in numbered(100)])
    found = {row.place.function: row.classification for row in tables.functions([(views, {})])}
    assert found["crunch"] is not None
    assert (found["crunch"].label, found["crunch"].subtype) == ("compute-bound", "python")
    assert found["fetch"] is not None
    assert (found["fetch"].label, found["fetch"].subtype) == ("io-bound", "network")


def test_a_function_that_was_seen_too_seldom_is_not_judged() -> None:
    views = ProcessViews(0.0)
    feed(views, [moment(at, holding(1, "crunch")) for at in numbered(5)])
    assert [row.classification for row in tables.functions([(views, {})])] == [None]


def pool_thread(tid: int) -> ThreadLook:
    return blocked(tid, "lock", frame("_worker", STDLIB + "concurrent/futures/thread.py"), frame("Thread.run"))


def test_a_thread_of_a_pool_that_waits_for_work_is_idle() -> None:
    assert is_parked(pool_thread(1))
    counts = ThreadCounts()
    feed(counts, [moment(at, pool_thread(1)) for at in numbered(50)])
    ((_, ledger),) = ledgers_of(process(thread(1, 1.0, run_s=0.0)), counts)
    assert (ledger.idle_s, ledger.lock_s) == (1.0, 0.0)


TURN = frame("BaseEventLoop._run_once", STDLIB + "asyncio/base_events.py")
SELECT = frame("EpollSelector.select", STDLIB + "selectors.py")
CONDITION = frame("Condition.wait", STDLIB + "threading.py")


@pytest.mark.parametrize(
    "look",
    [
        blocked(1, "network", frame("serve"), call="accept4"),
        blocked(1, "other", SELECT, TURN),
        blocked(1, "other", TURN),
        blocked(1, "lock", CONDITION, frame("Queue.get", STDLIB + "queue.py"), frame("consume")),
        blocked(1, "lock", frame("Thread.join", STDLIB + "threading.py"), frame("main")),
    ],
)
def test_what_waits_for_something_to_do_is_idle(look: ThreadLook) -> None:
    assert is_parked(look)


SITE = "/srv/venv/lib/python3.13/site-packages/"
SPAWNED = (frame("spawn_main", STDLIB + "multiprocessing/spawn.py"), frame("<module>", "<string>"))
BOOTSTRAP = frame("Thread._bootstrap", STDLIB + "threading.py")
RECEIVES = frame("Connection._recv", STDLIB + "multiprocessing/connection.py")


@pytest.mark.parametrize(
    "look",
    [
        blocked(1, "sleep", frame("TaskPool.fire_timers_loop", SITE + "celery/concurrency/prefork.py"), BOOTSTRAP),
        blocked(1, "sleep", frame("_epoll.poll", SITE + "kombu/utils/eventio.py"), call="epoll_wait"),
        blocked(1, "other", RECEIVES, frame("watch", SITE + "distributed/process.py"), BOOTSTRAP, call="read"),
        blocked(1, "other", RECEIVES, frame("watch", SITE + "distributed/nanny.py"), *SPAWNED, call="read"),
        blocked(
            1, "network", SELECT, frame("ThreadWorker.poll", SITE + "gunicorn/workers/gthread.py"), call="epoll_wait"
        ),
        blocked(1, "lock", CONDITION, frame("Timer.run", SITE + "apscheduler/timer.py"), BOOTSTRAP),
        blocked(1, "sleep", frame("main"), call="pause"),
    ],
)
def test_a_thread_of_what_runs_the_program_is_idle_until_something_comes(look: ThreadLook) -> None:
    assert is_parked(look)


@pytest.mark.parametrize(
    "look",
    [
        blocked(1, "sleep", frame("fetch", SITE + "shop/app.py"), frame("run", SITE + "celery/app/trace.py")),
        blocked(1, "network", frame("read", SITE + "redis/socket.py"), frame("run", SITE + "celery/app/trace.py")),
        blocked(1, "disk", frame("load", SITE + "celery/beat.py"), call="read"),
        blocked(1, "lock", frame("Event.set", SITE + "kombu/event.py"), BOOTSTRAP),
        blocked(1, "sleep", frame("nap"), frame("Thread.run", STDLIB + "threading.py")),
    ],
)
def test_what_it_does_for_the_program_is_work(look: ThreadLook) -> None:
    assert not is_parked(look)


@pytest.mark.parametrize(
    "look",
    [
        blocked(1, "lock", frame("update")),
        blocked(1, "network", frame("fetch"), frame("_worker", STDLIB + "concurrent/futures/thread.py")),
        blocked(1, "sleep", frame("nap"), frame("Handle._run", STDLIB + "asyncio/events.py"), TURN),
        blocked(1, "lock", CONDITION, frame("Queue.put", STDLIB + "queue.py"), frame("produce")),
        waiting(1, "_worker"),
    ],
)
def test_what_waits_within_its_work_is_not(look: ThreadLook) -> None:
    assert not is_parked(look)


def test_the_parts_of_an_account_sum_to_the_wall_clock() -> None:
    views = ProcessViews(0.0)
    feed(views, [moment(at, holding(1, "crunch"), waiting(2, "serve")) for at in numbered(60)])
    feed(views, [moment(at, holding(1, "crunch"), blocked(2, "sleep", frame("nap"))) for at in numbered(40, 61)])
    seen = process(thread(1, 2.0, run_s=1.5, queued_s=0.5), thread(2, 2.0, run_s=0.0))
    whole = summed(ledger for _, ledger in ledgers_of(seen, views.counts))
    parts = (whole.cpu_gil_s, whole.cpu_free_s, whole.runqueue_s, whole.gil_wait_s, whole.sleep_s)
    assert sum(part or 0.0 for part in parts) == pytest.approx(whole.wall_s) == pytest.approx(4.0)
    assert whole.gil_wait_s == pytest.approx(1.2)


def test_a_native_threads_cpu_is_free_of_the_gil() -> None:
    counts = ThreadCounts()
    feed(counts, [moment(at, ThreadLook(9, None, None, on_cpu=True)) for at in numbered(50)])
    ((_, ledger),) = ledgers_of(process(thread(9, 1.0, run_s=0.9, native=True)), counts)
    assert (ledger.cpu_gil_s, ledger.own_threads_cpu_s) == (0.0, 0.9)


def test_a_thread_that_was_never_looked_at_is_divided_as_the_others_are() -> None:
    counts = ThreadCounts()
    feed(counts, [moment(at, holding(1, "crunch")) for at in numbered(50)])
    seen = process(thread(1, 1.0, run_s=1.0), thread(2, 0.5, run_s=0.5))
    assert [ledger.cpu_gil_s for _, ledger in ledgers_of(seen, counts)] == pytest.approx([1.0, 0.5])


def test_of_stacks_without_end_the_most_frequent_are_kept_and_no_time_is_lost() -> None:
    stacks = StackTimes()
    for number in range(3 * MOST_STACKS):
        look = ThreadLook(1, 0, None, True, True, stack=(Frame(function(f"made_{number}"), 1),))
        count(stacks, [moment(number, look), moment(number, holding(2, "crunch"))])
    found = stacks.most(2 * MOST_STACKS)
    assert len(found) <= MOST_STACKS
    assert [frames for frames, _, _ in found[:2]] == [("crunch (/srv/app/work.py:12)",), ("(rare stacks)",)]
    assert sum(seconds for _, _, seconds in found) == pytest.approx(6 * MOST_STACKS * 0.01)
