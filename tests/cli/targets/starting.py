"""Targets that start processes and let them be. The ones they start say nothing and would stay for an hour."""

import os
import subprocess
import sys
import time

SLEEP = [sys.executable, "-c", "import time; time.sleep(3600)"]


def leaves_child() -> None:
    time.sleep(0.02)
    subprocess.Popen(SLEEP)


def leaves_session() -> None:
    time.sleep(0.02)
    subprocess.Popen(SLEEP, start_new_session=True)


def leaves_daemon() -> None:
    """As daemons do: forked twice, in a session of its own, with an environment and descriptors of its own."""
    time.sleep(0.02)
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            os.closerange(0, 64)
            os.execve(sys.executable, SLEEP, {})
        os._exit(0)


def leaves_all() -> None:
    leaves_child()
    leaves_session()
    leaves_daemon()


def leaves_daemon_and_dies() -> None:
    leaves_daemon()
    os._exit(3)
