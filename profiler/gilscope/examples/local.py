"""The examples' server as seen by those who use it: one for a process and all that it starts."""

from __future__ import annotations

import atexit
import os
import socket
import subprocess
import sys
import threading
from pathlib import Path

#: The server's port, for the processes started by the one that started the server.
PORT_VARIABLE = "GILSCOPE_EXAMPLES_PORT"
_PROGRAM = Path(__file__).with_name("server.py")

_lock = threading.RLock()
_server: subprocess.Popen[bytes] | None = None


def origin() -> str:
    """``http://127.0.0.1:PORT`` of the local server. One that is started here ends with this process.

    :raises RuntimeError: when it cannot be started
    """
    with _lock:
        port = os.environ.get(PORT_VARIABLE)
        if port is None or not _answers(int(port)):
            port = os.environ[PORT_VARIABLE] = str(_start())
        return f"http://127.0.0.1:{port}"


def _answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=5).close()
    except OSError:  # it ended with the process that had started it
        return False
    return True


def _start() -> int:
    global _server
    _stop()
    # By path, isolated (-I) and without site (-S): a module of the user's that is named like one it imports is not
    # found, and nothing prints before the port.
    # Unbuffered: the lock of a buffer might be held by another thread while this process is forked.
    _server = subprocess.Popen(
        [sys.executable, "-I", "-S", str(_PROGRAM)],
        bufsize=0,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    assert _server.stdout is not None
    with _server.stdout as told:
        line = told.readline()
    if not line:
        raise RuntimeError(f"the examples' server did not start: it ended with exit status {_server.wait()}")
    return int(line)


def _stop() -> None:
    """End the server and wait for it. In a forked child, which is not its parent, this does nothing."""
    if _server is not None:
        _let_go()
        _server.kill()
        _server.wait()


def _let_go() -> None:
    if _server is not None and _server.stdin is not None:
        _server.stdin.close()


def _after_fork_in_child() -> None:
    """The pipe is the starter's alone: a worker that outlives it must not keep the server alive."""
    _let_go()
    _lock.release()


atexit.register(_stop)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_lock.acquire, after_in_parent=_lock.release, after_in_child=_after_fork_in_child)
