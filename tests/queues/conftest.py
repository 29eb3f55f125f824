"""Brokers and trials for the tests of task queues: real servers, real workers."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from gilscope.queues.brokers.redis import connected
from gilscope.queues.brokers.server import serving
from tests.backends.conftest import Case, Trial

if sys.platform == "win32":
    pytest.skip("trials run on POSIX", allow_module_level=True)

Start = Callable[..., Trial]


@pytest.fixture(scope="session")
def _server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with serving(tmp_path_factory.mktemp("given")) as server:
        yield server.url


@pytest.fixture
def given(_server: str) -> Iterator[str]:
    """The address of an empty broker that somebody else runs."""
    with connected(_server) as connection:
        connection.flushall()
        yield _server
        connection.config_set("maxmemory", 0)


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """``start(backend, target, ...)``: a trial with its pool open; at the end nothing may be left of it."""
    made: list[Trial] = []

    def starting(backend: str, target: str, environment: dict[str, str] | None = None, **options: Any) -> Trial:
        made.append(Trial(Case(backend, workers=1), tmp_path, environment or {}))
        return made[-1].open(target, **options)

    yield starting
    for trial in made:
        trial.end()


def server_of(trial: Trial) -> psutil.Process:
    """The private broker of a trial."""
    return next(process for process in trial.family if process.name().endswith("-server"))
