"""What to do about a program that was watched, by the thread-seconds that it would save."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

import msgspec

from gilscope.decide.program_limit import LEADS, WAITED_FOR, Limited, busy_s, in_watched_s, outside_s
from gilscope.records import Account
from gilscope.records.captures import Capture
from gilscope.records.programs import (
    STOPPED_WORLD,
    Advice,
    BlockedLoop,
    HeldGil,
    LockWaits,
    LoopAccount,
    Place,
    ProgramVerdict,
)
from gilscope.units import counted, duration, percent

__all__ = ["ANALYZE", "FunctionWaits", "advice_on", "spec_of", "verdict_of", "with_inputs"]

ANALYZE: Final = "gilscope analyze"
#: Less than this share of what the program's threads do is not worth an advice.
WORTH: Final = 0.02
MOST: Final = 8
#: A hold during most of which the holder is blocked is a driver's, that waits with the GIL.
BLOCKED: Final = 0.5
#: A callback that keeps its loop for longer is felt by whoever waits for an answer; asyncio's own debug mode, which
#: looks for programming errors, complains from 100 ms on (``slow_callback_duration``).
LOOP_BLOCK_S: Final = 0.05
#: One that keeps its loop for so much of its time leaves little for others, however short it is each time.
LOOP_SHARE: Final = 0.2
#: What holds the GIL for less of the time, and gives it up when asked, is not worth a process of its own.
HELD: Final = 0.1
#: The share of a function's wanted holds, by time, from which on they are those of native code that holds the GIL.
UNYIELDING: Final = 0.5


@dataclass(frozen=True)
class FunctionWaits:
    """A function of the program's own, with the libraries that it called: not with its own functions that it did."""

    place: Place
    account: Account

    @property
    def outside_s(self) -> float:
        """Thread-seconds in which it waited for what is outside the program."""
        return sum(outside_s(self.account).values())


def verdict_of(limited: Limited, advice: Iterable[Advice]) -> ProgramVerdict:
    """The limit in a sentence, and the advice worth giving, the most to be won first. What keeps an event loop that is
    the limit comes before it, for what waits for the loop waits in no thread, and is in nobody's seconds."""

    def first(each: Advice) -> tuple[bool, float]:
        return limited.by == "loop" and each.name == "blocked-loop", each.to_win_s

    ordered = sorted(advice, key=first, reverse=True)[:MOST]
    limit = _TOO_SELDOM if limited.seldom else _LIMITS[limited.by]
    return ProgramVerdict(limit=limited.by, sentence=f"{limit}: {limited.why}.", advice=tuple(ordered))


_TOO_SELDOM: Final = "Too little was seen to tell what limits it"


def with_inputs(verdict: ProgramVerdict, capture: Capture) -> ProgramVerdict:
    """The same, where calls of a function that it names were kept: with these as inputs of its analysis."""
    kept = {function.spec for function in capture.functions if function.kept}
    option = f" --inputs {shlex.quote(capture.folder)}"
    advice = [
        msgspec.structs.replace(each, command=each.command + option) if each.command in _analyses(kept) else each
        for each in verdict.advice
    ]
    return msgspec.structs.replace(verdict, advice=tuple(advice))


def _analyses(specs: Iterable[str]) -> set[str]:
    return {f"{ANALYZE} {spec}" for spec in specs}


_LIMITS: Final = {
    "gil": "Limited by the GIL",
    "cpus": "Limited by the CPUs",
    "loop": "Limited by an event loop",
    "wait": "Limited by what it waits for",
    "lock": "Limited by locks",
    "idle": "Idle",
    "unclear": "Limited by nothing alone",
}


def advice_on(
    account: Account,
    watched_s: float,
    limited: Limited,
    holds: tuple[HeldGil, ...],
    loops: tuple[LoopAccount, ...],
    locks: tuple[LockWaits, ...],
    waits: tuple[FunctionWaits, ...] = (),
    roots: tuple[str, ...] = (),
    libraries: frozenset[Place] = frozenset(),
) -> Iterator[Advice]:
    """What would save thread-seconds, each with its figures. Nothing where nothing is to be won.

    :param libraries: those that are none of the program's own
    :param roots: folders that modules are imported from, by which functions are named for ``gilscope analyze``
    """
    least_s = WORTH * busy_s(account)
    if least_s <= 0:
        return
    stopping = {hold.place for hold in holds if _is_blocked(hold)}
    blocking = {block.place for loop in loops for block in loop.blocked if _blocks(block, loop, libraries)}
    waiting = [] if limited.by in _NOT_BY_WAITING else [each for each in waits if each.place not in blocking | stopping]
    found = (
        *(_on_hold(hold, loops, roots, libraries) for hold in holds if _stands_out(hold, watched_s)),
        *(_on_loop(block, loop, roots) for loop in loops for block in loop.blocked if _blocks(block, loop, libraries)),
        *(_on_lock(lock) for lock in locks),
        *(_on_wait(each, roots) for each in waiting),
    )
    yield from (advice for advice in found if advice is not None and advice.to_win_s >= least_s)


#: Limits that more waiting at once would not move.
_NOT_BY_WAITING: Final = ("gil", "cpus", "lock", "loop")


def _stands_out(hold: HeldGil, watched_s: float) -> bool:
    return hold.held_s >= HELD * watched_s or _is_blocked(hold) or _is_unyielding(hold)


def _is_unyielding(hold: HeldGil) -> bool:
    return (hold.unyielding_ratio or 0.0) >= UNYIELDING


def _is_blocked(hold: HeldGil) -> bool:
    return hold.blocked_s > 0 and hold.blocked_s >= BLOCKED * hold.held_s


def _on_hold(
    hold: HeldGil, loops: tuple[LoopAccount, ...], roots: tuple[str, ...], libraries: frozenset[Place]
) -> Advice | None:
    if hold.made_wait_s <= 0:
        return None
    holds = f"{hold.place.shown} holds the GIL"
    held = f"{holds} and makes others wait {duration(hold.made_wait_s)} for it"
    longest = f"its longest hold is {duration(hold.longest_s)}"
    name = "gil-hold"
    if _is_blocked(hold):
        name = "gil-held-while-blocked"
        holds = f"{holds} while it is blocked itself"
        told = f"It is blocked itself meanwhile ({_wait_words(hold.blocked_in)}); {longest}"
        what = "a driver that waits with the GIL stops every thread: use processes, or a driver that releases it"
    elif _is_unyielding(hold):
        holds = f"{holds} in native code"
        told = f"It calls native code that holds the GIL until it returns; {longest}"
        what = "smaller pieces, a library that releases the GIL, or a process pool"
    else:
        told = f"It computes in Python, or in short native calls; {longest}"
        what = "take it out of this process: a process pool"
    if hold.place in libraries:
        what = "a library's own work, which more processes of the program (workers) divide"
    sentence, brief = f"{held}{_late(hold, loops)}. {told}: {what}.", f"{holds}: {what}."
    return _advice(name, sentence, brief, hold.made_wait_s, hold.place, roots)


def _late(hold: HeldGil, loops: tuple[LoopAccount, ...]) -> str:
    """What it does to event loops in other threads."""
    blocks = [block for loop in loops for block in loop.blocked if _waits_for_gil(block) and block.place == hold.place]
    longest_s = max((block.longest_s for block in blocks), default=0.0)
    return f", an event loop up to {duration(longest_s)} at a time" if longest_s > 0 else ""


def _waits_for_gil(block: BlockedLoop) -> bool:
    return block.state == "gil_wait"


def _wait_words(state: str | None) -> str:
    return "on something" if state is None else f"on {WAITED_FOR.get(state, state)}"


def _blocks(block: BlockedLoop, loop: LoopAccount, libraries: frozenset[Place]) -> bool:
    """Whether it is to be taken off its loop. Who holds the GIL that the loop waits for is told of as such, and what
    mostly waits for a CPU would do so elsewhere."""
    often = block.total_s >= LOOP_SHARE * loop.observed_s and block.place not in libraries
    return (block.longest_s >= LOOP_BLOCK_S or often) and block.state not in ("gil_wait", "runqueue")


def _on_loop(block: BlockedLoop, loop: LoopAccount, roots: tuple[str, ...]) -> Advice:
    share = block.total_s / loop.observed_s if loop.observed_s > 0 else None
    blocks = f"{block.place.shown} (line {block.line}) blocks the event loop"
    told = (
        f"{blocks}: seen {counted(block.count, 'time')}, "
        f"at the longest {duration(block.longest_s)}, {percent(share)} of the loop's time"
    )
    what = (
        "a process pool (loop.run_in_executor)"
        if block.state == "cpu_gil"
        else "asyncio.to_thread, or a call that can be awaited"
    )
    to_win_s = in_watched_s(loop, block.total_s)
    sentence, brief = f"{told}. Take it off the loop: {what}.", f"{blocks}: {what}."
    return _advice("blocked-loop", sentence, brief, to_win_s, block.place, roots)


def _on_lock(lock: LockWaits) -> Advice | None:
    if lock.threads < 2 or not lock.waiting:
        return None
    place, seconds = lock.waiting[0]
    if lock.owner == STOPPED_WORLD:
        told = f"{counted(lock.threads, 'thread')} wait {duration(lock.waited_s)} while another has stopped them all"
        way = "to collect garbage, mostly: make less of it, or freeze what stays (gc.freeze)"
        return Advice(name="stopped-world", sentence=f"{told}: {way}.", to_win_s=lock.waited_s, place=place)
    name = "a lock" if lock.address is None else f"the lock at {lock.address:#x}"
    name = name if lock.owner is None else f"the lock of one {lock.owner}"
    told = f"{counted(lock.threads, 'thread')} wait {duration(lock.waited_s)} for {name}"
    where = f"mostly in {place.shown} ({duration(seconds)})"
    what = "hold it for less, or divide what it guards"
    brief = f"{counted(lock.threads, 'thread')} wait for {name}, mostly in {place.shown}: {what}."
    sentence = f"{told}, {where}: {what}."
    return Advice(name="lock", sentence=sentence, brief=brief, to_win_s=lock.waited_s, place=place)


def _on_wait(function: FunctionWaits, roots: tuple[str, ...]) -> Advice | None:
    """Waiting that one thread does after another's could overlap: whether it pays, an analysis tells."""
    waits = outside_s(function.account)
    if not waits or function.outside_s < LEADS * busy_s(function.account) or spec_of(function.place, roots) is None:
        return None  # what is called once, as a module's own code is, has no calls to make at once
    state = max(waits, key=lambda name: waits[name])
    if state == "other":
        return None  # for whom, nobody knows: for who types, perhaps
    told = f"{function.place.shown} waits {duration(waits[state])} for {WAITED_FOR[state]}"
    sentence = f"{told}: make more of its calls at once."
    return _advice("waits", sentence, sentence, waits[state], function.place, roots)


def _advice(name: str, sentence: str, brief: str, to_win_s: float, place: Place, roots: tuple[str, ...]) -> Advice:
    spec = spec_of(place, roots)
    command = None if spec is None else f"{ANALYZE} {spec}"
    return Advice(name=name, sentence=sentence, brief=brief, to_win_s=to_win_s, place=place, command=command)


def spec_of(place: Place, roots: tuple[str, ...]) -> str | None:
    """How ``gilscope analyze`` is told of a function; None of one that cannot be named: inner functions, lambdas,
    comprehensions, and what is in no file.

    :param roots: folders that modules are imported from; of several that fit, the longest is meant
    """
    if "<" in place.function or not place.file.endswith(".py"):
        return None
    fitting = [root.rstrip("/") for root in roots if root and place.file.startswith(root.rstrip("/") + "/")]
    if not fitting:
        return f"{place.file}:{place.function}"
    parts = place.file[len(max(fitting, key=len)) + 1 : -len(".py")].split("/")
    module = ".".join(parts[:-1] if parts[-1] == "__init__" and len(parts) > 1 else parts)
    named = all(part.isidentifier() for part in module.split("."))
    return f"{module if named else place.file}:{place.function}"
