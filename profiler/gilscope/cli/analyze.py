"""``gilscope analyze``: measure functions and say how to run them."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, cast

import typer

from gilscope.cli.exits import INTERRUPTED, complain, status_of_error, status_of_results
from gilscope.cli.units import counts, key_values, names, seconds
from gilscope.errors import GilscopeError

if TYPE_CHECKING:
    from gilscope.analysis import Options
    from gilscope.records import Context, Result, StartMethod
    from gilscope.targets import TargetSpec

__all__ = ["analyze"]

_WHAT, _HOW, _BOUNDS, _OUTPUT = "What to run", "How to run it", "Bounds", "Output"


def _option(*flags: str, help: str, panel: str, metavar: str | None = None) -> typer.models.OptionInfo:  # noqa: A002
    info: typer.models.OptionInfo = typer.Option(*flags, help=help, rich_help_panel=panel, metavar=metavar)
    return info


def analyze(
    targets: Annotated[
        list[str],
        typer.Argument(
            metavar="TARGET...",
            help="package.module:func, package.module:Class.method or path/to/file.py:func",
        ),
    ],
    inputs: Annotated[
        str | None,
        _option(
            "--inputs",
            help="module:NAME, an iterable of inputs or a callable that makes one.",
            panel=_WHAT,
            metavar="REF",
        ),
    ] = None,
    arg: Annotated[
        list[str] | None,
        _option(
            "--arg",
            help="A positional argument of the call, as an expression; repeatable.",
            panel=_WHAT,
            metavar="EXPR",
        ),
    ] = None,
    kwarg: Annotated[
        list[str] | None,
        _option("--kwarg", help="A keyword argument of every call; repeatable.", panel=_WHAT, metavar="NAME=EXPR"),
    ] = None,
    star: Annotated[bool, _option("--star", help="Unpack each input as positional arguments.", panel=_WHAT)] = False,
    setup: Annotated[
        str | None,
        _option("--setup", help="Called once in every process that runs the target.", panel=_WHAT, metavar="REF"),
    ] = None,
    teardown: Annotated[
        str | None,
        _option("--teardown", help="Called once in every such process, at its end.", panel=_WHAT, metavar="REF"),
    ] = None,
    backends: Annotated[
        str | None,
        _option(
            "--backends",
            "-b",
            help="Those to try beside serial, as in thread,process; all of them otherwise.",
            panel=_HOW,
        ),
    ] = None,
    workers: Annotated[
        str,
        _option("--workers", "-w", help="Worker counts to try, as in 1,2,4; auto plans them.", panel=_HOW),
    ] = "auto",
    chunksize: Annotated[
        str, _option("--chunksize", help="Calls handed to a process at once; auto plans it.", panel=_HOW)
    ] = "auto",
    start_method: Annotated[
        str | None, _option("--start-method", help="spawn (the default), forkserver or fork.", panel=_HOW)
    ] = None,
    context: Annotated[
        str, _option("--context", help="async when the caller is a coroutine, sync otherwise.", panel=_HOW)
    ] = "sync",
    cpus: Annotated[int | None, _option("--cpus", help="Plan for so many CPUs.", panel=_BOUNDS)] = None,
    budget: Annotated[
        str,
        _option("--budget", "--duration", "-d", help="Time for the whole analysis of a target.", panel=_BOUNDS),
    ] = "10s",
    max_calls: Annotated[
        int | None,
        _option("--max-calls", help="Calls that the analysis of a target may make in all.", panel=_BOUNDS),
    ] = None,
    timeout: Annotated[str, _option("--timeout", help="Time that one round of calls may take.", panel=_BOUNDS)] = "60s",
    seed: Annotated[int, _option("--seed", help="Of everything random.", panel=_BOUNDS)] = 0,
    rate: Annotated[
        float,
        _option("--rate", "-r", help="Samples per second in observed rounds.", panel=_BOUNDS, metavar="HZ"),
    ] = 400.0,
    output: Annotated[
        list[str] | None,
        _option(
            "--output",
            "-o",
            help="Also write a file: .json .csv .html .md; a folder gets all; - is stdout. Repeatable.",
            panel=_OUTPUT,
            metavar="PATH",
        ),
    ] = None,
    format_name: Annotated[
        str,
        _option("--format", "-f", help="What goes to stdout: text, json, csv, html or md.", panel=_OUTPUT),
    ] = "text",
    as_json: Annotated[bool, _option("--json", help="Short for --format json.", panel=_OUTPUT)] = False,
    show_output: Annotated[
        bool,
        _option("--show-output", help="Show the last of what the target printed, on stderr.", panel=_OUTPUT),
    ] = False,
    quiet: Annotated[bool, _option("--quiet", "-q", help="Nothing on stderr but errors.", panel=_OUTPUT)] = False,
    verbose: Annotated[bool, _option("--verbose", "-v", help="Say each step on stderr.", panel=_OUTPUT)] = False,
    no_progress: Annotated[bool, _option("--no-progress", help="No progress bar.", panel=_OUTPUT)] = False,
) -> None:
    """Run functions alone and under every executor backend, account for every second, and say how to run them."""
    from gilscope.analysis import Options
    from gilscope.cli.output import Destinations
    from gilscope.targets import TargetSpec

    destinations = Destinations(output or [], targets, "json" if as_json else format_name)
    options = Options(
        backends=names(backends),
        workers=counts(workers, "--workers"),
        chunksize=next(iter(counts(chunksize, "--chunksize")), None),
        start_method=cast("StartMethod | None", start_method),
        cpus=cpus,
        budget_s=seconds(budget, "--budget"),
        max_calls=max_calls,
        timeout_s=seconds(timeout, "--timeout"),
        seed=seed,
        context=cast("Context", context),
        rate_hz=rate,
    )
    specs = [
        TargetSpec(
            spec=target,
            inputs=inputs,
            args=tuple(arg or ()),
            kwargs=key_values(kwarg or [], "--kwarg"),
            star=star,
            setup=setup,
            teardown=teardown,
        )
        for target in targets
    ]
    results, status = _investigate(specs, options, bar=not (quiet or no_progress), lines=verbose and not quiet)
    if results:
        written = destinations.write(results, show_output=show_output)
        if written and not quiet:
            sys.stderr.write("".join(f"wrote {path}\n" for path in written))
    raise typer.Exit(status)


def _investigate(specs: Sequence[TargetSpec], options: Options, *, bar: bool, lines: bool) -> tuple[list[Result], int]:
    """Each target in turn; one that cannot be analyzed is told at once and does not stop the others."""
    from gilscope.analysis import investigate
    from gilscope.cli.progress import progress

    results: list[Result] = []
    status = 0
    for spec in specs:
        try:
            with progress(spec.spec, bar=bar, lines=lines) as tell:
                results.append(investigate(spec, options, tell))
        except GilscopeError as error:
            complain(error)
            status = status or status_of_error(error)
        if results and results[-1].interrupted:
            return results, INTERRUPTED
    return results, status or status_of_results(results)
