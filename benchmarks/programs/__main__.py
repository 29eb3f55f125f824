"""Whole programs under gilscope: ``python -m benchmarks.programs [PART …]``.

Measures each part, saves each figure when it is there, and draws the page: ``results/PART.json`` (of truth, one for
each version) and ``README.md`` in this folder. A run of truth or cost that is cut off goes on with ``--resume``.

truth    what gilscope says of programs that time themselves, on each Python; on 3.15 beside its own sampler
cost     throughput with and without gilscope, py-spy and 3.15's own sampler; the CPU that gilscope uses itself
latency  how long one waits for what ``dump`` and ``attach`` tell
memory   what an hour and a day of moments leave in memory, and how long the page takes
tree     what it costs to follow 32 processes
"""

from __future__ import annotations

import argparse
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import msgspec

from benchmarks.programs import cost, latency, truth
from benchmarks.programs.memory import Kept
from benchmarks.programs.pythons import VERSIONS, Python, found
from benchmarks.programs.results import RESUME, Part, load, part_of, save
from benchmarks.programs.table import page

HERE = Path(__file__).parent
BEGIN = "<!-- what follows is drawn by python -m benchmarks.programs -->\n"
DAY_HOURS, HOUR_HOURS = 24.0, 1.0
MOMENTS_A_SECOND = 6_000
"""So many of memory's for each second asked for."""


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.programs", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"of {', '.join(PARTS)}; all, where none is given")
    parser.add_argument("--versions", default=",".join(VERSIONS), help="Pythons of the programs: 3.12,… or paths")
    parser.add_argument("--seconds", type=float, default=20.0, help="for each program, or pair of program and tool")
    parser.add_argument("--rate", type=float, default=200.0, help="moments a second, for truth")
    parser.add_argument("--only", metavar="TEXT", default="", help="programs whose name has this in it")
    parser.add_argument("--alone", action="store_true", help="cost without the other tools")
    parser.add_argument(RESUME, action="store_true", help="go on where the same command was cut off (truth and cost)")
    parser.add_argument("--again", action="store_true", help="draw the page from the results; measure nothing")
    parser.add_argument("--folder", type=Path, default=HERE, help="where results/ and README.md are")
    return parser.parse_args()


def _truth(options: argparse.Namespace, pythons: list[Python]) -> None:
    for python in pythons:
        part = _begun(f"truth-{python.minor}", options)
        known = {row.program for row in part.rows}
        for program in truth.PROGRAMS:
            if options.only in program.name and program.name not in known:
                rows = truth.measure(python, program, options.seconds, options.rate)
                part.rows += rows
                _keep(part, options)
                far = [row.figure for row in rows if not row.holds]
                _say(f"{python.version} {program.name}: {f'beyond the aim: {far}' if far else 'as it is'}")


def _cost(options: argparse.Namespace, pythons: list[Python]) -> None:
    part, python = _begun("cost", options), pythons[-1]
    known = {(each.program, each.tool) for each in part.costs}
    for program in cost.PROGRAMS:
        if options.only in program.name:
            tools = [tool for tool in cost.tools(python, not options.alone) if (program.name, tool.name) not in known]
            for each in cost.costs(python, program, options.seconds, tools):
                part.costs.append(each)
                _keep(part, options)
                _say(f"{program.name} {each.tool}: {100 * each.median:+.1f} %")
    done = {own.program for own in part.own}
    crowd = [each for each in cost.CROWD if options.only in each.name and each.name not in done]
    for own in cost.own_cpu(python, options.seconds / 2, crowd):
        part.own.append(own)
        _keep(part, options)
        _say(f"{own.program}: {100 * own.share:.1f} % of a CPU")


def _latency(options: argparse.Namespace, pythons: list[Python]) -> None:
    part = _anew("latency", options)
    for each in latency.latencies(pythons[-1], max(3, round(options.seconds))):
        part.latencies.append(each)
        _keep(part, options)
        _say(f"{each.program} {each.command}: {each.median_s:.2f} s")


def _memory(options: argparse.Namespace, _pythons: list[Python]) -> None:
    part = _anew("memory", options)
    for hours in (HOUR_HOURS, DAY_HOURS):
        moments = str(round(options.seconds * MOMENTS_A_SECOND))
        command = [sys.executable, "-m", "benchmarks.programs.memory", str(hours), moments]
        each = msgspec.json.decode(subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout, type=Kept)
        part.kept.append(each)
        _keep(part, options)
        _say(f"{hours:g} h: {each.fed_bytes / 1e6:.0f} MB, page {each.page_bytes / 1e6:.2f} MB in {each.drawn_s:.1f} s")


def _tree(options: argparse.Namespace, pythons: list[Python]) -> None:
    part = _anew("tree", options)
    part.costs += cost.costs(pythons[-1], cost.TREE, options.seconds, cost.tools(pythons[-1], beside=False))
    part.own += cost.own_cpu(pythons[-1], options.seconds / 2, [cost.TREE])
    _keep(part, options)
    _say(f"throughput {100 * part.costs[0].median:+.1f} %, {100 * part.own[0].share:.1f} % of a CPU")


def _begun(name: str, options: argparse.Namespace) -> Part:
    return part_of(name, options.seconds, options.folder / "results", options.resume)


def _anew(name: str, options: argparse.Namespace) -> Part:
    return part_of(name, options.seconds, options.folder / "results", resume=False)


def _keep(part: Part, options: argparse.Namespace) -> None:
    """What was measured so far, so that a run that is cut off is not lost; and the page of it."""
    save(part, options.folder / "results")
    _draw(options.folder)


PARTS: dict[str, Callable[[argparse.Namespace, list[Python]], None]] = {
    "truth": _truth, "cost": _cost, "latency": _latency, "memory": _memory, "tree": _tree,
}  # fmt: skip


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def main() -> None:
    """Measure, save, draw."""
    options = _options()
    # Without this, a benchmark that is told to end would leave its programs behind.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    unknown = set(options.parts) - PARTS.keys()
    pythons = found(options.versions.split(","))
    if unknown or not pythons:
        sys.exit(f"no such part: {', '.join(sorted(unknown))}" if unknown else "none of these versions is here")
    for name in () if options.again else options.parts or PARTS:
        PARTS[name](options, pythons)
    _draw(options.folder)


def _draw(folder: Path) -> None:
    path = folder / "README.md"
    head = path.read_text(encoding="utf-8").partition(BEGIN)[0] if path.exists() else "# Whole programs\n\n"
    path.write_text(f"{head}{BEGIN}\n{page(load(folder / 'results', list(PARTS)))}", encoding="utf-8")


if __name__ == "__main__":
    main()
