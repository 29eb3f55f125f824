"""``gilscope analyze``: measure functions and say how to run them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gilscope.cli.command import TARGET
from gilscope.cli.completing import names_beginning
from gilscope.cli.exits import INTERRUPTED, complain, status_of_error, status_of_pythons, status_of_results
from gilscope.cli.named import functions_named, require_one_function
from gilscope.cli.options import with_options
from gilscope.cli.output_options import (
    ALSO_FILES,
    AS_JSON,
    CODE,
    FORMAT,
    QUIET,
    SHOW_OUTPUT,
    output_option,
    verbosity_option,
)
from gilscope.errors import GilscopeError

if TYPE_CHECKING:
    from gilscope.cli.output import Destinations
    from gilscope.measure.spares import Spares
    from gilscope.options import Options
    from gilscope.result import Result
    from gilscope.targets import TargetSpec

__all__ = ["analyze"]


def _target_option(name: str, told: str, metavar: str | None = None) -> Any:
    completed = names_beginning if metavar == "REF" else None
    return typer.Option(name, help=told, metavar=metavar, rich_help_panel=TARGET, autocompletion=completed)


@with_options(after="dry")
def analyze(
    context_of_command: typer.Context,
    targets: Annotated[
        list[str],
        typer.Argument(
            metavar="TARGET...",
            help="package.module:func, package.module:Class.method or path/to/file.py:func; without a function, all "
            "that @classify was given inputs for in package.module or path/to/file.py.",
            rich_help_panel=TARGET,
            autocompletion=names_beginning,
        ),
    ],
    inputs: Annotated[
        str | None,
        _target_option(
            "--inputs",
            "module:NAME, an iterable of inputs or a callable that makes one; or a folder of calls that gilscope run "
            "--capture kept; else what @classify was given.",
            "REF",
        ),
    ] = None,
    arg: Annotated[
        list[str] | None,
        _target_option("--arg", "A positional argument of the call, as an expression; repeatable.", "EXPR"),
    ] = None,
    kwarg: Annotated[
        list[str] | None, _target_option("--kwarg", "A keyword argument of every call; repeatable.", "NAME=EXPR")
    ] = None,
    star: Annotated[bool, _target_option("--star", "Unpack each input as positional arguments.")] = False,
    setup: Annotated[
        str | None,
        _target_option("--setup", "Called once in every process that runs the target, before that is imported.", "REF"),
    ] = None,
    teardown: Annotated[
        str | None, _target_option("--teardown", "Called once in every such process, at its end.", "REF")
    ] = None,
    dry: Annotated[
        bool, _target_option("--dry-run", "Run nothing: say what would be measured, and with how many calls.")
    ] = False,
    output: Annotated[list[str] | None, ALSO_FILES] = None,
    format_name: Annotated[str, FORMAT] = "text",
    as_json: Annotated[bool, AS_JSON] = False,
    show_output: Annotated[bool, SHOW_OUTPUT] = False,
    quiet: Annotated[bool, QUIET] = False,
    code: Annotated[bool, CODE] = False,
    verbose: Annotated[
        int,
        verbosity_option(
            "Say each step on stderr, and tell more: ledgers, hot lines, why not the others, the code; -vv: all."
        ),
    ] = 0,
    no_progress: Annotated[bool, output_option("--no-progress", help="No progress bar.")] = False,
    **typed: Any,
) -> None:
    """Run functions alone and under every executor backend, account for every second, and say how to run them."""
    from gilscope.cli.output import Destinations
    from gilscope.extensions import check
    from gilscope.measure.tree import leaving_no_process
    from gilscope.options import Options
    from gilscope.parsing import key_values
    from gilscope.subprocesses import current_folder
    from gilscope.targets import TargetSpec

    form = "code" if code else "json" if as_json else format_name
    destinations = Destinations(output or [], targets, form)
    options = Options.read(typed)
    check(options)
    if options.pythons:
        require_one_function(targets)
    if dry:
        from gilscope.analysis.dry_run import dry_run
        from gilscope.report.dry_runs import dry_run_sheet

        destinations.write(dry_run_sheet(targets, dry_run(options)), quiet=quiet)
        return
    cwd = current_folder()
    specs = [
        TargetSpec(
            spec=target,
            inputs=inputs,
            args=tuple(arg or ()),
            kwargs=key_values(kwarg or [], "--kwarg"),
            star=star,
            setup=setup,
            teardown=teardown,
            cwd=cwd,
            max_inputs=options.max_inputs,
        )
        for target in targets
    ]
    if options.pythons:
        with leaving_no_process():
            raise typer.Exit(
                _side_by_side(specs, options, destinations, bar=not no_progress, verbosity=verbose, quiet=quiet)
            )
    with leaving_no_process():
        spares = context_of_command.obj
        results, status = _investigate(
            specs, options, spares, destinations.load, bar=not no_progress, lines=bool(verbose), quiet=quiet
        )
    if results:
        also = ["output"] if show_output else ()
        destinations.write(results, also=also, quiet=quiet, verbosity=verbose)
    raise typer.Exit(status)


def _investigate(
    specs: Sequence[TargetSpec],
    options: Options,
    spares: Spares | None,
    ahead: Callable[[], object],
    *,
    bar: bool,
    lines: bool,
    quiet: bool,
) -> tuple[list[Result], int]:
    """Each function in turn; what cannot be analyzed is told at once and does not stop the others.

    :param ahead: loads what drawing the results needs
    """
    from gilscope.cli.progress import progress

    results: list[Result] = []
    statuses: list[int] = []
    for given in specs:
        functions: list[TargetSpec] = []
        with _told(statuses):
            functions = functions_named(given, quiet=quiet)
        for spec in functions:
            with _told(statuses), progress(spec.spec, bar=bar and not quiet, lines=lines and not quiet) as tell:
                from gilscope.analysis import investigate  # takes as long as what is shown by now

                results.append(investigate(spec, options, tell, spares, ahead))
            if results and results[-1].interrupted:
                return results, INTERRUPTED
    return results, statuses[0] if statuses else status_of_results(results)


def _side_by_side(
    specs: Sequence[TargetSpec], options: Options, destinations: Destinations, *, bar: bool, verbosity: int, quiet: bool
) -> int:
    """One function under several Pythons."""
    from gilscope.analysis import investigate_pythons
    from gilscope.cli.progress import progress

    (spec,) = specs
    with progress(spec.spec, bar=bar and not quiet, lines=verbosity > 0 and not quiet) as tell:
        result = investigate_pythons(spec, options, tell)
    destinations.write(result, quiet=quiet, verbosity=verbosity)
    return status_of_pythons(result)


@contextmanager
def _told(statuses: list[int]) -> Iterator[None]:
    """An error within is told, and its exit status noted."""
    try:
        yield
    except GilscopeError as error:
        complain(error)
        statuses.append(status_of_error(error))
