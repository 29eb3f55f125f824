"""What to do about a program that was watched, by the thread-seconds that it would save."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from gilscope.decide.program_limit import OUTSIDE, WAITED_FOR, Limited, busy_s
from gilscope.records import Account
from gilscope.records.programs import (
    Advice,
    BlockedLoop,
    FunctionAccount,
    HeldGil,
    LockWaits,
    LoopAccount,
    Place,
    ProgramVerdict,
)
from gilscope.units import counted, duration, percent

__all__ = ["advice_on", "spec_of", "verdict_of"]

#: Less than this share of what the program's threads do is not worth an advice.
WORTH: Final = 0.02
MOST: Final = 8
#: A hold during most of which the holder is blocked is a driver's, that waits with the GIL.
BLOCKED: Final = 0.5
#: A callback that keeps its loop for longer is felt by whoever waits for an answer; asyncio's own debug mode, which
#: looks for programming errors, complains from 100 ms on (``slow_callback_duration``).
LOOP_BLOCK_S: Final = 0.05
#: Of the CPU time of a function, with the GIL: Python code.
PYTHON: Final = 0.5


def verdict_of(limited: Limited, advice: Iterable[Advice]) -> ProgramVerdict:
    """The limit in a sentence, and the advice worth giving, the most to be won first."""
    ordered = sorted(advice, key=lambda each: each.to_win_s, reverse=True)[:MOST]
    return ProgramVerdict(limit=limited.by, sentence=f"{_LIMITS[limited.by]}: {limited.why}.", advice=tuple(ordered))


_LIMITS: Final = {
    "gil": "Limited by the GIL",
    "cpus": "Limited by the CPUs",
    "wait": "Limited by what it waits for",
    "lock": "Limited by locks",
    "idle": "Idle",
    "unclear": "Limited by nothing alone",
}


def advice_on(
    account: Account,
    functions: tuple[FunctionAccount, ...],
    holds: tuple[HeldGil, ...],
    loops: tuple[LoopAccount, ...],
    locks: tuple[LockWaits, ...],
    roots: tuple[str, ...] = (),
) -> Iterator[Advice]:
    """What would save thread-seconds, each with its figures. Nothing where nothing is to be won.

    :param roots: folders that modules are imported from, by which functions are named for ``gilscope analyze``
    """
    least_s = WORTH * busy_s(account)
    if least_s <= 0:
        return
    blocking = {block.place for loop in loops for block in loop.blocked if block.longest_s >= LOOP_BLOCK_S}
    found = (
        *(_on_hold(hold, functions, roots) for hold in holds),
        *(_on_loop(block, loop, roots) for loop in loops for block in loop.blocked),
        *(_on_lock(lock) for lock in locks),
        *(_on_wait(function, roots) for function in functions if function.place not in blocking),
    )
    yield from (advice for advice in found if advice is not None and advice.to_win_s >= least_s)


def _on_hold(hold: HeldGil, functions: tuple[FunctionAccount, ...], roots: tuple[str, ...]) -> Advice | None:
    if hold.made_wait_s <= 0:
        return None
    held = f"{hold.place.function} holds the GIL and makes others wait {duration(hold.made_wait_s)} for it"
    longest = f"; its longest hold is {duration(hold.longest_s)}"
    if hold.blocked_s >= BLOCKED * hold.held_s:
        name, told = (
            "gil-held-while-blocked",
            f"it is blocked itself meanwhile ({_wait_words(hold.blocked_in)}){longest}",
        )
        what = "a driver that waits with the GIL stops every thread: use processes, or a driver that releases it"
    elif _computes(hold.place, functions):
        name, told = "gil-hold", f"it computes in Python{longest}"
        what = "take it out of this process: a process pool"
    else:
        name, told = "gil-hold", f"it works in native code that keeps the GIL, or mostly does{longest}"
        what = "a process pool, or a library that releases the GIL"
    return _advice(name, f"{held}. {told[0].upper()}{told[1:]}: {what}.", hold.made_wait_s, hold.place, roots)


def _wait_words(state: str | None) -> str:
    return "on something" if state is None else f"on {WAITED_FOR.get(state, state)}"


def _computes(place: Place, functions: tuple[FunctionAccount, ...]) -> bool:
    found = next((function for function in functions if function.place == place), None)
    return found is not None and (found.own.cpu_gil_s or 0.0) >= PYTHON * (found.total.cpu_gil_s or 0.0)


def _on_loop(block: BlockedLoop, loop: LoopAccount, roots: tuple[str, ...]) -> Advice | None:
    if block.longest_s < LOOP_BLOCK_S:
        return None
    share = block.total_s / loop.observed_s if loop.observed_s > 0 else None
    told = (
        f"{block.place.function} (line {block.line}) blocks the event loop: {counted(block.count, 'time')}, at the "
        f"longest {duration(block.longest_s)}, {percent(share)} of the loop's time"
    )
    computing = block.state in ("cpu_gil", "runqueue", "gil_wait")
    what = "a process pool (loop.run_in_executor)" if computing else "asyncio.to_thread, or a call that can be awaited"
    return _advice("blocked-loop", f"{told}. Take it off the loop: {what}.", block.total_s, block.place, roots)


def _on_lock(lock: LockWaits) -> Advice | None:
    if lock.threads < 2 or not lock.waiting:
        return None
    place, seconds = lock.waiting[0]
    name = "a lock" if lock.address is None else f"the lock at {lock.address:#x}"
    told = f"{counted(lock.threads, 'thread')} wait {duration(lock.waited_s)} for {name}"
    where = f"mostly in {place.function} ({duration(seconds)})"
    sentence = f"{told}, {where}: hold it for less, or divide what it guards."
    return Advice(name="lock", sentence=sentence, to_win_s=lock.waited_s, place=place)


def _on_wait(function: FunctionAccount, roots: tuple[str, ...]) -> Advice | None:
    """Waiting that one thread does after another's could overlap: whether it pays, an analysis tells."""
    judged = function.classification
    if judged is None or judged.label != "io-bound" or judged.subtype in (None, "lock"):
        return None
    if spec_of(function.place, roots) is None:
        return None  # what is called once, as a module's own code is, has no calls to make at once
    waits = {state: function.own.state_s(state) or 0.0 for state in OUTSIDE}
    state = max(waits, key=lambda name: waits[name])
    told = f"{function.place.function} waits {duration(waits[state])} for {WAITED_FOR[state]}"
    return _advice("waits", f"{told}: make more of its calls at once.", waits[state], function.place, roots)


def _advice(name: str, sentence: str, to_win_s: float, place: Place, roots: tuple[str, ...]) -> Advice:
    spec = spec_of(place, roots)
    command = None if spec is None else f"gilscope analyze {spec}"
    return Advice(name=name, sentence=sentence, to_win_s=to_win_s, place=place, command=command)


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
