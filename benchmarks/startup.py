"""How long one waits for gilscope itself: ``python -m benchmarks.startup [RUNS] [--output FILE]``.

help            the whole command ``gilscope --help``
analyze help    the same of the command with the most options
completion      what a shell runs for TAB behind ``gilscope analyze --start-method f``
import          ``python -c 'import gilscope'`` less ``python -c pass``, run one after the other
first progress  from the start of ``gilscope analyze`` on a terminal to the first that it shows
report          from the end of the last round of an analysis to the first line of its report on a terminal

Runs of all kinds take turns. Each figure is a median with an interval that holds it with 95 %, by ranks; ``bare`` is an
interpreter that does nothing, to judge the machine by.
"""

from __future__ import annotations

import argparse
import os
import platform
import pty
import signal
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import msgspec

from gilscope import __version__
from gilscope.decide.stats import median_interval

AIMS_S = {
    "bare": None,
    "help": 0.15,
    "analyze help": 0.15,
    "completion": 0.15,
    "import": 0.005,
    "first progress": 0.3,
    "report": 0.3,
}
GILSCOPE = f"{sysconfig.get_path('scripts')}/gilscope"
TARGET = ["gilscope.examples.primes:is_prime", "--inputs", "PRIMES"]
#: As bash asks.
TAB = {
    "_GILSCOPE_COMPLETE": "complete_bash",
    "COMP_WORDS": "gilscope analyze x:y --start-method f",
    "COMP_CWORD": "4",
}
#: Enough for an analysis that ends by itself, hot lines included.
BUDGET = ["--budget", "4s"]
#: Tells when each step of the analysis ended, in the clock that all processes of a machine share.
CHILD = """
import sys, time
from gilscope.analysis import loop
from gilscope.cli.app import run
perform, ended = loop.perform, open(sys.argv.pop(1), "w")
def timed(*given):
    perform(*given)
    print(time.monotonic(), file=ended, flush=True)
loop.perform = timed
run()
"""


class Figure(msgspec.Struct, frozen=True):
    """One of the figures, in seconds."""

    name: str
    runs: int
    median_s: float
    low_s: float
    high_s: float
    aim_s: float | None = None


class Saved(msgspec.Struct, frozen=True):
    """All of them, with what they were measured on."""

    gilscope: str
    python: str
    machine: str
    cpus: int
    figures: list[Figure]


def command_s(*command: str, **variables: str) -> float:
    environment = os.environ | variables
    began = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env=environment)
    return time.perf_counter() - began


@contextmanager
def on_a_terminal(*command: str, errors: bool) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """A process whose standard error, or else its output, is a terminal, and that terminal's other end."""
    ours, theirs = pty.openpty()
    out, err = (subprocess.DEVNULL, theirs) if errors else (theirs, subprocess.DEVNULL)
    process = subprocess.Popen(command, stdout=out, stderr=err)
    os.close(theirs)
    try:
        yield process, ours
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait()
        os.close(ours)


def first_progress_s() -> float:
    began = time.monotonic()
    with on_a_terminal(GILSCOPE, "analyze", *TARGET, errors=True) as (_, terminal):
        os.read(terminal, 1)
        return time.monotonic() - began


def report_s() -> float:
    with tempfile.NamedTemporaryFile("r") as ended:
        command = (sys.executable, "-c", CHILD, ended.name, "analyze", *TARGET, *BUDGET)
        with on_a_terminal(*command, errors=False) as (process, terminal):
            os.read(terminal, 1)
            began = float(ended.read().split()[-1])
            took_s = time.monotonic() - began
            with suppress(OSError):  # the end of a terminal that nobody writes to any more
                while os.read(terminal, 1 << 16):
                    pass
            process.wait()
            return took_s


def import_s() -> float:
    return command_s(sys.executable, "-c", "import gilscope") - command_s(sys.executable, "-c", "pass")


def figure(name: str, seconds: list[float]) -> Figure:
    told = median_interval([each + 1.0 for each in seconds])  # of positive values: a difference may be none
    low, high = (told.value if bound is None else bound for bound in (told.low, told.high))
    return Figure(name, len(seconds), told.value - 1.0, low - 1.0, high - 1.0, AIMS_S[name])


def measured(runs: int) -> list[Figure]:
    kinds: dict[str, Callable[[], float]] = {
        "bare": lambda: command_s(sys.executable, "-c", "pass"),
        "help": lambda: command_s(GILSCOPE, "--help"),
        "analyze help": lambda: command_s(GILSCOPE, "analyze", "--help"),
        "completion": lambda: command_s(GILSCOPE, **TAB),
        "import": import_s,
        "first progress": first_progress_s,
    }
    for once in kinds.values():
        once()  # what is compiled and read for the first time
    seconds = {name: list[float]() for name in kinds}
    for _ in range(runs):
        for name, once in kinds.items():
            seconds[name].append(once())
    seconds["report"] = [report_s() for _ in range(max(3, runs // 4))]
    return [figure(name, each) for name, each in seconds.items()]


def main(arguments: Sequence[str] = ()) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.startup", description=__doc__.partition("\n")[0])
    parser.add_argument("runs", nargs="?", type=int, default=40)
    parser.add_argument("--output", type=Path, help="also save the figures, as JSON")
    options = parser.parse_args(arguments)
    figures = measured(options.runs)
    print(f"### gilscope {__version__}, CPython {platform.python_version()}, {options.runs} runs\n")
    print("| figure | median (95 % interval) | aim | runs |\n| --- | --- | --- | --- |")
    for each in figures:
        low, mid, high = (f"{1000 * value:.1f}" for value in (each.low_s, each.median_s, each.high_s))
        aim = "" if each.aim_s is None else f"{1000 * each.aim_s:.0f} ms"
        print(f"| {each.name} | {mid} ms ({low} to {high}) | {aim} | {each.runs} |")
    if options.output:
        saved = Saved(__version__, platform.python_version(), platform.machine(), os.cpu_count() or 0, figures)
        options.output.write_bytes(msgspec.json.format(msgspec.json.encode(saved), indent=1) + b"\n")


if __name__ == "__main__":
    main(sys.argv[1:])
