"""Worker processes that cannot start anew are forked, on handmade measurements."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gilscope.configuration import Configuration
from gilscope.decide.forking import fork_instead
from gilscope.decide.measured import Tried
from gilscope.decide.next_steps import next_step
from gilscope.decide.steps import Open, WatchAlone
from gilscope.options import Options
from tests.unit import decide_builders as make

SOLO = make.tried("serial", (100.0,), ledger=make.ledger(gil=0.1))
LOST = make.tried("process", workers=2, status="failed", start_method="spawn", dispatch_s=None, alive=False)
FORKED = Open((Configuration("process", 2, 1, "fork"),))


def test_a_pool_whose_workers_end_before_their_first_call_is_forked_instead() -> None:
    assert fork_instead(make.measured(SOLO, LOST)) == FORKED
    steps = (WatchAlone(0.3, 100), Open((Configuration("process", 2, 1, "spawn"),)))
    assert next_step(make.measured(SOLO, LOST, steps=steps)) == FORKED


@pytest.mark.parametrize(
    "lost",
    [
        replace(LOST, dispatch_s=1e-4),
        make.tried("process", workers=2, status="refused", start_method="spawn", dispatch_s=None),
        make.tried("process", workers=2, start_method="spawn", dispatch_s=None),
        make.tried("thread", workers=2, status="failed", dispatch_s=None),
    ],
    ids=["worked", "refused", "well", "no processes"],
)
def test_others_are_not(lost: Tried) -> None:
    assert fork_instead(make.measured(SOLO, lost)) is None


def test_it_is_tried_once_and_never_against_what_was_asked_for() -> None:
    again = make.tried("process", workers=2, status="failed", start_method="fork", dispatch_s=None)
    assert fork_instead(make.measured(SOLO, LOST, again)) is None
    assert fork_instead(make.measured(SOLO, LOST, options=Options(start_method="spawn"))) is None
    assert fork_instead(make.measured(SOLO, LOST, racing_s=0.0)) is None
