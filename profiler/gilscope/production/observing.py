"""`gilscope.observe()`: an observer process of this one's own looks at its threads from outside while it runs.

Inside a process nobody can tell whether a thread that is off the CPU waits for the GIL or for the outside world. The
observer (`gilscope.observers.observer_process`) reads that from the system and from this process's memory, at random
moments, and tells what it saw of each decorated function.
"""

from __future__ import annotations

import atexit
import contextlib
import logging
import os
import socket
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

from gilscope.errors import UsageError
from gilscope.introspection import gil_enabled, permit_reading, runtime_address
from gilscope.observers import observer_messages as messages
from gilscope.observers.functions import FUNCTIONS
from gilscope.production import OBSERVE_VARIABLE, clocks
from gilscope.production.cells import on_new_cell
from gilscope.production.forks import after_fork
from gilscope.production.function import functions
from gilscope.production.publishing import Publisher
from gilscope.thread_address import ThreadAddress

if TYPE_CHECKING:
    from types import TracebackType

    from gilscope.production.cell import Cell
    from gilscope.production.cells import Cells

__all__ = ["RATE_HZ", "Observation", "is_observed", "observe", "observe_as_asked"]

#: Samples per second of each thread, on average: less where they would take more than a hundredth of the CPUs.
RATE_HZ = 200.0
PATIENCE_S = 10.0

_current: Observation | None = None
_publisher: Publisher | None = None  # from the first observation on


def observe(rate_hz: float = RATE_HZ) -> Observation:
    """Have this process watched by an observer process of its own, until `Observation.stop` or the end of a ``with``
    block, or this process's own end. An observation that is under way is returned as it is.

    What it sees is in the profiles (``observed``), at most a second late, and for good when it has stopped. Where the
    observer may not read this process, `Observation.reason` says why and profiles stay as they are. A forked child is
    not observed. Linux only.

    :param rate_hz: samples per second of each thread
    :raises UsageError: on another system, and where there is no interpreter to start
    :raises OSError: when no process can be started
    """
    observation = _begin(rate_hz)
    observation.catch_up()  # it can when it watches; or else `reason` says why it does not
    return observation


def is_observed() -> bool:
    """Whether an observation is under way."""
    return _current is not None and _current.running


def observe_as_asked() -> None:
    """Observe this process because its environment says so: what goes wrong is logged, and nothing waited for."""
    try:
        _begin(RATE_HZ)
    except (UsageError, OSError) as error:
        _log(str(error))


def _begin(rate_hz: float) -> Observation:
    global _current
    if _current is None or not _current.running:
        _current = Observation(rate_hz)
    return _current


def _log(reason: str) -> None:
    logging.getLogger("gilscope").warning("this process is not observed: %s", reason)


class Observation:
    """An observer process that watches this one; leaving the context stops it."""

    def __init__(self, rate_hz: float) -> None:
        self.reason: str | None = None
        """Why nothing is seen; None as long as that is not so."""
        self._told = threading.Event()
        self._stopping = False
        self._ours, theirs = _sockets()
        with theirs:
            try:
                self._process = _start_observer(theirs)
            except BaseException:
                self._ours.close()
                raise
        permit_reading(self._process.pid)
        self._send(messages.Start(os.getpid(), runtime_address(), sys.version, gil_enabled(), rate_hz))
        self._listener = threading.Thread(target=self._listen, name="gilscope-observer", daemon=True)
        self._listener.start()
        _publishing().tell(self._tell)
        atexit.register(self.stop)

    @property
    def running(self) -> bool:
        """Whether the observer is there, or on its way."""
        return self._process.returncode is None and not self._stopping

    @property
    def observer_pid(self) -> int:
        """The observer's process id."""
        return self._process.pid

    def catch_up(self) -> None:
        """Return when what was seen by now is in the profiles, or the observer is gone or stuck."""
        self._told.clear()
        if self.running:
            self._send(messages.Tell())
            self._told.wait(PATIENCE_S)

    def stop(self) -> None:
        """End the observer, and take over what it saw last. Once is enough."""
        atexit.unregister(self.stop)
        if self._stopping:
            return
        self._stopping = True
        _publishing().tell(None)
        with contextlib.suppress(OSError):  # it is gone already
            self._ours.shutdown(socket.SHUT_WR)
        self._listener.join(PATIENCE_S)
        if self._listener.is_alive():
            self._process.kill()
            self._listener.join(PATIENCE_S)

    def __enter__(self) -> Observation:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    # ---- the conversation with the observer ----

    def _tell(self, thread: ThreadAddress) -> None:
        self._send(messages.Thread(thread))

    def _send(self, message: messages.Request) -> None:
        """Say it, or not: an observer that is gone or stuck must hold up no call."""
        with contextlib.suppress(OSError):
            self._ours.send(messages.encode(message), socket.MSG_DONTWAIT | socket.MSG_NOSIGNAL)

    def _listen(self) -> None:
        clocks.gilscope_threads.add(threading.get_ident())
        try:
            with contextlib.suppress(ConnectionError):  # it has ended, with something unread
                while message := self._ours.recv(messages.LARGEST):
                    self._take(messages.decode_reply(message))
            self._ended(self._process.wait())
        finally:
            self._told.set()
            clocks.gilscope_threads.discard(threading.get_ident())

    def _take(self, reply: messages.Reply) -> None:
        if isinstance(reply, messages.Report):
            for number, seen in reply.seen.items():
                if (function := _publishing().function_of(number)) is not None:
                    function.add_seen(seen)
            if reply.asked:
                self._told.set()
        else:
            self.reason = reply.reason

    def _ended(self, status: int) -> None:
        self._ours.close()
        if not self._stopping:
            self.reason = self.reason or f"the observer process has ended (exit status {status})"
            _log(self.reason)

    def _abandon(self) -> None:
        """In a forked child: the observer is the parent's, and goes on."""
        self._ours.close()
        self._process.returncode = 0  # not this process's to wait for
        self._stopping = True
        self.reason = "this process was forked from the one that is observed: call gilscope.observe() in it"
        atexit.unregister(self.stop)


def _sockets() -> tuple[socket.socket, socket.socket]:
    if sys.platform != "linux":
        raise UsageError(f"gilscope.observe() reads Linux's /proc, and this is {sys.platform}: use gilscope analyze")
    if not sys.executable:
        raise UsageError("gilscope.observe() starts an observer process, and sys.executable names no interpreter")
    return socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)


def _start_observer(theirs: socket.socket) -> subprocess.Popen[bytes]:
    """In a session of its own: what is typed at a terminal is for the program."""
    return subprocess.Popen(
        [sys.executable, "-P", "-m", "gilscope.observers.observer_process"],
        stdin=theirs.fileno(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={name: value for name, value in os.environ.items() if name != OBSERVE_VARIABLE},
        start_new_session=True,
    )


def _publishing() -> Publisher:
    """This process's publisher. The first time, every thread is to come for its cells again, to publish them."""
    global _publisher
    if _publisher is None:
        _publisher = Publisher(FUNCTIONS)
        for function in functions():
            function.ask_for_cells()
    return _publisher


def _publish(function: Cells, cell: Cell) -> None:
    if _publisher is not None:
        _publisher.publish(function, cell)


on_new_cell.append(_publish)


@after_fork
def _forget() -> None:
    global _current, _publisher
    if _current is not None:
        _current._abandon()
    _current = _publisher = None
