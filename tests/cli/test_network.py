"""A service that has room for so many and turns away the others is not asked for more."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.cli.conftest import Cli, place

ROOM, STAY_S = 24, 0.01


@dataclass
class Service:
    """Serves in a thread of this process."""

    port: int = 0
    inside: int = 0
    welcomed: int = 0
    turned_away: int = 0

    async def answer(self, _: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.inside += 1
        welcome = self.inside <= ROOM
        self.welcomed, self.turned_away = self.welcomed + welcome, self.turned_away + (not welcome)
        try:
            await asyncio.sleep(STAY_S)
            writer.write(b"welcome" if welcome else b"full")
            await writer.drain()
        finally:
            self.inside -= 1
            writer.close()

    async def serve(self, is_up: threading.Event, over: asyncio.Event) -> None:
        server = await asyncio.start_server(self.answer, "127.0.0.1", 0, backlog=512)
        self.port = server.sockets[0].getsockname()[1]
        is_up.set()
        async with server:
            await over.wait()


@pytest.fixture
def service() -> Iterator[Service]:
    made, is_up, over, loop = Service(), threading.Event(), asyncio.Event(), asyncio.new_event_loop()
    thread = threading.Thread(target=lambda: loop.run_until_complete(made.serve(is_up, over)))
    thread.start()
    assert is_up.wait(10)
    yield made
    loop.call_soon_threadsafe(over.set)
    thread.join()
    loop.close()


def test_no_more_is_asked_of_a_service_than_it_has_room_for(cli: Cli, service: Service) -> None:
    arguments = ("--inputs", "INPUTS", "--kwarg", f"port={service.port}", "-b", "thread", "--budget", "4s", "--json")
    outcome = cli.run("analyze", *place("crowded", "ask"), *arguments)
    assert outcome.status == 0
    (large,) = [trial for trial in outcome.analysis.trials if trial["workers"] == 64]
    assert large["status"] == "refused"
    assert "the network does not bear it: of 64 calls at once" in large["reason"]
    assert outcome.analysis.advised == "thread"
    assert outcome.analysis.result["recommendation"]["workers"] <= ROOM
    assert service.turned_away < service.welcomed / 4
    assert outcome.analysis.result["calls_made"] == pytest.approx(service.welcomed + service.turned_away, abs=8)
