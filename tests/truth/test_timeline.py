"""The course of rounds of programs that are known: order and proportion."""

from __future__ import annotations

from collections import Counter
from itertools import groupby

import pytest

import gilscope
from gilscope.records import STATES, Lane, Timeline
from gilscope.result import Result
from tests.truth import programs
from tests.truth.conftest import ObserveRound

pytestmark = pytest.mark.timing


def seconds(lane: Lane) -> Counter[str]:
    found: Counter[str] = Counter()
    for state, start, end in zip(lane.states, lane.edges_s, lane.edges_s[1:], strict=False):
        found[state] += end - start  # type: ignore[assignment]
    return found


def observed(observe_round: ObserveRound, *arguments: object, **options: object) -> Timeline:
    """The timeline, which agrees with the ledger of the same round."""
    made = observe_round(*arguments, **options)
    assert made.timeline is not None
    assert made.ledger is not None
    whole: Counter[str] = sum(map(seconds, made.timeline.lanes), Counter())
    for state in STATES:
        assert whole[state] == pytest.approx(made.ledger.state_s(state), abs=0.2 * made.ledger.wall_s)
    return made.timeline


def test_first_it_sleeps_then_it_computes(observe_round: ObserveRound) -> None:
    """Each call as long asleep as computing, less what other programs on this machine take from it."""
    (lane,) = observed(observe_round, "sleep_then_python").lanes
    spans = zip(lane.states, lane.edges_s, lane.edges_s[1:], strict=False)
    parts = [(what, sum(end - start for _, start, end in each)) for what, each in groupby(spans, key=_sleeps)]
    long = [sleeps for sleeps, lasted_s in parts if lasted_s > 0.05]
    assert long[:2] == [True, False]
    assert long == [True, False] * (len(long) // 2)
    spent = seconds(lane)
    assert 0.6 < spent["sleep"] / spent["cpu_gil"] < 1.6


def _sleeps(span: tuple[str, float, float]) -> bool:
    return span[0] == "sleep"


def test_of_two_python_threads_one_waits_while_the_other_computes(observe_round: ObserveRound) -> None:
    made = observed(observe_round, "python", "thread", 2, round_s=1.5)
    assert len({(lane.pid, lane.tid) for lane in made.lanes}) == 2
    for lane in made.lanes:
        turns = [state for state, _ in groupby(state for state in lane.states if state in ("cpu_gil", "gil_wait"))]
        assert len(turns) > 6
    assert _both_s(made, "cpu_gil") < 0.25 * sum(seconds(lane)["cpu_gil"] for lane in made.lanes)


def _both_s(made: Timeline, state: str) -> float:
    """Seconds in which both lanes are in the state."""
    one, other = ([*zip(lane.states, lane.edges_s, lane.edges_s[1:], strict=False)] for lane in made.lanes)
    overlaps = [
        min(end, its_end) - max(start, its_start)
        for what, start, end in one
        for its, its_start, its_end in other
        if what == its == state
    ]
    return sum(max(0.0, overlap) for overlap in overlaps)


@pytest.fixture(scope="module")
def result() -> Result:
    return gilscope.analyze(programs.half_python_half_sleep, backends=("thread",), workers=(2,), budget_s=4)


def test_an_analysis_records_the_course_of_a_round_of_each_trial(result: Result) -> None:
    lanes = {trial.backend: trial.timeline.lanes for trial in result.trials if trial.timeline}
    assert {backend: len(each) for backend, each in lanes.items()} == {"serial": 1, "thread": 2}
    spent = seconds(lanes["serial"][0])
    assert min(spent["sleep"], spent["cpu_gil"]) > 0


def test_an_analysis_records_how_long_calls_took(result: Result) -> None:
    for trial in result.trials:
        assert trial.latencies is not None
        timed = [made for made in trial.rounds if made.process == 0 and not (made.observed or made.cold)]
        assert sum(trial.latencies.counts) == sum(made.calls for made in timed)
        assert trial.latency_p50_s is not None
        assert trial.latencies.edges_s[0] <= trial.latency_p50_s < trial.latencies.edges_s[-1]


def test_an_analysis_records_the_stacks(result: Result) -> None:
    if result.instrument.hot_source == "none":
        pytest.skip(result.instrument.reason or "")
    assert {stack.frames[0].partition(" ")[0] for stack in result.stacks} & {"half_python_half_sleep"}
    assert not any("backends/worker.py" in frame for stack in result.stacks for frame in stack.frames)
    samples = [stack.samples for stack in result.stacks]
    assert samples == sorted(samples, reverse=True)
