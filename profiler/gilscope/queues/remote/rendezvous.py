"""Where an analysis and the hosts of its workers meet: some keys of fixed names on the broker that both were given.

The analysis says that it is there, and goes on saying so; a host that hears it offers workers, with a number of its
own, and works for an analysis that has answered this number: an earlier one's words, written there again, have not.
Everything that is read is signed with the secret that both have; what a host needs to know of a trial stands under the
trial's own prefix.
"""

from __future__ import annotations

import re
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from typing import Any

import redis

from gilscope.addresses import shown
from gilscope.errors import BrokerError, ForgedError, UsageError
from gilscope.queues.brokers.redis import (
    CONNECT_TIMEOUT_S,
    TRIALS,
    admit,
    connected,
    delete_keys,
    translated_errors,
)
from gilscope.queues.brokers.signed import Once, pack
from gilscope.queues.remote.sides import Side
from gilscope.units import counted, given_duration

__all__ = ["ANALYSIS", "CALL", "OFFER", "OFFERS", "TRIALS", "WORD", "call_of", "gathered", "trials", "vacancies_of"]

#: What the analysis says of itself; it is gone so long after the analysis.
ANALYSIS, LEASE_S, RENEW_S = "gilscope-fleet:analysis", 10.0, 1.0
#: What hosts offer, in a list.
OFFERS = "gilscope-fleet:offers"
#: What the signed messages are for.
WORD, OFFER, CALL = "analysis", "offer", "call"
#: How long an analysis waits for its workers.
GATHER_S = 60.0
#: A trial's prefix as gilscope makes it: others may write to the broker, and keys are deleted by it.
PREFIX = re.compile(rb"gilscope-[\w-]+")


def trials(connection: redis.Redis) -> set[str]:
    """The prefixes of the trials that have, or had, workers on other hosts."""
    told: Any = connection.smembers(TRIALS)
    return {prefix.decode() for prefix in told if PREFIX.fullmatch(prefix)}


def call_of(prefix: str) -> str:
    """The key that says what a trial's workers are to be."""
    return f"{prefix}:call"


def vacancies_of(prefix: str) -> str:
    """The list of the numbers of workers that a trial lacks."""
    return f"{prefix}:vacancies"


class _Presence:
    """The word that an analysis is there, said again and again by a thread."""

    def __init__(self, url: str, secret: bytes, word: dict[str, Any]) -> None:
        self._url = url
        self._secret = secret
        self._connection = connected(url, socket_timeout=CONNECT_TIMEOUT_S)
        self.word = word
        self._offers = Once(secret, OFFER)
        self._answers: list[str] = []
        self._gathered = False
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._go_on, name="gilscope-presence", daemon=True)

    def __enter__(self) -> _Presence:
        with translated_errors(self._url):
            self._enter()
        self._thread.start()
        return self

    def answer(self, offer: bytes) -> dict[str, Any] | None:
        """Read an offer, and answer its number; None, where it is for another analysis.

        :raises ForgedError: when it has another secret, or was here before
        """
        found: dict[str, Any] = self._offers.unpack(offer)
        if found["analysis"] != self.word["analysis"]:
            return None
        self._answers.append(found["number"])
        self._say()
        return found

    def gathered(self) -> None:
        """From now on the thread answers: hosts may still come, for others that go."""
        self._gathered = True

    def _say(self, connection: redis.Redis | None = None) -> None:
        word = pack(self._secret, WORD, {**self.word, "answers": list(self._answers)})
        (connection or self._connection).set(ANALYSIS, word, px=int(LEASE_S * 1000))

    def _says_first(self) -> bool:
        """Say it where no other analysis does, and forget what was offered before: in one step, for a host that hears
        it offers at once."""
        with self._connection.pipeline() as step:
            step.watch(ANALYSIS)  # type: ignore[no-untyped-call]
            if step.exists(ANALYSIS):
                return False
            step.multi()
            step.delete(OFFERS)
            self._say(step)
            try:
                step.execute()
            except redis.WatchError:
                return False
        return True

    def _enter(self) -> None:
        if not self._says_first():
            raise BrokerError(
                "another analysis has its workers on this broker: wait for it, or give both the number of another "
                f"database; one that was killed is forgotten after {given_duration(LEASE_S)}"
            )
        for prefix in trials(self._connection):  # left by one that was killed
            delete_keys(self._url, prefix)

    def _go_on(self) -> None:
        while not self._over.wait(RENEW_S):
            with suppress(redis.RedisError):  # the trials tell what became of the broker
                self._say()
                while self._gathered and (offer := self._connection.lpop(OFFERS)) is not None:
                    with suppress(ForgedError):  # not answered
                        self.answer(offer)  # type: ignore[arg-type]

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()
        with suppress(redis.RedisError):
            self._connection.delete(ANALYSIS, OFFERS)
        self._connection.close()


@contextmanager
def gathered(
    url: str, secret: bytes, workers: int, *, allow_remote: bool = False, within_s: float = GATHER_S
) -> Iterator[str]:
    """Wait until hosts have offered so many workers; within, they work for the trials of this process's children, which
    are to know the analysis by what this gives.

    :raises BrokerError: when the broker must not be used, or there are too few of them ``within_s``
    :raises UsageError: when a host has another Python or gilscope
    """
    admit(url, allow_remote=allow_remote)
    word = {**asdict(Side.here()), "analysis": secrets.token_hex(8)}
    with _Presence(url, secret, word) as presence:
        with translated_errors(url), connected(url, socket_timeout=None) as connection:
            _await_offers(connection, url, presence, workers, within_s)
        presence.gathered()
        yield word["analysis"]


def _await_offers(connection: redis.Redis, url: str, presence: _Presence, workers: int, within_s: float) -> None:
    limit, offered, strangers = time.monotonic() + within_s, 0, 0
    while offered < workers:
        left_s = limit - time.monotonic()
        found: Any = connection.blpop([OFFERS], timeout=left_s) if left_s > 0 else None
        if found is None:
            raise _too_few(url, workers, offered, strangers, within_s)
        try:
            offer = presence.answer(found[1])
        except ForgedError:
            strangers += 1
            continue
        if offer is not None:
            mismatch = Side.of(offer).mismatch(Side.of(presence.word))
            if mismatch is not None:
                raise UsageError(mismatch)
            offered += offer["workers"]


def _too_few(url: str, workers: int, offered: int, strangers: int, within_s: float) -> BrokerError:
    were = "was" if strangers == 1 else "were"
    refused = f"; {counted(strangers, 'host')} with another secret {were} refused" if strangers else ""
    came = f"{offered} of {counted(workers, 'worker')} came within {given_duration(within_s)}{refused}"
    return BrokerError(
        f"{came}. On another host, with the same secret file: gilscope worker --broker {shown(url)} --secret-file FILE"
    )
