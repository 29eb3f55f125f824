"""The commands put together, and what is common to them."""

from __future__ import annotations

import sys
from typing import Any, NoReturn

import typer

from gilscope.cli.analyze import analyze
from gilscope.cli.attach import attach
from gilscope.cli.beginning import begun
from gilscope.cli.check import check
from gilscope.cli.commands import group_of
from gilscope.cli.common import common
from gilscope.cli.compare import compare
from gilscope.cli.config import config
from gilscope.cli.doctor import doctor
from gilscope.cli.dump import dump
from gilscope.cli.exits import INTERRUPTED, USAGE
from gilscope.cli.failures import tell_failure
from gilscope.cli.rank import rank
from gilscope.cli.report import report
from gilscope.cli.run import run as run_program
from gilscope.cli.schema import schema
from gilscope.cli.signalled import ended_by_no_signal, ended_by_signals, status_of_signal
from gilscope.cli.stderr import that_never_fails
from gilscope.cli.top import top
from gilscope.keywords import options_are_typed

__all__ = ["app", "run"]

#: What the parser of the command line refuses. Typer brings its own copy of click, or not, by its version.
_Refused: Any = typer.BadParameter.mro()[1]

app = typer.Typer(
    name="gilscope",
    cls=group_of(analyze, attach, check, compare, config, doctor, dump, rank, report, run_program, schema, top),
    help="Which executor should run this function? Measured, accounted for, and said plainly.",
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # Rich would make the help three times as slow to appear
)
app.callback()(common)


def run() -> NoReturn:
    """Run the command line and exit with its status.

    :raises KeyboardInterrupt: at a signal before the command has begun
    """
    ended_by_signals()
    with that_never_fails():
        with options_are_typed():
            status = _status()
        ended_by_no_signal()
        sys.exit(status)


def _tell_refusal(error: Any) -> int:
    """What the parser does not take, in a line; the help, where nothing was typed."""
    if type(error).__name__ == "NoArgsIsHelpError":
        error.show()
        return USAGE
    from gilscope.cli.unreadable import refusal

    return tell_failure(refusal(error))


def _status() -> int:
    """Run the command: its exit status, once everything is told."""
    try:
        with begun(sys.argv[1:]) as spares:
            status = app(obj=spares, standalone_mode=False)
    except typer.Abort as abort:  # so typer names an EOFError, and its earlier versions an interrupt
        if isinstance(abort.__cause__, EOFError):
            return tell_failure(abort.__cause__)
        return status_of_signal()
    except _Refused as error:
        return _tell_refusal(error)
    except SystemExit as left:
        if isinstance(left.__context__, BrokenPipeError):  # who read the help has seen enough
            return 0
        raise
    except Exception as error:
        return tell_failure(error)
    return status_of_signal() if status == INTERRUPTED else status or 0
