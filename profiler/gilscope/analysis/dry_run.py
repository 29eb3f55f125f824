"""What an analysis would do: rehearsed for functions of several kinds, for nothing is known of the one named."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from gilscope.analysis.loop import traits_of
from gilscope.analysis.probing import Probed, named
from gilscope.analysis.pythons import INTERLEAVED_SHARE, calls_of, options_of_each
from gilscope.decide.measured import Experiment
from gilscope.decide.rehearsal import SORTS, Plan, Plans, Rehearsed, rehearsed
from gilscope.errors import PythonError
from gilscope.extensions import installed
from gilscope.introspection import gil_enabled
from gilscope.measure.pythons import Python
from gilscope.observers.cpus import usable_cpus
from gilscope.options import Options

__all__ = ["LENGTHS_S", "dry_run"]

#: Seconds that a call takes alone: four lengths that differ in how many fit into a round.
LENGTHS_S = (0.001, 0.01, 0.1, 1.0)


def dry_run(options: Options) -> Plans:
    """What there is to try here, or under each of ``options.pythons``, and what would be done with calls of several
    kinds and lengths. Nothing of the target is run; other Pythons are asked who they are.

    :raises UsageError: when something cannot be done as asked; `PythonError` when no Python can be measured
    """
    if not options.pythons:
        return Plans(options, (_plan(options, None, gil_enabled=gil_enabled()),))
    found = named(options)
    fit = [(one.name, one.python) for one in found if one.fit and one.python]
    if not fit:
        raise PythonError("no Python can be measured: " + "; ".join(f"{one.name}: {one.error}" for one in found))
    return Plans(options, tuple(_of_pythons(options, fit)), tuple(_refused(found)))


def _plan(options: Options, python: Python | None, *, gil_enabled: bool, name: str | None = None) -> Plan:
    extensions = [extension(options) for extension in installed()]
    cpus = usable_cpus(options.cpus)
    experiment = Experiment(options, cpus.usable, traits_of(options, extensions, python), cpus.cores)
    cases = (rehearsed(experiment, sort, call_s, gil_enabled=gil_enabled) for sort in SORTS for call_s in LENGTHS_S)
    return Plan(experiment, tuple(cases), name)


def _of_pythons(options: Options, fit: Sequence[tuple[str, Python]]) -> list[Plan]:
    own = options_of_each(options, len(fit))
    plans = [_plan(own, python, gil_enabled=not python.free_threaded, name=name) for name, python in fit]
    if len(plans) < 2:  # nothing to compare with
        return plans
    share = INTERLEAVED_SHARE / len(plans)
    turn_s, most = share * options.budget_s, calls_of(options, share)
    return [replace(plan, cases=tuple(_with_turns(case, turn_s, most) for case in plan.cases)) for plan in plans]


def _with_turns(case: Rehearsed, turn_s: float, most: int | None) -> Rehearsed:
    """With the rounds in turn: half of the time alone, half as is recommended."""
    calls = int(turn_s * (1 / case.call_s + case.best_per_s) / 2)
    calls = calls if most is None else min(calls, most)
    return replace(case, calls=case.calls + calls, elapsed_s=case.elapsed_s + turn_s)


def _refused(found: Sequence[Probed]) -> list[tuple[str, str]]:
    return [(one.name, str(one.error)) for one in found if not one.fit]
