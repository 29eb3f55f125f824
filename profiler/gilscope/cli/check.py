"""``gilscope check``: a gate for continuous integration."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from gilscope.cli.compare import FORCE
from gilscope.cli.output_options import AS_JSON, QUIET, SHEET_FILES, SHEET_FORMAT

if TYPE_CHECKING:
    from gilscope.cli.output import Destinations
    from gilscope.records.programs import ProgramRecord

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
    from gilscope.cli.compare import compare_files
    from gilscope.cli.exits import GATE_FAILED
    from gilscope.cli.output import Destinations
    from gilscope.decide.conditions import parsed
    from gilscope.decide.gate import judge, passes
    from gilscope.errors import UsageError
    from gilscope.records.programs import ProgramRecord
    from gilscope.report.gates import gate_sheet
    from gilscope.report.saved import is_program, program_of
    from gilscope.report.saved import parsed as read

    if baseline is None:
        found_program = read(result)
        if not is_program(found_program):
            raise UsageError(
                f"{result!r} holds results, which are held against others: give those with --baseline BASE.json"
            )
        record = program_of(result, found_program, ProgramRecord)
        _check_program(
            record, fail_on, Destinations(output or [], ["check"], "json" if as_json else format_name), quiet
        )
        return
    conditions = parsed("throughput<0.9" if fail_on is None else fail_on)
    destinations = Destinations(output or [], ["check"], "json" if as_json else format_name)
    comparisons, found, objections = compare_files(baseline, result, force=force)
    judged = [(each, judge(condition, each)) for each in comparisons for condition in conditions]
    destinations.write(gate_sheet(judged, found, objections), quiet=quiet)
    if not passes([told for _, told in judged], found):
        raise typer.Exit(GATE_FAILED)


def _check_program(record: ProgramRecord, fail_on: str | None, destinations: Destinations, quiet: bool) -> None:
    from gilscope.cli.exits import GATE_FAILED
    from gilscope.decide.program_gate import judge_program, parsed_for_program
    from gilscope.errors import UsageError
    from gilscope.report.programs.gate import program_gate_sheet

    if fail_on is None:
        raise UsageError("what a program must not do is not known: give --fail-on, as in gil_wait>0.2,loop_block>50ms")
    judged = judge_program(parsed_for_program(fail_on), record)
    destinations.write(program_gate_sheet(judged, record), quiet=quiet)
    if not all(each.passed for each in judged):
        raise typer.Exit(GATE_FAILED)
