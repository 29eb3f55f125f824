"""What an analysis would do: rehearsed for functions of several kinds, for nothing is known of the one named."""

from __future__ import annotations

from gilscope.analysis.loop import traits_of
from gilscope.decide.measured import Experiment
from gilscope.decide.rehearsal import SORTS, Rehearsed, rehearsed
from gilscope.errors import UsageError
from gilscope.extensions import installed
from gilscope.introspection import gil_enabled
from gilscope.observers.cpus import usable_cpus
from gilscope.options import Options

__all__ = ["LENGTHS_S", "dry_run"]

#: Seconds that a call takes alone: four lengths that differ in how many fit into a round.
LENGTHS_S = (0.001, 0.01, 0.1, 1.0)


def dry_run(options: Options) -> tuple[Experiment, tuple[Rehearsed, ...]]:
    """What there is to try here, and what would be done with calls of several kinds and lengths. Nothing is run.

    :raises UsageError: when something cannot be done as asked
    """
    if options.pythons:
        raise UsageError("--dry-run tells what an analysis under this Python would do: leave --python out")
    extensions = [extension(options) for extension in installed()]
    cpus = usable_cpus(options.cpus)
    experiment = Experiment(options, cpus.usable, traits_of(options, extensions), cpus.cores)
    has_gil = gil_enabled()
    return experiment, tuple(
        rehearsed(experiment, sort, call_s, gil_enabled=has_gil) for sort in SORTS for call_s in LENGTHS_S
    )
