"""A Dask cluster as users run one: ``dask scheduler`` and ``dask worker``, which speak plain TCP."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from distributed import Client

from gilscope.subprocesses import python_path

QUIET = {"DASK_LOGGING__DISTRIBUTED": "critical"}


@contextmanager
def plain_cluster(folder: Path, workers: int) -> Iterator[str]:
    """The address of the scheduler, when so many workers of a thread each are there; leaving ends them, and sees that
    they lived until then."""
    place = str(folder / "scheduler.json")
    where = ["--host", "127.0.0.1", "--scheduler-file", place, "--dashboard-address", "127.0.0.1:0", "--no-dashboard"]
    commands = [["scheduler", *where, "--port", "0"]]
    commands += [["worker", *where, "--nthreads", "1", "--no-nanny"] for _ in range(workers)]
    environment = {**os.environ, **QUIET, "PYTHONPATH": python_path()}
    with ExitStack() as stack:
        started = []
        for command in commands:
            process = subprocess.Popen(
                [sys.executable, "-m", "dask", *command],
                cwd=folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            stack.callback(process.wait)
            stack.callback(process.kill)
            started.append(process)
        with Client(scheduler_file=place, set_as_default=False, timeout=60) as client:
            client.wait_for_workers(workers, timeout=60)
            address = client.scheduler_info()["address"]
        yield address
        assert [process.poll() for process in started] == [None] * len(started)
