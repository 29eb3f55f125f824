"""Variables that task queues read are for the user's own application, which his function may need: the engines of an
analysis connect to nobody they name, and run nothing of it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from gilscope.digest import digest
from gilscope.measure import messages as m
from gilscope.queues.brokers.redis import connected
from tests.backends.conftest import Case, Trial
from tests.backends.targets import NUMBERS
from tests.queues.programs import address

#: What Celery, its command line and its Django support look for.
BROKERS = ("BROKER_URL", "CELERY_BROKER_URL", "CELERY_BROKER_READ_URL", "CELERY_BROKER_WRITE_URL")
RESULTS = ("RESULT_BACKEND", "CELERY_RESULT_BACKEND")
MODULES = ("APP", "CONFIG_MODULE", "CELERY_CONFIG_MODULE", "DJANGO_SETTINGS_MODULE")


def run(case: Case, folder: Path, variables: dict[str, str]) -> None:
    """A trial whose calls see the variables, as all of its processes do."""
    path = os.pathsep.join(filter(None, [str(folder), os.environ.get("PYTHONPATH")]))
    told = {**variables, "PYTHONPATH": path, "OF_THE_USER": " ".join(variables)}
    trial = Trial(case, folder, told)
    try:
        trial.open("environment", inputs="NUMBERS")
        ask = m.Round(first=0, calls=10, inputs=10, chunksize=1, digests=True)
        done: m.RoundDone = trial.ask(ask, m.RoundDone)
        assert done.digests == {digest(number): [digest(variables)] for number in NUMBERS}
        trial.close()
    finally:
        trial.end()


def ran(folder: Path) -> bool:
    return (folder / "ran").exists()


@pytest.fixture
def of_the_user(tmp_path: Path) -> str:
    """The name of a module of the user's, which leaves a trace when it is imported."""
    (tmp_path / "of_the_user.py").write_text("import pathlib; pathlib.Path(__file__).with_name('ran').touch()\n")
    return "of_the_user"


@pytest.mark.parametrize("backend", ["celery", "celery-threads"])
def test_celery_leaves_the_broker_of_the_user_alone(backend: str, given: str, of_the_user: str, tmp_path: Path) -> None:
    url = address("celery", given)
    variables = {**dict.fromkeys((*BROKERS, *RESULTS), url), **dict.fromkeys(MODULES, of_the_user)}
    variables |= {"LOADER": f"{of_the_user}:Loader", "CELERY_LOADER": f"{of_the_user}:Loader"}
    with connected(given) as connection:
        before: Any = connection.info("stats")
        run(Case(backend), tmp_path, variables)
        after: Any = connection.info("stats")
        assert after["total_connections_received"] == before["total_connections_received"]
        assert connection.dbsize() == 0
    assert not ran(tmp_path)


def test_dask_meets_and_runs_nothing_of_the_users_cluster(of_the_user: str, tmp_path: Path) -> None:
    sides = [f"DASK_DISTRIBUTED__{side}__PRELOAD" for side in ("SCHEDULER", "WORKER", "CLIENT")]
    variables = {
        "DASK_SCHEDULER_ADDRESS": "tcp://127.0.0.1:1",
        "DASK_DISTRIBUTED__SCHEDULER__CONTACT_ADDRESS": "tcp://127.0.0.1:1",
        "DASK_DISTRIBUTED__COMM__REQUIRE_ENCRYPTION": "True",
        "DASK_DISTRIBUTED__CLIENT__SECURITY_LOADER": f"{of_the_user}.loader",
        **dict.fromkeys(sides, of_the_user),
    }
    run(Case("dask", workers=1), tmp_path, variables)
    assert not ran(tmp_path)
