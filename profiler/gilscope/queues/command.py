"""``gilscope worker``: work for an analysis on another host."""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

from gilscope.cli.exits import INTERRUPTED
from gilscope.errors import UsageError
from gilscope.queues import variables

__all__ = ["worker"]


def worker(
    broker: Annotated[
        str | None,
        typer.Option(
            "--broker",
            help="The broker that the analysis was given, as in redis://HOST:6379/1; else GILSCOPE_BROKER, which does "
            "not show the password to other users.",
            metavar="URL",
        ),
    ] = None,
    secret_file: Annotated[
        str | None,
        typer.Option(
            "--secret-file",
            help="A copy of the file that the analysis was given, for you alone (scp -p keeps it so).",
            metavar="FILE",
        ),
    ] = None,
    workers: Annotated[
        int | None, typer.Option("--workers", "-w", help="Processes at most; as many as CPUs otherwise.", metavar="N")
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Nothing on stderr but errors.")] = False,
) -> None:
    """Be workers for an analysis on another host (gilscope analyze --remote-workers), until it is over. The target must
    be importable from this folder."""
    from gilscope.observers.cpus import usable_cpus

    url = broker or os.environ.get(variables.BROKER)
    if url is None or secret_file is None:
        raise UsageError("a worker needs to know where and for whom: give --broker URL and --secret-file FILE")
    if workers is not None and workers < 1:
        raise UsageError(f"--workers {workers} makes no sense: it must be at least 1")
    if sys.platform == "win32":
        raise UsageError("workers do not run on Windows: trials run on POSIX")
    count = workers or max(1, int(usable_cpus(None).usable))
    try:
        _work(url, secret_file, count, quiet=quiet)
    except KeyboardInterrupt:
        raise typer.Exit(INTERRUPTED) from None


def _work(url: str, secret_file: str, workers: int, *, quiet: bool) -> None:
    try:
        from gilscope.queues.remote.host import Host, read_secret
    except ImportError as error:
        raise UsageError(f"a worker needs RQ ({error}): pip install 'gilscope[queues]'") from error
    say = (lambda text: None) if quiet else (lambda text: typer.echo(f"gilscope: {text}", err=True))
    Host(url, read_secret(secret_file), workers, say).run()
