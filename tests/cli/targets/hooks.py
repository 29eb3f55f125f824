"""A target with set-up and tear-down that leave a trace in the folder that the environment variable TRACE names."""

import os
import pathlib
import time


def _trace(what: str) -> None:
    pathlib.Path(os.environ["TRACE"], f"{what}-{os.getpid()}").touch()


def setup() -> None:
    _trace("setup")


def teardown() -> None:
    _trace("teardown")


def nap() -> None:
    time.sleep(0.005)
    assert pathlib.Path(os.environ["TRACE"], f"setup-{os.getpid()}").exists(), "set up before it is called"
