"""The questions that docs/programs.md answers, each asked of a real program whose answer is known.

Whether a freeze is going on is asked in test_dump.
"""

from __future__ import annotations

import signal
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from gilscope.records.programs import Place, ProgramRecord
from tests.frameworks.recipes import running, told
from tests.programs.watched import EXAMPLES, asked, example, function, looks_at, watched, watched_until

pytestmark = [
    pytest.mark.timing,
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="programs are seen into by Linux's /proc alone"),
]


#: Looks at a function, after which its shares are known to twelve points or so.
ENOUGH = 60


def called(place: Place | None) -> str | None:
    return None if place is None else place.function


# ---- who holds the GIL, and who waits for whom? ----


def echoing_beside(work: str) -> ProgramRecord:
    def enough(record: ProgramRecord) -> bool:
        return looks_at(record, "echo") >= ENOUGH

    with (
        example(f"convoy.py {work}", r"(\d+)") as (server, port),
        running(f"{sys.executable} convoy.py ask {port} 60 0.01", EXAMPLES, end=signal.SIGKILL),
    ):
        return watched_until(server.pid, enough)


def waits_of_echo(record: ProgramRecord) -> dict[str | None, float]:
    """By who held the GIL, in threads on average."""
    rows = [row for row in record.blame if called(row.waiting) == "echo"]
    return {called(row.holding): row.waited_s / record.watched_s for row in rows}


def test_an_echo_server_waits_for_who_computes_beside_it() -> None:
    """The convoy effect (bpo-7946)."""
    beside_python = waits_of_echo(echoing_beside("python"))
    assert beside_python["crunch"] > 0.9 * sum(beside_python.values())
    beside_bz2 = waits_of_echo(echoing_beside("bz2"))
    assert beside_python["crunch"] > 3 * sum(beside_bz2.values())
    with_short_intervals = echoing_beside("python 0.0001")
    # who holds it may lose its CPU to other programs, however short the interval is
    crunching = [thread for thread in with_short_intervals.threads if called(thread.began_in) == "crunch"]
    no_cpu = sum(thread.account.runqueue_s or 0.0 for thread in crunching) / with_short_intervals.watched_s
    assert sum(waits_of_echo(with_short_intervals).values()) < beside_python["crunch"] / 3 + no_cpu


# ---- what limits it, and when? ----


def test_a_job_is_limited_by_what_each_part_of_it_is_about() -> None:
    pytest.importorskip("pandas")
    with example("job.py 1.0 loads converts", "(begins)") as (process, _):
        record = watched(process.pid)
    quarter = len(record.periods) // 4
    first, rest = (
        [period.gil_waiting or 0.0 for period in part] for part in (record.periods[:quarter], record.periods[quarter:])
    )
    assert sum(rest) / len(rest) > 5 * sum(first) / len(first)
    with example("job.py 60 sums", "(begins)") as (process, _):
        pandas = watched_until(process.pid, lambda record: (record.account.cpu_samples or 0) >= ENOUGH)
    assert pandas.verdict.limit != "gil"
    total = function(pandas, "sum_up").total
    assert (total.cpu_free_s or 0.0) > (total.cpu_gil_s or 0.0)


# ---- what is each function? ----


def test_pages_under_gunicorns_threads_are_told_by_what_they_do() -> None:
    pytest.importorskip("gunicorn")
    pages = ("render", "total", "packed", "counted")

    def enough(record: ProgramRecord) -> bool:
        return min(looks_at(record, page) for page in pages) >= ENOUGH

    paths = ("/render*1", "/total*1", "/packed*1", "/counted*3")
    with asked(f"{sys.executable} -m gunicorn --threads 8 --bind 127.0.0.1:0 pages:app", 60, *paths) as site:
        record = watched_until(site.process.pid, enough)
    kinds = {page: function(record, page).classification for page in pages}
    assert {name: kind and (kind.label, kind.subtype) for name, kind in kinds.items()} == {
        "render": ("compute-bound", "python"),
        "total": ("compute-bound", "python"),
        "packed": ("compute-bound", "native"),
        "counted": ("io-bound", "lock"),
    }
    assert called(record.locks[0].waiting[0][0]) == "counted"


# ---- what blocks the event loop, and how late did it run? ----


def test_a_loop_is_as_late_as_it_says_itself_by_who_keeps_the_gil_from_it() -> None:
    with example("held.py json 2", "(begins)") as (process, _):
        record = watched(process.pid)
        assert process.stdout is not None
        worst_s = int(process.stdout.read().split()[2]) / 1000
    (loop,) = record.loops
    kept = [block for block in loop.blocked if block.state == "gil_wait"]
    assert called(max(kept, key=lambda block: block.total_s).place) == "dump"
    assert loop.lag_longest_s == pytest.approx(worst_s, rel=0.4)
    advice, *others = (each for each in record.verdict.advice if each.name == "gil-hold")
    assert called(advice.place) == "dump"
    assert "native code that holds the GIL until it returns" in advice.sentence
    assert sum(each.to_win_s or 0.0 for each in others) < (advice.to_win_s or 0.0) / 5


# ---- what should be changed, and what would it bring? ----


def waits_seen(record: ProgramRecord) -> bool:
    return looks_at(record, "read_stock") >= ENOUGH


def test_what_is_advised_of_a_service_mends_it() -> None:
    pytest.importorskip("uvicorn")
    load = (60, "/words*1", "/stock*6", "/health*2")
    server = f"{sys.executable} -m uvicorn {{}} --port 0 --no-access-log"
    with asked(server.format("shop:app"), *load) as site:
        before = watched_until(site.process.pid, waits_seen)
    assert before.verdict.limit == "loop"
    (advice, *_) = before.verdict.advice
    assert (advice.name, called(advice.place)) == ("blocked-loop", "read_stock")
    assert advice.to_win_s > 0.5 * before.watched_s
    with asked(server.format("shop_mended:app"), *load) as site:
        after = watched_until(site.process.pid, waits_seen)
    assert "read_stock" not in {called(block.place) for loop in after.loops for block in loop.blocked}
    assert "blocked-loop" not in {advice.name for advice in after.verdict.advice}
    assert "tokenize" not in {called(row.holding) for row in after.blame}


# ---- and its processes? ----


def test_a_celery_worker_is_one_account_of_all_its_processes() -> None:
    pytest.importorskip("celery")
    from gilscope.queues.brokers.server import serving

    with TemporaryDirectory() as folder, serving(Path(folder)) as broker:
        variables = f"BROKER_URL={broker.url.replace('unix://', 'redis+socket://')} C_FORCE_ROOT=1"
        worker = f"{variables} {sys.executable} -m celery -A tasks worker --concurrency 2 --loglevel INFO"
        with running(worker, EXAMPLES, end=signal.SIGKILL) as process:
            told(process, "(ready)")
            with running(f"{variables} {sys.executable} tasks.py 2000", EXAMPLES, end=signal.SIGKILL) as asking:
                told(asking, "(begins)")
                record = watched_until(process.pid, lambda record: looks_at(record, "score") >= ENOUGH)
    parents = {each.pid: each.parent for each in record.processes}
    children = [each for each in record.processes if each.parent == process.pid]
    assert parents[process.pid] is None
    assert len(children) == len(parents) - 1 == 2
    assert sum(each.account.wall_s for each in record.processes) == pytest.approx(record.account.wall_s)
    (score,) = [hold for hold in record.holds if called(hold.place) == "score"]
    assert score.held_s > 0.5 * sum(each.account.cpu_gil_s or 0.0 for each in children)
    assert (record.account.gil_wait_s or 0.0) < 0.1 * record.watched_s


def test_a_dask_workers_tasks_are_told_of_its_threads_in_its_own_process() -> None:
    pytest.importorskip("distributed")

    def at_work(record: ProgramRecord) -> set[int]:
        return {thread.pid for thread in record.threads if "Dask-Default-Threads" in thread.name}

    def enough(record: ProgramRecord) -> bool:
        return looks_at(record, "parse") >= ENOUGH and len(at_work(record)) >= 2  # the second may begin much later

    with example("cluster.py 20000", "(begins)") as (process, _):
        record = watched_until(process.pid, enough)
    kind = function(record, "parse").classification
    assert kind is not None
    assert (kind.label, kind.subtype) == ("compute-bound", "python")
    assert len(at_work(record)) == 2
    assert process.pid not in at_work(record)
    assert "parse" in {called(row.holding) for row in record.blame}
