"""What watching a program costs it: turns with and without, in random order, compared pair by pair."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence

import msgspec

from benchmarks.observer import interval
from benchmarks.programs.pythons import Python
from benchmarks.programs.running import Program, Running, started
from benchmarks.programs.tools import GILSCOPE, Tool, Watcher, others

__all__ = ["CROWD", "PROGRAMS", "TREE", "Cost", "OwnCpu", "costs", "own_cpu", "tools"]

SERVES = {"nap": 2, "work": 0.05}
PROGRAMS = (
    Program("computes × 1", (("computes", 1, {}),)),
    Program("computes × 4", (("computes", 4, {}),)),
    Program("computes × 200", (("computes", 200, {}),)),
    Program("naps × 4", (("naps", 4, SERVES),)),
    Program("naps × 200", (("naps", 200, {"nap": 100, "work": 0.2}),)),
)
TREE = Program("32 processes", (("naps", 2, {"nap": 20, "work": 0.5}),), processes=32)
CROWD = (
    Program("computes × 20", (("computes", 20, {}),)),
    Program("naps × 20", (("naps", 20, {"nap": 20, "work": 0.5}),)),
    Program("talks × 20", (("talks", 20, {"wait": 20, "work": 0.5}),)),
)
TURN_S = 0.5
TURNS_AT_A_START = 8


class Cost(msgspec.Struct, frozen=True):
    """What one tool costs one program: its throughput with it over that without, less one."""

    python: str
    program: str
    tool: str
    pairs: int
    median: float
    low: float
    high: float
    """A 95 % interval of the median."""


class OwnCpu(msgspec.Struct, frozen=True):
    """CPU that gilscope itself uses at the default rate, as a share of one CPU."""

    python: str
    program: str
    share: float


def tools(python: Python, beside: bool) -> list[Tool]:
    """Those that can watch programs of this Python.

    :param beside: whether others than gilscope are meant too
    """
    return [GILSCOPE, *(others(python) if beside else ())]


def costs(python: Python, program: Program, seconds: float, by: Sequence[Tool]) -> Iterator[Cost]:
    """What each of these tools costs a program."""
    if not by:
        return
    rng = random.Random(1)
    with started(program, python.path) as running:
        for tool in by:
            ratios = list(_ratios(running, tool, seconds, rng))
            middle, low, high = (each - 1 for each in interval(ratios))
            yield Cost(python.version, program.name, tool.name, len(ratios), middle, low, high)


def _ratios(running: Running, tool: Tool, seconds: float, rng: random.Random) -> Iterator[float]:
    if tool.pauses:
        with tool.at(running.pid) as watcher:
            for _ in range(max(1, round(seconds / (2 * TURN_S)))):
                yield _pair(running, watcher, rng)
        return
    for _ in range(max(1, round(seconds / (2 * TURN_S * TURNS_AT_A_START)))):
        yield from _at_a_start(running, tool)


def _pair(running: Running, watcher: Watcher, rng: random.Random) -> float:
    rates = {}
    for watched in rng.sample([True, False], 2):
        (watcher.go_on if watched else watcher.pause)()
        rates[watched] = running.rate(TURN_S)
    return rates[True] / rates[False]


def _at_a_start(running: Running, tool: Tool) -> Iterator[float]:
    """Half of the turns without, the others with it; it is started once for them."""
    half = TURNS_AT_A_START // 2
    without = [running.rate(TURN_S) for _ in range(half)]
    with tool.at(running.pid):
        watched = [running.rate(TURN_S) for _ in range(TURNS_AT_A_START)]
    without += [running.rate(TURN_S) for _ in range(half)]
    yield from (with_it / alone for with_it, alone in zip(watched, without, strict=True))


def own_cpu(python: Python, seconds: float, programs: Sequence[Program]) -> Iterator[OwnCpu]:
    """What gilscope uses itself."""
    for program in programs:
        with started(program, python.path) as running, GILSCOPE.at(running.pid) as watcher:
            yield OwnCpu(python.version, program.name, watcher.cpu_share(seconds))
