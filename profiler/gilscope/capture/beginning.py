"""Beginning to capture, in each interpreter of a program (`gilscope.capture.inject`)."""

from __future__ import annotations

import os
import sys

from gilscope.capture import VARIABLE
from gilscope.capture.agent import Agent
from gilscope.capture.settings import read_settings

__all__ = ["begin"]


def begin() -> None:
    """Begin what the environment asks for.

    :raises OSError: when that cannot be read
    """
    settings = read_settings(os.environ[VARIABLE])
    agent = Agent(settings)
    if sys.version_info >= (3, 12):
        from gilscope.capture import monitored as switch
    else:
        from gilscope.capture import injected as switch
    switch.install(agent)
    descriptor = os.open(settings.path("reached"), os.O_WRONLY | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        os.write(descriptor, b"%d\n" % os.getpid())
    finally:
        os.close(descriptor)
