"""RabbitMQ as a broker. Of the engines here Celery alone speaks its protocol, AMQP; results do not travel over it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any
from urllib.parse import urlsplit

from gilscope.addresses import redacted, shown
from gilscope.errors import BrokerError
from gilscope.queues.brokers.redis import CONNECT_TIMEOUT_S, must_be_here

__all__ = ["admit", "connection_of", "delete_queue", "speaks_amqp", "translated_errors"]

#: As Celery takes them.
SCHEMES = ("amqp", "amqps", "pyamqp")


def speaks_amqp(url: str) -> bool:
    """Whether the address is one of RabbitMQ's."""
    return urlsplit(url).scheme in SCHEMES


def admit(url: str, *, allow_remote: bool) -> None:
    """Whether this broker may be used, and answers.

    :raises BrokerError: when it may not, or does not
    """
    must_be_here(url, allow_remote=allow_remote)
    with translated_errors(url), connection_of(url) as connection:
        connection.connect()


def delete_queue(url: str, name: str) -> None:
    """Delete a queue of ours, and its exchange; where the broker is gone, or they are, so be it."""
    with suppress(BrokerError), translated_errors(url), connection_of(url) as connection:
        channel = connection.channel()
        channel.queue_delete(queue=name)
        channel.exchange_delete(exchange=name)


@contextmanager
def translated_errors(url: str) -> Iterator[None]:
    """Within, what RabbitMQ refuses or fails at is raised as a `BrokerError`."""
    from amqp.exceptions import (  # type: ignore[import-untyped]
        AccessRefused,
        AMQPError,
        NotAllowed,
    )
    from kombu.exceptions import KombuError

    try:
        yield
    except AccessRefused as error:
        raise BrokerError(
            f"the broker {shown(url)} refuses the user or the password ({redacted(error.reply_text, url)}): give "
            "them in the address, amqp://USER:PASSWORD@HOST:PORT/VHOST"
        ) from error
    except NotAllowed as error:
        raise BrokerError(
            f"the broker {shown(url)} does not let this user into the virtual host "
            f"({redacted(error.reply_text, url)}): it is the part after the port, amqp://USER:PASSWORD@HOST:PORT/VHOST"
        ) from error
    except UnicodeError as error:  # of a host whose name cannot be one
        raise BrokerError(
            f"{shown(url)} is no address of a broker ({redacted(error, url)}): give amqp://USER:PASSWORD@HOST:PORT/VHOST"
        ) from None
    except (AMQPError, KombuError, OSError) as error:
        raise BrokerError(
            f"no use of the broker {shown(url)} ({redacted(error, url)}): is it running? Without "
            "--broker and GILSCOPE_BROKER, gilscope starts one of its own"
        ) from error


def connection_of(url: str) -> Any:
    """A connection that is made when it is needed (`kombu.Connection`)."""
    from kombu.connection import Connection

    return Connection(url, connect_timeout=CONNECT_TIMEOUT_S)  # type: ignore[no-untyped-call]
