"""What is shown of a change: laws, then the ways in which two analyses do not match."""

from __future__ import annotations

import dataclasses

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gilscope.decide.changes import FIGURES, Change
from gilscope.decide.conditions import parsed
from gilscope.decide.gate import judge
from gilscope.decide.regress import Comparison, compare
from gilscope.records import Demands, Noise
from gilscope.result import Result
from tests.unit.handmade import make_classification, make_ledger, make_result
from tests.unit.regress_builders import NOISE, STEADY, compared, measured, recommending, timed, told_of, words

SILENT = {"not shown", "unknown"}
#: Rounds as steady as those of a quiet machine, of a call of any length.
SPREADS = st.lists(st.floats(0.95, 1.05), min_size=3, max_size=8)
RATES = st.builds(lambda scale, rounds: [scale * each for each in rounds], st.floats(1e-3, 1e6), SPREADS)
#: Rounds of any number and spread.
WILD = st.lists(st.floats(1e-3, 1e6), min_size=1, max_size=8)


def from_rounds(found: Comparison) -> list[Change]:
    changes = (*found.alone, *found.configurations, *found.advised)
    return [change for change in changes if change.figure.startswith(("throughput", "latency", "wall"))]


@given(WILD, WILD)
def test_a_result_compared_with_itself_shows_nothing(serial: list[float], process: list[float]) -> None:
    assert set(words(compared(measured(serial, process))).values()) <= SILENT


@given(WILD, WILD)
def test_swapping_inverts_ratios_and_words(first: list[float], second: list[float]) -> None:
    forth, back = (from_rounds(compare(measured(a), measured(b))) for a, b in ((first, second), (second, first)))
    opposite = {"faster": "slower", "slower": "faster", "not shown": "not shown"}
    for there, again in zip(forth, back, strict=True):
        assert there.gap is not None
        assert again.gap is not None
        assert again.word == opposite[there.word]
        assert again.gap.value == pytest.approx(1 / there.gap.value)
        assert (again.gap.low is None) == (there.gap.high is None)
        if again.gap.low is not None and there.gap.high is not None:
            assert again.gap.low == pytest.approx(1 / there.gap.high)


@given(RATES)
def test_rounds_twice_as_fast_are_shown_as_faster(rates: list[float]) -> None:
    found = compare(measured(rates), measured([2 * rate for rate in rates]))
    assert {change.word for change in from_rounds(found) if change.where in ("serial", "alone")} == {"faster"}


@given(st.floats(0.951, 1.051))
def test_a_gap_within_the_floor_is_not_shown_however_steady_the_rounds(ratio: float) -> None:
    found = compare(measured([10.0] * 5), measured([10.0 * ratio] * 5))
    assert words(found)["serial", "throughput"] == "not shown"


def test_where_processes_of_one_configuration_differ_by_all_of_it_nothing_is_shown() -> None:
    """An interval would have turned round: its ends would be negative."""
    wild = msgspec.structs.replace(measured([100.0, 101.0, 99.0]), noise=msgspec.structs.replace(NOISE, floor=1.7))
    change = compare(measured(), wild).change("throughput")
    assert change is not None
    assert change.gap is not None
    assert (change.gap.low, change.gap.high, change.word) == (None, None, "not shown")


def test_the_greater_floor_of_the_two_is_in_every_interval_of_rounds() -> None:
    noisy = Noise(backend="process", workers=2, ratio=0.9, floor=0.10)
    steady = {"old": measured([10.0] * 4), "new": measured([10.8] * 4)}
    assert words(compare(steady["old"], steady["new"]))["serial", "throughput"] == "faster"
    for which in steady:
        pair = steady | {which: msgspec.structs.replace(steady[which], noise=noisy)}
        assert compare(pair["old"], pair["new"]).floor == 0.10
        assert words(compare(pair["old"], pair["new"]))["serial", "throughput"] == "not shown"
    unknown = [msgspec.structs.replace(result, noise=None) for result in steady.values()]
    assert compare(*unknown).floor == NOISE.floor, "what is the least of any"


def test_one_round_shows_nothing() -> None:
    found = compare(measured([10.0]), measured([30.0, 30.1, 30.2]))
    change = found.change("wall")
    assert change is not None
    assert change.gap is not None
    assert change.gap.value == pytest.approx(10 / 30.1)
    assert change.gap.low is None
    assert change.word == "not shown"


def test_what_a_call_costs_is_taken_from_its_own_analysis() -> None:
    """Solo seconds are the unit of the rounds; a call that became twice as long must not hide in it."""

    def weighing(call_s: float) -> Result:
        trials = [
            msgspec.structs.replace(
                each,
                throughput_per_s=1 / call_s,
                rounds=tuple(msgspec.structs.replace(r, work_s=100 * call_s, wall_s=100 * call_s) for r in each.rounds),
            )
            for each in (timed("serial", STEADY), timed("process", STEADY, workers=2, start_method="spawn"))
        ]
        return make_result(trials=tuple(trials))

    found = compare(weighing(0.1), weighing(0.2))
    assert words(found)["serial", "throughput"] == words(found)["process × 2", "throughput"] == "slower"
    assert next(change for change in found.advised if change.figure == "throughput").new == pytest.approx(5.0)


# ---- the demands ----


def changed(**changes: object) -> dict[str, str]:
    """The words on the solo run when the new result differs so."""
    new = msgspec.structs.replace(measured(), **changes)
    return {change.figure: change.word for change in compare(measured(), new).alone}


def test_the_cpu_of_a_call_must_differ_by_more_than_repetitions_do() -> None:
    old = measured().demands
    assert old is not None
    for factor, word in ((0.5, "less"), (1.3, "not shown"), (2.0, "more")):
        demands = Demands(calls=9, wall_s=1.0, cpu_s=old.cpu_s * factor)
        assert changed(demands=demands)["cpu"] == word
    assert changed(demands=None)["cpu"] == "unknown"
    assert changed(demands=Demands(calls=9))["cpu"] == "unknown", "there is no ratio of nothing"


def test_shares_are_judged_by_their_samples() -> None:
    less = make_classification(gil_held_ratio=0.8, wait_ratio=0.2)
    assert changed(classification=less)["gil_held"] == "less"
    assert changed(classification=less)["wait"] == "more"
    few = told_of([timed("serial", STEADY, ledger=make_ledger(samples=3))], classification=less)
    none = told_of([timed("serial", STEADY)], classification=less)
    for new in (few, none):
        assert words(compare(measured(), new))["alone", "gil_held"] == "not shown"
    assert changed(classification=make_classification(gil_held_ratio=None))["gil_held"] == "unknown"


def test_the_share_of_calls_that_raise() -> None:
    raising = told_of([timed("serial", STEADY, errors=100)])
    assert words(compare(measured(), raising))["all calls", "errors"] == "more"
    assert words(compare(measured(), told_of([])))["all calls", "errors"] == "unknown"


# ---- configurations that do not match ----


def test_a_chunksize_that_was_planned_otherwise_does_not_part_them() -> None:
    old, new = (
        told_of([timed("process", STEADY, workers=4, start_method="spawn", chunksize=size)]) for size in (8, 16)
    )
    places = {change.where for change in compare(old, new).configurations}
    assert places == {"process × 4, chunksize 8 → process × 4, chunksize 16"}
    both = told_of([*old.trials, timed("process", STEADY, workers=4, start_method="spawn")])
    assert {change.where for change in compare(both, old).configurations} == {"process × 4, chunksize 8"}


def test_what_only_one_of_them_measured_is_told_with_the_reason() -> None:
    failed = timed("thread", (), workers=4, status="failed", reason="it crashed")
    old = told_of([timed("serial", STEADY), timed("thread", STEADY, workers=4)])
    new = told_of([timed("serial", STEADY), failed, timed("asyncio", STEADY, workers=8)])
    assert compare(old, new).apart == (
        ("thread × 4", "in the new result: failed: it crashed"),
        ("asyncio × 8", "in the old result: not measured"),
    )


def test_what_is_recommended_is_the_old_advice_where_both_measured_it() -> None:
    serial, threads = timed("serial", STEADY), timed("thread", [30.0] * 4, workers=4)
    old = told_of([serial], recommendation=recommending("serial"))
    both = told_of([serial, threads], recommendation=recommending("thread", 4))
    nothing = told_of([serial], recommendation=recommending(None, None))
    places = {
        "both measured it": (old, both, "serial"),
        "only the old one did": (both, old, "thread × 4 → serial"),
        "the new one recommends nothing": (old, nothing, "serial"),
        "nor measured it": (both, nothing, None),
        "the old one recommends nothing": (nothing, both, None),
    }
    for why, (was, now, place) in places.items():
        assert {change.where for change in compare(was, now).advised} == ({place} if place else set()), why


@pytest.mark.parametrize(("backend", "executor"), [("thread", "thread"), ("asyncio", "thread"), ("process", "process")])
@pytest.mark.parametrize("numbered", [True, False])
def test_what_a_coroutine_offloads_to_is_compared_with_itself(backend: str, executor: str, numbered: bool) -> None:
    advice = recommending("asyncio", 4, executor=executor, context="async", trial=1 if numbered else None)
    result = told_of([timed("serial", STEADY), timed(backend, [30.0] * 4, workers=4)], recommendation=advice)
    found = compare(result, result)
    assert {change.where for change in found.advised} == {f"{backend} × 4"}
    judged = [judge(condition, found) for condition in parsed("throughput<0.9,backend,label,errors,latency_p99>1.2")]
    assert {each.outcome for each in judged} == {"passed"}


def test_every_figure_is_found_by_name() -> None:
    found = compared(measured())
    assert {name for name in FIGURES if found.change(name) is not None} == set(FIGURES)
    memory = found.change("memory")
    assert memory is not None
    assert memory.where == "alone"


def test_an_empty_result_compares_with_anything() -> None:
    bare = make_result(
        trials=(), demands=None, noise=None, recommendation=recommending(None, None), classification=_unknown()
    )
    for pair in ((bare, bare), (bare, measured()), (measured(), bare)):
        assert set(words(compare(*pair)).values()) == {"unknown"}
        assert dataclasses.astuple(compare(*pair))


@pytest.mark.parametrize("absurd", [1e308, 5e-324, 0.0, -1.0])
def test_figures_that_cannot_be_are_unknown(absurd: float) -> None:
    """A file that was damaged, or made by hand."""
    rounds = tuple(msgspec.structs.replace(each, wall_s=absurd, latency_p50_s=absurd) for each in OLD.rounds)
    wrong = told_of(
        [],
        demands=Demands(cpu_s=absurd),
        classification=make_classification(gil_held_ratio=2 + abs(absurd), wait_ratio=-0.5),
    )
    wrong = msgspec.structs.replace(
        wrong, trials=(msgspec.structs.replace(OLD, rounds=rounds, throughput_per_s=absurd),)
    )
    for pair in ((wrong, measured()), (measured(), wrong), (wrong, wrong)):
        found = words(compare(*pair))
        assert {found["alone", name] for name in ("wall", "cpu", "gil_held", "wait")} == {"unknown"}
        assert found["serial", "throughput"] == found["serial", "latency_p50"] == "unknown"


OLD = timed("serial", STEADY)


def _unknown() -> object:
    return make_classification(label="inconclusive", gil_held_ratio=None, wait_ratio=None)
