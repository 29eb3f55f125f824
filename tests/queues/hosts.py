"""Hosts of workers for the tests: each a ``gilscope worker`` in a process group of its own, which reaches the broker
by a way of its own, and perhaps in a network namespace."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from gilscope.queues.brokers.delay import beyond

GILSCOPE = "import sys, gilscope; gilscope.__version__ = sys.argv.pop(1); from gilscope.cli.app import run; run()"


@dataclass
class Host:
    """A running ``gilscope worker``."""

    process: subprocess.Popen[bytes]
    log: Path

    @property
    def said(self) -> str:
        return self.log.read_text()

    def ended(self) -> int:
        """Its exit status, when it has ended."""
        return self.process.wait(60)

    def end(self) -> None:
        """Its workers end with it, whatever ends it."""
        self.process.kill()
        self.process.wait()


@contextmanager
def host(
    url: str,
    secret_file: Path,
    folder: Path,
    workers: int = 1,
    version: str | None = None,
    before: Sequence[str] = (),
) -> Iterator[Host]:
    """Start one in ``folder``, and end it.

    :param version: of gilscope, as it tells it
    :param before: a command that runs it
    """
    from gilscope import __version__

    log = folder / f"{len(list(folder.glob('*.log')))}.log"
    options = ["worker", "--broker", url, "--secret-file", str(secret_file), "--workers", str(workers)]
    command = [*before, sys.executable, "-P", "-c", GILSCOPE, version or __version__, *options]
    with log.open("wb") as said:
        process = subprocess.Popen(command, cwd=folder, stdin=subprocess.DEVNULL, stderr=said, process_group=0)
    made = Host(process, log)
    try:
        yield made
    except BaseException as error:
        error.add_note(made.said)
        raise
    finally:
        made.end()


@dataclass
class Way:
    """A way to the broker that can be cut."""

    url: str
    process: psutil.Process

    def cut(self) -> None:
        """Nothing passes any more, and nobody is told."""
        self.process.suspend()


@contextmanager
def way(server: str, address: str = "127.0.0.2") -> Iterator[Way]:
    """To a broker on a Unix socket, by an address of this machine."""
    before = set(psutil.Process().children())
    with beyond(server.removeprefix("unix://"), (address, 0)) as (name, port):
        (process,) = set(psutil.Process().children()) - before
        yield Way(f"redis://{name}:{port}/0", process)


def why_no_namespaces() -> str | None:
    """Why there can be none here; None where there can."""
    try:
        with namespaces() as (_, _, inside):
            subprocess.run([*inside, "true"], check=True, capture_output=True, text=True)
    except FileNotFoundError as error:
        return f"there is no program {error.filename}"
    except subprocess.CalledProcessError as error:
        return f"{' '.join(error.cmd)}: {error.stderr.strip()}"
    return None


@contextmanager
def namespaces() -> Iterator[tuple[str, str, list[str]]]:
    """Namespaces for another host's network and process ids, joined to this network by a cable: this end's address, its
    name here, and the command that runs a program at the other end."""
    name, near, far = (f"gs{end}{os.getpid()}" for end in "snf")
    inside = ["ip", "netns", "exec", name]
    commands = [
        ["ip", "netns", "add", name],
        ["ip", "link", "add", near, "type", "veth", "peer", "name", far, "netns", name],
        ["ip", "addr", "add", "10.213.213.1/30", "dev", near],
        ["ip", "link", "set", near, "up"],
        [*inside, "ip", "addr", "add", "10.213.213.2/30", "dev", far],
        [*inside, "ip", "link", "set", far, "up"],
    ]
    try:
        for command in commands:
            subprocess.run(command, check=True, capture_output=True, text=True)
        yield "10.213.213.1", near, [*inside, "unshare", "--pid", "--fork", "--kill-child", "--mount-proc"]
    finally:
        for what in (["link", "delete", near], ["netns", "delete", name]):
            with suppress(FileNotFoundError):
                subprocess.run(["ip", *what], capture_output=True, check=False)


def interrupt(made: Host) -> None:
    """As Ctrl-C in its terminal does."""
    os.killpg(made.process.pid, signal.SIGINT)
