"""A Dask scheduler that somebody else runs, with workers of its own."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from distributed import Client

import gilscope
from gilscope.errors import BrokerError, UsageError
from gilscope.measure import messages as m
from gilscope.measure.trial import TrialEnded
from gilscope.options import Options
from gilscope.queues.dask.given import given_cluster
from gilscope.queues.extension import Queues
from gilscope.queues.remote import sides
from gilscope.targets import TargetSpec
from tests.backends.conftest import PATIENCE_S, TARGETS, Case, Trial
from tests.queues.plain_dask import plain_cluster

NOBODY = "tcp://127.0.0.1:1"


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Its workers can import what is tested, and leave notes."""
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("dask")
        patch.setenv("NOTES", str(folder / "notes"))
        patch.syspath_prepend(TARGETS.parent)
        with plain_cluster(folder, 2) as made:
            yield made


def opened(stack: ExitStack, folder: Path, scheduler: str, target: str, workers: int) -> Trial:
    trial = Trial(Case("dask", workers), folder, {"GILSCOPE_DASK": scheduler})
    stack.callback(trial.end)
    return trial.open(target, inputs="NUMBERS")


def test_its_workers_run_the_calls_and_nothing_is_left_there(cluster: str, tmp_path: Path) -> None:
    with ExitStack() as stack, Client(cluster, set_as_default=False) as client:
        trial = opened(stack, tmp_path, cluster, "doubled", 2)
        assert trial.workers == ()
        done = trial.round(10)
        assert (done.calls, done.errors) == (10, 0)
        assert done.queue_wait_p50_s is not None  # they are on this machine
        assert done.queue is not None
        assert done.queue.round_trip_s is not None
        assert (done.queue.broker_cpu_s, done.queue.worker_cpu_s) == (None, None)
        trial.close()
        limit = time.monotonic() + PATIENCE_S
        while (kept := client.run_on_scheduler(left)) != (0, 1):
            assert time.monotonic() < limit, kept


def left(dask_scheduler: Any) -> tuple[int, int]:
    """The tasks that it holds, and its clients that are none of its own."""
    return len(dask_scheduler.tasks), len(set(dask_scheduler.clients) - {"fire-and-forget"})


def test_fewer_workers_than_asked_for_are_told(cluster: str, tmp_path: Path) -> None:
    told = "3 workers of 1 thread were asked for, and the cluster's have 1, 1: ask for others"
    assert refused(tmp_path, cluster, "doubled", 3).startswith(told)


def test_a_target_that_is_not_there_is_told(cluster: str, tmp_path: Path) -> None:
    (tmp_path / "here_alone.py").write_text("NUMBERS = [1]\ndef call(number): pass\n")
    with ExitStack() as stack:
        trial = Trial(Case("dask"), tmp_path, {"GILSCOPE_DASK": cluster})
        stack.callback(trial.end)
        trial.ask(m.Load(target=TargetSpec(spec=f"{tmp_path}/here_alone.py:call", inputs="NUMBERS"), seed=0), m.Loaded)
        with pytest.raises(TrialEnded, match=r"the function cannot be imported in a worker.*here_alone") as ended:
            trial.ask(m.Open(backend="dask", workers=2, start_method=None), m.Ready)
    assert ended.value.status == "refused"


def test_workers_with_another_version_are_told(cluster: str, tmp_path: Path) -> None:
    with Client(cluster, set_as_default=False) as client:
        client.run(be_of_version, "0.0.1")
        told = refused(tmp_path, cluster, "doubled", 2)
        client.run(be_of_version, gilscope.__version__)
    assert "has gilscope 0.0.1, the analysis on" in told


def be_of_version(version: str) -> None:
    setattr(sides, "__version__", version)  # noqa: B010  mypy knows that it is a module


def refused(folder: Path, scheduler: str, target: str, workers: int) -> str:
    """Why."""
    with ExitStack() as stack, pytest.raises(TrialEnded) as ended:
        opened(stack, folder, scheduler, target, workers).round(1)
    assert ended.value.status == "refused", ended.value.reason
    return ended.value.reason


def test_no_scheduler_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gilscope.queues.dask.given.CONNECT_TIMEOUT_S", 0.2)
    with pytest.raises(BrokerError, match=f"no Dask scheduler answers at {NOBODY}"), given_cluster(NOBODY, 1, 1):
        pass
    assert "IO loop" not in {thread.name for thread in threading.enumerate()}


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"dask": "localhost:8786", "backends": ("dask",)}, "give tcp://HOST:PORT"),
        ({"dask": NOBODY}, "name one with --backends"),
        ({"dask": NOBODY, "backends": ("dask",), "rtt_s": 0.1}, "rtt stands for a network"),
    ],
)
def test_options_that_do_not_go_together(options: dict[str, Any], told: str) -> None:
    with pytest.raises(UsageError, match=told):
        Queues(Options(**options))


def test_trials_are_told_where_it_is() -> None:
    assert Queues(Options(dask=NOBODY, backends=("dask-threads",))).environment == {"GILSCOPE_DASK": NOBODY}
