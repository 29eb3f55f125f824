"""Celery's tasks over RabbitMQ: a real server, where one is installed."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

import pytest

import gilscope
from gilscope.decide.code import CodeTarget, Execution, program_for
from gilscope.errors import BrokerError
from gilscope.measure.trial import TrialEnded
from gilscope.queues.brokers import rabbitmq as rabbit
from gilscope.queues.brokers.broker import forget, open_broker
from gilscope.queues.brokers.delay import beyond
from gilscope.queues.code import TEMPLATES
from tests.backends.conftest import Case, Trial, start
from tests.backends.targets import NUMBERS, sleep
from tests.queues.engine import results_are_right
from tests.queues.programs import address, results_of
from tests.queues.rabbitmq import RabbitMQ, program, rabbitmq

__all__ = ["start"]
pytestmark = [
    pytest.mark.skipif(program() is None, reason="RabbitMQ is not installed"),
    pytest.mark.skipif(sys.platform == "win32", reason="trials run on POSIX"),
]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RabbitMQ]:
    with rabbitmq(tmp_path_factory.mktemp("rabbitmq")) as made:
        yield made
        assert not [name for of in ("queues", "exchanges") for name in made.names(of) if "gilscope" in name]


def over(url: str, **more: str) -> dict[str, str]:
    return {"GILSCOPE_BROKER": url, **more}


@pytest.mark.parametrize("backend", ["celery", "celery-threads"])
def test_tasks_go_over_it(server: RabbitMQ, tmp_path: Path, backend: str) -> None:
    trial = Trial(Case(backend), tmp_path, over(server.url))
    try:
        trial.open("doubled", inputs="NUMBERS")
        assert any(name.startswith("gilscope-") for name in server.names("queues"))
        results_are_right(trial)
        if backend == "celery":
            a_queue_is_metered_but_for_the_broker(trial)
        trial.close()
        assert trial.process.output.text() == ""
    finally:
        trial.end()


def a_queue_is_metered_but_for_the_broker(trial: Trial) -> None:
    done = trial.round(0, empty_chunks=50)
    assert done.queue is not None
    assert (done.queue.broker, done.queue.broker_cpu_s) == ("rabbitmq", None)
    assert done.queue.tasks_per_s is not None
    assert done.queue.tasks_per_s > 0


def test_an_analysis_gives_its_settings_and_its_program(server: RabbitMQ) -> None:
    result = gilscope.analyze(
        sleep,
        NUMBERS,
        backends=("celery",),
        workers=(2,),
        max_calls=40,
        budget_s=20.0,
        hot_lines=False,
        broker=server.url,
    )
    settings = {setting.setting: setting.value for setting in result.queue_settings}
    assert settings["consumer_timeout"] == "1800000"
    assert "broker_transport_options" not in settings
    assert urlsplit(server.url).netloc not in result.to_json()
    (shown,) = result.queue_programs
    assert "RESULTS_URL" in shown.code


def test_the_program_runs_as_it_stands(server: RabbitMQ, given: str, tmp_path: Path) -> None:
    execution = Execution("celery", 2, 2, settings={"consumer_timeout": "1800000", "task_acks_late": "True"})
    text = program_for(
        CodeTarget("user_code:needs_connection", inputs="INPUTS", setup="connect", teardown="close"),
        execution,
        templates=TEMPLATES,
    )
    addresses = {"BROKER_URL": server.url, "RESULTS_URL": address("celery", given)}
    left_open = "ignore:unclosed <socket:ResourceWarning"  # by Celery, at the end of every program that sends over AMQP
    assert results_of(text, tmp_path, left_open, **addresses) == [1, 2, 3]


def test_a_round_trip_can_be_put_before_it(server: RabbitMQ, tmp_path: Path) -> None:
    trial = Trial(Case("celery-threads", 1), tmp_path, over(server.url, GILSCOPE_RTT_S="0.05"))
    try:
        trial.open("doubled", inputs="NUMBERS")
        done = trial.round(3)
        assert done.queue is not None
        assert done.queue.round_trip_s is not None
        assert done.queue.round_trip_s > 0.05
    finally:
        trial.end()


def test_other_engines_refuse_it(server: RabbitMQ) -> None:
    with pytest.raises(BrokerError, match="only Celery's backends"), open_broker(server.url):
        pass


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (("guest:guest", "guest:word"), "refuses the user or the password"),
        (("//", "/nowhere"), "virtual host"),
    ],
)
def test_what_it_refuses_is_told(server: RabbitMQ, change: tuple[str, str], told: str) -> None:
    url = change[1].join(server.url.rsplit(change[0], 1))
    with pytest.raises(BrokerError, match=told) as refused:
        rabbit.admit(url, allow_remote=False)
    assert "word@" not in str(refused.value)


def test_one_that_goes_away_in_the_middle_is_told(server: RabbitMQ, tmp_path: Path) -> None:
    """As the server of a host that is switched off: whoever is connected hears that it is gone, and nobody listens."""
    parts = urlsplit(server.url)
    with ExitStack() as up:
        host, port = up.enter_context(beyond((parts.hostname, parts.port)))
        trial = Trial(Case("celery", 1), tmp_path, over(f"amqp://guest:guest@{host}:{port}//"))
        try:
            trial.open("doubled", inputs="NUMBERS")
            up.close()
            with pytest.raises(TrialEnded, match="is it running") as ended:
                trial.round(10)
            assert ended.value.status == "failed"
        finally:
            trial.end()
    name = Path(trial.process.token).name  # nobody could delete what is there of it
    with rabbit.connection_of(server.url) as connection, connection.channel() as channel:
        channel.queue_delete(name)
        channel.exchange_delete(name)


def test_a_queue_that_a_killed_trial_left_is_deleted(server: RabbitMQ, tmp_path: Path) -> None:
    trial = tmp_path / "gilscope-killed"
    trial.mkdir()
    (trial / "broker").write_text(server.url)
    with rabbit.connection_of(server.url) as connection:
        connection.channel().queue_declare(queue=trial.name)
    assert trial.name in server.names("queues")
    forget(str(trial))
    assert trial.name not in server.names("queues")
