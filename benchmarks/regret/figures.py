"""From cells to figures: pure functions."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from benchmarks.regret.cells import ADAPTIVE, SERIAL, Cell, default_processes, default_threads, rule_of_thumb, unique

if TYPE_CHECKING:
    from benchmarks.regret.advice import Prediction
    from benchmarks.regret.harness import Measured
    from benchmarks.regret.judge import Judged

__all__ = [
    "POLICIES",
    "best_cell",
    "errors_of",
    "geometric_mean",
    "label_is_right",
    "policy_cells",
    "ratio",
    "repeatability",
    "throughput",
]

#: Who says how a function is to be run.
POLICIES = ("gilscope", "serial", "threads", "processes", "rule", "betapool")
#: Predictions for more workers than this are not counted.
MOST_WORKERS = 16


def throughput(measured: Iterable[Measured], cell: Cell | None) -> float | None:
    """Calls per second of a cell: the median over the rounds of all its processes; None where it did not run."""
    rates = [rate for each in measured if each.cell == cell for rate in each.rates]
    return statistics.median(rates) if rates else None


def best_cell(final: Sequence[Measured]) -> Cell | None:
    """The fastest of the final stage; BetaPool is no configuration that could be recommended."""
    rates = {each.cell: throughput(final, each.cell) or 0.0 for each in final if each.cell != ADAPTIVE}
    best = max(rates, key=lambda cell: rates[cell], default=None)
    return best if best and rates[best] else None


def policy_cells(judged: Judged) -> dict[str, Cell | None]:
    """What each policy runs the function on."""
    advised = unique([judged.advice.cell]) if judged.advice else []
    return {
        "gilscope": advised[0] if advised else None,
        "serial": SERIAL,
        "threads": default_threads(judged.cpus),
        "processes": default_processes(judged.cpus),
        "rule": rule_of_thumb(judged.solo.cpu_share, judged.cpus) if judged.solo else None,
        "betapool": ADAPTIVE,
    }


def ratio(judged: Judged, policy: str) -> float | None:
    """A policy's throughput over the best of the final stage; None where it has none."""
    best = throughput(judged.final, best_cell(judged.final))
    own = throughput(judged.final, policy_cells(judged)[policy])
    return None if best is None or own is None else own / best


def label_is_right(judged: Judged) -> bool | None:
    """Whether what was said is among the right labels; the subtype counts where one is expected. None: nothing said."""
    said = judged.advice.label if judged.advice else None
    if said is None:
        return None
    return any(said == right or ("/" not in right and said.partition("/")[0] == right) for right in judged.expect)


def errors_of(predictions: Iterable[Prediction]) -> list[float]:
    """|predicted − measured| ÷ measured, up to `MOST_WORKERS` workers."""
    return [abs(each.predicted - each.measured) / each.measured for each in predictions if each.workers <= MOST_WORKERS]


def repeatability(final: Sequence[Measured]) -> list[float]:
    """How far apart two processes of the same cell are: the larger throughput over the smaller, less one."""
    apart = []
    for cell in {each.cell for each in final}:
        medians = [statistics.median(each.rates) for each in final if each.cell == cell and each.rates]
        apart += [max(medians) / min(medians) - 1] if len(medians) > 1 else []
    return apart


def geometric_mean(values: Sequence[float]) -> float | None:
    """None of none; 0 where one of them is 0."""
    if not values:
        return None
    return 0.0 if min(values) <= 0 else math.exp(statistics.fmean(map(math.log, values)))
