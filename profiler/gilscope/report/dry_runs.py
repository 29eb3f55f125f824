"""What an analysis would do, as a sheet."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from gilscope.decide.inputs import PASS_SHARE
from gilscope.decide.next_steps import SWEEP_UNTIL, kept_for_hot_lines_s
from gilscope.report.document import Row, Table, headed
from gilscope.report.sheet import Sheet, notes, tabled
from gilscope.report.verdicts import configuration
from gilscope.units import counted, exact, rough_duration

if TYPE_CHECKING:
    from gilscope.configuration import Configuration
    from gilscope.decide.measured import Experiment
    from gilscope.decide.rehearsal import Rehearsed

__all__ = ["dry_run_sheet"]

_TITLES: Final = ("a call", "takes alone", "tried beside serial", "rounds", "calls made", "time")
_UNKNOWN: Final = (
    "What a call does and how long it takes is measured first, and the rest follows from it. Were the function one of "
    "these, on a quiet machine, the decisions of a real analysis would make of it:"
)
_ELSE: Final = (
    ("a function that fails alone", "each backend is tried once, with one call for each worker"),
    ("coroutines", "many calls wait on one event loop, up to --max-workers of them (1,024 unless given)"),
    ("calls to a network", "are let into flight by and by, and no more of them where errors rise"),
    ("first calls that take long", "are made again until they get no cheaper, six times at most"),
    ("a noisy machine", "takes more rounds, until the lead is clear or the budget is used up"),
)


def dry_run_sheet(targets: Sequence[str], experiment: Experiment, found: Sequence[Rehearsed]) -> Sheet:
    """What would be done with each of these targets, as far as that is known before anything is measured."""
    options, beside = experiment.options, [name for name in experiment.backends if name != "serial"]
    columns = headed(_TITLES, texts=("a call", "tried beside serial"))
    rows = tuple(Row((each.sort.name, *_cells(each))) for each in found)
    return Sheet(
        document=tabled(
            f"Dry run: nothing was run. {counted(len(targets), 'target')}, {counted(experiment.cpus, 'CPU')}",
            (
                f"Each of {', '.join(targets)} would be called alone first, then under {', '.join(beside)}. No module "
                f"was imported and no input counted: the first {exact(options.max_inputs)} at most are taken.",
                _budget(experiment),
                _UNKNOWN,
            ),
            Table(columns, rows, about="what would be tried"),
            *notes("What else would change it", _ELSE),
        ),
        schema="gilscope.dry-run/1",
        about={
            "targets": list(targets),
            "cpus": experiment.cpus,
            "backends": list(experiment.backends),
            "budget_s": options.budget_s,
            "start_limit_s": options.may_start_s,
            "hot_lines_s": kept_for_hot_lines_s(options),
            "pass_alone_s": PASS_SHARE * options.budget_s,
            "more_counts_until_s": SWEEP_UNTIL * options.budget_s,
            "max_calls": options.max_calls,
            "max_inputs": options.max_inputs,
        },
        rows=tuple(_row(each) for each in found),
        rows_name="cases",
        motto="planned, not measured",
        source="the model of such functions",
    )


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
        f"{exact(each.calls)}",
        rough_duration(each.elapsed_s),
    )


def _told(to: Configuration) -> str:
    chunks = f" by {to.chunksize}" if to.chunksize != 1 else ""
    return f"{configuration(to.backend, to.workers)}{chunks}"


def _row(each: Rehearsed) -> dict[str, Any]:
    return {
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
