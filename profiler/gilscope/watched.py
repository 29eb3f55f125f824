"""Watching programs from Python: another one, or the caller's own by a process beside it."""

from __future__ import annotations

import os
import socket
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from numbers import Real
from typing import Literal

import msgspec

from gilscope.choosing import require_choice, require_kind
from gilscope.errors import AttachError, MeasurementError, UsageError
from gilscope.introspection import permit_reading
from gilscope.program_result import ProgramResult
from gilscope.programs.beside import READY, Refusal
from gilscope.programs.refusals import refused
from gilscope.programs.sampler import DEFAULT_OVERHEAD, DEFAULT_RATE_HZ
from gilscope.programs.watching import Ending, Settings, Watching, until_it_ends
from gilscope.reading import MOST
from gilscope.records.programs import ProgramRecord
from gilscope.subprocesses import interpreter, python_path

__all__ = ["Seen", "watch", "watching"]


def watch(
    pid: int,
    duration_s: float = 30.0,
    *,
    rate_hz: float = DEFAULT_RATE_HZ,
    overhead: float = DEFAULT_OVERHEAD,
    processes: Literal["all", "main"] = "all",
    threads: Sequence[str] = (),
) -> ProgramResult:
    """Watch a running program and all that it starts, for so long or until it ends.

    :param rate_hz: moments a second at which each process is looked at, at most
    :param overhead: CPU that looking may take from the program, as a share of all CPUs
    :param processes: those that it starts too, or the first alone
    :param threads: patterns of the names of those that are told of, as ``worker*``; none of all
    :raises AttachError: when it cannot be seen into
    :raises UsageError: when a parameter makes no sense
    """
    require_kind("pid", pid, int, "number of a process")
    if pid == os.getpid():
        raise AttachError(
            f"process {pid} is this one, which stops where it looks: `gilscope.watching` has another look"
        )
    _require_positive("duration_s", duration_s)
    watched = Watching(pid, _settings(rate_hz, overhead, processes, threads))
    try:
        with until_it_ends(pid, duration_s) as wait:
            watched.watch(wait)
        return _result(watched.record(Ending()))
    except ProcessLookupError as error:
        raise refused(pid, error) from error
    finally:
        watched.close()


class Seen:
    """What is seen of the caller's own process while it is watched."""

    def __init__(self) -> None:
        self._result: ProgramResult | None = None

    @property
    def result(self) -> ProgramResult:
        """All of it.

        :raises MeasurementError: before the watching has ended
        """
        if self._result is None:
            raise MeasurementError("the process is still being watched: ask for the result after the with statement")
        return self._result


@contextmanager
def watching(
    *,
    rate_hz: float = DEFAULT_RATE_HZ,
    overhead: float = DEFAULT_OVERHEAD,
    processes: Literal["all", "main"] = "all",
    threads: Sequence[str] = (),
) -> Iterator[Seen]:
    """Watch this process, by one beside it, while the statements of ``with`` run. The parameters are those of `watch`.

    :raises AttachError: when it cannot be seen into
    :raises UsageError: when a parameter makes no sense
    """
    seen = Seen()
    settings = _settings(rate_hz, overhead, processes, threads)
    ours, theirs = socket.socketpair()
    with ours, _started(theirs, settings) as beside:
        permit_reading(beside.pid)
        with ours.makefile("rb") as said:
            first = said.readline()
            if first != READY:
                raise AttachError(_why(first, beside))
            try:
                yield seen
            finally:
                ours.shutdown(socket.SHUT_WR)
                told = said.read()
    seen._result = _told(told)


def _settings(rate_hz: float, overhead: float, processes: str, threads: Sequence[str]) -> Settings:
    for name, value in (("rate_hz", rate_hz), ("overhead", overhead)):
        _require_positive(name, value)
    require_choice("processes", processes, ("all", "main"))
    if isinstance(threads, str):
        raise UsageError(f"threads {threads!r} is no list: give [{threads!r}]")
    return Settings(rate_hz, overhead, follow=processes == "all", threads=tuple(threads))


def _require_positive(name: str, value: float) -> None:
    require_kind(name, value, Real, "number")
    if not 0 < value <= MOST:
        raise UsageError(f"{name} {value} makes no sense: it must be more than 0")


def _started(theirs: socket.socket, settings: Settings) -> subprocess.Popen[bytes]:
    arguments = (str(theirs.fileno()), str(os.getpid()), msgspec.json.encode(settings).decode())
    with theirs:
        return subprocess.Popen(
            [interpreter(), "-m", "gilscope.programs.beside", *arguments],
            stdin=subprocess.DEVNULL,
            pass_fds=[theirs.fileno()],
            env={**os.environ, "PYTHONPATH": python_path()},
        )


def _why(first: bytes, beside: subprocess.Popen[bytes]) -> str:
    try:
        return msgspec.json.decode(first, type=Refusal).refused
    except msgspec.DecodeError:
        status = beside.wait()
        return f"the process that was to watch this one ended with status {status}; gilscope doctor tries it"


def _told(told: bytes) -> ProgramResult:
    try:
        return msgspec.json.decode(told, type=ProgramResult)
    except msgspec.DecodeError as error:
        raise MeasurementError(f"the process that watched this one was ended before it could tell ({error})") from error


def _result(record: ProgramRecord) -> ProgramResult:
    return msgspec.convert(msgspec.to_builtins(record), ProgramResult)
