"""Task queues are tried where asked for, with the broker that was given."""

from __future__ import annotations

import subprocess
import sys

import pytest

from gilscope import analyze, backends
from gilscope.errors import UsageError
from gilscope.options import Options
from gilscope.queues.extension import Queues
from tests.backends.targets import NUMBERS, sleep


def test_they_are_not_tried_unasked() -> None:
    assert backends.names()[:4] == ("serial", "thread", "process", "asyncio")
    assert not {"rq", "rq-simple", "celery", "celery-threads", "dask", "dask-threads"} & set(backends.names())


@pytest.mark.parametrize(("name", "meant"), [("rqsimple", "rq-simple"), ("celery-thread", "celery-threads")])
def test_a_name_like_theirs_is_refused_with_theirs(name: str, meant: str) -> None:
    with pytest.raises(UsageError, match=f"no backend '{name}'; there are serial, .*rq, .*did you mean '{meant}'"):
        backends.get(name)


@pytest.mark.parametrize("name", ["rq", "rq-simple"])
def test_each_comes_by_its_name_and_after_the_pools(name: str) -> None:
    made = backends.get(name)
    assert made.name == name
    assert made.simplicity > backends.get("process").simplicity
    assert not made.shares_gil


@pytest.mark.parametrize("library", ["rq", "redis"])
def test_a_missing_extra_is_told(library: str) -> None:
    code = f"import sys; sys.modules[{library!r}] = None; from gilscope import backends; backends.get('rq')"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False).stderr
    assert "UsageError" in told
    assert "pip install 'gilscope[queues]'" in told


def test_trials_are_told_of_the_broker() -> None:
    assert Queues(Options()).environment == {}
    assert Queues(Options(broker="redis://h/0", allow_remote_broker=True)).environment == {
        "GILSCOPE_BROKER": "redis://h/0",
        "GILSCOPE_ALLOW_REMOTE_BROKER": "1",
    }


def test_an_analysis_tells_of_the_queue_and_hides_the_password(given: str) -> None:
    url = given.replace("unix://", "unix://:word@")
    result = analyze(sleep, NUMBERS, backends=["rq-simple"], workers=[2], budget_s=20.0, max_calls=40, broker=url)
    trial = next(trial for trial in result.trials if trial.backend == "rq-simple")
    assert (trial.status, trial.reason) == ("ok", None)
    assert trial.queue is not None
    assert trial.queue.round_trip_s is not None
    assert trial.queue.broker_cpu_s is None  # of a broker that may serve others too, nobody knows
    assert all(each.queue is None for each in result.trials if each is not trial)
    assert "word" not in result.to_json()
