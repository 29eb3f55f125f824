"""A Dask cluster of gilscope's own serves who has its secret, and nobody else."""

from __future__ import annotations

import asyncio
import socket
import sys
from collections.abc import Iterator
from contextlib import closing, suppress
from urllib.parse import urlsplit

import psutil
import pytest

pytest.importorskip("distributed")
from distributed import Client
from distributed.comm.core import CommClosedError, connect

from gilscope.queues.dask import private
from gilscope.queues.dask.cluster import Cluster, open_cluster
from gilscope.queues.dask.node import silence

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="trials run on POSIX")


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """What prints when their interpreters start is no address of theirs."""
    folder = tmp_path_factory.mktemp("site")
    (folder / "sitecustomize.py").write_text("print('hello from site')")
    silence()
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(folder)
        with open_cluster(1, 1) as made:
            yield made


def _ports(cluster: Cluster) -> list[int]:
    """All that its processes listen at."""
    found = [psutil.Process(pid).net_connections("inet") for pid in cluster.processes.pids]
    return [each.laddr.port for every in found for each in every if each.status == psutil.CONN_LISTEN]


def test_who_has_the_secret_is_served(cluster: Cluster) -> None:
    assert cluster.scheduler.startswith(private.PREFIX)
    with closing(Client(cluster.scheduler, set_as_default=False, timeout=30)) as client:
        assert client.submit(abs, -7, workers=list(cluster.workers)).result() == 7


@pytest.mark.parametrize("secret", [b"another's", b""])
def test_who_has_another_secret_is_not(cluster: Cluster, monkeypatch: pytest.MonkeyPatch, secret: bytes) -> None:
    monkeypatch.setattr(private, "_secret", secret)
    with pytest.raises((OSError, CommClosedError)):
        asyncio.run(connect(cluster.scheduler, timeout=0.5))


@pytest.mark.parametrize("word", [bytes(96), b"\x40" + bytes(95), None])
def test_whoever_says_something_else_is_answered_no_further(cluster: Cluster, word: bytes | None) -> None:
    """``None``: the other side's own answer, sent back to it."""
    address = urlsplit(cluster.scheduler)
    with socket.create_connection((address.hostname, address.port), timeout=30) as one:
        one.sendall(word or bytes(private.CHALLENGE_BYTES))
        heard = _exactly(one, private.CHALLENGE_BYTES + private.DIGEST_BYTES)
        one.sendall(heard[private.CHALLENGE_BYTES :])
        assert _exactly(one, 1) == b"", "it has ended the conversation"


def test_its_web_servers_have_nothing_to_tell(cluster: Cluster) -> None:
    web = [port for port in _ports(cluster) if _asked(port, "/").startswith(b"HTTP/")]
    assert len(web) == 2
    for port in web:
        for page in ("/health", "/status", "/json/counts.json", "/metrics", "/info/main/workers.html"):
            assert b" 404 " in _asked(port, page)


def _exactly(one: socket.socket, count: int) -> bytes:
    """Fewer where it ends before."""
    heard = b""
    with suppress(ConnectionError):
        while len(heard) < count and (more := one.recv(count - len(heard))):
            heard += more
    return heard


def _asked(port: int, page: str) -> bytes:
    with socket.create_connection(("127.0.0.1", port), timeout=30) as one:
        one.sendall(f"GET {page} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX-Long: {'x' * 64}\r\n\r\n".encode())
        return _exactly(one, 1 << 8)
