"""A target whose semaphores are called after the environment variable SEMAPHORES, to tell them from others'."""

import multiprocessing.process
import os
import time

multiprocessing.process.current_process()._config["semprefix"] = "/" + os.environ["SEMAPHORES"]  # type: ignore[attr-defined]


def nap() -> None:
    time.sleep(0.005)
