"""The Celery application of an analysis: the same settings for who sends tasks and who runs them.

Nothing is read from the broker that this analysis did not sign, neither a task nor a result nor a word of control.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable
from functools import partial
from typing import Any

from celery import Celery
from kombu.serialization import register

from gilscope.backends.base import Refusal
from gilscope.errors import ForgedError
from gilscope.queues.brokers.broker import Broker
from gilscope.queues.brokers.signed import NOT_OURS, pack, unpack

__all__ = ["TASK", "make_app"]

TASK = "gilscope.run"
#: What is signed, and what for.
TASKS, RESULTS = "gilscope-task", "gilscope-result"


def make_app(broker: Broker) -> Celery:
    """The application on ``broker``, with its one task."""
    for purpose in (TASKS, RESULTS):
        register(  # type: ignore[no-untyped-call]
            purpose,
            partial(pack, broker.secret, purpose),
            partial(unpack, broker.secret, purpose),
            content_type=f"application/x-{purpose}",
            content_encoding="binary",
        )
    keys = {"global_keyprefix": f"{broker.prefix}:"}
    app: Any = _App(
        broker,
        accept_content=[TASKS],
        result_accept_content=[RESULTS],
        task_serializer=TASKS,
        result_serializer=RESULTS,
        event_serializer=RESULTS,
        task_default_queue=broker.prefix,
        worker_enable_remote_control=False,
        worker_hijack_root_logger=False,
        worker_redirect_stdouts=False,
        broker_transport_options=keys if broker.tasks_url is None else {},
        # A broker that is gone is told at once.
        result_backend_transport_options={**keys, "retry_policy": {"max_retries": 0}},
        broker_connection_retry=False,
        broker_connection_retry_on_startup=False,
        task_publish_retry=False,
    )
    app.task(_run, name=TASK, bind=True, shared=False, lazy=False)
    return app


class _App(Celery):  # type: ignore[misc]
    """On this broker, with these settings and no others. Celery looks into the environment first, and what it finds
    there (``CELERY_BROKER_URL``, ``CELERY_RESULT_BACKEND``, ``CELERY_CONFIG_MODULE``, ``CELERY_LOADER``,
    ``DJANGO_SETTINGS_MODULE``) is for an application of the user's, whose function may read it too."""

    def __init__(self, broker: Broker, **settings: Any) -> None:
        self._tasks_url = broker.tasks_url or broker.celery_url
        self.backend_cls = settings["result_backend"] = broker.celery_url
        settings["broker_url"] = self._tasks_url
        super().__init__("gilscope", loader="app", fixups=(), config_source=settings, set_as_current=False)

    def connection_for_read(self, url: str | None = None, **options: Any) -> Any:  # noqa: ARG002  by the environment
        return super().connection_for_read(self._tasks_url, **options)

    def connection_for_write(self, url: str | None = None, **options: Any) -> Any:  # noqa: ARG002
        return super().connection_for_write(self._tasks_url, **options)


def _run(self: Any, task: str, blob: bytes) -> tuple[str, bytes]:
    """The task: its number, and a pickled function with its arguments, to the number and the pickled result. They are
    bytes to Celery, whose main process looks at their signature, and does not unpickle what is meant for a worker.

    :raises ForgedError: when what was signed for one task stands in the place of another
    """
    if task != self.request.id:
        raise ForgedError(f"a message on the broker is that of another task: {NOT_OURS}")
    func, arguments = _unpickled(blob)
    result = func(*arguments)
    try:
        return task, pickle.dumps(result, pickle.HIGHEST_PROTOCOL)
    except Exception as error:
        raise Refusal(f"a result cannot be pickled: {error}") from None


def _unpickled(blob: bytes) -> tuple[Callable[..., Any], tuple[Any, ...]]:
    try:
        func, arguments = pickle.loads(blob)  # noqa: S301  part of a signed message
    except Exception as error:
        raise Refusal(f"a worker cannot unpickle its calls: {type(error).__name__}: {error}") from None
    return func, arguments
