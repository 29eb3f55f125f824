"""``gilscope check``: a gate for continuous integration."""

from __future__ import annotations

from typing import Annotated

import typer

from gilscope.cli.compare import ANYWAY, FORMAT, OUTPUT

__all__ = ["check"]


def check(
    result: Annotated[str, typer.Argument(metavar="RESULT.json", help="New results, saved as JSON.")],
    baseline: Annotated[
        str, typer.Option("--baseline", metavar="BASE.json", help="What they are held against: earlier results.")
    ],
    fail_on: Annotated[
        str,
        typer.Option(
            "--fail-on",
            metavar="CONDITIONS",
            help="With commas between: throughput<0.9, latency_p50>1.2, latency_p99>1.2, wall>1.1, cpu>1.5, memory>1.2 "
            "(new over old), gil_held+0.05, wait+0.1, errors+0.01 (rise of a share), label, backend, errors.",
        ),
    ] = "throughput<0.9",
    anyway: Annotated[bool, ANYWAY] = False,
    output: Annotated[list[str] | None, OUTPUT] = None,
    format_name: Annotated[str, FORMAT] = "text",
    as_json: Annotated[bool, typer.Option("--json", help="Short for --format json.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Do not name the files written.")] = False,
) -> None:
    """Hold new results against a baseline: exit status 1 when a condition is shown to hold, or cannot be judged."""
    from gilscope.cli.compare import compare_files
    from gilscope.cli.exits import GATE_FAILED
    from gilscope.cli.output import Destinations
    from gilscope.decide.conditions import parsed
    from gilscope.decide.gate import judge, passes
    from gilscope.report.gates import gate_sheet

    conditions = parsed(fail_on)
    destinations = Destinations(output or [], ["check"], "json" if as_json else format_name)
    comparisons, found, objections = compare_files(baseline, result, anyway=anyway)
    judged = [(each, judge(condition, each)) for each in comparisons for condition in conditions]
    destinations.write(gate_sheet(judged, found, objections), quiet=quiet)
    if not passes([told for _, told in judged], found):
        raise typer.Exit(GATE_FAILED)
