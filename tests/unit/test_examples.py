"""The examples run without a network, and leave nothing behind however they end."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
import urllib.error
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from gilscope.examples import local, offload, primes, urls
from gilscope.examples.server import response_to

if TYPE_CHECKING:
    from collections.abc import Iterator

INVALID = "http://does-not-exist.invalid/"


@pytest.fixture(scope="module", autouse=True)
def _own_server() -> Iterator[None]:
    yield
    local._stop()
    os.environ.pop(local.PORT_VARIABLE, None)


def run(program: str, *options: str, **environment: str) -> str:
    """What a fresh interpreter prints; whatever it says on standard error is a failure."""
    clean = {name: value for name, value in os.environ.items() if name != local.PORT_VARIABLE}
    done = subprocess.run(
        [sys.executable, *options, "-c", program],
        env={**clean, **environment},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (done.stderr, done.returncode) == ("", 0)
    return done.stdout


def ends(connection: socket.socket) -> bool:
    """Whether the server closes a connection that asked for nothing: it does so only by ending."""
    connection.settimeout(30)
    try:
        return connection.recv(1) == b""
    except ConnectionResetError:
        return True


def connect(url: str) -> socket.socket:
    parts = urlsplit(url)
    return socket.create_connection((parts.hostname, parts.port), timeout=30)


# ---- primes ----


def test_primes_are_told_from_other_numbers() -> None:
    assert [n for n in range(-3, 30) if primes.is_prime(n)] == [2, 3, 5, 7, 11, 13, 17, 19, 23, 29]
    assert not primes.is_prime(1009 * 1013)


def test_primes_are_the_ones_of_the_documentation() -> None:
    assert primes.PRIMES == (
        112272535095293,
        112582705942171,
        112272535095293,
        115280095190773,
        115797848077099,
        1099726899285419,
    )


# ---- loading pages ----


def test_five_urls_one_of_them_without_a_host() -> None:
    assert len(set(urls.URLS)) == 5
    assert [url for url in urls.URLS if not url.startswith("http://127.0.0.1:")] == [INVALID]
    assert len(set(offload.URLS)) == 5
    assert all(url.startswith("http://127.0.0.1:") for url in offload.URLS)


def test_urls_stay_the_same_within_a_process() -> None:
    assert urls.URLS == urls.URLS
    assert urlsplit(offload.URLS[0]).netloc == urlsplit(urls.URLS[0]).netloc


def test_both_ways_load_the_same_page() -> None:
    url = offload.URLS[0]
    assert urls.load_url(url, 60) == b"This is /news"
    assert offload.sync_get_url(url) == asyncio.run(offload.fetch(url)) == b"This is /news"


def test_a_host_that_does_not_exist_is_an_error_of_the_call() -> None:
    with pytest.raises(urllib.error.URLError):
        urls.load_url(INVALID, 60)


def test_proxies_of_the_environment_do_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    program = "from gilscope.examples import urls; print(urls.load_url(urls.URLS[0], 60))"
    assert run(program, http_proxy="http://127.0.0.1:9", HTTP_PROXY="http://127.0.0.1:9") == "b'This is /news'\n"


def test_sixty_four_requests_at_once() -> None:
    async def fetch_all() -> list[bytes]:
        return await asyncio.gather(*(offload.fetch(url) for url in [offload.URLS[0]] * 64))

    with ThreadPoolExecutor(64) as pool:
        assert list(pool.map(offload.sync_get_url, [offload.URLS[0]] * 64)) == [b"This is /news"] * 64
    assert asyncio.run(fetch_all()) == [b"This is /news"] * 64


def test_a_status_other_than_200_is_an_error() -> None:
    assert response_to(b"POST / HTTP/1.0\r\n\r\n").startswith(b"HTTP/1.0 405 ")
    with pytest.raises(OSError, match=r"answered 'HTTP/1\.0 405 Method Not Allowed'"):
        offload._page(response_to(b"POST / HTTP/1.0\r\n\r\n"), "http://host/")
    with pytest.raises(OSError, match="answered 'nothing'"):
        offload._page(b"", "http://host/")


@pytest.mark.parametrize("module", [urls, offload])
def test_other_names_are_missing_as_in_any_module(module: object) -> None:
    with pytest.raises(AttributeError, match="no attribute 'URL'"):
        _ = module.URL  # type: ignore[attr-defined]


# ---- the server ----


def test_importing_starts_nothing() -> None:
    program = "from gilscope.examples import local, offload, urls; urls.load_url, offload.fetch; print(local._server)"
    assert run(program) == "None\n"


def test_a_star_import_is_enough_and_nothing_warns_at_exit() -> None:
    program = "from gilscope.examples.urls import *; print(load_url(URLS[0], 60))"
    assert run(program, "-X", "dev", "-W", "error") == "b'This is /news'\n"


def test_modules_of_the_working_folder_do_not_reach_the_server(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path_factory.mktemp("shadows")
    (folder / "signal.py").write_text("raise SystemExit('the wrong signal')")
    monkeypatch.chdir(folder)
    program = "from gilscope.examples.urls import *; print(len(URLS))"
    assert run(program, "-P", PYTHONPATH="") == "5\n"


@pytest.mark.parametrize("method", ["spawn", "fork"])
def test_worker_processes_share_the_server(method: str) -> None:
    program = f"""
import multiprocessing
from gilscope.examples import local, urls
from gilscope.examples.local import origin
if __name__ == "__main__":
    mine = origin()
    with multiprocessing.get_context({method!r}).Pool(2) as pool:
        print({{pool.apply(origin) for _ in range(4)}} == {{mine}})
"""
    if method not in __import__("multiprocessing").get_all_start_methods():
        pytest.skip(f"no {method} on this platform")
    assert run(program) == "True\n"


STARTER = """
import os, sys
from gilscope.examples.urls import URLS
{before}
print(URLS[0], flush=True)
{then}
"""


def start(then: str, before: str = "") -> tuple[subprocess.Popen[str], str]:
    clean = {name: value for name, value in os.environ.items() if name != local.PORT_VARIABLE}
    process = subprocess.Popen(
        [sys.executable, "-c", STARTER.format(before=before, then=then)],
        env=clean,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    return process, process.stdout.readline().strip()


@pytest.mark.parametrize(
    "last",
    [
        "sys.stdin.read()",
        "sys.stdin.read(); sys.exit(3)",
        "sys.stdin.read(); os._exit(3)",
        "import ctypes; sys.stdin.read(); ctypes.string_at(0)",
    ],
)
def test_the_server_ends_with_its_starter(last: str) -> None:
    process, url = start(last)
    with process, connect(url) as connection:
        process.communicate()
        assert ends(connection)


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGKILL")
def test_the_server_ends_when_its_starter_is_killed() -> None:
    process, url = start("sys.stdin.read()")
    with process, connect(url) as connection:
        process.send_signal(signal.SIGKILL)
        assert ends(connection)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork")
def test_a_forked_worker_that_outlives_the_starter_does_not_keep_the_server() -> None:
    """The worker lives until this test closes standard input, which it shares with the starter."""
    process, url = start("sys.stdin.read()", before="URLS\nif os.fork() == 0: sys.stdin.read(); os._exit(0)")
    with process, connect(url) as connection:
        process.send_signal(signal.SIGKILL)
        assert ends(connection)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork")
def test_a_forked_child_that_ends_leaves_the_server_to_its_starter() -> None:
    program = """
import os, sys
from gilscope.examples.urls import URLS, load_url
if os.fork() == 0:
    sys.exit(0)  # runs what was registered with atexit
print(os.waitstatus_to_exitcode(os.wait()[1]), load_url(URLS[0], 60))
"""
    assert run(program, "-W", "error") == "0 b'This is /news'\n"


def test_a_port_whose_server_is_gone_is_not_used() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        gone = str(taken.getsockname()[1])
    program = "from gilscope.examples.urls import URLS, load_url; print(load_url(URLS[0], 60))"
    assert run(program, **{local.PORT_VARIABLE: gone}) == "b'This is /news'\n"


def test_a_server_that_cannot_start_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local, "_PROGRAM", "does-not-exist.py")
    monkeypatch.delenv(local.PORT_VARIABLE, raising=False)
    with pytest.raises(RuntimeError, match="did not start: it ended with exit status 2"):
        local.origin()


def test_the_host_that_does_not_exist_is_not_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    def ask(*args: object, **kwargs: object) -> None:
        pytest.fail("a name server was asked")

    monkeypatch.setattr(socket, "getaddrinfo", ask)
    with pytest.raises(urllib.error.URLError, match="not known"):
        urls.load_url(INVALID, timeout=60)
