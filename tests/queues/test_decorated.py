"""Functions with @classify as RQ jobs and Celery tasks: workers find them by their names, and they learn there."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.queues.programs import address, printed, working

SHOP = """
from gilscope import classify


@classify
def double(x):
    return 2 * x


def learned():
    return double.__gilscope__.profile().calls
"""
JOBS = """
import os
from redis import Redis
from rq import Queue
from shop import double, learned

queue = Queue("sums", connection=Redis.from_url(os.environ["BROKER_URL"], socket_timeout=None))
jobs = [queue.enqueue(double, number) for number in (1, 2, 3)] + [queue.enqueue(learned)]
print([job.latest_result(timeout=60).return_value for job in jobs])
"""
TASKS = """
import os
from celery import Celery
from shop import double, learned

broker = os.environ["BROKER_URL"]
app = Celery("sums", broker=broker, backend=broker)
double, learned = app.task(double), app.task(learned)

if __name__ == "__main__":
    sent = [double.delay(number) for number in (1, 2, 3)] + [learned.delay()]
    print([task.get() for task in sent])
"""
RQ = "rq worker --worker-class rq.SimpleWorker --path . --url {} sums"
CELERY = "celery -A sums worker --pool prefork --concurrency 1"


@pytest.mark.parametrize(("engine", "program", "workers"), [("rq", JOBS, RQ), ("celery", TASKS, CELERY)])
def test_decorated_functions_are_tasks(engine: str, program: str, workers: str, given: str, tmp_path: Path) -> None:
    (tmp_path / "shop.py").write_text(SHOP)
    (tmp_path / "sums.py").write_text(program)
    broker = address(engine, given)
    with working(workers.format(broker), tmp_path, BROKER_URL=broker):
        assert printed("sums.py", tmp_path, BROKER_URL=broker) == "[2, 4, 6, 3]\n"
