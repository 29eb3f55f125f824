"""The commands put together, and what is common to them."""

from __future__ import annotations

import os
import signal
import sys
from types import FrameType
from typing import Annotated, NoReturn

import typer

from gilscope import __version__
from gilscope.cli.analyze import analyze
from gilscope.cli.doctor import doctor
from gilscope.cli.exits import INTERRUPTED, complain, status_of_error
from gilscope.cli.report import report
from gilscope.errors import GilscopeError

__all__ = ["app", "run"]

app = typer.Typer(
    name="gilscope",
    help="Which executor should run this function? Measured, accounted for, and said plainly.",
    no_args_is_help=True,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    pretty_exceptions_enable=False,
)
app.command()(analyze)
app.command()(doctor)
app.command()(report)


def _version(asked: bool) -> None:
    if asked:
        sys.stdout.write(f"gilscope {__version__}\n")
        raise typer.Exit


@app.callback()
def common(
    version: Annotated[
        bool, typer.Option("--version", "-V", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Options of gilscope itself."""
    del version  # its callback has answered


def _terminated(_number: int, _frame: FrameType | None) -> NoReturn:
    """SIGTERM ends an analysis as Ctrl-C does: nothing is left running."""
    raise KeyboardInterrupt


def run() -> NoReturn:
    """Run the command line and exit with its status."""
    signal.signal(signal.SIGTERM, _terminated)
    try:
        app()
    except GilscopeError as error:
        complain(error)
        sys.exit(status_of_error(error))
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    except BrokenPipeError:
        # Whoever read the output has seen enough. Python would complain once more when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        sys.exit(0)
    sys.exit(0)
