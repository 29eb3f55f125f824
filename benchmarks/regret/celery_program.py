"""A plain Celery application, as the pages of Celery begin: ``celery -A benchmarks.regret.celery_program worker``."""

from __future__ import annotations

import os

from celery import Celery

from benchmarks.regret.cell import load
from benchmarks.regret.engines import BROKER, FUNCTION, TUNED, meet

url = f"redis+socket://{os.environ[BROKER]}"
app = Celery("regret", broker=url, backend=url)
if TUNED in os.environ:
    app.conf.update(worker_prefetch_multiplier=1, task_acks_late=True)
call = app.task(load(os.environ[FUNCTION]), name="regret.call")
start = app.task(meet, name="regret.meet")
