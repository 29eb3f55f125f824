"""No form of an address shows a password."""

from __future__ import annotations

import string
from urllib.parse import quote

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gilscope.addresses import redacted, shown
from gilscope.errors import BrokerError
from gilscope.options import Options

#: What nobody writes by chance, and characters around it that parsers stumble over.
MARK = "5ECRET"
PASSWORDS = st.text(st.sampled_from(string.ascii_letters + string.digits + ":/?#[]@!$&'()*+,;=%. ü"), max_size=8).map(
    lambda text: f"{text[:4]}{MARK}{text[4:]}"
)
FORMS = (
    "redis://:{password}@h:6379/0",
    "rediss://user:{password}@h",
    "redis://{password}@h",
    "redis+socket://:{password}@/tmp/s?virtual_host=1",
    "unix://user:{password}@/tmp/s?db=1",
    "amqp://user:{password}@h:5672/v",
    "pyamqp://user:{password}@h//",
    "sentinel://:{password}@a:26379;sentinel://:{password}@b:26379/0",
    "tls://user:{password}@h:8786",
    "user:{password}@h:6379",
    "{password}@h",
)
QUERIES = (
    "rediss://h/0?password={password}&db=1",
    "rediss://h?ssl_cert_reqs=none&ssl_password={password}",
    "unix:///tmp/s?db=1&password={password}",
    "redis://h?username=u&auth_token={password};x=1",
)


@given(st.sampled_from(FORMS), PASSWORDS, st.booleans())
def test_whatever_stands_before_the_host_is_hidden(form: str, password: str, escaped: bool) -> None:
    address = form.format(password=quote(password, safe="") if escaped else password)
    assert MARK not in shown(address)
    assert shown(address).startswith(address.partition("://")[0] if "://" in address else "***@h")
    assert MARK not in redacted(f"Cannot parse {address!r}, nor {password!r}, nor {quote(password)}", address)
    assert MARK not in str(Options(broker=address, dask=address).saved())


@given(st.sampled_from(QUERIES), PASSWORDS)
def test_whatever_stands_in_the_query_as_a_password_is_hidden(form: str, password: str) -> None:
    escaped = quote(password, safe="")
    address = form.format(password=escaped)
    assert MARK not in shown(address)
    assert MARK not in redacted(f"no use of {password!r} and {escaped}", address)


@pytest.mark.parametrize(
    "address", ["redis://localhost:6379/1", "unix:///tmp/s?db=1", "tcp://127.0.0.1:8786", "amqp://h/v"]
)
def test_an_address_without_a_password_is_shown_as_it_is(address: str) -> None:
    assert shown(address) == address


@given(PASSWORDS)
@example(f"?={MARK}")
@example(f"@.?{MARK}")
def test_what_a_broker_s_library_says_of_an_address_has_no_password(password: str) -> None:
    redis = pytest.importorskip("gilscope.queues.brokers.redis")
    for address in (f"redis://:{password}@127.0.0.1:1/0", f"no-such://u:{password}@h", f"{password}@h"):
        with pytest.raises(BrokerError) as told, redis.translated_errors(address):
            redis.connected(address).ping()
        assert MARK not in f"{told.value} {told.value.__cause__}"


@pytest.mark.parametrize("address", ["amqp://guest@.:5672//", f"amqp://guest@{'a' * 70}.b:5672//"])
def test_a_host_that_cannot_be_one_is_no_address(address: str) -> None:
    rabbitmq = pytest.importorskip("gilscope.queues.brokers.rabbitmq")
    with pytest.raises(BrokerError, match="is no address of a broker"), rabbitmq.translated_errors(address):
        rabbitmq.connection_of(address).connect()
