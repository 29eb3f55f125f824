"""The calibration and prediction benchmarks: their arithmetic, and that verdicts hold as often as they say."""

from __future__ import annotations

import math
import random
from statistics import fmean
from xml.etree import ElementTree

import pytest
from benchmarks.calibration.measured import measured
from benchmarks.calibration.reliability import Bin, bins, picture, table
from benchmarks.calibration.simulate import Said, Truth, simulated, truths
from benchmarks.predictions import pairs
from benchmarks.predictions import table as figures
from benchmarks.regret.advice import Advice
from benchmarks.regret.cells import SERIAL, Cell
from benchmarks.regret.harness import Measured
from benchmarks.regret.judge import Judged

from gilscope.decide.noise import TIE_MARGIN
from gilscope.records import Prediction

POOL = Cell("process", 2)
#: Of these, threads and processes are near each other.
TRUTH = Truth("made up", {("serial", 1): 100.0, ("thread", 2): 150.0, ("thread", 4): 158.0, ("process", 2): 161.0})


def judged(confidence: float, *, floor: float | None = None) -> Judged:
    final = [Measured(SERIAL, [100.0, 101.0]), Measured(POOL, [190.0, 191.0]), Measured(Cell("thread", 4), [204.0] * 2)]
    advice = Advice(3.0, "io-bound", POOL, confidence, floor)
    return Judged("nap", "sleep", [], "", cpus=2, advice=advice, final=final)


def test_a_verdict_holds_when_it_is_within_the_floor_of_the_best() -> None:
    least, wide = measured({"a": judged(0.9), "b": judged(0.8, floor=0.08)})
    assert (least.floor, least.holds) == (TIE_MARGIN, False)
    assert (wide.confidence, wide.holds) == (0.8, True)


def test_verdicts_are_counted_with_those_of_like_confidence() -> None:
    said = (
        [Said(0.85, 1.0, 0.05)] * 8 + [Said(0.83, 0.5, 0.05)] * 2 + [Said(1.0, 1.0, 0.05)] * 5 + [Said(0.2, 1.0, 0.05)]
    )
    eighty, sure = bins(said)
    assert (eighty.low, eighty.verdicts, eighty.held) == (0.8, 10, 0.8)
    assert eighty.said == pytest.approx(0.846)
    assert (sure.high, sure.verdicts, sure.held) == (1.0, 5, 1.0)
    assert eighty.interval[0] < 0.8 < eighty.interval[1] < 1
    assert "80% to 90% | 10 | 85% | 80%" in table([eighty])


def test_the_picture_is_one() -> None:
    drawn = ElementTree.fromstring(picture([Bin(0.8, 0.9, 10, 0.85, 0.8)], "Verdicts"))
    assert len(drawn.findall("{http://www.w3.org/2000/svg}circle")) == 1


def test_the_truth_is_what_the_search_measured() -> None:
    (truth,) = truths({"nap": judged(0.9), "failed": Judged("failed", "", [], "", cpus=2)})
    assert truth.rates == {("serial", 1): 100.5, ("process", 2): 190.5, ("thread", 4): 204.0}


def test_an_analysis_is_made_up_the_same_from_the_same_seed() -> None:
    first, again, other = (simulated(TRUTH, random.Random(seed)) for seed in (1, 1, 2))
    assert first == again != other


def test_verdicts_hold_as_often_as_they_say() -> None:
    """Of made-up analyses of near ties, the hardest to be right about."""
    said = [simulated(TRUTH, random.Random(seed)) for seed in range(80)]
    claimed, held = fmean(each.confidence for each in said), fmean(each.holds for each in said)
    assert held > claimed - 2 * math.sqrt(0.25 / len(said))
    assert claimed > 0.5, "that nothing is sure would be no help"


def prediction(
    workers: int, per_s: float, measured_per_s: float | None, model_per_s: float | None = None
) -> Prediction:
    return Prediction(
        backend="thread",
        workers=workers,
        cpus=2,
        throughput_per_s=per_s,
        throughput_low=per_s / 2,
        throughput_high=per_s * 2,
        measured_per_s=measured_per_s,
        model_per_s=model_per_s,
    )


def test_pairs_are_of_what_was_measured_up_to_sixteen_workers() -> None:
    told = [prediction(8, 100.0, 110.0, 100.0), prediction(32, 100.0, 110.0, 100.0), prediction(4, 100.0, None, 100.0)]
    (only,) = pairs("f", told, on_loop=False)
    assert only.error == pytest.approx(10 / 110)
    assert only.within
    assert "| 1 | 9.1% |" in figures([only])


def test_what_the_model_alone_predicted_is_predicted_from_the_others() -> None:
    old = pairs("f", [prediction(8, 800.0, 400.0), prediction(16, 1600.0, 500.0)], on_loop=False)
    assert [round(pair.predicted) for pair in old] != [800, 1600]
    assert all(pair.error < 1 for pair in old)
