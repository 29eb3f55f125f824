"""A plain Celery application, as the pages of Celery begin: ``celery -A benchmarks.regret.celery_program worker``."""

from __future__ import annotations

import os

from celery import Celery

from benchmarks.regret.cell import load
from benchmarks.regret.engines import BROKER, FUNCTION, meet

url = f"redis+socket://{os.environ[BROKER]}"
app = Celery("regret", broker=url, backend=url)
call = app.task(load(os.environ[FUNCTION]), name="regret.call")
start = app.task(meet, name="regret.meet")
