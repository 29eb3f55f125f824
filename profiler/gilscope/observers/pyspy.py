"""Where: the lines of a running process that hold the GIL, use the CPU or wait, sampled by py-spy.

One py-spy tells either who holds the GIL, or who is active, or where everyone is, so three run side by side. All read
without pausing the process: pausing wakes sleeping threads and so disturbs what is measured.

py-spy tells the stacks it counted, not the moments at which it looked. It looks at random moments and catches
up when late, so that ``rate × time`` moments are expected, give or take the square root of that; moments that
could not be read are taken off. Counts can prove the estimate too low: a thread has at most one stack at a
moment.
"""

from __future__ import annotations

import math
import os
import re
import shutil
import signal
import subprocess
import sysconfig
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from multiprocessing.connection import wait
from typing import Final, Self

import msgspec

from gilscope.observers.callees import called_at, parsed
from gilscope.observers.callstacks import call_stacks
from gilscope.observers.hotlines import hot_lines
from gilscope.observers.origins import is_users, package_of
from gilscope.observers.stacks import SampledStack, Samples, parse_raw
from gilscope.records import HotLine, Stack
from gilscope.units import given_duration

__all__ = ["LOOKED_S", "Hot", "HotRecorder", "find_pyspy"]

#: How long py-spy may take to start or to stop. It takes 10 to 50 ms, or 0.4 s to find that it cannot start.
PATIENCE_S: Final = 5.0
#: How long it looks, to have some samples, where it is only tried.
LOOKED_S: Final = 0.2


@dataclass(frozen=True)
class Hot:
    """The hot lines, or why there are none."""

    lines: tuple[HotLine, ...] | None
    reason: str | None = None
    """Also given beside lines, when one of their shares is unknown."""
    gil_held_ratio: float | None = None
    """The fraction of the moments in which anybody held the GIL."""
    stacks: tuple[Stack, ...] = ()
    seen: int = 0
    """Stacks that were counted, of all threads, whatever they did: none where py-spy took no sample."""


def find_pyspy() -> str | None:
    """The py-spy installed with this interpreter, else the one on PATH; None when there is none."""
    user_scheme = sysconfig.get_preferred_scheme("user")
    scripts = (sysconfig.get_path("scripts"), sysconfig.get_path("scripts", user_scheme))
    return shutil.which("py-spy", path=os.pathsep.join(scripts)) or shutil.which("py-spy")


class HotRecorder:
    """Records a process while the caller lets it work::

        with HotRecorder(limit_s=60) as recorder:
            recorder.start(pid)
            ...
            hot = recorder.stop()

    Nothing is raised: what went wrong is the reason in `Hot`. Leaving the context ends every py-spy;
    ``limit_s`` and the end of the process end it too, should the caller be killed. No file is left, for none
    keeps a name. The package that ``target_file`` is in counts as the user's code, wherever it is.

    Where ptrace is restricted to ancestors (Yama), the process must first name the caller with
    ``prctl(PR_SET_PTRACER)``; that covers the caller's children, py-spy among them.
    """

    def __init__(self, rate_hz: int = 250, limit_s: float = 600.0, target_file: str | None = None) -> None:
        self._home = package_of(target_file) if target_file else None
        self._rate_hz = rate_hz
        self._limit_s = math.ceil(limit_s)
        self._runs: list[_Run] = []
        self._reason: str | None = "py-spy was not started"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def start(self, pid: int) -> None:
        """Return when py-spy samples the process ``pid``, or when it cannot."""
        self.close()
        program = find_pyspy()
        if program is None:
            self._reason = "py-spy is not installed: pip install py-spy"
        elif os.name != "posix":
            self._reason = "hot lines need a POSIX system: elsewhere py-spy cannot be told to stop"
        else:
            self._reason = self._launch(self._command(program, pid))

    def look(self, seconds: float) -> Hot:
        """What is seen in so long, where it was started: nothing works in the process meanwhile."""
        if self._reason is None:
            time.sleep(seconds)
        return self.stop()

    def stop(self) -> Hot:
        """End the recording and tell what it saw."""
        if self._reason is not None:
            return Hot(None, self._reason)
        for run in self._runs:
            run.interrupt()
        gil, active, everyone = [run.result() for run in self._runs]
        self.close()
        self._reason = "py-spy was not started again"
        return _hot(gil, active, everyone, self._home)

    def close(self) -> None:
        """End every py-spy at once; what it saw is lost."""
        for run in self._runs:
            run.close()
        self._runs.clear()

    def _command(self, program: str, pid: int) -> list[str]:
        rate, limit = str(self._rate_hz), str(self._limit_s)
        command = [program, "record", "--nonblocking", "--pid", str(pid), "--rate", rate, "--duration", limit]
        return [*command, "--format", "raw", "--threads", "--full-filenames"]

    def _launch(self, command: list[str]) -> str | None:
        """Start all views and wait for them; the reason when that fails."""
        # The holder counts also while it is blocked: that is a GIL held for nothing.
        try:
            for view in (["--gil", "--idle"], [], ["--idle"]):
                self._runs.append(_Run([*command, *view], self._rate_hz, self._limit_s))
        except OSError as error:
            self.close()
            return f"py-spy cannot be started: {error}"
        pending = {run.told: run for run in self._runs}
        while pending and (ready := [told for told in wait(pending, PATIENCE_S) if isinstance(told, int)]):
            for told in ready:
                pending.pop(told).begin()
        return None


def _hot(gil: Samples | str, active: Samples | str, everyone: Samples | str, home: str | None) -> Hot:
    """The lines of what succeeded, with the reason of what did not."""
    views = (gil, active, everyone)
    reason = next((view for view in views if isinstance(view, str)), None)
    if all(isinstance(view, str) for view in views):
        return Hot(None, reason)
    found = [None if isinstance(view, str) else view for view in views]
    lines = _with_callees(hot_lines(*found, home=home), home)
    seen = sum(stack.seen for stack in found[2].stacks) if found[2] else 0
    return Hot(lines, reason, _held_ratio(found[0]), call_stacks(*found), seen)


def _with_callees(lines: Sequence[HotLine], home: str | None) -> tuple[HotLine, ...]:
    """Also with what the user's lines call that has no frame of its own."""
    unknown = {line.file for line in lines if line.callee is None and is_users(line.file, home)}
    trees = {file: tree for file in unknown if (tree := parsed(file)) is not None}
    return tuple(
        msgspec.structs.replace(line, callee=called_at(trees[line.file], line.line))
        if line.callee is None and line.file in trees
        else line
        for line in lines
    )


def _held_ratio(holders: Samples | None) -> float | None:
    if holders is None or holders.moments <= 0:
        return None
    return min(1.0, sum(stack.seen for stack in holders.stacks) / holders.moments)


class _Run:
    """One py-spy at work, writing into a file that has no name."""

    def __init__(self, command: list[str], rate_hz: int, limit_s: int) -> None:
        self._rate_hz = rate_hz
        self._limit_s = limit_s
        self._since_s = self._until_s = time.monotonic()
        with ExitStack() as unless_started:
            self._raw = unless_started.enter_context(tempfile.TemporaryFile())
            self._process = subprocess.Popen(
                [*command, "--output", f"/dev/fd/{self._raw.fileno()}"],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                bufsize=0,  # what follows the first line belongs to communicate()
                pass_fds=[self._raw.fileno()],
            )
            unless_started.pop_all()
        assert self._process.stdout is not None
        self._stdout = self._process.stdout
        self.told = self._stdout.fileno()

    def begin(self) -> None:
        """Take its first line, with which it starts to sample; an empty one when it ended instead."""
        self._stdout.readline()
        self._since_s = time.monotonic()

    def interrupt(self) -> None:
        self._until_s = time.monotonic()
        self._process.send_signal(signal.SIGINT)

    def result(self) -> Samples | str:
        """What it saw, or why it saw nothing."""
        try:
            told, complaint = self._process.communicate(timeout=PATIENCE_S)
        except subprocess.TimeoutExpired:
            return f"py-spy did not stop within {given_duration(PATIENCE_S)}"
        text = told.decode(errors="replace")
        failure = _failure(self._process.returncode, text, complaint.decode(errors="replace"))
        return failure or self._samples(text)

    def _samples(self, told: str) -> Samples:
        self._raw.seek(0)
        stacks = parse_raw(self._raw.read().decode(errors="replace"))
        errors = re.search(r"Errors: (\d+)", told)
        seconds = min(self._until_s - self._since_s, self._limit_s)
        expected = self._rate_hz * seconds - (int(errors[1]) if errors else 0)
        return Samples(stacks, max(expected, _most_seen(stacks)))

    def close(self) -> None:
        self._process.kill()
        self._process.communicate()
        self._raw.close()


def _most_seen(stacks: tuple[SampledStack, ...]) -> int:
    """Stacks of the thread that was seen most often: py-spy looked at least as often."""
    per_thread: Counter[str] = Counter()
    for stack in stacks:
        per_thread[stack.thread] += stack.seen
    return max(per_thread.values(), default=0)


def _failure(returncode: int, told: str, complaint: str) -> str | None:
    """Why a py-spy that ended has no samples to give; None when it has."""
    if complaint.startswith("Permission Denied"):
        return "py-spy may not read the process: ptrace is restricted (Yama, a container without SYS_PTRACE)"
    if returncode == -signal.SIGINT:
        return "py-spy was stopped before it took a sample"
    if returncode != 0:
        first = next(iter(complaint.splitlines()), f"exit status {returncode}")
        return f"py-spy failed: {first.removeprefix('Error: ')}"
    if "process exited" in told:
        return "py-spy lost the process: it ended while it was recorded"
    if "behind in sampling" in told:
        return "py-spy fell more than a second behind: its counts are no shares of the time"
    return None
