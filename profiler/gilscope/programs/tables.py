"""From what was seen of a program's processes to the tables of its record. Pure."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from typing import Any, Final

import msgspec

from gilscope.decide.classify import MIN_SAMPLES, classify
from gilscope.decide.program_advice import FunctionWaits
from gilscope.decide.shares import wilson_interval
from gilscope.programs.gil_holds import FunctionHolds, weighted_quantile
from gilscope.programs.loops import LoopTimes, lag_quantile
from gilscope.programs.moments import THE_WORLD, PythonFunction
from gilscope.programs.places import frame_text, is_library
from gilscope.programs.seen import SeenProcess
from gilscope.programs.tally import Seconds, largest
from gilscope.programs.views import ProcessViews
from gilscope.programs.waits_for_gil import Pair, PairTimes
from gilscope.records import STATES, Account, Demands, Ledger
from gilscope.records.programs import (
    STOPPED_WORLD,
    Blame,
    BlockedLoop,
    FunctionAccount,
    HeldGil,
    LockWaits,
    LoopAccount,
    Place,
)

__all__ = ["blame", "factors", "functions", "holds", "locks", "loops", "place_of", "waits"]

#: Rows of each table that are kept, the largest.
MOST_FUNCTIONS: Final = 500
MOST_PAIRS: Final = 200
MOST_HOLDS: Final = 100
MOST_LOOPS: Final = 50
MOST_BLOCKS: Final = 20
MOST_LOCKS: Final = 50
MOST_PLACES: Final = 10

#: What is no state: that a GIL was held.
HELD: Final = "held"

#: A process's views, and what sampled thread-seconds of its are to be multiplied with, by state.
Scaled = tuple[ProcessViews, Mapping[str, float]]


def factors(views: ProcessViews, ledger: Ledger) -> dict[str, float]:
    """By state, what sampled thread-seconds of the process's Python threads are to be multiplied with so that they come
    to the exact ones, and by `HELD` the sampled seconds in which its GIL was held; 1 where these are unknown."""
    sampled = views.stacks.by_state()
    native_s = ledger.own_threads_cpu_s or 0.0
    found = {}
    for state, seconds in sampled.items():
        exact_s = ledger.state_s(state) if state in STATES else None
        if exact_s is not None and state == "cpu_free":
            exact_s = max(0.0, exact_s - native_s)
        found[state] = exact_s / seconds if exact_s is not None and seconds > 0 else 1.0
    held_s, exact_s = views.holds.held_s, ledger.gil_held_s
    return found | {HELD: exact_s / held_s if exact_s is not None and held_s > 0 else 1.0}


def place_of(function: PythonFunction) -> Place:
    """The function, as records name it."""
    return Place(function=function.name, file=function.file, line=function.first_line, classified=function.classified)


def functions(parts: Iterable[Scaled], gil_enabled: bool = True) -> tuple[FunctionAccount, ...]:
    """The functions of all processes together, those with the most time that is not idle first.

    :param gil_enabled: whether any of them has a GIL
    """
    own: defaultdict[PythonFunction, Seconds[str]] = defaultdict(_none)
    total: defaultdict[PythonFunction, Seconds[str]] = defaultdict(_none)
    samples: Counter[PythonFunction] = Counter()
    made_wait: Seconds[PythonFunction] = _none()
    times_of = [(views, scale, views.stacks.functions()) for views, scale in parts]
    decorated = {each._replace(classified=""): each for _, _, found in times_of for each in found if each.classified}
    told: Seconds[PythonFunction] = _none()
    for views, scale, found in times_of:
        for each, by_state in views.stacks.told().items():
            busy = (s * scale.get(state, 1.0) for state, s in by_state.items() if state != "idle")
            told[decorated.get(each, each)] += sum(busy)
        for each, times in found.items():
            function = decorated.get(each, each)  # seen before it was known to be
            _add_scaled(own[function], times.own_s, scale)
            _add_scaled(total[function], times.total_s, scale)
            samples[function] += times.samples
        factor = _waits_factor(views, scale)
        for function, seconds in views.waits.made_wait_s().items():
            made_wait[decorated.get(function, function)] += seconds * factor
    largest = sorted(total, key=lambda each: _not_idle(total[each]), reverse=True)[:MOST_FUNCTIONS]
    return tuple(
        msgspec.structs.replace(
            _function(each, own[each], total[each], samples[each], made_wait[each], gil_enabled), told_s=told[each]
        )
        for each in largest
        if total[each]
    )


def _none() -> Seconds[Any]:
    return defaultdict(float)


def _add_scaled(whole: Seconds[str], seconds: Mapping[str, float], scale: Mapping[str, float]) -> None:
    for state, amount in seconds.items():
        whole[state] += amount * scale.get(state, 1.0)


def _not_idle(seconds: Mapping[str, float]) -> float:
    return sum(amount for state, amount in seconds.items() if state != "idle")


def _function(
    function: PythonFunction,
    own: Mapping[str, float],
    total: Mapping[str, float],
    samples: int,
    made_wait_s: float,
    gil_enabled: bool,
) -> FunctionAccount:
    account = _account(total)
    busy_s = account.wall_s - (account.idle_s or 0.0)
    worth = samples >= MIN_SAMPLES and busy_s > 0.5 * account.wall_s
    return FunctionAccount(
        place=place_of(function),
        own=_account(own),
        total=account,
        samples=samples,
        made_wait_s=made_wait_s,
        classification=classify(_demands(account), samples=samples, gil_enabled=gil_enabled) if worth else None,
    )


def _account(seconds: Mapping[str, float]) -> Account:
    known = {f"{state}_s": seconds.get(state, 0.0) for state in STATES}
    known["other_s"] += seconds.get("stopped", 0.0) + seconds.get("unknown", 0.0)
    cpu_s = known["cpu_gil_s"] + known["cpu_free_s"]
    wall_s = sum(known.values())
    return Account(wall_s=wall_s, cpu_s=cpu_s, blocked_s=wall_s - cpu_s - known["runqueue_s"], **known)


def _demands(account: Account) -> Demands:
    """Of one call that lasted as long as all of them together: only proportions are judged."""
    known = {name: getattr(account, name) for name in Account.__struct_fields__}
    return Demands(calls=1, **known)


def waits(parts: Iterable[Scaled]) -> tuple[FunctionWaits, ...]:
    """What the program's own functions were about, with the libraries that they called: those that waited most for what
    is outside first."""
    found: defaultdict[PythonFunction, Seconds[str]] = defaultdict(_none)
    for views, scale in parts:
        for function, seconds in views.stacks.told().items():
            if not is_library(function.file):
                _add_scaled(found[function], seconds, scale)
    rows = (FunctionWaits(place_of(function), _account(seconds)) for function, seconds in found.items())
    return tuple(sorted(rows, key=lambda row: row.outside_s, reverse=True)[:MOST_PLACES])


def _waits_factor(views: ProcessViews, scale: Mapping[str, float]) -> float:
    """What sampled waits for the GIL are to be multiplied with: looks at which it changed hands tell no blame, and are
    made good by those that do."""
    sampled = views.stacks.by_state()["gil_wait"]
    blamed = sum(views.waits.sampled_s().values())
    return scale.get("gil_wait", 1.0) * (sampled / blamed if sampled > 0 and blamed > 0 else 1.0)


def blame(parts: Iterable[Scaled]) -> tuple[Blame, ...]:
    """Who waited for the GIL while who held it, in all processes, the most first."""
    rows = _merged(row for views, scale in parts for row in _blames(views, _waits_factor(views, scale)))
    return tuple(sorted(rows, key=lambda row: row.waited_s, reverse=True)[:MOST_PAIRS])


def _blames(views: ProcessViews, factor: float) -> list[Blame]:
    pairs = views.waits.pairs
    samples = sum(times.samples for times in pairs.values())
    return [_blame(pair, pairs[pair], seconds * factor, samples) for pair, seconds in views.waits.sampled_s().items()]


def _blame(pair: Pair, times: PairTimes, waited_s: float, samples: int) -> Blame:
    share = times.samples / samples
    low, high = wilson_interval(share, samples)
    waiting, holding = pair
    return Blame(
        waiting=None if waiting is None else place_of(waiting),
        holding=None if holding is None else place_of(holding),
        waited_s=waited_s,
        low_s=waited_s * low / share,
        high_s=waited_s * high / share,
        threads=len(times.threads),
    )


def _merged(rows: Iterable[Blame]) -> list[Blame]:
    """The same pair of several processes is one row."""
    found: dict[tuple[Place | None, Place | None], Blame] = {}
    for row in rows:
        before = found.get((row.waiting, row.holding))
        found[row.waiting, row.holding] = row if before is None else _added(before, row)
    return list(found.values())


def _added(one: Blame, other: Blame) -> Blame:
    return Blame(
        waiting=one.waiting,
        holding=one.holding,
        waited_s=one.waited_s + other.waited_s,
        low_s=one.low_s + other.low_s,
        high_s=one.high_s + other.high_s,
        threads=one.threads + other.threads,
    )


def holds(parts: Iterable[Scaled], began_s: float) -> tuple[HeldGil, ...]:
    """Who held the GIL of any process, those that made others wait the longest first."""
    found: defaultdict[PythonFunction, FunctionHolds] = defaultdict(FunctionHolds)
    held: Seconds[PythonFunction] = _none()
    made_wait: Seconds[PythonFunction] = _none()
    for views, scale in parts:
        factor, waited = _waits_factor(views, scale), views.waits.made_wait_s()
        for function, holds in views.holds.functions.items():
            found[function] += holds
            held[function] += holds.held_s * scale.get(HELD, 1.0)
            made_wait[function] += waited[function] * factor
    rows = [_hold(each, holds, held[each], made_wait[each], began_s) for each, holds in found.items()]
    return tuple(sorted(rows, key=lambda row: (row.made_wait_s, row.held_s), reverse=True)[:MOST_HOLDS])


def _hold(function: PythonFunction, found: FunctionHolds, held_s: float, made_wait_s: float, began_s: float) -> HeldGil:
    blocked = found.blocked_s
    return HeldGil(
        place=place_of(function),
        count=found.count,
        held_s=held_s,
        p50_s=weighted_quantile(found.lengths, 0.5),
        p99_s=weighted_quantile(found.lengths, 0.99),
        longest_s=found.longest_s,
        longest_at_s=max(0.0, found.longest_at_s - began_s),
        stack=tuple(frame_text(frame) for frame in reversed(found.longest_stack)),
        made_wait_s=made_wait_s,
        blocked_s=sum(blocked.values()) * (held_s / found.held_s if found.held_s > 0 else 1.0),
        blocked_in=max(blocked, key=lambda state: blocked[state]) if blocked else None,
        unyielding_ratio=found.unyielding_s / found.wanted_s if found.wanted_s > 0 else None,
    )


def loops(pid: int, part: Scaled, names: Mapping[int, str]) -> tuple[LoopAccount, ...]:
    """The event loops of one process.

    :param names: of its threads
    """
    views, scale = part
    watched = scale.get(HELD, 1.0)
    return tuple(_loop(pid, tid, times, names.get(tid, ""), watched) for tid, times in views.loops.threads.items())


def _loop(pid: int, tid: int, times: LoopTimes, name: str, watched: float) -> LoopAccount:
    told = (item for item in times.blocks.items() if item[0].known and item[1].longest_s)
    ordered = sorted(told, key=lambda item: item[1].longest_s, reverse=True)[:MOST_BLOCKS]
    lags = [lag_quantile(times.lengths, times.observed_s, fraction) for fraction in (0.5, 0.99)]
    return LoopAccount(
        pid=pid,
        tid=tid,
        name=name,
        observed_s=times.observed_s,
        watched_s=times.observed_s * watched,
        running_s=times.running_s,
        lag_p50_s=lags[0],
        lag_p99_s=lags[1],
        lag_longest_s=max((length for length, _ in times.lengths), default=0.0),
        blocked=tuple(
            BlockedLoop(
                place=place_of(culprit.function),
                line=blocks.lines.most_common(1)[0][0],
                callback=place_of(culprit.callback),
                count=blocks.count,
                longest_s=blocks.longest_s,
                total_s=blocks.total_s,
                state=blocks.states.most_common(1)[0][0],
                stack=tuple(frame_text(frame) for frame in reversed(blocks.stack)),
            )
            for culprit, blocks in ordered
        ),
    )


def locks(process: SeenProcess, views: ProcessViews, scale: Mapping[str, float]) -> tuple[LockWaits, ...]:
    """The locks of one process that were waited for, the most first."""
    factor = scale.get("lock", 1.0)
    rows = [
        LockWaits(
            pid=process.pid,
            address=None if address == THE_WORLD else address,
            owner=STOPPED_WORLD if address == THE_WORLD else process.lock_owners.get(address or 0),
            waited_s=times.sampled_s * factor,
            threads=len(times.threads),
            waiting=tuple((place_of(each), s * factor) for each, s in largest(times.places, MOST_PLACES)),
        )
        for address, times in views.locks.locks.items()
    ]
    return tuple(sorted(rows, key=lambda row: row.waited_s, reverse=True)[:MOST_LOCKS])
