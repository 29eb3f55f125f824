"""What an analysis concludes, and what extensions add to it, where nothing was measured yet: no process is needed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
import pytest

from gilscope.analysis.budget import Budget
from gilscope.analysis.conclude import conclude
from gilscope.analysis.journal import Journal
from gilscope.analysis.perform import perform
from gilscope.analysis.runner import Runner
from gilscope.decide.measured import Experiment
from gilscope.decide.steps import MeasureMore
from gilscope.extensions import Extension, Laboratory
from gilscope.observers.cpus import usable_cpus
from gilscope.options import Options
from gilscope.targets import TargetSpec
from tests.unit.decide_builders import BACKENDS

OPTIONS = Options(seed=7)


class Adding(Extension):
    """Measures the time that is left, and tells it in the result."""

    spare_s = 0.0

    def measure(self, laboratory: Laboratory) -> None:
        self.spare_s = laboratory.spare_s
        assert laboratory.living == []
        assert laboratory.dispatch_s == {}

    def completed(self, result: Any, code: object) -> Any:
        assert code is None
        return msgspec.structs.replace(result, output=f"{self.spare_s:.0f} s to spare")


def runner_of(*extensions: Extension) -> Runner:
    journal = Journal(Experiment(OPTIONS, 2.0, BACKENDS))
    return Runner(TargetSpec(spec="mine:func"), journal, Budget(10.0, kept_s=1.0), lambda doing: None, extensions)


@pytest.mark.parametrize(
    ("interrupted", "reason"),
    [(True, "the analysis was interrupted before it could compare"), (False, "nothing was measured")],
)
def test_what_has_hardly_begun_is_told_as_that(interrupted: bool, reason: str) -> None:
    result = conclude(runner_of(), usable_cpus(None), interrupted=interrupted)
    assert (result.target.spec, result.trials, result.demands) == ("mine:func", (), None)
    assert (result.interrupted, result.recommendation.backend) == (interrupted, None)
    assert result.recommendation.reason == reason
    assert result.classification.label == "inconclusive"
    assert (result.settings["seed"], result.instrument.ledger_source) == (7, "none")


@pytest.mark.parametrize("added", [[], [Adding(OPTIONS)], [Extension(OPTIONS), Adding(OPTIONS)]])
def test_extensions_measure_when_that_is_asked_for_and_add_to_the_result(added: Sequence[Extension]) -> None:
    runner = runner_of(*added)
    perform(runner, MeasureMore())
    result = conclude(runner, usable_cpus(None))
    assert result.output == ("9 s to spare" if added else "")
