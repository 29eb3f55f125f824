"""The command line: as a process, with the check that it leaves nothing behind; and within the tests' own process, for
what measures nothing."""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import io
import json
import os
import select
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest

import gilscope
from gilscope.cli import main

if sys.platform != "linux":  # where alone it is told which processes are left
    collect_ignore_glob = ["test_*.py"]

TARGETS = Path(__file__).parent / "targets"
#: Where frames of gilscope's own are.
PACKAGE = f"{Path(gilscope.__file__).parent}{os.sep}"
PR_SET_CHILD_SUBREAPER = 36
TIMEOUT_S = 60
#: What the environment of whoever runs the tests must not decide.
DECIDING = ("GILSCOPE_TRIAL", "PYTHONWARNINGS", "PYTHONIOENCODING", "NO_COLOR", "FORCE_COLOR", "COLUMNS")


@dataclass(frozen=True)
class Analysis:
    """One result as it was saved."""

    result: dict[str, Any]

    @property
    def trials(self) -> list[dict[str, Any]]:
        return [*self.result["trials"]]

    def trial(self, backend: str) -> dict[str, Any]:
        only: dict[str, Any]
        (only,) = [trial for trial in self.trials if trial["backend"] == backend]
        return only

    @property
    def statuses(self) -> dict[str, str]:
        return {trial["backend"]: trial["status"] for trial in self.trials}

    @property
    def advised(self) -> str | None:
        backend: str | None = self.result["recommendation"]["backend"]
        return backend

    def finding(self, code: str) -> dict[str, Any]:
        only: dict[str, Any]
        (only,) = [finding for finding in self.result["findings"] if finding["code"] == code]
        return only


@dataclass(frozen=True)
class Outcome:
    """What the command said and how it ended."""

    status: int
    stdout: str
    stderr: str

    @property
    def analyses(self) -> dict[str, Analysis]:
        """By the name of the function."""
        found = json.loads(self.stdout)
        results = found if isinstance(found, list) else [found]
        return {result["target"]["spec"].rpartition(":")[2]: Analysis(result) for result in results}

    @property
    def analysis(self) -> Analysis:
        (only,) = self.analyses.values()
        return only

    @property
    def line(self) -> str:
        """The only one on standard error, with nothing on standard output."""
        assert self.stdout == ""
        (only,) = self.stderr.splitlines()
        return only


class Cli:
    """Runs gilscope in a folder of its own, with a folder of its own for temporary files."""

    def __init__(self, cwd: Path, tmp: Path) -> None:
        self.cwd, self.tmp = cwd, tmp
        self.environment = {name: value for name, value in os.environ.items() if name not in DECIDING}
        self.environment["TMPDIR"] = str(tmp)
        self.command = [sys.executable, "-m", "gilscope"]
        self._started: list[subprocess.Popen[str]] = []

    def start(self, *arguments: str, **options: Any) -> subprocess.Popen[str]:
        settings: dict[str, Any] = {
            "cwd": self.cwd,
            "stdin": subprocess.DEVNULL,
            "stdout": subprocess.PIPE,
            "stderr": subprocess.PIPE,
            "text": True,
            **options,
            "env": self.environment | options.get("env", {}),
        }
        self._started.append(subprocess.Popen([*self.command, *arguments], **settings))
        return self._started[-1]

    def run(self, *arguments: str, **options: Any) -> Outcome:
        return finish(self.start(*arguments, **options))

    def analyze(
        self,
        *arguments: str,
        backends: str = "thread",
        workers: str = "2",
        budget: float = 8.0,
        calls: int = 240,
        **options: Any,
    ) -> Outcome:
        """Analyze functions; the results go to standard output as JSON. It is the calls that usually bound it, so that
        it is quick on a machine at rest and has the time that it needs on a busy one."""
        bounds = ("--backends", backends, "--workers", workers, "--budget", f"{budget}s", "--max-calls", f"{calls}")
        return self.run("analyze", *arguments, *bounds, "--json", **options)

    def answer(self, *arguments: str, env: Mapping[str, str] | None = None) -> Outcome:
        """What a command says that has no time to measure: within this process, where everything is imported already.
        What other tests run in this process goes on."""
        environment = self.environment | dict(env or {})
        encoding = environment.get("PYTHONIOENCODING") or "utf-8"
        stdout, stderr = (io.TextIOWrapper(io.BytesIO(), encoding, write_through=True) for _ in range(2))
        with pytest.MonkeyPatch.context() as patch, _same_handlers():
            for name in {*os.environ} - {*environment}:
                patch.delenv(name)
            for name, value in environment.items():
                patch.setenv(name, value)
            patch.chdir(self.cwd)
            patch.setattr("gilscope.measure.tree.leaving_no_process", contextlib.nullcontext)
            patch.setattr(sys, "argv", ["gilscope", *arguments])
            patch.setattr(sys, "stdout", stdout)
            patch.setattr(sys, "stderr", stderr)
            with pytest.raises(SystemExit) as left:
                main()
        said = (stream.buffer.getvalue().decode(encoding) for stream in (stdout, stderr))
        return Outcome(int(left.value.code or 0), *said)

    def answers(self, *commands: Sequence[str]) -> list[Outcome]:
        return [self.answer(*command) for command in commands]

    def end(self) -> None:
        """End what a failed test left running, and close every pipe."""
        for process in self._started:
            with process:
                process.kill()


@contextlib.contextmanager
def _same_handlers() -> Iterator[None]:
    """Signals are handled as before."""
    names = ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGUSR1", "SIGUSR2")
    before = {number: signal.getsignal(number) for number in map(signal.Signals.__getitem__, names)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def place(module: str, *functions: str) -> list[str]:
    """Functions of a module of the targets' folder, as the command line takes them."""
    return [f"{TARGETS / module}.py:{function}" for function in functions]


def finish(process: subprocess.Popen[str]) -> Outcome:
    """Wait for the end of it."""
    try:
        stdout, stderr = process.communicate(timeout=TIMEOUT_S)
    except subprocess.TimeoutExpired:
        process.kill()
        stdout, stderr = process.communicate()
        pytest.fail(f"gilscope did not end within {TIMEOUT_S} s; it said: {stdout}\n{stderr}")
    return Outcome(process.returncode, stdout, stderr)


@pytest.fixture(scope="session")
def _orphans_come_here() -> Iterator[None]:
    """Whatever gilscope leaves behind becomes a child of this process, whatever session and environment it has."""
    libc = ctypes.CDLL(None)
    libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    yield
    libc.prctl(PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0)


@pytest.fixture
def cli(tmp_path: Path, _orphans_come_here: None) -> Iterator[Cli]:
    """The command; after the test no process and no temporary file of it may be left."""
    with _leaving_nothing(tmp_path / "work") as made:
        yield made


@contextlib.contextmanager
def _leaving_nothing(cwd: Path) -> Iterator[Cli]:
    cwd.mkdir(exist_ok=True)
    before = _descendants()
    with tempfile.TemporaryDirectory(prefix="gs-") as tmp:  # short, for the forkserver's socket has its address in it
        made = Cli(cwd, Path(tmp))
        try:
            yield made
        finally:
            made.end()
            left = _descendants() - before
            told = [f"{process.pid}: {' '.join(process.cmdline())}" for process in left]
            for process in left:
                process.kill()
        assert not told, "processes were left behind"
        assert not list(made.tmp.iterdir()), "temporary files were left behind"


def _descendants() -> set[psutil.Process]:
    """The living processes below this one; dead ones that came here as orphans are buried."""
    found = psutil.Process().children(recursive=True)
    dead = {process for process in found if process.status() == psutil.STATUS_ZOMBIE}
    for process in dead:
        with contextlib.suppress(ChildProcessError):  # not come here yet
            os.waitpid(process.pid, os.WNOHANG)
    return set(found) - dead


@dataclass(frozen=True)
class Measured:
    """What one command said and wrote, for many tests to look at; none may change it."""

    outcome: Outcome
    folder: Path

    @property
    def analyses(self) -> dict[str, Analysis]:
        """Of the results that it saved, by the name of the function."""
        return Outcome(0, (self.folder / "saved.json").read_text(), "").analyses


#: Commands that are run once for all tests.
COMMANDS = {
    "well": (
        *("analyze", *place("well", "no_such", "nap", "doze"), "--backends", "thread,asyncio,process"),
        *("--workers", "2", "--max-calls", "300", "-v", "-o", "saved.json", "-o", "deep/reports/", "-o", "also.md"),
    ),
    "asked": (
        *("analyze", *place("well", "nap"), "--backends", "thread,asyncio,process", "--workers", "1,3"),
        *("--chunksize", "5", "--start-method", "fork", "--cpus", "1", "--seed", "7", "--context", "async"),
        *("--predict-cpus", "64,32", "--predict-cpus", "16", "--free-threaded"),
        *("--max-calls", "400", "-q", "-o", "saved.json"),
    ),
    "shapes": (
        *("analyze", *place("shapes", "closure", "partial", "Napper.nap", "builtin", "generator", "async_generator")),
        *("--backends", "thread,process", "--workers", "2", "--max-calls", "400", "-q", "-o", "saved.json"),
    ),
}


@pytest.fixture(scope="session")
def measured(
    tmp_path_factory: pytest.TempPathFactory, worker_id: str, _orphans_come_here: None
) -> Callable[[str], Measured]:
    """``measured(name)``: one of `COMMANDS`, run once, whichever of the tests' processes asks for it first."""
    base = tmp_path_factory.getbasetemp()
    shared = base if worker_id == "master" else base.parent

    def measure(name: str) -> Measured:
        folder = shared / f"measured-{name}"
        folder.mkdir(exist_ok=True)
        said = folder / "said.json"
        with (folder / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not said.exists():
                with _leaving_nothing(folder / "work") as cli:
                    outcome = cli.run(*COMMANDS[name])
                said.write_text(json.dumps([outcome.status, outcome.stdout, outcome.stderr]))
        return Measured(Outcome(*json.loads(said.read_text())), folder / "work")

    return measure


@pytest.fixture
def reached(cli: Cli) -> Iterator[Callable[[], str]]:
    """Waits until the target says where it is (see ``targets/told.py``)."""
    fifo = cli.cwd / "reached"
    os.mkfifo(fifo)
    cli.environment["REACHED"] = str(fifo)
    reader = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)

    def wait() -> str:
        assert select.select([reader], [], [], TIMEOUT_S)[0], "the target was not reached"
        return os.read(reader, 100).decode()

    yield wait
    os.close(reader)


def interrupt(process: subprocess.Popen[str], number: signal.Signals = signal.SIGINT) -> Outcome:
    """Send the signal, and wait for the end."""
    process.send_signal(number)
    return finish(process)
