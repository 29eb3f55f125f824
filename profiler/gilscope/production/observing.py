"""`gilscope.observe()`: an observer process of this one's own looks at its threads from outside while it runs.

Inside a process nobody can tell whether a thread that is off the CPU waits for the GIL or for the outside world. The
observer (`gilscope.observers.observer_process`) reads that from the system and from this process's memory, at random
moments, and tells what it saw of each decorated function.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import socket
import subprocess
import sys
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gilscope.errors import UsageError
from gilscope.introspection import gil_enabled, has_others_beside, permit_reading, runtime_address
from gilscope.observers import observer_messages as messages
from gilscope.observers.functions import FUNCTIONS
from gilscope.production import OBSERVE_VARIABLE, OUT_VARIABLE, clocks
from gilscope.production.beside import beside
from gilscope.production.cells import on_new_cell
from gilscope.production.forks import after_fork
from gilscope.production.function import functions
from gilscope.production.lookout import Lookout
from gilscope.production.publishing import Publisher
from gilscope.production.unavailable import greenlets_of, tell
from gilscope.subprocesses import above_streams, interpreter, start_thread
from gilscope.thread_address import ThreadAddress

if TYPE_CHECKING:
    from types import TracebackType

    from gilscope.production.cell import Cell
    from gilscope.production.cells import Cells

__all__ = ["RATE_HZ", "Observation", "is_observed", "observe", "observe_as_asked"]

#: Samples per second of each thread, on average: less where they would take more than a hundredth of the CPUs.
RATE_HZ = 200.0
PATIENCE_S = 10.0
#: How long after its first call a process is observed whose environment asks for it: a new process takes the CPU from
#: others, and a first request has enough to wait for.
START_AFTER_S = 0.25
TROUBLE = "this process is not observed"

_current: Observation | None = None
_beginning = threading.RLock()
_publisher: Publisher | None = None  # from the first observation on


def observe(rate_hz: float = RATE_HZ) -> Observation:
    """Have this process watched by an observer process of its own, until `Observation.stop` or the end of a ``with``
    block, or this process's own end. An observation that is under way is returned as it is.

    What it sees is in the profiles (``observed``), at most a second late, and for good when it has stopped. A forked
    child is not observed. Where the process cannot be (another system than Linux, a frozen program, a host that is no
    Python, greenlets for threads, no process or thread to be had, memory that may not be read) nothing is raised:
    `Observation.reason` says why, as does the logger ``gilscope``, and profiles stay as they are.

    :param rate_hz: samples per second of each thread
    """
    observation = _begin(rate_hz)
    observation.catch_up()  # it can when it watches; or else `reason` says why it does not
    return observation


def is_observed() -> bool:
    """Whether an observation is under way."""
    return _current is not None and _current.running


def observe_as_asked() -> None:
    """Observe this process because its environment says so, when its first call is over or has taken a while: this is
    within that.

    :raises OSError: when the system permits no thread
    """
    try:
        _refuse_where_impossible()
    except UsageError:
        _begin(RATE_HZ)  # which tells why
    else:
        start_thread(_begin_patiently, "gilscope-observe")


def _begin_patiently() -> None:
    clocks.gilscope_threads.add(threading.get_ident())
    try:
        threading.Event().wait(START_AFTER_S)
        _begin(RATE_HZ, patient=True)
    except Exception as error:  # an interpreter that is about to end, for one
        tell(TROUBLE, error)
    finally:
        clocks.gilscope_threads.discard(threading.get_ident())


def _begin(rate_hz: float, patient: bool = False) -> Observation:
    global _current
    with _beginning:
        if _current is None or not _current.running:
            if _current is not None:
                _current.stop()
            _current = Observation(rate_hz, patient)
        return _current


@dataclass(frozen=True)
class _Observer:
    """A process that was started, our end of the conversation with it, and the thread that listens."""

    ours: socket.socket
    process: subprocess.Popen[bytes]
    listener: threading.Thread


class Observation:
    """An observer process that watches this one; leaving the context stops it.

    :param patient: whether the observer leaves the CPUs to others while it starts
    """

    def __init__(self, rate_hz: float, patient: bool = False) -> None:
        self.reason: str | None = None
        """Why nothing is seen, or not all; None as long as that is not so."""
        self._told = threading.Event()
        self._stopping = False
        self._observer: _Observer | None = None
        self._lookout: Lookout | None = None
        try:
            self._lookout = Lookout()  # first, to meet the threads that are asked to come for their cells
            self._observer = self._started(rate_hz, patient)
        except (UsageError, OSError) as error:
            self.reason = str(error)
            tell(TROUBLE, self.reason)
        else:
            _publishing().tell(self._tell)
            beside.tell(self._tell)
            atexit.register(self.stop)

    def _started(self, rate_hz: float, patient: bool) -> _Observer:
        _refuse_where_impossible()
        with contextlib.ExitStack() as unless_started:
            ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            unless_started.enter_context(ours)
            with theirs:
                process = _observer_process(theirs, patient)
            unless_started.callback(process.wait)
            unless_started.callback(process.kill)
            permit_reading(process.pid)
            _send(ours, messages.Start(os.getpid(), runtime_address(), sys.version, gil_enabled(), rate_hz))
            listener = start_thread(self._listen, "gilscope-observer", ours, process)
            unless_started.pop_all()
        return _Observer(ours, process, listener)

    @property
    def running(self) -> bool:
        """Whether the observer is there, or on its way."""
        return self._observer is not None and self._observer.process.returncode is None and not self._stopping

    @property
    def observer_pid(self) -> int | None:
        """The observer's process id; None where none was started."""
        return None if self._observer is None else self._observer.process.pid

    def catch_up(self) -> None:
        """Return when what was seen by now is in the profiles, or the observer is gone or stuck."""
        self._told.clear()
        if self._observer is not None and self.running:
            _send(self._observer.ours, messages.Tell())
            self._told.wait(PATIENCE_S)

    def stop(self) -> None:
        """End the observer, and take over what it saw last. Once is enough."""
        atexit.unregister(self.stop)
        if self._lookout is not None:
            self._lookout.stop()
        observer = self._observer
        if self._stopping or observer is None:
            return
        self._stopping = True
        _publishing().tell(None)
        beside.tell(None)
        with contextlib.suppress(OSError):  # it is gone already
            observer.ours.shutdown(socket.SHUT_WR)
        observer.listener.join(PATIENCE_S)
        if observer.listener.is_alive():
            observer.process.kill()
            observer.listener.join(PATIENCE_S)

    def __enter__(self) -> Observation:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    # ---- the conversation with the observer ----

    def _tell(self, thread: ThreadAddress, begin: int = 0) -> None:
        if self._observer is None:
            return
        if not _send(self._observer.ours, messages.Thread(thread, begin)) and self.running:
            self._note("the observer process does not keep up with the threads that begin: some are not watched")

    def _note(self, trouble: str) -> None:
        """Something is not seen; the first that is not is told."""
        if self.reason is None:
            self.reason = trouble
            tell(TROUBLE, trouble)

    def _listen(self, ours: socket.socket, process: subprocess.Popen[bytes]) -> None:
        clocks.gilscope_threads.add(threading.get_ident())
        try:
            with contextlib.suppress(ConnectionError):  # it has ended, with something unread
                while message := ours.recv(messages.LARGEST):
                    self._take(messages.decode_reply(message))
            with contextlib.suppress(OSError):  # it is gone
                ours.shutdown(socket.SHUT_WR)
            status = process.wait()
            ours.close()
            self._ended(status)
        finally:
            self._told.set()
            clocks.gilscope_threads.discard(threading.get_ident())

    def _take(self, reply: messages.Reply) -> None:
        if isinstance(reply, messages.Report):
            for number, seen in reply.seen.items():
                if number >= FUNCTIONS:
                    beside.add_seen(number, seen)
                elif (function := _publishing().function_of(number)) is not None:
                    function.add_seen(seen)
            if reply.trouble:
                self._note(reply.trouble)
            if has_others_beside() and not os.environ.get(OUT_VARIABLE):
                self._note(f"calls in other interpreters of it are nowhere recorded, nor observed: set {OUT_VARIABLE}")
            if reply.asked:
                self._told.set()
        else:
            self.reason = reply.reason

    def _ended(self, status: int) -> None:
        if not self._stopping:
            self.reason = self.reason or f"the observer process has ended (exit status {status})"
            tell(TROUBLE, self.reason)

    def _abandon(self) -> None:
        """In a forked child: the observer is the parent's, and goes on."""
        if self._observer is not None:
            self._observer.ours.close()
            self._observer.process.returncode = 0  # not this process's to wait for
            self.reason = "this process was forked from the one that is observed: call gilscope.observe() in it"
        self._stopping = True
        atexit.unregister(self.stop)


def _send(to: socket.socket, message: messages.Request) -> bool:
    """Say it, or not: an observer that is gone or stuck must hold up no call. Whether it was said."""
    try:
        to.send(messages.encode(message), socket.MSG_DONTWAIT | socket.MSG_NOSIGNAL)
    except OSError:
        return False
    return True


def _refuse_where_impossible() -> None:
    """:raises UsageError: where no observer could see what calls do"""
    if sys.platform != "linux":
        raise UsageError(f"gilscope.observe() reads Linux's /proc, and this is {sys.platform}: use gilscope analyze")
    if (library := greenlets_of()) is not None:
        raise UsageError(f"its threads are {library}'s greenlets, which an observer cannot tell apart")


def _observer_process(theirs: socket.socket, patient: bool) -> subprocess.Popen[bytes]:
    """In a session of its own: what is typed at a terminal is for the program. Its standard streams are no part of the
    conversation: what prints or reads when an interpreter starts does so before any line of gilscope's.

    :raises UsageError: when there is no interpreter to start
    :raises OSError: when the system permits no process
    """
    module = "patient_start" if patient else "observer_process"
    command = [interpreter(), "-P", "-m", f"gilscope.observers.{module}"]
    passed = above_streams(os.dup(theirs.fileno()))
    try:
        return subprocess.Popen(
            [*command, str(passed)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={name: value for name, value in os.environ.items() if name != OBSERVE_VARIABLE},
            start_new_session=True,
            pass_fds=(passed,),
        )
    finally:
        os.close(passed)


def _publishing() -> Publisher:
    """This process's publisher. The first time, every thread is to come for its cells again, to publish them."""
    global _publisher
    if _publisher is None:
        _publisher = Publisher(FUNCTIONS)
        for function in functions():
            function.ask_for_cells()
    return _publisher


def _publish(function: Cells, cell: Cell) -> None:
    """This is within a call of the user's, which nothing here may fail."""
    if _publisher is not None:
        try:
            _publisher.publish(function, cell)
        except Exception as error:
            tell("the calls of a thread are not observed", error)


on_new_cell.append(_publish)


@after_fork
def _forget() -> None:
    global _beginning, _current, _publisher
    _beginning = threading.RLock()
    if _current is not None:
        _current._abandon()
    _current = _publisher = None
