from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gilscope.decide.classify import COMPUTE_SHARE, IO_SHARE, UNDIVIDED_CONFIDENCE, classify

from . import decide_builders as make

if TYPE_CHECKING:
    from gilscope.records import Classification, Demands

DISPATCH = {"thread": 20e-6, "process": 200e-6}


def judged(demands: Demands | None, *, samples: int = 200, gil_enabled: bool = True) -> Classification:
    return classify(demands, samples=samples, gil_enabled=gil_enabled, dispatch_s=DISPATCH)


@pytest.mark.parametrize(
    ("demands", "label", "subtype"),
    [
        (make.demands(gil=0.01), "compute-bound", "python"),
        (make.demands(free=0.01, gil=0.001), "compute-bound", "native"),
        (make.demands(gil=0.01, lock=0.03, own_threads_cpu_s=0.06), "compute-bound", "own-threads"),
        (make.demands(gil=0.001, network=0.05), "io-bound", "network"),
        (make.demands(gil=0.001, disk=0.05, network=0.01), "io-bound", "disk"),
        (make.demands(gil=0.001, sleep=0.05), "io-bound", "sleep"),
        (make.demands(gil=0.001, lock=0.05), "io-bound", "lock"),
        (make.demands(gil=0.001, child=0.05, children_cpu_s=0.05), "io-bound", "child"),
        (make.demands(gil=0.001, other=0.05), "io-bound", None),
        (make.demands(gil=0.01, network=0.01), "mixed", None),
        (make.demands(gil=5e-6), "overhead-bound", None),
        (make.demands(), "inconclusive", None),
    ],
)
def test_labels(demands: Demands, label: str, subtype: str | None) -> None:
    verdict = judged(demands)
    assert (verdict.label, verdict.subtype) == (label, subtype)
    assert verdict.reason


def test_time_in_the_run_queue_and_between_calls_is_not_waiting() -> None:
    verdict = judged(make.demands(gil=0.01, runqueue=0.09, idle=0.5))
    assert verdict.label == "compute-bound"
    assert verdict.cpu_utilization == 1.0
    assert verdict.wait_ratio == 0.0


def test_ratios_are_those_of_the_calling_thread() -> None:
    verdict = classify(make.demands(gil=0.02, network=0.06, runqueue=0.02), samples=200, gil_held_ratio=0.25)
    assert verdict.cpu_utilization == pytest.approx(0.25)
    assert verdict.wait_ratio == pytest.approx(0.6)
    assert verdict.gil_held_ratio == 0.25


def test_too_few_samples_say_so() -> None:
    verdict = judged(make.demands(gil=0.01), samples=12)
    assert (verdict.label, verdict.confidence) == ("inconclusive", 0.0)
    assert "12 samples" in verdict.reason


def test_no_calls_and_only_failing_calls_are_inconclusive() -> None:
    assert judged(None).label == "inconclusive"
    failing = classify(make.demands(gil=0.01), samples=200, error_share=1.0)
    assert failing.label == "inconclusive"
    assert "raised" in failing.reason


@pytest.mark.parametrize(("cpu", "blocked", "label"), [(0.01, 0.0, "compute-bound"), (0.001, 0.1, "io-bound")])
def test_an_undivided_ledger_gives_a_label_without_subtype_and_less_confidence(
    cpu: float, blocked: float, label: str
) -> None:
    verdict = judged(make.undivided(cpu=cpu, blocked=blocked), samples=0)
    assert (verdict.label, verdict.subtype) == (label, None)
    assert 0.5 < verdict.confidence <= UNDIVIDED_CONFIDENCE
    assert "unknown" in verdict.reason


def test_without_a_gil_nothing_is_said_of_holding_it() -> None:
    verdict = judged(make.demands(gil=0.01), gil_enabled=False)
    assert (verdict.label, verdict.subtype) == ("compute-bound", None)


def test_confidence_falls_towards_a_boundary_and_rises_with_samples() -> None:
    far, near = make.demands(gil=0.01), make.demands(gil=0.81, network=0.19)
    assert judged(far).confidence > 0.99 > judged(near).confidence
    assert judged(near, samples=20_000).confidence > judged(near, samples=200).confidence


def test_a_close_race_between_two_waits_lowers_the_confidence() -> None:
    clear, close = make.demands(network=0.09, disk=0.01), make.demands(network=0.051, disk=0.049)
    assert judged(clear).confidence > 0.99
    assert judged(close).confidence < 0.7


@given(st.floats(0, 1), st.integers(30, 10_000))
def test_every_share_has_one_label_and_a_confidence_of_at_least_one_half(share: float, samples: int) -> None:
    verdict = judged(make.demands(gil=share, network=1 - share), samples=samples)
    expected = "io-bound" if share <= IO_SHARE else "compute-bound" if share >= COMPUTE_SHARE else "mixed"
    if min(abs(share - IO_SHARE), abs(share - COMPUTE_SHARE)) > 1e-9:
        assert verdict.label == expected
    assert 0.5 <= verdict.confidence <= 1.0
