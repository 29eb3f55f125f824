"""The parent's side of one trial: a fresh process, asked and watched, never trusted."""

from __future__ import annotations

import contextlib
import os
import queue
import re
import shutil
import subprocess
import tempfile
import time
from collections import deque
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import IO, TypeVar

import msgspec

from gilscope.crashes import crashed_in
from gilscope.extensions import installed
from gilscope.measure import messages as m
from gilscope.measure.reaper import Reaper
from gilscope.measure.tree import MARK, end_all
from gilscope.subprocesses import exit_reason, interpreter, pipe, start_thread
from gilscope.units import duration

__all__ = ["OutputTail", "TrialEnded", "TrialProcess", "close_all"]

OUTPUT_BYTES = 64 * 1024
#: What a process said before it ended is heard within this time, on a busy machine too, though one that it left behind
#: keeps the pipe open.
LAST_WORDS_S = 0.5
#: Where the user set none: sets have one order in all trials, so that their inputs, costs and results can be compared.
HASH_SEED = "0"
#: The last line of a traceback.
_RAISED = re.compile(r"[A-Za-z_][\w.]*(Error|Exception|Exit|Interrupt|Warning)(: |$)")
R = TypeVar("R", bound=msgspec.Struct)


class TrialEnded(Exception):  # noqa: N818  an end that becomes the trial's status
    """The trial cannot go on.

    :param status: ``failed``, ``refused`` or ``timeout``
    :param failure: what the process itself said, if it still could
    """

    def __init__(self, status: str, reason: str, failure: m.Failed | None = None) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason
        self.failure = failure


class OutputTail:
    """Drains a pipe for ever and keeps its last ``OUTPUT_BYTES``."""

    def __init__(self, pipe: IO[bytes]) -> None:
        self._pipe = pipe
        self._kept: deque[bytes] = deque()
        self._size = 0
        self.total_bytes = 0
        self._thread = start_thread(self._drain, "gilscope-output")

    def _drain(self) -> None:
        while block := os.read(self._pipe.fileno(), 1 << 16):
            self.total_bytes += len(block)
            self._kept.append(block)
            self._size += len(block)
            while self._size - len(self._kept[0]) >= OUTPUT_BYTES:
                self._size -= len(self._kept.popleft())

    def text(self) -> str:
        """What was kept, undecodable bytes replaced."""
        return b"".join(self._kept)[-OUTPUT_BYTES:].decode("utf-8", "replace")

    def settle(self, seconds: float) -> None:
        """Return when everything was read, or after so long: another process may keep the pipe open."""
        self._thread.join(seconds)

    def close(self) -> None:
        self.settle(2.0)
        self._pipe.close()


class TrialProcess:
    """A fresh child process that runs one configuration. Leaving the context ends it and all it started.

    Its standard streams are not part of the conversation: what prints when an interpreter starts (``sitecustomize``, a
    ``.pth`` file) prints before any line of gilscope's runs.

    :param environment: all of it; this process's own where it is None
    :param python: the program that runs it, with gilscope among its modules; the one that runs this where it is None
    :raises OSError: when the system permits no process, no thread to hear it or no temporary files; nothing is left
    :raises UsageError: when there is no interpreter to start
    """

    def __init__(self, environment: Mapping[str, str] | None = None, python: str | None = None) -> None:
        command = [python or interpreter(), "-P", "-m", "gilscope.measure"]
        self.token = tempfile.mkdtemp(prefix="gilscope-")
        """Its own folder; every process of the trial inherits the name."""
        self._next: bytes | None = None
        self._inbox: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        self.sent_bytes = 0
        """Bytes of the commands so far, which the process reads beside what its calls do."""
        self._decoder = msgspec.json.Decoder(m.Reply)
        given = os.environ if environment is None else environment
        with contextlib.ExitStack() as unless_started:
            unless_started.callback(shutil.rmtree, self.token, ignore_errors=True)
            self._reaper = Reaper(self.token)
            unless_started.callback(self._reaper.close)
            self._start(command, {"PYTHONHASHSEED": HASH_SEED, **given, MARK: self.token}, unless_started)
            self.output = OutputTail(self._printed)
            self._reader = start_thread(self._read, "gilscope-replies")
            unless_started.pop_all()

    def _start(self, command: list[str], environment: Mapping[str, str], unless_started: contextlib.ExitStack) -> None:
        with contextlib.ExitStack() as theirs:
            reads, ours = pipe()
            theirs.callback(os.close, reads)
            self._commands = unless_started.enter_context(os.fdopen(ours, "wb"))
            ours, writes = pipe()
            theirs.callback(os.close, writes)
            self._replies = unless_started.enter_context(os.fdopen(ours, "rb"))
            self._process = subprocess.Popen(
                [*command, str(reads), str(writes)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                env=environment,
                start_new_session=True,
                pass_fds=(reads, writes),
            )
        assert self._process.stdout is not None
        self._printed = unless_started.enter_context(self._process.stdout)
        unless_started.callback(self._process.wait)
        unless_started.callback(self._process.kill)

    @property
    def pid(self) -> int:
        return self._process.pid

    def _read(self) -> None:
        for line in self._replies:
            self._inbox.put(line)
        self._inbox.put(b"")  # the end of the conversation

    @property
    def lives(self) -> bool:
        return self._process.poll() is None

    def tell(self, command: m.Command) -> None:
        """Send a command.

        :raises TrialEnded: when nobody is there to hear it
        """
        line = msgspec.json.encode(command) + b"\n"
        self.sent_bytes += len(line)
        try:
            self._commands.write(line)
            self._commands.flush()
        except OSError:
            raise TrialEnded("failed", self._exit_reason()) from None

    def poll(self, seconds: float) -> bool:
        """Wait for a reply at most so long; whether there is one (or the process has ended)."""
        if self._next is None:
            with contextlib.suppress(queue.Empty):
                self._next = self._inbox.get(block=seconds > 0, timeout=max(0.0, seconds))
        if self._next is None and self._process.poll() is not None:
            with contextlib.suppress(queue.Empty):  # what it said last may be on its way still
                self._next = self._inbox.get(timeout=LAST_WORDS_S)
            return True
        return self._next is not None

    def hear(self, expected: type[R], deadline: float, doing: str, since: float | None = None) -> R:
        """The next reply.

        :param deadline: on the monotonic clock (`time.monotonic`)
        :param doing: what the process is at, and ``since`` when, for the message of a timeout
        :raises TrialEnded: when it fails, does not answer in time, or is gone
        """
        line = self._next_line(deadline, doing, time.monotonic() if since is None else since)
        if not line:
            raise TrialEnded("failed", self._exit_reason())
        reply = self._decoder.decode(line)
        if isinstance(reply, m.Failed):
            status = "refused" if reply.sort == "refused" else "failed"
            raise TrialEnded(status, f"{reply.message}{self.last_said() if reply.sort == 'died' else ''}", reply)
        if not isinstance(reply, expected):
            raise TrialEnded("failed", f"the trial's process answered {type(reply).__name__} while {doing}")
        return reply

    def _next_line(self, deadline: float, doing: str, since: float) -> bytes:
        while not self.poll(min(0.2, deadline - time.monotonic())):
            if time.monotonic() >= deadline:
                raise TrialEnded("timeout", f"still {doing} after {duration(time.monotonic() - since)}")
        line, self._next = self._next, None
        return line or b""  # nothing more when it has ended, though a process it left behind may keep the pipe open

    def ask(self, command: m.Command, expected: type[R], deadline: float, doing: str) -> R:
        """Send a command and return the reply to it.

        :raises TrialEnded: as `hear`
        """
        self.tell(command)
        return self.hear(expected, deadline, doing)

    def _exit_reason(self) -> str:
        """How the process ended, in words."""
        try:
            code = self._process.wait(timeout=1.0)
        except subprocess.TimeoutExpired:
            return "its process closed the connection to gilscope (did it close all descriptors?)"
        how = f"{'was ended' if code < 0 else 'ended'} {exit_reason(code)}"
        return f"its process {how}{self.last_said()}"

    def last_said(self) -> str:
        """The last crash that was printed, else the last exception, else the last line: by a worker that ended, or
        whatever it was."""
        self.output.settle(0.2)
        if crash := crashed_in(self.output.text()):
            return f": {crash}"
        lines = [line.strip() for line in self.output.text().splitlines() if line.strip()]
        raised = [line for line in lines if _RAISED.match(line)]
        last = next(iter([*raised[-1:], *lines[-1:]]), None)
        return f"; the last it printed: {last[:200]}" if last else ""

    def close(self, grace_s: float = 0.0) -> None:
        """End the process and everything it started.

        :param grace_s: how long it may take to close its pool by itself
        """
        if grace_s > 0:
            with contextlib.suppress(TrialEnded):
                self.ask(m.Close(), m.Closed, time.monotonic() + grace_s, "closing its pool")
                with contextlib.suppress(subprocess.TimeoutExpired):
                    self._process.wait(timeout=grace_s)
        close_all([self])

    def clean_up(self) -> None:
        """Leave nothing of it; it was killed."""
        self._process.wait()
        self._reader.join(timeout=2.0)
        with contextlib.suppress(BrokenPipeError):
            self._commands.close()
        self._replies.close()
        self.output.close()
        for extension in installed():
            extension.clean_up(self.token)
        shutil.rmtree(self.token, ignore_errors=True)
        self._reaper.close()

    @property
    def root(self) -> subprocess.Popen[bytes]:
        """What it started everything from."""
        return self._process

    def __enter__(self) -> TrialProcess:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def close_all(processes: Sequence[TrialProcess]) -> None:
    """End them and everything they started, at once."""
    if processes:
        end_all({each.token: each.root for each in processes})
    for each in processes:
        each.clean_up()
