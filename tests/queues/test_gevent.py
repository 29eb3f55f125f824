"""Celery with greenlets, where gevent is installed."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

import gilscope
from gilscope.decide.code import CodeTarget, Execution, program_for
from gilscope.measure.trial import TrialEnded
from gilscope.queues.code import TEMPLATES
from tests.backends.conftest import Case, Start, start
from tests.backends.targets import NUMBERS, sleep
from tests.queues.engine import results_are_right
from tests.queues.programs import address, results_of

__all__ = ["start"]
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="trials run on POSIX")
GREENLETS = Case("celery-gevent", 4)


@pytest.fixture(scope="module", autouse=True)
def _gevent() -> None:
    pytest.importorskip("gevent", reason="gevent is not installed")


def test_tasks_are_run_by_greenlets_of_one_process(start: Start) -> None:
    trial = start(GREENLETS, "doubled", inputs="NUMBERS", setup="set_up", teardown="tear_down")
    assert trial.workers == ()
    results_are_right(trial)
    done = trial.round(20)
    assert (done.calls, done.errors) == (20, 0)
    assert done.queue is not None
    assert done.queue.round_trip_s is not None
    trial.close()
    assert sorted(Counter(note.what for note in trial.notes).items())[-2:] == [("setup", 1), ("teardown", 1)]
    assert trial.process.output.text() == ""


def test_a_coroutine_function_is_refused(start: Start) -> None:
    with pytest.raises(TrialEnded, match="greenlets share one thread") as ended:
        start(GREENLETS, "call_coroutine", inputs="NUMBERS")
    assert ended.value.status == "refused"


def test_waiting_calls_wait_together() -> None:
    result = gilscope.analyze(
        sleep, NUMBERS, backends=("celery-gevent",), workers=(1, 8), budget_s=30.0, max_calls=120, hot_lines=False
    )
    rates = {trial.workers: trial.throughput_per_s for trial in result.trials if trial.backend == "celery-gevent"}
    assert rates[1] is not None
    assert rates[8] is not None
    assert rates[8] > 2 * rates[1]
    settings = {setting.setting: setting.value for setting in result.queue_settings}
    assert (settings["--pool"], settings["--concurrency"]) == ("gevent", "8")
    assert settings["task_time_limit"] is None


def test_the_program_runs_as_it_stands(given: str, tmp_path: Path) -> None:
    target = CodeTarget("user_code:needs_connection", inputs="INPUTS", setup="connect", teardown="close")
    text = program_for(target, Execution("celery-gevent", 4, 2), templates=TEMPLATES)
    assert "--pool gevent --concurrency 4" in text
    assert results_of(text, tmp_path, BROKER_URL=address("celery", given)) == [1, 2, 3]


def test_without_gevent_that_is_told() -> None:
    program = (
        "import importlib.util as util, sys\n"
        "find = util.find_spec\n"
        "util.find_spec = lambda name, *more: None if name == 'gevent' else find(name, *more)\n"
        "from gilscope import backends\n"
        "from gilscope.backends.base import Configuration, Work\n"
        "backends.get('celery-gevent').open(Work(print), Configuration('celery-gevent')).__enter__()\n"
    )
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False).stderr
    assert "UsageError: the backend celery-gevent needs gevent: pip install gevent" in told
