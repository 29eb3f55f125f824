"""Which trial a recommendation rests on."""

from __future__ import annotations

import pytest

from gilscope.decide.recommended import recommended
from gilscope.report.bounds import with_telling_trials
from tests.unit.decide_builders import trial
from tests.unit.handmade import make_recommendation, make_result

SERIAL, THREADS, LOOP = trial("serial"), trial("thread", workers=8), trial("asyncio", workers=8)
TWO, FOUR = (trial("process", workers=count, start_method="spawn") for count in (2, 4))
TRIALS = (SERIAL, THREADS, LOOP, TWO, FOUR)


def test_its_number_tells() -> None:
    again = trial("process", workers=2, start_method="spawn")
    assert recommended(make_recommendation(trial=5), (*TRIALS, again)) is again
    assert recommended(make_recommendation(trial=99), TRIALS) is None
    assert recommended(make_recommendation(backend=None, trial=None), TRIALS) is None


def test_in_results_of_older_versions_its_configuration_does() -> None:
    assert recommended(make_recommendation(), TRIALS) is TWO
    assert recommended(make_recommendation(workers=4), TRIALS) is FOUR
    assert recommended(make_recommendation(workers=3), TRIALS) is None
    failed = trial("process", workers=2, start_method="spawn", status="failed")
    assert recommended(make_recommendation(), (SERIAL, failed)) is None


@pytest.mark.parametrize(("executor", "trials", "chosen"), [("thread", TRIALS, 2), ("thread", TRIALS[:2], 1)])
def test_offloading_was_measured_by_the_loop_or_by_the_executor(executor: str, trials: tuple, chosen: int) -> None:  # type: ignore[type-arg]
    advice = make_recommendation(backend="asyncio", executor=executor, workers=8, start_method=None)
    assert recommended(advice, trials) is trials[chosen]


def test_offloading_to_processes_was_measured_by_processes() -> None:
    assert recommended(make_recommendation(backend="asyncio", executor="process"), TRIALS) is TWO


def test_its_number_is_right_among_the_trials_that_a_page_shows() -> None:
    many = tuple(trial("thread", (100.0 + n,), workers=n, throughput_per_s=100.0 + n) for n in range(2, 202))
    advice = make_recommendation(backend="thread", workers=2, chunksize=1, start_method=None, trial=1)
    shown, _ = with_telling_trials(make_result(trials=(SERIAL, *many), recommendation=advice))
    found = recommended(shown.recommendation, shown.trials)
    assert len(shown.trials) < len(many)
    assert found is not None
    assert found.workers == 2
