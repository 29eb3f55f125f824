"""What a call costs that is looked at for ``gilscope run --capture``, and one whose arguments are kept:
``python -m benchmarks.programs.capture``.

Blocks of calls that are looked at and of calls that are not take turns in one process, and the medians of the paired
differences are told. The bound on the time that capturing takes (`gilscope.capture.allowance`) is off here: in a
program, calls are looked at for 0.1 s and 1 % of the time, and cost what they ever did otherwise.
"""

from __future__ import annotations

import importlib
import statistics
import sys
import tempfile
from collections.abc import Callable
from time import perf_counter_ns

from gilscope.capture import allowance
from gilscope.capture.agent import Agent
from gilscope.capture.settings import Settings

MODULE = "benchmarks.programs.called"
KEPT, PAIRS, CALLS = 200, 60, 2_000
#: So many calls before, that the places are taken: of the rest one in hundreds is kept.
BEFORE = 100_000


def main() -> None:
    allowance.FIRST_NS = 1 << 62
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(folder, "0" * 16, "ab" * 32, [f"{MODULE}:called"], KEPT)
        settings.write()
        agent = Agent(settings)
        _install(agent)
        call = importlib.import_module(MODULE).called
        first_ns = _timed(call, KEPT)
        _timed(call, BEFORE)
        differences = sorted(_block(agent, call, True) - _block(agent, call, False) for _ in range(PAIRS))
    cut = len(differences) // 40
    figures = (statistics.median(differences), differences[cut], differences[-cut - 1])
    middle, low, high = (f"{value / 1000:.2f}" for value in figures)
    print("| Python | a call that is looked at, µs | 95 % of blocks | one of the first 200, kept, µs |")
    print(f"|{' --- |' * 4}\n| {sys.version.split()[0]} | {middle} | {low} to {high} | {first_ns / 1000:.0f} |")


def _install(agent: Agent) -> None:
    if sys.version_info >= (3, 12):
        from gilscope.capture import monitored as way
    else:
        from gilscope.capture import injected as way
    way.install(agent)
    sys.settrace(None)  # which looks for what a program's own module defines, in 3.11


def _block(agent: Agent, call: Callable[[str, int], int], looked_at: bool) -> float:
    agent.switch(looked_at)
    return _timed(call, CALLS)


def _timed(call: Callable[[str, int], int], calls: int) -> float:
    """Nanoseconds a call, on the average."""
    began_ns = perf_counter_ns()
    for number in range(calls):
        call("some words", number)
    return (perf_counter_ns() - began_ns) / calls


if __name__ == "__main__":
    main()
