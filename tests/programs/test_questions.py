"""The questions that docs/programs.md answers, each asked of a real program whose answer is known.

Whether a freeze is going on is asked in test_dump.
"""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from gilscope.records.programs import Place, ProgramRecord
from tests.frameworks.recipes import running, told
from tests.programs.watched import EXAMPLES, asked, example, function, watched

pytestmark = [
    pytest.mark.timing,
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="programs are seen into by Linux's /proc alone"),
]


def called(place: Place | None) -> str | None:
    return None if place is None else place.function


# ---- who holds the GIL, and who waits for whom? ----


def echoing_beside(work: str) -> ProgramRecord:
    with example(f"convoy.py {work}", r"(\d+)") as (server, port):
        ask = [sys.executable, "convoy.py", "ask", port, "1.0", "0.01"]
        with subprocess.Popen(ask, cwd=EXAMPLES, stdout=subprocess.DEVNULL) as asking:
            record = watched(server.pid, 0.8)
            asking.wait()
    return record


def waits_of_echo(record: ProgramRecord) -> dict[str | None, float]:
    """By who held the GIL, in threads on average."""
    rows = [row for row in record.blame if called(row.waiting) == "echo"]
    return {called(row.holding): row.waited_s / record.watched_s for row in rows}


def test_an_echo_server_waits_for_who_computes_beside_it() -> None:
    """The convoy effect (bpo-7946)."""
    beside_python = waits_of_echo(echoing_beside("python"))
    assert beside_python["crunch"] > 0.9 * sum(beside_python.values())
    with_short_intervals = sum(waits_of_echo(echoing_beside("python 0.0001")).values())
    beside_bz2 = sum(waits_of_echo(echoing_beside("bz2")).values())
    assert beside_python["crunch"] > 3 * max(with_short_intervals, beside_bz2)


# ---- what limits it, and when? ----


def test_a_job_is_limited_by_what_each_part_of_it_is_about() -> None:
    pytest.importorskip("pandas")
    with example("job.py 0.7 loads converts", "(begins)") as (process, _):
        record = watched(process.pid)
    half = [period for period in record.periods if period.at_s < 0.45 * record.watched_s]
    rest = [period for period in record.periods if period.at_s > 0.55 * record.watched_s]
    waiting = [sum(period.gil_waiting or 0.0 for period in part) / len(part) for part in (half, rest)]
    assert waiting[0] < 0.05 < 0.2 < waiting[1]
    with example("job.py 0.7 sums", "(begins)") as (process, _):
        pandas = watched(process.pid)
    assert pandas.verdict.limit != "gil"
    total = function(pandas, "sum_up").total
    assert (total.cpu_free_s or 0.0) > (total.cpu_gil_s or 0.0)


# ---- what is each function? ----


def test_pages_under_gunicorns_threads_are_told_by_what_they_do() -> None:
    pytest.importorskip("gunicorn")
    paths = ("/render*1", "/total*1", "/packed*1", "/counted*3")
    with asked(f"{sys.executable} -m gunicorn --threads 8 --bind 127.0.0.1:0 pages:app", 1.5, *paths) as site:
        record = watched(site.process.pid, 1.3)
    kinds = {name: function(record, name).classification for name in ("render", "total", "packed", "counted")}
    assert {name: kind and (kind.label, kind.subtype) for name, kind in kinds.items()} == {
        "render": ("compute-bound", "python"),
        "total": ("compute-bound", "python"),
        "packed": ("compute-bound", "native"),
        "counted": ("io-bound", "lock"),
    }
    assert called(record.locks[0].waiting[0][0]) == "counted"


# ---- what blocks the event loop, and how late did it run? ----


def test_a_loop_is_as_late_as_it_says_itself_by_who_keeps_the_gil_from_it() -> None:
    with example("held.py json 1.2", "(begins)") as (process, _):
        record = watched(process.pid)
        assert process.stdout is not None
        worst_s = int(process.stdout.read().split()[2]) / 1000
    (loop,) = record.loops
    most = max(loop.blocked, key=lambda block: block.total_s)
    assert (called(most.place), most.state) == ("dump", "gil_wait")
    assert loop.lag_longest_s == pytest.approx(worst_s, rel=0.4)
    (advice, *_) = record.verdict.advice
    assert (advice.name, called(advice.place)) == ("gil-hold", "dump")
    assert "native code that keeps the GIL" in advice.sentence


# ---- what should be changed, and what would it bring? ----


def test_what_is_advised_of_a_service_mends_it() -> None:
    pytest.importorskip("uvicorn")
    load = (1.5, "/words*1", "/stock*2", "/health*2")
    server = f"{sys.executable} -m uvicorn {{}} --port 0 --no-access-log"
    with asked(server.format("shop:app"), *load) as site:
        before = watched(site.process.pid, 1.3)
    assert before.verdict.limit == "loop"
    (advice, *_) = before.verdict.advice
    assert (advice.name, called(advice.place)) == ("blocked-loop", "read_stock")
    assert advice.to_win_s > 0.5 * before.watched_s
    with asked(server.format("shop_mended:app"), *load) as site:
        after = watched(site.process.pid, 1.3)
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
            with running(f"{variables} {sys.executable} tasks.py", EXAMPLES, end=signal.SIGKILL) as asking:
                told(asking, "(begins)")
                record = watched(process.pid, 1.0)
    parents = {each.pid: each.parent for each in record.processes}
    children = [each for each in record.processes if each.parent == process.pid]
    assert parents[process.pid] is None
    assert len(children) == len(parents) - 1 == 2
    assert sum(each.account.wall_s for each in record.processes) == pytest.approx(record.account.wall_s)
    (score,) = [hold for hold in record.holds if called(hold.place) == "score"]
    assert score.held_s > 0.5 * sum(each.account.cpu_gil_s or 0.0 for each in children)
    assert (record.account.gil_wait_s or 0.0) < 0.1 * record.watched_s
