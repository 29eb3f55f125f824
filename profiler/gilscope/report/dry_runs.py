"""What an analysis would do, as a sheet."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final

from gilscope.decide.inputs import PASS_SHARE
from gilscope.decide.next_steps import SWEEP_UNTIL, kept_for_hot_lines_s
from gilscope.report.document import Row, Table, headed
from gilscope.report.sheet import Sheet, notes, tabled
from gilscope.report.verdicts import configuration
from gilscope.units import counted, exact, rough_duration, thousands

if TYPE_CHECKING:
    from gilscope.configuration import Configuration
    from gilscope.decide.measured import Experiment
    from gilscope.decide.rehearsal import Plan, Plans, Rehearsed

__all__ = ["dry_run_sheet"]

_TITLES: Final = ("a call", "takes alone", "tried beside serial", "rounds", "calls, about", "time, about")
_UNKNOWN: Final = (
    "What a call does and how long it takes is measured first, and the rest follows from it. Were the function one of "
    "these, on a quiet machine, the decisions of a real analysis would make of it about this. Calls and time are "
    "estimates: those of real analyses were 0.6 to 1.6 times as many."
)
_ELSE: Final = (
    ("a function that fails alone", "each backend is tried once, with one call for each worker"),
    ("coroutines", "many calls wait on one event loop, up to --max-workers of them (1,024 unless given)"),
    ("calls to a network", "are let into flight by and by, and no more of them where errors rise"),
    ("first calls that take long", "are made again until they get no cheaper, six times at most"),
    ("a noisy machine", "takes more rounds, until the lead is clear or the budget is used up"),
)


def dry_run_sheet(targets: Sequence[str], planned: Plans) -> Sheet:
    """What would be done with each of these targets, as far as that is known before anything is measured."""
    options, first = planned.options, planned.plans[0].experiment
    by_python = _grouped(planned.plans)
    return Sheet(
        document=tabled(
            f"Dry run: nothing was run. {counted(len(targets), 'target')}, {counted(first.cpus, 'CPU')}",
            (*_remarks(targets, planned), _UNKNOWN),
            _table(by_python),
            *notes("Cannot be measured", planned.refused),
            *notes("What else would change it", _ELSE),
        ),
        schema="gilscope.dry-run/1",
        about={
            "targets": list(targets),
            "cpus": first.cpus,
            "backends": list(first.backends),
            "pythons": [plan.python for plan in planned.plans if plan.python],
            "refused": dict(planned.refused),
            "budget_s": options.budget_s,
            "start_limit_s": options.may_start_s,
            "hot_lines_s": kept_for_hot_lines_s(first.options),
            "pass_alone_s": PASS_SHARE * first.options.budget_s,
            "more_counts_until_s": SWEEP_UNTIL * first.options.budget_s,
            "max_calls": options.max_calls,
            "max_inputs": options.max_inputs,
        },
        rows=tuple(_row(plan, each) for plan in planned.plans for each in plan.cases),
        rows_name="cases",
        motto="planned, not measured",
        source="the model of such functions",
    )


def _remarks(targets: Sequence[str], planned: Plans) -> Iterator[str]:
    first, inputs = planned.plans[0].experiment, f"the first {exact(planned.options.max_inputs)} at most are taken"
    if planned.plans[0].python is None:
        yield (
            f"Each of {', '.join(targets)} would be called alone first, then under {_beside(first)}. No module was "
            f"imported and no input counted: {inputs}."
        )
    else:
        yield f"Each Python was asked who it is. No module was imported and no input counted: {inputs}."
        for names, plan in _grouped(planned.plans):
            beside = _beside(plan.experiment)
            yield f"Under {names}, {', '.join(targets)} would be called alone first, then under {beside}."
    yield _budget(first)
    if len(planned.plans) > 1:
        turn_s = planned.options.budget_s - sum(plan.experiment.options.budget_s for plan in planned.plans)
        yield (
            f"That is the budget of each Python. Then all are timed in turn for {rough_duration(turn_s)}, alone and as "
            "is recommended. Calls and time are those of each Python, with its part of that."
        )


def _beside(experiment: Experiment) -> str:
    return ", ".join(name for name in experiment.backends if name != "serial") or "nothing else"


def _grouped(plans: Sequence[Plan]) -> list[tuple[str, Plan]]:
    """Pythons in which the same would be done, by their names."""
    groups: list[tuple[list[str], Plan]] = []
    for plan in plans:
        same = next((names for names, other in groups if _same(other, plan)), None)
        if same is None:
            groups.append(([plan.python or ""], plan))
        else:
            same.append(plan.python or "")
    return [(", ".join(names), plan) for names, plan in groups]


def _same(one: Plan, other: Plan) -> bool:
    return one.cases == other.cases and list(one.experiment.backends) == list(other.experiment.backends)


def _table(groups: Sequence[tuple[str, Plan]]) -> Table:
    several = len(groups) > 1
    titles, texts = ("Python", *_TITLES) if several else _TITLES, ("Python", "a call", "tried beside serial")
    rows = [
        Row(((names,) if several else ()) + (each.sort.name, *_cells(each)))
        for names, plan in groups
        for each in plan.cases
    ]
    return Table(headed(titles, texts=texts), tuple(rows), about="what would be tried")


def _budget(experiment: Experiment) -> str:
    options = experiment.options
    hot_s = kept_for_hot_lines_s(options)
    most = "as many calls as fit" if options.max_calls is None else f"{counted(options.max_calls, 'call')} at most"
    kept = f", of which {rough_duration(hot_s)} is kept for the hot lines" if hot_s else ""
    return (
        f"Budget of each: {rough_duration(options.budget_s)} and {most}{kept}. One pass alone over the inputs takes "
        f"{rough_duration(PASS_SHARE * options.budget_s)} of it at most; other worker counts are tried in the first "
        f"{rough_duration(SWEEP_UNTIL * options.budget_s)}. Imports, set-up and first calls may take "
        f"{rough_duration(options.may_start_s)} beside it."
    )


def _cells(each: Rehearsed) -> tuple[str, ...]:
    tried = ", ".join(_told(to) for to in each.configurations) or "nothing"
    return (
        rough_duration(each.call_s),
        tried,
        f"{each.rounds}",
        _about(each.calls),
        rough_duration(each.elapsed_s),
    )


def _about(calls: int) -> str:
    """Two figures of it: no estimate has more."""
    return thousands(calls if calls < 100 else round(calls, 2 - len(str(calls))))


def _told(to: Configuration) -> str:
    chunks = f" by {to.chunksize}" if to.chunksize != 1 else ""
    return f"{configuration(to.backend, to.workers)}{chunks}"


def _row(plan: Plan, each: Rehearsed) -> dict[str, Any]:
    return {
        **({"python": plan.python} if plan.python else {}),
        "call": each.sort.name,
        "call_s": each.call_s,
        "configurations": [
            {"backend": to.backend, "workers": to.workers, "chunksize": to.chunksize, "start_method": to.start_method}
            for to in each.configurations
        ],
        "rounds": each.rounds,
        "calls": each.calls,
        "elapsed_s": each.elapsed_s,
    }
