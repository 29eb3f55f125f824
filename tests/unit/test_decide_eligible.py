"""What may not be recommended however fast it is, on handmade trials."""

from __future__ import annotations

import pytest

from gilscope.decide.eligible import Standard, ineligible
from gilscope.decide.recommend import contenders, recommend
from gilscope.decide.throughput import with_throughput
from gilscope.records import Kind, Recommendation, Round, Trial

from . import decide_builders as make

WAITING = make.label("io-bound", "sleep")


def rounds(*made: tuple[int, int, float]) -> tuple[Round, ...]:
    """Clean rounds of so many calls, so many of which raised, in so many seconds."""
    return tuple(
        Round(index=n, observed=False, calls=calls, errors=errors, wall_s=wall_s, work_s=None)
        for n, (calls, errors, wall_s) in enumerate(made)
    )


def ran(backend: str, workers: int, calls: int, errors: int, wall_s: float, **fields: object) -> Trial:
    """A trial of three such rounds."""
    told = {"calls": 3 * calls, "errors": 3 * errors, "rounds": rounds(*[(calls, errors, wall_s)] * 3)} | fields
    return Trial(backend=backend, workers=workers, **told)  # type: ignore[arg-type]


def judged(*trials: Trial, kind: Kind = "sync") -> Recommendation:
    return recommend(with_throughput(trials), WAITING, kind=kind, simplicity=make.SIMPLICITY)


def barred(*trials: Trial, kind: Kind = "sync") -> list[str]:
    why = ineligible(trials, Standard.of(trials, kind))
    return [trial.name for trial in trials if id(trial) in why]


SERIAL = ran("serial", 1, 20, 0, 1.0, results_compared=60, results_differing=0)
PROCESSES = ran("process", 4, 80, 0, 1.0, results_compared=60, results_differing=0)


def test_what_fails_fast_is_not_recommended_and_says_with_what() -> None:
    error = "RuntimeError: This event loop is already running"
    failing = ran("thread", 64, 1300, 1274, 1.0, error=error)
    verdict = judged(SERIAL, failing, PROCESSES)
    assert (verdict.backend, verdict.workers) == ("process", 4)
    (why,) = [other.why_not for other in verdict.alternatives if other.backend == "thread"]
    assert why == f"3,822 of its 3,900 calls raised ({error}), alone 0 of 60"
    assert f"thread × 64 is ruled out: {why}" in verdict.reason


def test_only_calls_that_succeeded_count() -> None:
    halved = with_throughput([ran("thread", 2, 100, 50, 1.0)])[0]
    assert halved.throughput_per_s == pytest.approx(50.0)
    costly = [Round(index=0, observed=False, calls=10, errors=5, wall_s=1.0, work_s=2.0)]
    (told,) = with_throughput([Trial(backend="thread", workers=2, rounds=tuple(costly))], 0.1)
    assert told.throughput_per_s == pytest.approx(10.0)


def test_a_round_in_which_nothing_succeeded_tells_no_throughput() -> None:
    (told,) = with_throughput([Trial(backend="thread", workers=2, rounds=rounds((10, 10, 0.1), (10, 0, 1.0)))])
    assert told.throughput_per_s == pytest.approx(10.0)


@pytest.mark.parametrize(
    ("alone", "pool", "fails_more"),
    [
        ((100, 0), (1000, 3), False),
        ((100, 0), (1000, 200), True),
        ((1000, 100), (1000, 110), False),
        ((1000, 100), (1000, 200), True),
        ((3, 0), (6, 1), False),
        ((5, 0), (40, 39), True),
        ((0, 0), (40, 20), False),
    ],
)
def test_it_fails_more_where_chance_does_not_explain_it(
    alone: tuple[int, int], pool: tuple[int, int], fails_more: bool
) -> None:
    serial = make.trial("serial", (100.0,), calls=alone[0], errors=alone[1])
    threads = make.trial("thread", (400.0,), workers=4, calls=pool[0], errors=pool[1])
    assert barred(serial, threads) == (["thread × 4"] if fails_more else [])


def test_of_many_pools_none_is_barred_for_what_one_in_many_shows_by_chance() -> None:
    serial = make.trial("serial", (100.0,), calls=200, errors=20)
    unlucky = make.trial("thread", (400.0,), workers=4, calls=200, errors=34)
    others = [make.trial("thread", (400.0,), workers=n, calls=200, errors=20) for n in range(5, 25)]
    assert barred(serial, unlucky) == ["thread × 4"]
    assert barred(serial, unlucky, *others) == []


def test_what_gives_wrong_results_is_not_recommended() -> None:
    wrong = ran("thread", 8, 800, 0, 1.0, results_compared=60, results_differing=1)
    verdict = judged(SERIAL, wrong, PROCESSES)
    assert verdict.backend == "process"
    assert "thread × 8 is ruled out: 1 of 60 results differed from those of the serial run" in verdict.reason


def test_all_that_share_what_gave_wrong_results_are_barred_with_it() -> None:
    wrong = ran("thread", 8, 800, 0, 1.0, results_compared=60, results_differing=1)
    lucky = ran("thread", 16, 900, 0, 1.0, results_compared=60, results_differing=0)
    unasked = ran("thread", 32, 900, 0, 1.0)
    offloaded = ran("asyncio", 8, 800, 0, 1.0, results_compared=60, results_differing=0)
    alone = ran("thread", 1, 20, 0, 1.0)
    trials = (SERIAL, wrong, lucky, unasked, offloaded, alone, PROCESSES)
    assert barred(*trials) == ["thread × 8", "thread × 16", "thread × 32", "asyncio × 8"]
    assert barred(*trials, kind="coroutine") == ["thread × 8", "thread × 16", "thread × 32"]


@pytest.mark.parametrize("serial", [{"results_compared": 60, "results_differing": 1}, {"results_compared": None}])
def test_what_gives_no_two_equal_results_alone_is_not_judged_by_them(serial: dict[str, int | None]) -> None:
    alone = ran("serial", 1, 20, 0, 1.0, **serial)
    assert barred(alone, ran("thread", 8, 800, 0, 1.0, results_compared=60, results_differing=60)) == []


def test_what_is_no_choice_is_no_contender() -> None:
    wrong = ran("thread", 8, 800, 0, 1.0, results_compared=60, results_differing=1)
    near = contenders(with_throughput([SERIAL, wrong, PROCESSES]), WAITING, kind="sync", share=0.5)
    assert [trial.name for trial in near] == ["process × 4"]


def test_where_nothing_is_a_choice_the_reasons_are_told() -> None:
    failing = ran("asyncio", 8, 800, 700, 1.0, error="TimeoutError")
    verdict = recommend(
        with_throughput([SERIAL, failing]), WAITING, kind="sync", simplicity=make.SIMPLICITY, context="async"
    )
    assert verdict.backend is None
    assert "2,100 of its 2,400 calls raised (TimeoutError), alone 0 of 60" in verdict.reason
