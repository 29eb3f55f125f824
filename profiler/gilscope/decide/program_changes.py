"""What changed between two programs that were watched, and what of it is beyond their error. Pure.

All figures are rates, so that programs may have been watched for longer or shorter. Of many functions some would seem
to have changed by chance: their intervals are as much wider as there are more of them (Bonferroni).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from statistics import NormalDist
from typing import Final, Literal, TypeVar

from gilscope.decide.program_errors import Known, dependence, difference, over_time, sampled
from gilscope.decide.stats import CONFIDENCE, NORMAL_QUANTILE, Estimate
from gilscope.records import STATES
from gilscope.records.programs import Blame, BlockedLoop, HeldGil, LoopAccount, Place, ProgramRecord

__all__ = ["PROGRAM", "ProgramChange", "ProgramWord", "program_changes"]

ProgramWord = Literal["less", "more", "not shown", "not judged", "unknown"]
Unit = Literal["share", "threads", "s", "per_s"]

T = TypeVar("T")

#: Where the figures of the whole are from.
PROGRAM: Final = "program"
#: Threads, on the average, below which a figure of a function is not told: in neither program it did anything.
NOTABLE: Final = 0.01
#: A table with so many functions may have left out others.
_FULL: Final = 500


@dataclass(frozen=True)
class ProgramChange:
    """One figure then and now."""

    where: str
    """`PROGRAM`, or what it is of."""
    figure: str
    unit: Unit
    old: float | None
    new: float | None
    gap: Estimate | None = None
    """New less old; without bounds where the error is unknown."""

    @property
    def word(self) -> ProgramWord:
        """What is shown of it. A length that was seen once has no error that could be told, and is not judged."""
        if self.gap is None:
            return "unknown"
        if self.gap.low is None or self.gap.high is None:
            return "not judged"
        return "more" if self.gap.low > 0 else "less" if self.gap.high < 0 else "not shown"


@dataclass(frozen=True)
class _Pair:
    """A figure of both, before it is judged."""

    where: str
    figure: str
    unit: Unit
    old: Known | None
    new: Known | None


@dataclass(frozen=True)
class _Side:
    """One program."""

    record: ProgramRecord
    times: float
    """`dependence` of its samples."""

    def rate(self, seconds: float | None) -> Known | None:
        return sampled(self.record, seconds, self.times)


def program_changes(old: ProgramRecord, new: ProgramRecord) -> tuple[ProgramChange, ...]:
    """The figures of the whole, then those of functions, of who waited for whom, of holds and of event loops."""
    was, now = _Side(old, dependence(old)), _Side(new, dependence(new))
    parts = (_functions(was, now), _blame(was, now), _holds(old, new), _loops(old, new))
    return (*_judged(list(_whole(was, now)), 1), *(each for part in parts for each in _judged(list(part))))


def _judged(pairs: Sequence[_Pair], at_once: int | None = None) -> Iterator[ProgramChange]:
    quantile = NormalDist().inv_cdf(1 - (1 - CONFIDENCE) / 2 / (at_once or max(1, len(pairs))))
    for pair in pairs:
        old, new = (each.value if each else None for each in (pair.old, pair.new))
        yield ProgramChange(
            pair.where,
            pair.figure,
            pair.unit,
            old,
            new,
            difference(pair.old, pair.new, quantile if at_once is None else NORMAL_QUANTILE),
        )


# ---- the whole ----


def _whole(was: _Side, now: _Side) -> Iterator[_Pair]:
    yield _Pair(PROGRAM, "GIL held", "share", *(_held(side.record) for side in (was, now)))
    for figure, of in (("waiting for the GIL", "gil_waiting"), ("CPUs used", "cpus_used"), ("run queue", "runqueue")):
        yield _Pair(PROGRAM, figure, "threads", *(_mean(side.record, of) for side in (was, now)))
    for state in STATES:
        old, new = (side.rate(side.record.account.state_s(state)) for side in (was, now))
        if state not in ("gil_wait", "runqueue") and max(each.value if each else 0.0 for each in (old, new)) >= NOTABLE:
            yield _Pair(PROGRAM, state, "threads", old, new)


def _held(record: ProgramRecord) -> Known | None:
    """Of the process whose GIL was held most, as over time."""
    known = [ratio for process in record.processes if (ratio := process.account.gil_held_ratio) is not None]
    return over_time(max(known, default=None), record.periods, "gil_held_ratio")


def _mean(record: ProgramRecord, of: str) -> Known | None:
    account = record.account
    seconds = {"gil_waiting": account.gil_wait_s, "cpus_used": account.cpu_s, "runqueue": account.runqueue_s}[of]
    unknown = seconds is None or record.watched_s <= 0
    return None if unknown else over_time((seconds or 0.0) / record.watched_s, record.periods, of)


# ---- functions ----


def _functions(was: _Side, now: _Side) -> Iterator[_Pair]:
    """Their own thread-seconds by what they did; of one that only one program has, none in the other."""
    found = _matched([_placed(side.record.functions, lambda each: each.place) for side in (was, now)])
    names = _names([key for key, _ in found])
    figures = ("cpu_gil", "gil_wait", "cpu_free", "wait")
    for key, sides in found:
        for figure in figures:
            seconds = [None if each is None else getattr(each.own, f"{figure}_s") for each in sides]
            yield from _notable(names[key], figure, seconds, (was, now), [each is None for each in sides])
        made = [None if each is None else each.made_wait_s for each in sides]
        yield from _notable(names[key], "made others wait", made, (was, now), [each is None for each in sides])


def _notable(
    where: str, figure: str, seconds: Sequence[float | None], sides: tuple[_Side, _Side], absent: Sequence[bool]
) -> Iterator[_Pair]:
    told = [
        0.0 if gone and len(side.record.functions) < _FULL else value
        for value, side, gone in zip(seconds, sides, absent, strict=True)
    ]
    old, new = (side.rate(value) for side, value in zip(sides, told, strict=True))
    if max(each.value if each else 0.0 for each in (old, new)) >= NOTABLE:
        yield _Pair(where, figure, "threads", old, new)


#: A function by its name and the end of its file's path: in another version it lies at another line, elsewhere in
#: another folder. Of those that are alike, its number.
Key = tuple[str, tuple[str, ...], int]


def _placed(rows: Sequence[T], place: Callable[[T], Place]) -> dict[Key, T]:
    count: defaultdict[tuple[str, tuple[str, ...]], int] = defaultdict(int)
    found = {}
    for row in sorted(rows, key=lambda each: place(each).line):
        alike = (place(row).function, PurePath(place(row).file).parts[-2:])
        found[(*alike, count[alike])] = row
        count[alike] += 1
    return found


def _matched(sides: Sequence[Mapping[Key, T]]) -> list[tuple[Key, tuple[T | None, T | None]]]:
    """The same function of both, or None of one that has none; where a folder has another name, by the file's."""
    old, new = sides
    moved = _moved([key for key in old if key not in new], [key for key in new if key not in old])
    gone = set(moved.values())
    return [
        *((key, (row, new.get(moved.get(key, key)))) for key, row in old.items()),
        *((key, (None, row)) for key, row in new.items() if key not in old and key not in gone),
    ]


def _moved(old: Sequence[Key], new: Sequence[Key]) -> dict[Key, Key]:
    """Those that only one of the sides has, where there is one alone that is called alike on either."""
    was, now = (_by_file(keys) for keys in (old, new))
    return {keys[0]: now[name][0] for name, keys in was.items() if len(keys) == len(now.get(name, ())) == 1}


def _by_file(keys: Sequence[Key]) -> dict[tuple[str, tuple[str, ...]], list[Key]]:
    found: defaultdict[tuple[str, tuple[str, ...]], list[Key]] = defaultdict(list)
    for key in keys:
        found[key[0], key[1][-1:]].append(key)
    return found


def _names(keys: Sequence[Key]) -> dict[Key, str]:
    """With the file, and where two would be called alike the number."""
    return {key: f"{key[0]} ({key[1][-1] if key[1] else ''}){f' {key[2] + 1}' if key[2] else ''}" for key in keys}


# ---- who waited for whom, holds, loops ----


def _blame(was: _Side, now: _Side) -> Iterator[_Pair]:
    sides = [_pairs(side.record.blame) for side in (was, now)]
    for key in dict.fromkeys((*sides[0], *sides[1])):
        old, new = (side.rate(found.get(key, 0.0)) for side, found in zip((was, now), sides, strict=True))
        if max(each.value if each else 0.0 for each in (old, new)) >= NOTABLE:
            yield _Pair(f"{key[0]}, while held by {key[1]}", "waited", "threads", old, new)


def _pairs(rows: Sequence[Blame]) -> dict[tuple[str, str], float]:
    """Thread-seconds of each; those that are called alike are one."""
    found: defaultdict[tuple[str, str], float] = defaultdict(float)
    for row in rows:
        found[_called(row.waiting, "unknown"), _called(row.holding, "nobody seen")] += row.waited_s
    return found


def _called(place: Place | None, unknown: str) -> str:
    return unknown if place is None else f"{place.function} ({PurePath(place.file).name})"


def _holds(old: ProgramRecord, new: ProgramRecord) -> Iterator[_Pair]:
    """How long a function held the GIL at a time while others wanted it."""
    wanted = [[hold for hold in record.holds if hold.count > 0] for record in (old, new)]
    found = _matched([_placed(rows, lambda each: each.place) for rows in wanted])
    names = _names([key for key, _ in found])
    for key, sides in found:
        for figure, of in (("p99 hold", _p99), ("longest hold", _longest)):
            yield _Pair(names[key], figure, "s", *(None if each is None else Known(of(each)) for each in sides))


def _p99(hold: HeldGil) -> float:
    return hold.p99_s


def _longest(hold: HeldGil | BlockedLoop) -> float:
    return hold.longest_s


def _loops(old: ProgramRecord, new: ProgramRecord) -> Iterator[_Pair]:
    """Event loops in the order in which they were seen, and what blocked them how often."""
    sides = [[loop for loop in record.loops if loop.observed_s > 0] for record in (old, new)]
    for at in range(max(map(len, sides))):
        was, now = (side[at] if at < len(side) else None for side in sides)
        where = "event loop" if max(map(len, sides)) == 1 else f"event loop {at + 1}"
        for figure, of in (("lag p50", "lag_p50_s"), ("lag p99", "lag_p99_s"), ("longest block", "lag_longest_s")):
            yield _Pair(where, figure, "s", *(_length(loop, of) for loop in (was, now)))
        yield from _blocks(where, was, now)


def _length(loop: LoopAccount | None, of: str) -> Known | None:
    value = None if loop is None else getattr(loop, of)
    return None if value is None else Known(value)


def _blocks(where: str, was: LoopAccount | None, now: LoopAccount | None) -> Iterator[_Pair]:
    if was is None or now is None:
        return
    found = _matched([_placed(loop.blocked, lambda each: each.place) for loop in (was, now)])
    for key, blocks in found:
        counts = [0 if each is None else each.count for each in blocks]
        rates = (_counted(count, loop.observed_s) for count, loop in zip(counts, (was, now), strict=True))
        yield _Pair(f"{key[0]}, in {where}", "blocks", "per_s", *rates)


def _counted(count: int, seconds: float) -> Known:
    """Of a Poisson distribution, with one more upwards, so that what was not seen may be seen yet."""
    return Known(count / seconds, count**0.5 / seconds, (count + 1) ** 0.5 / seconds)
