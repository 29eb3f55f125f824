"""What a run of tests leaves behind: it has a folder of its own for temporary files, which names its processes too."""

from __future__ import annotations

import multiprocessing.util
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from tests.processes import left_of

__all__ = ["leaving_nothing"]

#: How long what was ended at last may take to be gone.
PATIENCE_S = 10.0
#: What lives as long as this process does, by its command: helpers of multiprocessing, and the server of the examples
#: where these were imported here.
HELPERS = ("multiprocessing.resource_tracker", "multiprocessing.forkserver", "examples/server.py")


@contextmanager
def leaving_nothing() -> Iterator[None]:
    """Within, whatever is started inherits a folder for its temporary files; afterwards no process that did may live,
    and nothing of gilscope's may be in it. Other runs on the machine, and other workers of this one, have others."""
    # Short, for sockets have its address in theirs; what tests keep for whoever looks at them stays where it was.
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", tempfile.gettempdir())
    multiprocessing.util.get_temp_dir()  # of this process, which removes it when it ends, later than this does
    before, folder = tempfile.gettempdir(), tempfile.mkdtemp(prefix="t-")
    _use(folder)
    try:
        yield
        left = left_of(_started_within(folder), PATIENCE_S)
        told = [_command(process) for process in left]
        told += [str(each) for each in Path(folder).glob("gilscope-*")]
        assert not told, f"the tests left behind: {told}"
    finally:
        _use(before)
        shutil.rmtree(folder, ignore_errors=True)


def _use(folder: str) -> None:
    os.environ["TMPDIR"] = tempfile.tempdir = folder


def _started_within(folder: str) -> list[psutil.Process]:
    return [process for process in psutil.process_iter() if _folder_of(process) == folder and not _helps(process)]


def _folder_of(process: psutil.Process) -> str | None:
    """Where it keeps its temporary files, as its environment was when it began; this process's was another one."""
    try:
        return process.environ().get("TMPDIR")
    except (psutil.Error, OSError):
        return None  # ended meanwhile, or another user's


def _helps(process: psutil.Process) -> bool:
    return any(helper in _command(process) for helper in HELPERS)


def _command(process: psutil.Process) -> str:
    try:
        return f"{process.pid}: {' '.join(process.cmdline())}"
    except psutil.Error:
        return f"{process.pid}, which has ended meanwhile"
