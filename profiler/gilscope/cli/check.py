"""``gilscope check``: a gate for continuous integration."""

from __future__ import annotations

from typing import Annotated

import typer

from gilscope.cli.compare import FORCE
from gilscope.cli.output_options import AS_JSON, QUIET, SHEET_FILES, SHEET_FORMAT

__all__ = ["check"]


def check(
    result: Annotated[
        str, typer.Argument(metavar="RESULT.json", help="New results, or a program that was watched, saved as JSON.")
    ],
    baseline: Annotated[
        str | None,
        typer.Option(
            "--baseline", metavar="BASE.json", help="What results are held against: earlier ones. A program needs none."
        ),
    ] = None,
    fail_on: Annotated[
        str | None,
        typer.Option(
            "--fail-on",
            metavar="CONDITIONS",
            help="With commas between: throughput<0.9, latency_p50>1.2, latency_p99>1.2, wall>1.1, cpu>1.5, memory>1.2 "
            "(new over old), gil_held+0.05, wait+0.1, errors+0.01 (rise of a share), label, backend, errors; without "
            "it, throughput<0.9. Of a program: gil_wait>0.2, gil_held>0.9, loop_block>50ms, loop_lag>20ms, hold>20ms, "
            "lock_wait>1, runqueue>1, cpus>2.",
        ),
    ] = None,
    force: Annotated[bool, FORCE] = False,
    output: Annotated[list[str] | None, SHEET_FILES] = None,
    format_name: Annotated[str, SHEET_FORMAT] = "text",
    as_json: Annotated[bool, AS_JSON] = False,
    quiet: Annotated[bool, QUIET] = False,
) -> None:
    """Hold new results against a baseline: exit status 1 when a condition is shown to hold, or cannot be judged."""
    from gilscope import comparison
    from gilscope.cli.exits import GATE_FAILED
    from gilscope.cli.output import Destinations

    destinations = Destinations(output or [], ["check"], "json" if as_json else format_name)
    checked = comparison.check(result, baseline, fail_on=fail_on, force=force)
    destinations.write(checked.sheet, quiet=quiet)
    if not checked.passed:
        raise typer.Exit(GATE_FAILED)
