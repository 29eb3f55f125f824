"""The page: what was measured, as Markdown."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from typing import TYPE_CHECKING

from benchmarks.regret import figures
from gilscope.quantiles import quantile

if TYPE_CHECKING:
    from benchmarks.regret.cells import Cell
    from benchmarks.regret.judge import Judged
    from benchmarks.regret.results import Results

__all__ = ["MARKER", "kept", "page"]

#: What follows this line was written by hand and stays.
MARKER = "<!-- What follows is written by hand, and stays when the table is drawn again. -->"
UNKNOWN = "–"
TITLES = {
    "gilscope": "gilscope",
    "serial": "always serial",
    "threads": "always `ThreadPoolExecutor()`",
    "processes": "always `ProcessPoolExecutor()`",
    "rule": "rule of thumb: CPU ÷ wall clock ≥ 0.5 → processes, else threads",
    "betapool": "BetaPool's adaptive pool",
}
_METHOD = """\
**Regret** is the throughput of what a policy runs a function on, over that of the best configuration known: 1 is the
best, 0.5 half as fast. Everything is measured by plain `concurrent.futures` and `asyncio` code that has nothing of
gilscope's in it.

1. gilscope is asked by its command line, with its default budget; the seconds are those of the whole command.
2. *Screening.* Serial, threads (2 to 64), processes (2, 4, and up to the number of CPUs or 16, spawned; chunksize 1, 8
   and 64 where calls are short),
   for coroutines one loop (4 to 256 at a time), threads and processes having a loop for each worker; and what gilscope
   recommended: backend, workers, chunksize, start method.
3. *Final stage.* The three fastest of the screening, what gilscope recommended and what the other policies use, in
   fresh processes. All ratios are of this stage alone: the fastest of many noisy cells owes it to luck, too, and
   measuring it again takes that luck away, but for what is left in choosing the best of these few.

Each cell is a process of its own, with a time limit; its pool is open and each of its workers has made a call before
the clock starts. All cells of a stage are open at once and take turns round by round, in random order, so that what
slows the machine down for a second slows all of them. A round is as many passes over the inputs as take {round_s:g} s,
settled once for each cell; a cell's throughput is the median over its rounds, in the final stage {rounds} in each of
{processes} processes. BetaPool's pool (4 to 64 threads, its default) goes on adapting all through the stage. Where a
policy cannot run a function (what cannot be pickled, in processes), it is left out of that policy's mean and counted
beside it. Under *s*: seconds to gilscope's verdict; ✗: the label is wrong."""


def page(results: Results) -> str:
    """Everything above the marker."""
    judged = list(results.functions.values())
    parts = [
        "# gilscope's advice against an exhaustive search",
        f"`{results.command}`, {results.date}. {results.machine}.",
        _METHOD.format(round_s=results.round_s, rounds=results.final_rounds, processes=results.final_processes),
        "## Summary",
        summary(judged),
        "## Functions",
        functions(judged),
        interpreters(judged),
        _absent(judged, results.missing),
        MARKER,
    ]
    return "\n\n".join(part for part in parts if part)


def kept(old: str) -> str:
    """What of an old page was written by hand; a heading to begin with where there is none."""
    return old.partition(MARKER)[2].strip() or "## What falls short"


def summary(judged: Sequence[Judged]) -> str:
    """The figures over all functions."""
    return "\n\n".join([_policies(judged), _verdicts(judged), _conditions(judged)])


def _policies(judged: Sequence[Judged]) -> str:
    rows = ["| policy | geometric mean | worst | functions | could not run |", "| --- | --- | --- | --- | --- |"]
    for policy, title in TITLES.items():
        ratios = [figures.ratio(each, policy) for each in judged]
        ran = [value for value in ratios if value is not None]
        mean, worst = _number(figures.geometric_mean(ran), ".3f"), _number(min(ran, default=None), ".3f")
        rows.append(f"| {title} | {mean} | {worst} | {len(ran)} | {len(ratios) - len(ran)} |")
    return "\n".join(rows)


def _verdicts(judged: Sequence[Judged]) -> str:
    rights = [right for each in judged if (right := figures.label_is_right(each)) is not None]
    seconds = [each.advice.seconds for each in judged if each.advice]
    errors = figures.errors_of(made for each in judged if each.advice for made in each.advice.predictions)
    rows = [
        ("labels right", f"{sum(rights)} of {len(rights)}" + (f" ({sum(rights) / len(rights):.0%})" if rights else "")),
        ("seconds to verdict: median, 90th percentile, longest", _spread(seconds, ".1f")),
        (
            f"prediction against gilscope's own measurement, up to {figures.MOST_WORKERS} workers: "
            "median error, 90th percentile, largest",
            f"{_spread(errors, '.0%')} ({len(errors)} predictions)",
        ),
    ]
    return "\n".join(["| | |", "| --- | --- |", *(f"| {name} | {value} |" for name, value in rows)])


def _conditions(judged: Sequence[Judged]) -> str:
    apart = [value for each in judged for value in figures.repeatability(each.final)]
    if not apart:
        return ""
    return (
        "Two processes of the same cell, in the same stage, differ by "
        f"{statistics.median(apart):.1%} in the median and by more than "
        f"{_number(quantile(apart, 0.9), '.1%')} in one of ten: no ratio is known better than that."
    )


def functions(judged: Sequence[Judged]) -> str:
    """A row for each function that could be measured."""
    head = (
        "| function | kind | label: expected | said | recommended | best | gilscope | serial | threads | processes "
        "| rule | BetaPool | s |"
    )
    rows = [_row(each) for each in judged if each.final]
    return "\n".join([head, "| --- " * 13 + "|", *rows])


def _row(judged: Judged) -> str:
    advice = judged.advice
    said = advice.label if advice and advice.label else UNKNOWN
    wrong = " ✗" if figures.label_is_right(judged) is False else ""
    advised = figures.policy_cells(judged)["gilscope"]
    best = figures.best_cell(judged.final)
    cells = [
        judged.name,
        judged.kind,
        " or ".join(judged.expect),
        said + wrong,
        advised.name if advised else UNKNOWN,
        best.name if best else UNKNOWN,
        *(_number(figures.ratio(judged, policy), ".2f") for policy in figures.POLICIES),
        _number(advice.seconds if advice else None, ".1f"),
    ]
    return f"| {' | '.join(cells)} |"


def interpreters(judged: Sequence[Judged]) -> str:
    """The fastest pool of interpreters of each function beside the fastest one of processes, of the screening; nothing
    where there were none."""
    rows = [(each.name, _fastest(each, "interpreter"), _fastest(each, "process")) for each in judged]
    compared = [(name, ours[1] / theirs[1], ours[0], theirs[0]) for name, ours, theirs in rows if ours and theirs]
    if not compared:
        return ""
    compared.sort(key=lambda row: row[1], reverse=True)
    head = "| function | interpreters ÷ processes | interpreters | processes |\n| --- | --- | --- | --- |"
    lines = [f"| {name} | {gain:.2f} | {ours.name} | {theirs.name} |" for name, gain, ours, theirs in compared]
    alone = sorted(f"`{name}`" for name, ours, theirs in rows if theirs and not ours)
    return "\n\n".join(
        [
            "## Interpreters beside processes",
            "The fastest of each in the screening, up to 4 workers: differences of some percent are luck.",
            "\n".join([head, *lines]),
            f"In processes, and not in interpreters: {', '.join(alone) or 'none'}.",
        ]
    )


def _fastest(judged: Judged, executor: str) -> tuple[Cell, float] | None:
    rates = {each.cell: figures.throughput(judged.screening, each.cell) for each in judged.screening}
    ran = [(cell, rate) for cell, rate in rates.items() if rate and cell.executor == executor and cell.workers <= 4]
    return max(ran, key=lambda each: each[1], default=None)


def _absent(judged: Sequence[Judged], missing: dict[str, str]) -> str:
    """What has no row or no advice, and why."""
    lines = [f"- `{each.name}` could not be measured: {each.failed}" for each in judged if each.failed]
    lines += [
        f"- `{each.name}`: no advice, {each.advice.failed}" for each in judged if each.advice and each.advice.failed
    ]
    lines += [
        f"- `{each.name}`: what was recommended did not run: {run.failed}"
        for each in judged
        for run in each.final
        if run.failed and run.cell == figures.policy_cells(each)["gilscope"]
    ]
    lines += [f"- `{module}` was left out: {why}" for module, why in missing.items()]
    return "\n".join(lines)


def _spread(values: Sequence[float], form: str) -> str:
    return ", ".join(_number(quantile(values, share), form) for share in (0.5, 0.9, 1.0))


def _number(value: float | None, form: str) -> str:
    return UNKNOWN if value is None else format(value, form)
