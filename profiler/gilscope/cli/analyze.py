"""``gilscope analyze``: measure functions and say how to run them."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, cast

import typer

from gilscope.cli.exits import INTERRUPTED, complain, status_of_error, status_of_results
from gilscope.cli.named import functions_named
from gilscope.cli.prospects import show_prospects
from gilscope.cli.units import counts, is_on, key_values, names, number, per_second, seconds
from gilscope.errors import GilscopeError, UsageError

if TYPE_CHECKING:
    from gilscope.options import Options
    from gilscope.records import Context, StartMethod
    from gilscope.result import Result
    from gilscope.targets import TargetSpec

__all__ = ["analyze"]

BUDGET, EXHAUSTIVE_BUDGET = "10s", "60s"


def analyze(
    context_of_command: typer.Context,
    targets: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="TARGET...",
            help="package.module:func, package.module:Class.method or path/to/file.py:func; without a function, all "
            "that @classify was given inputs for in package.module or path/to/file.py.",
        ),
    ] = None,
    recorded: Annotated[
        list[str] | None,
        typer.Option(
            "--from",
            help="Run nothing: say which functions deserve it, by what GILSCOPE_OUT recorded there. Repeatable.",
            metavar="FOLDER",
        ),
    ] = None,
    inputs: Annotated[
        str | None,
        typer.Option(
            "--inputs",
            help="module:NAME, an iterable of inputs or a callable that makes one; else what @classify was given.",
            metavar="REF",
        ),
    ] = None,
    arg: Annotated[
        list[str] | None,
        typer.Option(
            "--arg",
            help="A positional argument of the call, as an expression; repeatable.",
            metavar="EXPR",
        ),
    ] = None,
    kwarg: Annotated[
        list[str] | None,
        typer.Option("--kwarg", help="A keyword argument of every call; repeatable.", metavar="NAME=EXPR"),
    ] = None,
    star: Annotated[bool, typer.Option("--star", help="Unpack each input as positional arguments.")] = False,
    setup: Annotated[
        str | None,
        typer.Option("--setup", help="Called once in every process that runs the target.", metavar="REF"),
    ] = None,
    teardown: Annotated[
        str | None,
        typer.Option("--teardown", help="Called once in every such process, at its end.", metavar="REF"),
    ] = None,
    backends: Annotated[
        str | None,
        typer.Option(
            "--backends",
            "-b",
            help="Those to try beside serial, as in thread,process; all of them but task queues (rq, ...) otherwise.",
        ),
    ] = None,
    workers: Annotated[
        str,
        typer.Option("--workers", "-w", help="Worker counts to try, as in 1,2,4; auto plans them."),
    ] = "auto",
    max_workers: Annotated[
        int | None,
        typer.Option(
            "--max-workers",
            help="The most workers tried unasked (64 threads, 16 processes, 1024 coroutines).",
            metavar="N",
        ),
    ] = None,
    exhaustive: Annotated[
        bool,
        typer.Option("--exhaustive", help="Try every worker count of the grid; the budget is then 60s unless given."),
    ] = False,
    chunksize: Annotated[
        str, typer.Option("--chunksize", help="Calls handed to a process at once; auto plans it.")
    ] = "auto",
    start_method: Annotated[
        str | None, typer.Option("--start-method", help="spawn (the default), forkserver or fork.")
    ] = None,
    context: Annotated[
        str, typer.Option("--context", help="async when the caller is a coroutine, sync otherwise.")
    ] = "sync",
    cpus: Annotated[int | None, typer.Option("--cpus", help="Plan for so many CPUs.")] = None,
    budget: Annotated[
        str | None,
        typer.Option("--budget", "--duration", "-d", help="Time for the whole analysis of a target: 10s."),
    ] = None,
    max_calls: Annotated[
        int | None,
        typer.Option("--max-calls", help="Calls that the analysis of a target may make in all."),
    ] = None,
    timeout: Annotated[str, typer.Option("--timeout", help="Time that one round of calls may take.")] = "60s",
    seed: Annotated[int, typer.Option("--seed", help="Of everything random.")] = 0,
    rate: Annotated[
        float,
        typer.Option("--sampling", "-r", help="Samples per second in observed rounds.", metavar="HZ"),
    ] = 400.0,
    items: Annotated[
        str | None,
        typer.Option("--items", help="Plan for so many calls, as in 1e6, within a time.", metavar="N"),
    ] = None,
    within: Annotated[str | None, typer.Option("--within", help="The time for --items: 10m.")] = None,
    wanted: Annotated[
        str | None, typer.Option("--rate", help="Plan for calls that come at this rate: 500/s.", metavar="N/s")
    ] = None,
    rtt: Annotated[
        str, typer.Option("--rtt", help="A network round trip between machines, in plans and on the way to a broker.")
    ] = "0ms",
    predict_cpus: Annotated[
        list[str] | None,
        typer.Option(
            "--predict-cpus",
            help="Predict for machines of so many CPUs too, as in 4,16,64; repeatable.",
            metavar="N,...",
        ),
    ] = None,
    predict_gil: Annotated[
        str,
        typer.Option(
            "--predict-gil",
            help="off: predict for a free-threaded interpreter too, with each number of CPUs.",
            metavar="on|off",
        ),
    ] = "on",
    broker: Annotated[
        str | None,
        typer.Option(
            "--broker",
            help="The broker of task queues, as in redis://localhost:6379/1; one of gilscope's own otherwise. "
            "GILSCOPE_BROKER, which does not show the password to other users, says the same.",
            metavar="URL",
        ),
    ] = None,
    allow_remote_broker: Annotated[
        bool,
        typer.Option(
            "--allow-remote-broker",
            help="Use a broker that is on another machine, or that holds keys which are not gilscope's.",
        ),
    ] = False,
    remote_workers: Annotated[
        int | None,
        typer.Option(
            "--remote-workers",
            help="Run rq-simple with so many workers of other hosts: there, gilscope worker --broker URL --secret-file "
            "FILE starts them.",
            metavar="N",
        ),
    ] = None,
    secret_file: Annotated[
        str | None,
        typer.Option(
            "--secret-file",
            help="What these hosts and the analysis sign with, in a file for you alone; it is written where there is "
            "none.",
            metavar="FILE",
        ),
    ] = None,
    dask: Annotated[
        str | None,
        typer.Option(
            "--dask",
            help="A Dask scheduler whose workers to use, as in tcp://localhost:8786; a cluster of gilscope's own "
            "otherwise.",
            metavar="URL",
        ),
    ] = None,
    output: Annotated[
        list[str] | None,
        typer.Option(
            "--output",
            "-o",
            help="Also write a file: .html .json .csv .md .txt; for viewers .perfetto.json .speedscope.json "
            ".gecko.json .collapsed; a folder gets html, csv, json and md; - is stdout. Repeatable.",
            metavar="PATH",
        ),
    ] = None,
    format_name: Annotated[
        str,
        typer.Option(
            "--format",
            "-f",
            help="What goes to stdout: text, json, csv, html, md, perfetto, speedscope, gecko or collapsed.",
        ),
    ] = "text",
    as_json: Annotated[bool, typer.Option("--json", help="Short for --format json.")] = False,
    show_output: Annotated[
        bool,
        typer.Option("--show-output", help="Show the last of what the target printed, on stderr."),
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Nothing on stderr but errors.")] = False,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Say each step on stderr.")] = False,
    no_progress: Annotated[bool, typer.Option("--no-progress", help="No progress bar.")] = False,
) -> None:
    """Run functions alone and under every executor backend, account for every second, and say how to run them."""
    if recorded:
        if targets:
            raise UsageError(
                "--from says which functions deserve an analysis: name no TARGET beside it, or leave it out"
            )
        form = "json" if as_json else format_name
        show_prospects(recorded, cpus=cpus, outputs=output or [], format_name=form, quiet=quiet)
        return
    if not targets:
        context_of_command.fail("Missing argument 'TARGET...'.")
    from gilscope.analysis import check
    from gilscope.cli.output import Destinations, Results
    from gilscope.measure.tree import leaving_no_process
    from gilscope.options import Options
    from gilscope.targets import TargetSpec

    destinations = Destinations(output or [], targets, "json" if as_json else format_name)
    options = Options(
        backends=names(backends),
        workers=counts(workers, "--workers"),
        max_workers=max_workers,
        exhaustive=exhaustive,
        chunksize=next(iter(counts(chunksize, "--chunksize")), None),
        start_method=cast("StartMethod | None", start_method),
        cpus=cpus,
        budget_s=seconds(budget or (EXHAUSTIVE_BUDGET if exhaustive else BUDGET), "--budget"),
        max_calls=max_calls,
        timeout_s=seconds(timeout, "--timeout"),
        seed=seed,
        context=cast("Context", context),
        rate_hz=rate,
        predict_cpus=tuple(count for text in predict_cpus or () for count in counts(text, "--predict-cpus")),
        predict_gil=is_on(predict_gil, "--predict-gil"),
        broker=broker,
        allow_remote_broker=allow_remote_broker,
        remote_workers=remote_workers,
        secret_file=secret_file,
        dask=dask,
        items=None if items is None else number(items, "--items"),
        within_s=None if within is None else seconds(within, "--within"),
        wanted_per_s=None if wanted is None else per_second(wanted, "--rate"),
        rtt_s=seconds(rtt, "--rtt"),
    )
    check(options)
    specs = [
        TargetSpec(
            spec=target,
            inputs=inputs,
            args=tuple(arg or ()),
            kwargs=key_values(kwarg or [], "--kwarg"),
            star=star,
            setup=setup,
            teardown=teardown,
            cwd=os.getcwd(),
        )
        for target in targets
    ]
    with leaving_no_process():
        results, status = _investigate(specs, options, bar=not no_progress, lines=verbose, quiet=quiet)
    if results:
        destinations.write(Results(results, show_output), quiet=quiet)
    raise typer.Exit(status)


def _investigate(
    specs: Sequence[TargetSpec], options: Options, *, bar: bool, lines: bool, quiet: bool
) -> tuple[list[Result], int]:
    """Each function in turn; what cannot be analyzed is told at once and does not stop the others."""
    from gilscope.analysis import investigate
    from gilscope.cli.progress import progress

    results: list[Result] = []
    statuses: list[int] = []
    for given in specs:
        functions: list[TargetSpec] = []
        with _told(statuses):
            functions = functions_named(given, quiet=quiet)
        for spec in functions:
            with _told(statuses), progress(spec.spec, bar=bar and not quiet, lines=lines and not quiet) as tell:
                results.append(investigate(spec, options, tell))
            if results and results[-1].interrupted:
                return results, INTERRUPTED
    return results, statuses[0] if statuses else status_of_results(results)


@contextmanager
def _told(statuses: list[int]) -> Iterator[None]:
    """An error within is told, and its exit status noted."""
    try:
        yield
    except GilscopeError as error:
        complain(error)
        statuses.append(status_of_error(error))
