"""The commands put together, and what is common to them."""

from __future__ import annotations

import signal
import sys
import traceback
from collections.abc import Iterator
from types import FrameType
from typing import Annotated, NoReturn

import typer

from gilscope import __version__
from gilscope.cli.analyze import analyze
from gilscope.cli.attach import attach
from gilscope.cli.beginning import begun
from gilscope.cli.check import check
from gilscope.cli.commands import group_of
from gilscope.cli.compare import compare
from gilscope.cli.doctor import doctor
from gilscope.cli.dump import dump
from gilscope.cli.exits import OWN_ERROR, complain, status_of_error
from gilscope.cli.report import report
from gilscope.cli.run import run as run_program
from gilscope.cli.schema import schema
from gilscope.cli.stderr import that_never_fails
from gilscope.cli.stdout import put
from gilscope.cli.top import top
from gilscope.errors import GilscopeError, MeasurementError

__all__ = ["app", "run"]


app = typer.Typer(
    name="gilscope",
    cls=group_of(analyze, attach, check, compare, doctor, dump, report, run_program, schema, top),
    help="Which executor should run this function? Measured, accounted for, and said plainly.",
    no_args_is_help=True,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # Rich would make the help three times as slow to appear
)


def _version(asked: bool) -> None:
    if asked:
        put(f"gilscope {__version__}\n")
        raise typer.Exit


@app.callback()
def common(
    version: Annotated[
        bool, typer.Option("--version", "-V", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Options of gilscope itself."""
    del version  # its callback has answered


def _ending() -> Iterator[int]:
    """The signals that end a command in order; not that of a terminal that goes away, where it is to survive that
    (nohup(1))."""
    yield from (signal.SIGINT, signal.SIGTERM)
    if sys.platform != "win32" and signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        yield signal.SIGHUP


def _interrupted(_number: int, _frame: FrameType | None) -> NoReturn:
    """Ctrl-C and SIGTERM end an analysis in order. What follows is over soon, and a second one would only spoil it."""
    for number in _ending():
        signal.signal(number, lambda *_: None)  # SIG_IGN would not do: Python complains of one that just came
    raise KeyboardInterrupt


def run() -> NoReturn:
    """Run the command line and exit with its status.

    :raises KeyboardInterrupt: at an interrupt before the command has begun
    """
    for number in _ending():
        signal.signal(number, _interrupted)
    with that_never_fails():
        _run()


def _run() -> NoReturn:
    try:
        with begun(sys.argv[1:]) as spares:
            app(obj=spares)
    except GilscopeError as error:
        complain(error)
        sys.exit(status_of_error(error))
    except (OSError, MemoryError) as error:
        refused = MeasurementError(f"the system refused: {error or 'no memory is left'}; gilscope doctor tries it all")
        complain(refused)
        sys.exit(status_of_error(refused))
    except Exception:
        sys.stderr.write(
            f"{traceback.format_exc()}gilscope: this is an error of its own: please report the lines above\n"
        )
        sys.exit(OWN_ERROR)
    sys.exit(0)
