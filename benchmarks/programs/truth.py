"""What gilscope says of programs that time themselves, beside what they know."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from benchmarks.programs import known
from benchmarks.programs.beside import HELD, WAITING, OwnSampler, sampled_beside
from benchmarks.programs.known import Pair
from benchmarks.programs.pythons import Python
from benchmarks.programs.running import Program, Running, started
from gilscope.programs.watching import Ending, Settings, Watching, until_it_ends
from gilscope.records import STATES
from gilscope.records.programs import ProgramRecord

__all__ = ["PROGRAMS", "Row", "measure"]

NAP: Mapping[str, float] = {"nap": 3, "work": 1}
PROGRAMS = (
    Program("computes × 1", (("computes", 1, {}),)),
    Program("computes × 2", (("computes", 2, {}),)),
    Program("computes × 20", (("computes", 20, {}),)),
    Program("computes × 200", (("computes", 200, {}),)),
    Program("hashes × 2", (("hashes", 2, {"nap": 6, "work": 2, "hash": 2}),)),
    Program("hashes × 20", (("hashes", 20, {"nap": 60, "work": 1, "hash": 1}),)),
    Program("hashes × 200", (("hashes", 200, {"nap": 600, "work": 1, "hash": 1}),)),
    Program("talks × 20", (("talks", 20, {"wait": 20, "work": 0.5}),)),
    Program("takes turns × 2", (("takes_turns", 2, {"keep": 6, "work": 1, "rest": 2}),)),
    Program("takes turns × 2, computes", (("takes_turns", 2, {"keep": 10, "work": 1, "rest": 3}), ("computes", 1, {}))),
    Program("naps × 4, computes", (("naps", 4, NAP), ("computes", 1, {}))),
    Program("freezes, naps × 2", (("freezes", 1, {"freeze": 250, "nap": 100}), ("naps", 2, NAP))),
    Program("echoes, computes", (("echoes", 1, {}), ("computes", 1, {}))),
    Program("echoes, computes, 100 µs", (("echoes", 1, {}), ("computes", 1, {})), switch_interval_s=1e-4),
    Program("asleep with the GIL", (("freezes", 1, {"freeze": 100}),)),
)


class Row(msgspec.Struct, frozen=True):
    """One figure of one program: what it knew, and what was said."""

    python: str
    program: str
    figure: str
    true: float
    said: float | None
    aim: float
    """How far apart they may be."""

    @property
    def off(self) -> float | None:
        return None if self.said is None else self.said - self.true

    @property
    def holds(self) -> bool:
        return self.off is not None and abs(self.off) <= self.aim


POINTS, BLAME_POINTS, HOLD = 0.02, 0.03, 0.1
#: More than the default, for more moments in less time.
OVERHEAD = 0.1
#: Shares that are told of.
LEAST, LEAST_BLAME = 0.002, 0.005
SAMPLER = "beside 3.15's own sampler"


def measure(python: Python, program: Program, seconds: float, rate_hz: float) -> list[Row]:
    """Every figure of one program."""
    with started(program, python.path) as running:
        with sampled_beside(python, running.pid, seconds) as sampler:
            record = _watched(running, seconds, rate_hz)
        threads, window, used = running.truth()
    row = _rows(python.version, program.name)
    held = row("GIL held", known.gil_held(threads, window), record.account.gil_held_ratio, POINTS)
    return [
        held,
        *(_beside(row, threads, sampler, record) if sampler is not None else ()),
        *_states(row, threads, known.shares(threads, window, used), record),
        *_blame(row, known.blame(threads, window, used), {each.role for each in threads}, record),
        *_hold(row, known.longest_hold_s(threads, "freezes", window), record),
    ]


def _watched(running: Running, seconds: float, rate_hz: float) -> ProgramRecord:
    watching = Watching(running.pid, Settings(rate_hz, overhead=OVERHEAD))
    try:
        running.mark()
        with until_it_ends(running.pid, seconds) as wait:
            watching.watch(wait)
        running.mark()
    finally:
        watching.close()
    return watching.record(Ending())


def _rows(python: str, program: str) -> Any:
    return lambda figure, true, said, aim: Row(python, program, figure, true, said, aim)


def _beside(row: Any, threads: Sequence[known.Told], sampler: OwnSampler, record: ProgramRecord) -> Iterable[Row]:
    """What 3.15's own sampler said in the place of the truth, where it measures the same."""
    held = sum(sampler.share([thread.tid], HELD) or 0.0 for thread in threads)
    yield row(f"GIL held, {SAMPLER}", held, record.account.gil_held_ratio, POINTS)
    said = _said(threads, record)
    for role in sorted({thread.role for thread in threads}):
        waiting = sampler.share([thread.tid for thread in threads if thread.role == role], WAITING)
        if waiting is not None and max(waiting, said[role].get("gil_wait", 0.0)) > LEAST:
            yield row(f"{role}: gil_wait, {SAMPLER}", waiting, said[role].get("gil_wait"), POINTS)


def _states(
    row: Any, threads: Sequence[known.Told], true: Mapping[str, Mapping[str, float]], record: ProgramRecord
) -> Iterable[Row]:
    said = _said(threads, record)
    for role, shares in sorted(true.items()):
        for state in STATES:
            share = said[role].get(state)
            if max(shares.get(state, 0.0), share or 0.0) > LEAST:
                yield row(f"{role}: {state}", shares.get(state, 0.0), share, POINTS)


def _said(threads: Sequence[known.Told], record: ProgramRecord) -> Mapping[str, Mapping[str, float]]:
    """What the record says of each role: of the time of its threads, the share in each state."""
    found: defaultdict[str, dict[str, float]] = defaultdict(dict)
    for role in {thread.role for thread in threads}:
        tids = {thread.tid for thread in threads if thread.role == role}
        accounts = [thread.account for thread in record.threads if thread.tid in tids]
        wall_s = sum(account.wall_s for account in accounts)
        for state in STATES if wall_s else ():
            found[role][state] = sum(account.state_s(state) or 0.0 for account in accounts) / wall_s
    return found


def _blame(row: Any, true: Mapping[Pair, float], roles: set[str], record: ProgramRecord) -> Iterable[Row]:
    """Waits of its own threads for each other; those that began before they ran, and for nobody, are left out."""
    said: defaultdict[Pair, float] = defaultdict(float)
    for each in record.blame:
        if each.waiting and each.holding and {each.waiting.function, each.holding.function} <= roles:
            said[each.waiting.function, each.holding.function] += each.waited_s
    total = sum(said.values())
    for pair in sorted({*true, *said}):
        share = said[pair] / total if total else None
        if max(true.get(pair, 0.0), share or 0.0) > LEAST_BLAME:
            yield row(f"{pair[0]} waits for {pair[1]}", true.get(pair, 0.0), share, BLAME_POINTS)


def _hold(row: Any, true_s: float, record: ProgramRecord) -> Iterable[Row]:
    if true_s and any(wanted.waited_s for wanted in record.blame):
        said_s = max((each.longest_s for each in record.holds if each.place.function == "freezes"), default=None)
        yield row("longest hold (s)", true_s, said_s, HOLD * true_s)
