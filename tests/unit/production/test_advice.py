"""What to do about a function, by what its calls have shown; and that nothing is advised in vain."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gilscope.production.advice import advice, in_vain
from gilscope.production.gains import WORTH, gains, winners
from gilscope.production.opportunities import opportunities
from tests.unit.production.profiles import make_profile, seen

PYTHON = seen(400, cpu_gil_s=1.0)
NATIVE = seen(400, cpu_gil_s=0.03, cpu_free_s=0.97)


def told(cpus: float = 2, **figures: Any) -> str:
    profile = make_profile(**figures)
    return advice(profile, profile.classification, cpus)


@pytest.mark.parametrize("kind", ["sync", "coroutine"])
@pytest.mark.parametrize("call_us", [2, 32, 155])
def test_nothing_is_advised_where_handing_over_takes_longer_than_it_saves(kind: str, call_us: int) -> None:
    sentence = told(kind=kind, wall_s=100 * call_us * 1e-6)
    assert sentence.startswith("Nothing to win: a call takes ")
    assert "a process pool pays from 400 µs on, as handing one over typically takes 180 µs" in sentence


def test_who_holds_the_gil_and_who_does_not_are_told_different_things() -> None:
    python, native = told(observed=PYTHON), told(observed=NATIVE)
    assert python.startswith("It computes, holding the GIL for 100% (99–100%) of its CPU time: a process pool could")
    assert "thread" not in python
    assert native.startswith("It computes, holding the GIL for 3% (1–6%) of its CPU time: a thread pool could gain 2.")
    assert "process" not in native


def test_short_calls_without_the_gil_pay_in_threads_alone() -> None:
    short = {"wall_s": 100 * 155e-6}
    assert "a thread pool could gain" in told(**short, observed=NATIVE)
    assert "a thread pool never pays for what computes, holding the GIL for 100%" in told(**short, observed=PYTHON)
    assert "a thread pool pays only where it releases the GIL (gilscope.observe() tells)" in told(**short)


def test_where_it_is_unknown_who_holds_the_gil_it_is_said_what_would_tell() -> None:
    assert "and threads where it releases the GIL (gilscope.observe() tells)" in told()
    few = told(observed=seen(12, cpu_gil_s=1.0))
    assert (
        "where it releases the GIL (to tell takes 18 more samples, at this rate about 150 more calls, 1.5 s in" in few
    )
    assert "releases" not in told(gil_enabled=False)
    assert "a thread pool could gain" in told(gil_enabled=False)


def test_interpreters_are_told_of_beside_processes_where_the_python_has_pools_of_them() -> None:
    told_of = "a pool of interpreters ("
    assert told_of in told(observed=PYTHON, interpreter_pools=True)
    assert told_of in told(kind="coroutine", observed=PYTHON, interpreter_pools=True)
    for unlike in ({"interpreter_pools": False}, {}, {"interpreter_pools": True, "gil_enabled": False}):
        assert told_of not in told(observed=PYTHON, **unlike)
    native, waiting = told(observed=NATIVE, interpreter_pools=True), told(clocked_cpu_s=0.1, interpreter_pools=True)
    assert "interpreters" not in native + waiting, "threads are as fast and simpler"
    assert not [
        gain for gain in winners(gains(make_profile(interpreter_pools=True), 2)) if gain.backend == "interpreter"
    ]


def test_a_blocked_loop_comes_before_everything_else() -> None:
    blocked: list[dict[str, Any]] = [{}, {"calls": 1}, {"wall_s": 100 * 32e-6}, {"clocked_cpu_s": 0.1}]
    for figures in blocked:
        assert told(kind="coroutine", longest_block_s=0.5, **figures).startswith("It keeps its event loop"), figures


def test_waiting_side_by_side_needs_no_cpu() -> None:
    assert told(cpus=1, clocked_cpu_s=0.1).startswith("It waits: a thread pool could gain ")
    assert told(cpus=1).startswith("Nothing to win: it computes, and there is 1 CPU to share.")
    assert "awaiting many at a time" in told(kind="coroutine", clocked_cpu_s=0.1)


def test_a_library_with_threads_of_its_own_is_left_alone() -> None:
    assert "threads of its own" in told(clocked_cpu_s=0.05, clocked_own_s=1.9)


@pytest.mark.parametrize(("state", "told_of"), [("lock", "locks or for other threads"), ("child", "processes that it")])
def test_no_gain_is_foretold_for_what_waits_for_others_that_are_not_seen(state: str, told_of: str) -> None:
    waits: dict[str, Any] = {"clocked_cpu_s": 0.1, "observed": seen(400, cpu_gil_s=0.1, **{f"{state}_s": 0.9})}
    assert told(**waits).startswith(f"It waits for {told_of}")
    [found] = opportunities([make_profile(**waits)], 2)
    assert found.deserving
    assert "outside world" not in found.reason


def test_what_is_open_is_no_gain_and_no_loss() -> None:
    figures = {"clocked_cpu_s": 0.25, "clocked_alone": 0, "clocked_possible_gil_wait_s": 0.75}
    assert told(**figures).startswith("Not known yet: between 25% and 100%")
    short = make_profile(wall_s=100 * 12e-6, **{name: value * 12e-4 for name, value in figures.items()})
    assert advice(short, short.classification, 2).startswith("Nothing to win"), "whatever it waits for"


def test_advice_is_told_for_every_label() -> None:
    cases: list[dict[str, Any]] = [
        {},
        {"clocked_cpu_s": 0.5},
        {"clocked_cpu_s": 0.1},
        {"wall_s": 1e-4},
        {"calls": 1},
        {"errors": 100},
        {"kind": "coroutine"},
        {"kind": "coroutine", "clocked_cpu_s": 0.1},
        {"kind": "coroutine", "clocked_cpu_s": 0.1, "longest_block_s": 0.5},
    ]
    sentences = [told(**case) for case in cases]
    assert len(set(sentences)) == len(cases)
    assert all(sentence.endswith(".") for sentence in sentences)


@given(
    call_s=st.floats(min_value=1e-6, max_value=10.0),
    share=st.floats(min_value=0.0, max_value=1.0),
    open_share=st.floats(min_value=0.0, max_value=1.0),
    cpus=st.sampled_from([1.0, 2.0, 4.0, 64.0]),
    kind=st.sampled_from(["sync", "coroutine", "generator"]),
)
def test_either_something_gains_or_nothing_does_or_it_is_open(
    call_s: float, share: float, open_share: float, cpus: float, kind: Any
) -> None:
    wall = 100 * call_s
    open_s = {"clocked_possible_gil_wait_s": open_share * (1 - share) * wall, "clocked_alone": 0}
    profile = make_profile(wall_s=wall, clocked_cpu_s=share * wall, kind=kind, **open_s)
    found, verdict = gains(profile, cpus), profile.classification
    sentence = advice(profile, verdict, cpus)
    assert all(gain.low <= gain.high for gain in found)
    assert all(gain.low > WORTH for gain in winners(found))
    assert ("could gain" in sentence) == (verdict.label != "inconclusive" and bool(winners(found)))
    assert sentence.startswith("Nothing to win") == (in_vain(profile, verdict, cpus) is not None)
