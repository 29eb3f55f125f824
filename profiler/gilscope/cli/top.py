"""``gilscope top``: the last seconds of a program, live."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from gilscope.cli.command import TARGET, WATCH
from gilscope.cli.output_options import output_option
from gilscope.cli.watching import (
    MEMORY,
    OVERHEAD,
    PROCESSES,
    RATE,
    THREADS,
    or_without_memory,
    require_script,
)
from gilscope.errors import UsageError
from gilscope.units import exact

if TYPE_CHECKING:
    from gilscope.cli.live.printed import Printed
    from gilscope.cli.live.view import LiveView, Save
    from gilscope.programs.lately import LatelyWatched
    from gilscope.programs.launching import Launched
    from gilscope.programs.watching import Settings
    from gilscope.records.programs import ProgramRecord

__all__ = ["top"]

_LEAST_S, _MOST_S = 1.0, 60.0


def top(
    program: Annotated[
        list[str],
        typer.Argument(
            metavar="PID | -- SCRIPT.py [ARGS...] | -- -m MODULE [ARGS...] | -- -c CODE",
            help="A process that runs, or a program to be started as by python.",
            rich_help_panel=TARGET,
        ),
    ],
    window: Annotated[
        str,
        typer.Option(
            "--window",
            "-w",
            metavar="TIME",
            help="How many seconds are shown, the last: 1s to 60s.",
            rich_help_panel=WATCH,
        ),
    ] = "5s",
    output: Annotated[
        list[str] | None,
        output_option(
            "--output",
            "-o",
            metavar="PATH",
            help="Where the key s saves the result; else in gilscope-top-PID-TIME.json, in this folder.",
        ),
    ] = None,
    printed: Annotated[
        str | None,
        output_option(
            "--program-output",
            metavar="FILE",
            help="Where what the started program prints goes; else it is not kept but for the last of standard error, "
            "told if it fails.",
        ),
    ] = None,
    rate: Annotated[str, RATE] = "100",
    overhead: Annotated[str, OVERHEAD] = "1%",
    processes: Annotated[str, PROCESSES] = "all",
    threads: Annotated[list[str] | None, THREADS] = None,
    memory: Annotated[bool, MEMORY] = True,
) -> None:
    """Show live who holds the GIL, who waits for it, and what every thread and function does. The key ? tells the keys.

    A program that is started here has no terminal: its keys are gilscope's. It ends with the view, which asks it to
    (SIGTERM). Where standard output is no terminal, a block of lines is written for every window.
    """
    from gilscope import parsing, report
    from gilscope.cli.output import STDOUT
    from gilscope.cli.watching import settings_of

    if STDOUT in (output or []):
        raise UsageError("--output -: standard output is the view's; name a file")
    window_s = parsing.seconds(window, "--window")
    if not _LEAST_S <= window_s <= _MOST_S:
        raise UsageError(f"--window {window} is not from {exact(_LEAST_S)}s to {exact(_MOST_S)}s")
    if printed is not None:
        report.check_writable(printed)
    settings = replace(settings_of(rate, overhead, processes, threads), memory=memory)
    if not program[0].isdigit():
        require_script(program)
        _start(program, settings, window_s, output or [], printed)
        return
    if len(program) > 1:
        raise UsageError(f"a process that runs is given no arguments, as {program[1]!r}; a program is, behind --")
    if printed is not None:
        raise UsageError("--program-output is for a program that is started here: what this one prints is its own")
    _attach(int(program[0]), settings, window_s, output or [])


def _attach(pid: int, settings: Settings, window_s: float, output: list[str]) -> None:
    from gilscope.programs.lately import LatelyWatched
    from gilscope.programs.refusals import refused

    save = _saving(pid, output)
    with or_without_memory():
        made = LatelyWatched(pid, settings, window_s)
    with closing(made) as watched:
        try:
            with _view(watched, pid, window_s, save) as view:
                view.watch()
        except ProcessLookupError as error:
            raise refused(pid, error) from error
        if view.ended:
            _tell_end(view, f"process {pid} has ended")
        if view.ending is not None:
            raise typer.Exit(128 + view.ending)


def _start(program: list[str], settings: Settings, window_s: float, output: list[str], printed: str | None) -> None:
    from gilscope.cli.live.printed import Printed
    from gilscope.programs.launching import end_as, launched

    with closing(Printed(printed)) as streams:
        with launched(program, streams.streams) as running:
            view = _watch(running, program, settings, window_s, _saving(running.pid, output), streams)
            status = running.wait()
        if view.ended:
            _tell_end(view, f"the program has ended with status {status}")
        if status and not view.quits:
            sys.stderr.write(streams.last())
    end_as(0 if view.quits else status, sys.exit)


def _watch(
    running: Launched, program: list[str], settings: Settings, window_s: float, save: Save, streams: Printed
) -> LiveView:
    """Until it has ended, or is asked to; that of one that does not end then is left to the user."""
    from gilscope.programs.lately import LatelyWatched

    command = ["python", *program]
    with (
        closing(LatelyWatched(running.pid, settings, window_s, command, just_started=True)) as watched,
        _view(watched, running.pid, window_s, save, streams.trim) as view,
    ):
        view.watch()
    if view.quits:
        running.send(signal.SIGTERM)
    elif view.ending is not None:
        running.pass_on(view.ending)
    return view


@contextmanager
def _view(
    watched: LatelyWatched, pid: int, window_s: float, save: Save, first: Callable[[], object] | None = None
) -> Iterator[LiveView]:
    """The view, on the terminal or on standard output, which is as before afterwards."""
    from gilscope.cli import stdout
    from gilscope.cli.live.keyboard import Keyboard
    from gilscope.cli.live.signals import readable_signals
    from gilscope.cli.live.surfaces import Blocks, Screen
    from gilscope.cli.live.view import LiveView

    stdout.require()
    with ExitStack() as stack:
        signals = stack.enter_context(readable_signals())
        keyboard = stack.enter_context(closing(Keyboard())) if stdout.is_screen() else None
        surface = Blocks(window_s) if keyboard is None else stack.enter_context(Screen(keyboard).taken())
        yield stack.enter_context(closing(LiveView(watched, surface, keyboard, save, pid, signals, first)))


def _tell_end(view: LiveView, how: str) -> None:
    """The last seconds, for a screen is gone with its view and a block may be due, and that no more follow."""
    from gilscope.cli import stdout
    from gilscope.cli.live.surfaces import block

    if view.record is not None:
        stdout.put(block(view.record, view.shown))
    sys.stderr.write(f"gilscope: {how}\n")


def _saving(pid: int, output: list[str]) -> Save:
    """Keeps a record where the user wants it, or under a name of its own, and says where."""
    from gilscope.cli.output import Files
    from gilscope.errors import OutputError

    given = Files(output, [f"top-{pid}"])

    def save(record: ProgramRecord) -> str:
        when = record.created.translate({ord(sign): None for sign in "-:"})[:15]
        try:
            written, failed = (given or Files([f"gilscope-top-{pid}-{when}.json"], [])).write(record)
        except OutputError as error:
            written, failed = [], str(error)
        saved = f"saved in {', '.join(map(str, written))}" if written else ""
        return "; ".join(filter(None, (saved, failed)))

    return save
