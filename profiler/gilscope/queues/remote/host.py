"""What ``gilscope worker`` runs on another host: workers for the trials of an analysis elsewhere.

It looks at the broker a few times a second: whether the analysis is there, which of its trials lack workers, and
whether its own processes live. These end with it, and with their trial.
"""

from __future__ import annotations

import os
import secrets
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict
from typing import Any

import redis

from gilscope.addresses import shown
from gilscope.errors import BrokerError, ForgedError, UsageError
from gilscope.queues.brokers.broker import Broker
from gilscope.queues.brokers.redis import connected, delete_keys, translated_errors
from gilscope.queues.brokers.signed import pack, unpack
from gilscope.queues.processes import Process, Processes, ends_with_parent
from gilscope.queues.remote.rendezvous import ANALYSIS, CALL, OFFER, OFFERS, WORD, call_of, trials, vacancies_of
from gilscope.queues.remote.sides import Side, derived, machine_identity
from gilscope.queues.remote.workers import HEARTBEAT_S, Gone, Taken, heartbeat_of
from gilscope.queues.rq.worker import KINDS, worker_command
from gilscope.queues.workers.group import publish
from gilscope.secret_files import read_secret
from gilscope.subprocesses import current_folder, exit_reason
from gilscope.units import counted, given_duration

__all__ = ["Host", "read_secret"]

TICK_S = 0.1
#: How long an answer of the broker is waited for, and the broker itself before this ends.
ANSWER_S, GONE_S = 2.0, 60.0
#: How long after an analysis it is waited for another one, as of the next function of a command.
LINGER_S = 2.0


class _Workers:
    """The workers here of one trial."""

    def __init__(self, broker: Broker, connection: redis.Redis, kind: str, host: str) -> None:
        self._broker = broker
        self._connection = connection
        self._kind = kind
        self._host = host
        self._processes = Processes()
        self._living: dict[int, Process] = {}

    def __len__(self) -> int:
        return len(self._living)

    def start(self, number: int) -> None:
        """Start the worker of this number. It does not hear of Ctrl-C here, and ends with this process."""
        self._publish(Taken(number, self._host, machine_identity()))
        environment = self._broker.environment()
        environment["PYTHONPATH"] = os.pathsep.join([current_folder(), environment["PYTHONPATH"]])
        command = ends_with_parent(worker_command(self._kind, number))
        self._living[number] = self._processes.start(
            "a worker process", command, stdin=subprocess.DEVNULL, env=environment, process_group=0
        )

    def publish_ends(self) -> None:
        """Of those that have ended since."""
        for number, process in list(self._living.items()):
            code = process.poll()
            if code is not None:
                self._publish(Gone(number, f"a worker process on {self._host} ended {exit_reason(code)}"))
                del self._living[number]

    def _publish(self, news: Taken | Gone) -> None:
        publish(self._broker, self._connection, news)

    def end(self) -> None:
        """All of them: in order where they are soon done with that, so that tear-downs run."""
        self._processes.close()
        self._living.clear()


class Host:
    """Workers on offer.

    :param workers: of each trial, at most
    :param tell: hears in words what happens
    """

    def __init__(self, url: str, secret: bytes, workers: int, tell: Callable[[str], object]) -> None:
        self._url = url
        self._secret = secret
        self._workers = workers
        self._tell = tell
        self._side = Side.here()
        self._name = f"{self._side.host}:{secrets.token_hex(3)}"
        self._connection = connected(url, socket_timeout=ANSWER_S)
        self._number = ""
        """What the analysis that was met answers when it is there, and none that was there before could."""
        self._analysis: str | None = None
        self._trials: dict[str, _Workers] = {}
        self._heard_s = self._there_s = time.monotonic()

    def run(self) -> None:
        """Work until the analysis is over.

        :raises BrokerError: when the broker refuses, or is gone for `GONE_S`
        :raises ForgedError: when the analysis has another secret
        :raises UsageError: when it has another Python or gilscope
        """
        with translated_errors(self._url):
            self._connection.ping()
        self._tell(f"waiting for an analysis at {shown(self._url)}")
        try:
            while self._goes_on():
                time.sleep(TICK_S)
        finally:
            self._leave()

    def _goes_on(self) -> bool:
        """Look once; False where the analysis is over."""
        try:
            with translated_errors(self._url):
                going_on = self._look()
            self._heard_s = time.monotonic()
        except BrokerError as error:
            if isinstance(error, ForgedError) or not isinstance(
                error.__cause__, redis.ConnectionError | redis.TimeoutError
            ):
                raise
            self._bear(error)
            return True
        return going_on

    def _bear(self, error: BrokerError) -> None:
        """A broker that does not answer: the analysis gives up these workers, so they are ended."""
        silent_s = time.monotonic() - self._heard_s
        if silent_s > GONE_S:
            raise BrokerError(f"the broker was gone for {given_duration(GONE_S)}: {error}") from error
        if silent_s > HEARTBEAT_S and self._trials:
            self._tell("the broker does not answer: the workers are ended")
            self._end_all()

    def _look(self) -> bool:
        word: Any = self._connection.get(ANALYSIS)
        answered = word is not None and self._meet(word)
        if word is not None:
            self._there_s = time.monotonic()
            self._connection.set(heartbeat_of(self._name), b"", px=int(HEARTBEAT_S * 1000))
        elif self._analysis is not None and time.monotonic() - self._there_s > LINGER_S:
            self._tell("the analysis is over")
            return False
        self._follow(trials(self._connection) if answered else set())
        return True

    def _meet(self, word: bytes) -> bool:
        """Offer workers to an analysis that is new; whether it has answered.

        :raises ForgedError: when it has another secret, which it is let know
        :raises UsageError: when it has another Python or gilscope, likewise
        """
        try:
            analysis = unpack(self._secret, WORD, word)
        except ForgedError as error:
            self._offer("")
            raise ForgedError(
                "the analysis on this broker has another secret than the file here: copy its secret file to this host"
            ) from error
        if analysis["analysis"] != self._analysis:
            self._analysis = analysis["analysis"]
            self._offer(analysis["analysis"])
            mismatch = self._side.mismatch(Side.of(analysis))
            if mismatch is not None:
                raise UsageError(mismatch)
            self._tell(f"{counted(self._workers, 'worker')} for the analysis on {analysis['host']}")
        return self._number in analysis["answers"]

    def _offer(self, analysis: str) -> None:
        self._number = secrets.token_hex(8)
        offer = {**asdict(self._side), "analysis": analysis, "workers": self._workers, "number": self._number}
        self._connection.rpush(OFFERS, pack(self._secret, OFFER, offer))

    def _follow(self, prefixes: set[str]) -> None:
        """Have workers for these trials, and for no other."""
        for prefix in self._trials.keys() - prefixes:
            self._trials.pop(prefix).end()
            delete_keys(self._url, prefix)  # what they wrote at their end
        for prefix in prefixes - self._trials.keys():
            self._begin(prefix)
        for prefix, workers in self._trials.items():
            workers.publish_ends()
            if len(workers) < self._workers:
                self._take_one(prefix, workers)

    def _begin(self, prefix: str) -> None:
        secret = derived(self._secret, self._analysis or "", prefix)
        call: Any = self._connection.get(call_of(prefix))
        if call is not None:  # it is over by now
            kind = unpack(secret, CALL, call)["kind"]
            assert kind in KINDS, kind
            broker = Broker(self._url, prefix, secret)
            self._trials[prefix] = _Workers(broker, self._connection, kind, self._name)

    def _take_one(self, prefix: str, workers: _Workers) -> None:
        """One at a time, so that several hosts get their shares."""
        number: Any = self._connection.lpop(vacancies_of(prefix))
        if number is not None:
            workers.start(int(number))

    def _end_all(self) -> None:
        while self._trials:
            self._trials.popitem()[1].end()

    def _leave(self) -> None:
        """End all, and let those know who go on without."""
        with suppress(redis.RedisError):
            self._connection.delete(heartbeat_of(self._name))
        self._end_all()
        self._connection.close()
