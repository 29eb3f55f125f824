"""A broker that is killed and comes back: what was under way is lost and that is told, and the next trial has it."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import pytest

from gilscope.measure import messages as m
from gilscope.measure.trial import TrialEnded
from gilscope.queues.brokers.redis import connected
from gilscope.queues.brokers.server import serving
from tests.backends.conftest import PATIENCE_S, Case, Start, start
from tests.queues.engine import results_are_right

__all__ = ["start"]
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="trials run on POSIX")


@pytest.mark.parametrize("backend", ["rq-simple", "celery"])
def test_a_broker_that_comes_back(start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, backend: str) -> None:
    with serving(tmp_path) as first:
        monkeypatch.setenv("GILSCOPE_BROKER", first.url)
        trial = start(Case(backend, 2), "do_as_told", inputs="NUMBERS")
        trial.let("sleep")
        trial.begin(1000)
        os.kill(first.pid, signal.SIGKILL)
        assert first.exit_reason(PATIENCE_S) == "by SIGKILL"
        with serving(tmp_path) as second:
            with pytest.raises(TrialEnded, match=r"broker|worker process") as lost:
                trial.hear(m.RoundDone)
            assert lost.value.status == "failed"
            trial.end()
            results_are_right(again := start(Case(backend, 2), "doubled", inputs="NUMBERS"))
            again.close()
            again.end()
            with connected(second.url) as connection:
                assert connection.keys() == []
