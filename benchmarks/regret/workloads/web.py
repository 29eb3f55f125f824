"""HTTP against the benchmark's own server on this machine."""

from __future__ import annotations

import threading
import urllib.request

import requests

from benchmarks.regret.services import address
from benchmarks.regret.workload import workload

_local = threading.local()


def _session() -> requests.Session:
    """The calling thread's own: sessions are not meant to be shared."""
    if not hasattr(_local, "session"):
        _local.session = requests.Session()
        _local.session.trust_env = False
    session: requests.Session = _local.session
    return session


def far() -> list[str]:
    """Pages that take 25 ms."""
    return [f"http://{address('http')}/wait/25"] * 8


@workload(inputs="far", expect="io-bound/network", kind="network", why="mostly waiting, a connection for each call")
def urllib_get(url: str) -> int:
    with urllib.request.urlopen(url, timeout=30) as response:
        return len(response.read())


def middling() -> list[str]:
    """Pages that take 10 ms."""
    return [f"http://{address('http')}/wait/10"] * 8


@workload(
    inputs="middling", expect="io-bound/network", kind="network", why="a millisecond of Python beside 10 of waiting"
)
def requests_get(url: str) -> int:
    return len(_session().get(url, timeout=30).content)


def near() -> list[str]:
    """Pages that take 2 ms."""
    return [f"http://{address('http')}/wait/2"] * 8


@workload(
    inputs="near",
    expect="io-bound/network | mixed",
    kind="boundary",
    why="about a third of a call is requests' own Python",
)
def requests_near(url: str) -> int:
    return len(_session().get(url, timeout=30).content)


def limited() -> list[str]:
    """Pages that take 10 ms, four at a time."""
    return [f"http://{address('http')}/four/10"] * 8


@workload(
    inputs="limited",
    expect="io-bound/network",
    kind="network",
    why="the server takes four requests at a time: more workers only queue there",
)
def http_limited(url: str) -> int:
    return len(_session().get(url, timeout=30).content)
