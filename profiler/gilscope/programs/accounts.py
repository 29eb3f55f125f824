"""The accounts of threads and processes: exact totals from the kernel, divided as samples say."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

import msgspec

from gilscope.decide.shares import share_intervals
from gilscope.observers.account import BLOCKED_STATES, seconds_by_state
from gilscope.observers.counts import ON_CPU, PREEMPTED, Counts
from gilscope.programs.moments import ProcessMoment, ThreadLook
from gilscope.programs.seen import SeenProcess, SeenThread
from gilscope.programs.tally import state_of
from gilscope.records import STATES, Ledger

__all__ = ["ThreadCounts", "ledgers_of", "summed"]

_SECONDS: Final = ("wall_s", "cpu_s", "blocked_s", *(f"{state}_s" for state in STATES))
_AS: Final = {"stopped": "idle", "unknown": "other"}
_SUMMED: Final = ("samples", "cpu_samples", "blocked_samples")


class ThreadCounts:
    """The account's view of the moments of one process: how often each thread was seen in which state."""

    def __init__(self) -> None:
        self._counts: defaultdict[int, Counts] = defaultdict(Counts)

    def see(self, moment: ProcessMoment) -> None:
        for look in moment.threads:
            native = bool(moment.gils) and look.gil is None
            self._counts[look.tid].add(_counted(look, native), moment.cpus_saturated)

    def fold(self, folded: Mapping[int, int]) -> None:
        """Count threads under other numbers, many under one."""
        for tid, into in folded.items():
            if tid in self._counts:
                self._counts[into] += self._counts.pop(tid)

    def of(self, tid: int) -> Counts:
        """None of a thread that was not seen."""
        return self._counts.get(tid, Counts())

    def of_all(self) -> Counts:
        """Of all threads together."""
        whole = Counts()
        for counts in self._counts.values():
            whole += counts
        return whole


def _counted(look: ThreadLook, native: bool) -> ThreadLook:
    """As the ledger knows it: one that is stopped has nothing to do, and what cannot be told is something else."""
    if look.wait is None:
        return look
    state = state_of(look, native)
    wait = _AS.get(state or "", state)
    return look if wait == look.wait else replace(look, wait=wait)


def ledgers_of(process: SeenProcess, counts: ThreadCounts) -> Iterator[tuple[SeenThread, Ledger]]:
    """Each thread's account. One that was seen too seldom is divided as all threads of its process are."""
    whole = counts.of_all()
    for thread in process.threads:
        own = counts.of(thread.tid)
        yield thread, _ledger(thread, own if own.total else whole, own, process)


def _ledger(thread: SeenThread, counts: Counts, own: Counts, process: SeenProcess) -> Ledger:
    if thread.wall_s <= 0:
        return Ledger(threads=thread.threads, **dict.fromkeys((f"{state}_s" for state in STATES), 0.0))  # type: ignore[arg-type]
    unknown = process.unknown_states
    parts = seconds_by_state(thread.wall_s, thread.scheduled, counts, process.gil_enabled)
    if thread.interpreter is None:
        parts |= {"cpu_gil": 0.0, "cpu_free": parts["cpu"]}
    ledger = Ledger(
        wall_s=thread.wall_s,
        threads=thread.threads,
        samples=own.total,
        cpu_samples=own.of(ON_CPU) or own.of(PREEMPTED),
        blocked_samples=own.of(*BLOCKED_STATES),
        own_threads_cpu_s=None if "cpu_free" in unknown else parts["cpu"] if thread.interpreter is None else 0.0,
        **{f"{state}_s": seconds for state, seconds in parts.items() if state not in unknown},  # type: ignore[arg-type]
    )
    return msgspec.structs.replace(ledger, intervals=share_intervals(ledger))


def summed(ledgers: Iterable[Ledger], held: Mapping[str, Any] | None = None) -> Ledger:
    """Thread-seconds of several together; what is unknown of one that has any is unknown of all.

    :param held: further figures of the whole, as ``gil_held_s``
    """
    parts = list(ledgers)
    figures: dict[str, Any] = {
        name: _sum(getattr(part, name) for part in parts) for name in (*_SECONDS, "own_threads_cpu_s")
    }
    figures |= {name: sum(getattr(part, name) or 0 for part in parts) for name in _SUMMED}
    whole = Ledger(threads=sum(part.threads for part in parts), **figures, **(held or {}))
    return msgspec.structs.replace(whole, intervals=share_intervals(whole))


def _sum(values: Iterable[float | None]) -> float | None:
    known = list(values)
    return None if None in known else sum(value for value in known if value is not None)
