"""gilscope's advice against an exhaustive search: ``python -m benchmarks.regret``.

Measures every function, saves after each, and draws the table: ``results.json`` and ``README.md`` in this folder.
"""

from __future__ import annotations

import argparse
import datetime
import random
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks.regret import figures, table
from benchmarks.regret.harness import CellFailed, measure_solo
from benchmarks.regret.judge import FULL, QUICK, Judged, judge
from benchmarks.regret.results import Results, load, machine, save
from benchmarks.regret.services import services
from benchmarks.regret.workload import Workload, catalogue

HERE = Path(__file__).parent


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.regret", description=__doc__)
    parser.add_argument("--only", metavar="NAME,...", help="these functions; others in the results stay")
    parser.add_argument("--resume", action="store_true", help="only functions that are not in the results yet")
    parser.add_argument("--advice", action="store_true", help="ask for advice anew; what the grid showed stays")
    parser.add_argument("--quick", action="store_true", help="fewer rounds, one process for each cell")
    parser.add_argument("--again", action="store_true", help="draw the table from the results; measure nothing")
    parser.add_argument("--check", action="store_true", help="run every function alone, print what a call costs")
    parser.add_argument("--seed", type=int, default=0, help="of the order of everything")
    parser.add_argument("--folder", type=Path, default=HERE, help="where results.json and README.md are")
    return parser.parse_args()


def main() -> None:
    options = _options()
    # Without this, a benchmark that is told to end would leave its cells and services behind.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    workloads, missing = catalogue()
    wanted = _named(workloads, options.only)
    if options.check:
        check(wanted)
        return
    path = options.folder / "results.json"
    results = _results(path, options)
    if not options.again:
        results.missing = missing
        left = [each for each in wanted if not (options.resume and each.name in results.functions)]
        measure_all(left, results, path, options)
    draw(results, options.folder / "README.md")


def _named(workloads: list[Workload], only: str | None) -> list[Workload]:
    names = only.split(",") if only else [each.name for each in workloads]
    unknown = set(names) - {each.name for each in workloads}
    if unknown:
        sys.exit(f"no such function: {', '.join(sorted(unknown))}; --check lists them all")
    return [each for each in workloads if each.name in names]


def _results(path: Path, options: argparse.Namespace) -> Results:
    """The results so far where they are added to, or none; those of another machine are not added to."""
    if not ((options.again or options.resume or options.advice or options.only) and path.exists()):
        command = " ".join(["python -m benchmarks.regret", *sys.argv[1:]])
        return Results(machine=machine(), command=command, date=datetime.date.today().isoformat())
    found = load(path)
    if found.machine != machine() and not options.again:
        sys.exit(f"{path} is of another machine ({found.machine}): measure everything anew, or give --folder")
    return found


def measure_all(workloads: Sequence[Workload], results: Results, path: Path, options: argparse.Namespace) -> None:
    """Judge each, and save after each."""
    effort = QUICK if options.quick else FULL
    results.final_rounds, results.final_processes = effort.final_rounds, effort.final_processes
    with services():
        for place, workload in enumerate(workloads, 1):
            before = results.functions.get(workload.name) if options.advice else None
            order = random.Random(f"{options.seed} {workload.name}")
            judged = judge(workload, effort, order, before.screening if before else ())
            results.functions[workload.name] = judged
            save(results, path)
            print(f"[{place}/{len(workloads)}] {_said(judged)}", file=sys.stderr, flush=True)


def _said(judged: Judged) -> str:
    if judged.failed:
        return f"{judged.name}: could not be measured: {judged.failed}"
    advised, best = figures.policy_cells(judged)["gilscope"], figures.best_cell(judged.final)
    regret, label = figures.ratio(judged, "gilscope"), judged.advice.label if judged.advice else None
    return (
        f"{judged.name}: {label}, {advised.name if advised else 'no advice'}; best {best.name if best else 'none'}; "
        f"{'no regret known' if regret is None else f'{regret:.2f}'}; {judged.elapsed_s:.0f} s"
    )


def draw(results: Results, path: Path) -> None:
    """Write the page, and keep what was written into it by hand."""
    old = path.read_text(encoding="utf-8") if path.exists() else ""
    path.write_text(f"{table.page(results)}\n\n{table.kept(old)}\n", encoding="utf-8")
    print(table.summary(list(results.functions.values())))


def check(workloads: Sequence[Workload]) -> None:
    """Print a row for each: wall clock and CPU ÷ wall clock of a call alone."""
    print("| function | kind | expected | ms a call | CPU ÷ wall |\n| --- | --- | --- | --- | --- |")
    with services():
        for each in workloads:
            try:
                solo = measure_solo(each)
                cost = f"{1000 * solo.call_s:.4g} | {solo.cpu_share:.2f}"
            except CellFailed as failure:
                cost = f"failed: {failure} | "
            print(f"| {each.name} | {each.kind} | {' or '.join(each.expect)} | {cost} |", flush=True)


if __name__ == "__main__":
    main()
