"""Starting a program that is to be watched, as ``python script.py`` would: its arguments, streams, terminal, working
folder and exit status are its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Any, Final

__all__ = ["Launched", "end_as", "launched"]

#: Signals that whoever runs gilscope means for the program.
_PASSED_ON: Final = ("SIGTERM", "SIGHUP", "SIGQUIT", "SIGUSR1", "SIGUSR2")
#: What a terminal sends to all its processes by itself, gilscope's program among them.
_FROM_TERMINAL: Final = ("SIGINT", "SIGQUIT")


class Launched:
    """A program that was started.

    :param streams: its standard streams, as `subprocess.Popen` takes them, where they are not the caller's
    :raises OSError: when it could not be
    """

    def __init__(
        self,
        arguments: Sequence[str],
        python: str = sys.executable,
        streams: Mapping[str, Any] | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.command = (python, *arguments)
        self._process = subprocess.Popen(self.command, env=environment, **(streams or {}))
        self.pid = self._process.pid

    def wait(self) -> int:
        """Its exit status; negative, the signal that ended it."""
        return self._process.wait()

    def pass_on(self, number: signal.Signals) -> None:
        """A signal that came for gilscope and means it, unless the terminal has sent it to both."""
        if not (number.name in _FROM_TERMINAL and _shares_terminal()):
            self.send(number)

    def send(self, number: int) -> None:
        """A signal; none where it has ended."""
        with suppress(ProcessLookupError):
            self._process.send_signal(number)


@contextmanager
def launched(
    arguments: Sequence[str],
    streams: Mapping[str, Any] | None = None,
    environment: Mapping[str, str] | None = None,
) -> Iterator[Launched]:
    """Run the program with what the interpreter is given, and pass on the signals that come for it. It is never left
    behind: at an error of gilscope's own it is waited for, for it is the user's and goes on.

    Once it has ended, signals that come for it do nothing: the report follows, and a second Ctrl-C would only lose it.

    :param streams: as of `Launched`
    :param environment: in the place of gilscope's own
    :raises OSError: when it could not be started
    """
    program: list[Launched] = []
    early: list[signal.Signals] = []

    def passed_on(number: int, _frame: FrameType | None) -> None:
        if program:
            program[0].pass_on(signal.Signals(number))
        else:
            early.append(signal.Signals(number))

    for name in ("SIGINT", *_PASSED_ON):
        number = signal.Signals[name]
        if signal.getsignal(number) is not signal.SIG_IGN:  # nohup's program ignores it too
            signal.signal(number, passed_on)
    try:
        program.append(Launched(arguments, streams=streams, environment=environment))
        for each in early:
            program[0].pass_on(each)
        yield program[0]
    finally:
        if program:
            program[0].wait()


def _shares_terminal() -> bool:
    """Whether a terminal sends its signals to the group that gilscope and its program are in."""
    try:
        descriptor = os.open(os.ctermid(), os.O_RDONLY | os.O_NOCTTY)
    except OSError:
        return False
    try:
        return os.tcgetpgrp(descriptor) == os.getpgrp()
    except OSError:
        return False
    finally:
        os.close(descriptor)


def end_as(status: int, leave: Callable[[int], object]) -> None:
    """End as the program has: with its exit status, or by the signal that ended it, without a core of gilscope's.

    :param leave: exits with a status
    """
    if status >= 0:
        leave(status)
        return
    with suppress(ImportError, ValueError, OSError):
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with suppress(OSError, ValueError):  # those that cannot be caught have no handler either
        signal.signal(-status, signal.SIG_DFL)
    os.kill(os.getpid(), -status)
    leave(128 - status)
