"""A network round trip on the way to a broker: what passes is delayed and otherwise left alone, and what the queues
take grows by it."""

from __future__ import annotations

import random
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from typing import Any

import msgspec
import psutil
import pytest

from gilscope import analyze
from gilscope.errors import BrokerError
from gilscope.queues import variables
from gilscope.queues.brokers.broker import open_broker
from gilscope.queues.brokers.delay import LOOPBACK, beyond, broker_beyond, scheduler_beyond
from gilscope.queues.brokers.redis import connected
from gilscope.queues.report import queues
from gilscope.records import QueueFigures
from gilscope.report import render
from tests.backends.targets import NUMBERS, sleep
from tests.queues.conftest import Start
from tests.unit.documents import cells
from tests.unit.handmade import make_result, make_trial

#: Far more than anything here takes without it.
LONG_S = 0.2
#: More than any queue takes for one step without it.
RTT_S = 0.01


@pytest.fixture
def rtt_s(monkeypatch: pytest.MonkeyPatch) -> float:
    """A round trip that is asked for."""
    monkeypatch.setenv(variables.RTT_S, repr(LONG_S))
    return LONG_S


@contextmanager
def echoing(at: Path | None = None) -> Iterator[Any]:
    """Where a server listens that gives back what one client says, until it has ended."""
    listening = socket.create_server(("127.0.0.1", 0)) if at is None else socket.socket(socket.AF_UNIX)
    if at is not None:
        listening.bind(str(at))
        listening.listen()

    def echo() -> None:
        client, _ = listening.accept()
        with client:
            while piece := client.recv(1 << 16):
                client.sendall(piece)

    thread = Thread(target=echo)
    thread.start()
    with listening:
        yield listening.getsockname()
        thread.join()


def proxies() -> list[psutil.Process]:
    alive = [child for child in psutil.Process().children() if child.status() != psutil.STATUS_ZOMBIE]
    return [child for child in alive if any("proxy.py" in part for part in child.cmdline())]


def all_of(connection: socket.socket) -> bytes:
    return b"".join(iter(lambda: connection.recv(1 << 16), b""))


@pytest.mark.parametrize("unix", [False, True])
def test_bytes_arrive_untouched_in_order_after_a_round_trip(rtt_s: float, unix: bool, tmp_path: Path) -> None:
    said = random.Random(0).randbytes(3_000_000)
    heard: list[bytes] = []
    with (
        echoing(tmp_path / "s" if unix else None) as server,
        beyond(server, str(tmp_path / "d") if unix else LOOPBACK) as at,
    ):
        assert len(proxies()) == 1
        with socket.socket(socket.AF_UNIX if unix else socket.AF_INET) as client:
            client.connect(at if unix else tuple(at))
            began = time.monotonic()
            hearing = Thread(target=lambda: heard.append(all_of(client)))
            hearing.start()
            for first in range(0, len(said), 10_000):
                client.sendall(said[first : first + 10_000])
            client.shutdown(socket.SHUT_WR)
            hearing.join()
            took_s = time.monotonic() - began
    assert b"".join(heard) == said
    assert took_s >= 2 * rtt_s  # the handshake's, and its own
    assert took_s < 50 * rtt_s  # of 300 pieces: they are under way together
    assert proxies() == []


def test_a_connection_that_is_open_takes_one_round_trip_for_each_answer(rtt_s: float) -> None:
    with echoing() as server, beyond(server) as at, socket.create_connection(tuple(at)) as client:
        client.sendall(b"?")
        assert client.recv(1) == b"?"
        began = time.monotonic()
        for _ in range(3):
            client.sendall(b"!")
            assert client.recv(1) == b"!"
        assert time.monotonic() - began >= 3 * rtt_s


def test_a_server_that_is_not_there_ends_the_connection(rtt_s: float) -> None:
    with socket.create_server(("127.0.0.1", 0)) as gone:
        nobody = gone.getsockname()
    with beyond(nobody) as at, socket.create_connection(tuple(at)) as client:
        assert client.recv(1) == b""


def test_a_delay_that_cannot_start_is_told(rtt_s: float, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(BrokerError, match="did not start: it ended with exit status 1"), beyond("s", str(tmp_path)):
        pass
    assert "Address already in use" in capfd.readouterr().err
    assert proxies() == []


def test_without_a_round_trip_nothing_is_in_between(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv(variables.RTT_S, raising=False)
    with broker_beyond("redis://h:1/2", tmp_path) as url, scheduler_beyond("tcp://h:1") as address:
        assert (url, address) == ("redis://h:1/2", "tcp://h:1")
        assert proxies() == []


def test_the_address_keeps_all_but_the_place(rtt_s: float, tmp_path: Path) -> None:
    with broker_beyond("redis://me:word@localhost:7/3?protocol=3", tmp_path) as url:
        assert url.startswith("redis://me:word@127.0.0.1:")
        assert url.endswith("/3?protocol=3")
    with broker_beyond("unix://:word@/run/s?db=2", tmp_path) as url:
        assert url == f"unix://:word@{tmp_path}/d?db=2"
    with pytest.raises(BrokerError, match="rediss://, whose connections cannot be passed on"):
        broker_beyond("rediss://localhost", tmp_path).__enter__()


def test_a_given_broker_is_reached_with_the_delay_and_left_as_it_was(rtt_s: float, given: str) -> None:
    with open_broker(f"{given}?db=1") as broker, broker.connect() as connection:
        began = time.monotonic()
        connection.set(f"{broker.prefix}:key", 1)
        assert time.monotonic() - began >= rtt_s
        with connected(f"{given}?db=1") as other:
            assert other.dbsize() == 1
    assert proxies() == []
    with connected(f"{given}?db=1") as other:
        assert other.dbsize() == 0


@pytest.mark.parametrize("backend", ["celery-threads", "dask-threads"])
def test_what_a_queue_takes_has_round_trips_in_it(start: Start, backend: str) -> None:
    trial = start(backend, "call", {variables.RTT_S: repr(RTT_S)}, inputs="NUMBERS")
    queue = trial.round(0, empty_chunks=5).queue
    assert queue is not None
    assert queue.round_trip_s is not None
    assert queue.round_trip_s >= 2 * RTT_S  # a task goes to the broker and to a worker, and so does its result
    assert queue.fetch_s is not None
    assert queue.fetch_s >= RTT_S
    if backend == "celery-threads":  # Dask's client waits for no answer
        assert queue.enqueue_s is not None
        assert queue.enqueue_s >= RTT_S
    assert trial.round(10).calls == 10


def test_an_analysis_measures_each_queue_once_more(given: str) -> None:
    result = analyze(
        sleep, NUMBERS, backends=["rq-simple"], workers=[2], budget_s=12.0, max_calls=10, broker=given, rtt_s=RTT_S
    )
    trial = next(trial for trial in result.trials if trial.backend == "rq-simple")
    assert (trial.status, trial.reason) == ("ok", None)
    plain, delayed = trial.queue, trial.queue_delayed
    assert plain is not None
    assert delayed is not None
    assert (plain.rtt_s, delayed.rtt_s, delayed.reason) == (None, RTT_S, None)
    for figure, round_trips in (("round_trip_s", 2), ("queue_wait_p50_s", 1), ("enqueue_s", 1), ("fetch_s", 1)):
        before, after = getattr(plain, figure), getattr(delayed, figure)
        assert after >= RTT_S * round_trips
        assert after > before
    assert plain.tasks_per_s is not None
    assert delayed.tasks_per_s is not None
    assert delayed.tasks_per_s < plain.tasks_per_s
    assert all(each.queue_delayed is None for each in result.trials if each is not trial)
    assert "rq-simple × 2 with 10.0 ms round trip" in result.to_markdown()


@pytest.mark.parametrize("form", ["text", "md", "html"])
def test_reports_have_a_row_for_it_and_say_why_figures_are_missing(form: str) -> None:
    plain, delayed = QueueFigures(round_trip_s=0.003), QueueFigures(rtt_s=0.002, reason="the budget had no time left")
    trial = make_trial("rq", 2, queue=plain, queue_delayed=delayed)
    result = msgspec.structs.replace(make_result(), trials=(trial,))
    assert cells(queues(result)) == [("rq × 2", "3.00 ms"), ("rq × 2 with 2.00 ms round trip", "unknown")]
    drawn = " ".join(render([result], form).split())
    assert "rq × 2 could not be measured with a network round trip: the budget had no time left." in drawn
