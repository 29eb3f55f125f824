"""What task queues add to an analysis: where their broker and workers are, a network between them, and a plan."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TYPE_CHECKING

from gilscope.addresses import shown
from gilscope.errors import UsageError
from gilscope.extensions import Extension, Laboratory
from gilscope.queues import variables
from gilscope.units import counted

if TYPE_CHECKING:  # every start of the command line imports this module
    from collections.abc import Callable

    import typer

    from gilscope.backends.base import Configuration
    from gilscope.decide.code import CodeTarget
    from gilscope.extensions import R
    from gilscope.options import Options
    from gilscope.records import QueueFigures

__all__ = ["Queues"]

#: The backends whose workers may be on other hosts.
REMOTE = ("rq-simple",)
DASK = ("dask", "dask-threads")


class Queues(Extension):
    """The task queues' share of one analysis."""

    def __init__(self, options: Options) -> None:
        super().__init__(options)
        _check(options)
        self._delayed: dict[Configuration, QueueFigures] = {}
        self._analysis: str | None = None

    @property
    def environment(self) -> Mapping[str, str]:
        options = self.options
        told = {
            variables.BROKER: options.broker,
            variables.DASK: options.dask,
            variables.SECRET_FILE: os.path.abspath(options.secret_file) if options.secret_file else None,
            variables.ANALYSIS: self._analysis,
            variables.ALLOW_REMOTE: "1" if options.allow_remote_broker else None,
        }
        return {name: value for name, value in told.items() if value}

    def workers_of(self, backend: str) -> int | None:
        return self.options.remote_workers if backend in REMOTE else None

    def around(self, say: Callable[[str], None]) -> AbstractContextManager[None]:
        """Within, workers on other hosts are there, where they were asked for.

        :raises BrokerError: when they do not come
        """
        options = self.options
        broker, secret_file, workers = _given_broker(options), options.secret_file, options.remote_workers
        if broker is None or secret_file is None or workers is None:
            return nullcontext()
        from gilscope.queues.brokers.broker import must_have_redis

        must_have_redis()
        from gilscope.queues.remote.rendezvous import gathered
        from gilscope.secret_files import read_secret

        say(f"waiting for {counted(workers, 'worker')} of other hosts")
        allowed = options.allow_remote_broker or os.environ.get(variables.ALLOW_REMOTE) == "1"
        return self._among(gathered(broker, read_secret(secret_file, create=True), workers, allow_remote=allowed))

    @contextmanager
    def _among(self, hosts: AbstractContextManager[str]) -> Iterator[None]:
        """Within, trials know what these hosts call the analysis."""
        with hosts as self._analysis:
            yield

    def needed_s(self, laboratory: Laboratory) -> float:
        from gilscope.queues.network import needed_s

        return needed_s(laboratory, self.options.rtt_s) if self.options.rtt_s else 0.0

    def measure(self, laboratory: Laboratory) -> None:
        from gilscope.queues.network import measured

        if self.options.rtt_s:
            self._delayed = measured(laboratory, self.options.rtt_s)

    def completed(self, result: R, target: CodeTarget | None) -> R:
        from gilscope.queues.advice import completed

        return completed(result, self.options, self._delayed, target)

    @staticmethod
    def clean_up(folder: str) -> None:
        from gilscope.queues.brokers.broker import forget

        forget(folder)

    @staticmethod
    def add_commands(app: typer.Typer) -> None:
        from gilscope.queues.command import worker

        app.command()(worker)


def _given_broker(options: Options) -> str | None:
    """The address of a broker that is not gilscope's own."""
    return options.broker or os.environ.get(variables.BROKER)


def _check(options: Options) -> None:
    if options.remote_workers is not None or options.secret_file is not None:
        _must_be_a_fleet(options)
        _must_be_a_real_network(options)
    if options.dask is not None:
        _must_be_a_scheduler(options.dask, options)
        _must_be_a_real_network(options)


def _must_be_a_fleet(options: Options) -> None:
    if options.remote_workers is None or options.secret_file is None:
        raise UsageError(
            "--remote-workers N and --secret-file FILE go together: so many, who sign with what is in there"
        )
    if not _given_broker(options):
        raise UsageError("--remote-workers need a broker that they can reach too: give --broker URL")
    if not set(REMOTE) & set(options.backends):
        raise UsageError(f"--remote-workers run the backend {', '.join(REMOTE)}: name it with --backends")


def _must_be_a_scheduler(address: str, options: Options) -> None:
    if "://" not in address:
        raise UsageError(f"--dask {shown(address)!r} is no address of a scheduler: give tcp://HOST:PORT")
    if not set(DASK) & set(options.backends):
        raise UsageError("--dask: a scheduler serves the backends dask and dask-threads; name one with --backends")


def _must_be_a_real_network(options: Options) -> None:
    if options.rtt_s:
        raise UsageError("--rtt stands for a network that is not there; workers on other hosts have one: leave it out")
