"""What following the advice takes, and what giving it took, in sentences: shared by every report."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from gilscope.decide.recommended import recommended
from gilscope.report.verdicts import capitalized
from gilscope.units import byte_size, counted, duration, rate, thousands, times

if TYPE_CHECKING:
    from gilscope.records import Capacity, GivenInputs, Recommendation, ResultRecord, Trial

__all__ = ["consequences", "enough"]

#: Waiting for the network is worth a word from this part of a call on.
NOTABLE_SHARE = 0.1


def consequences(result: ResultRecord, *, counting: bool = True) -> str:
    """How long calls take as recommended, the memory that takes and, where that ``counting`` is wanted, how many were
    made to know it."""
    return " ".join(_sentences(result, counting))


def _sentences(result: ResultRecord, counting: bool) -> Iterator[str]:
    chosen = recommended(result.recommendation, result.trials)
    if chosen is not None:
        parts = [part for part in (_latency(chosen), _memory(chosen)) if part]
        if parts:
            yield f"Run so, {', and '.join(parts)}."
    if result.given is not None:
        yield _given(result.given, result.recommendation)
    if counting and result.calls_made is not None:
        yield f"{counted(result.calls_made, 'call')} {_were(result.calls_made)} made in all{_where(result)}."


def _latency(trial: Trial) -> str:
    if trial.latency_p50_s is None:
        return ""
    told, p99 = f"a call takes {duration(trial.latency_p50_s)}", trial.known_p99_s
    if trial.known_p50_s is None:
        return f"{told} (the middle of only {counted(trial.timed_calls, 'call')})"
    if p99 is None:
        return f"{told} (p50; too few calls for a p99: {trial.timed_calls})"
    return f"{told} (p50) and {duration(p99)} (p99)"


def _memory(trial: Trial) -> str:
    return "" if trial.memory_bytes is None else f"all processes together use {byte_size(trial.memory_bytes)} of memory"


def _given(given: GivenInputs, advice: Recommendation) -> str:
    """What it gains for the inputs given, beside what it gains for many."""
    how = (
        f"{thousands(given.workers)} at once"
        if given.waves == 1
        else f"in {thousands(given.waves)} waves of {thousands(given.workers)}"
    )
    start = f", {duration(given.startup_s)} of start-up included," if given.startup_s >= 0.01 * given.takes_s else ""
    takes, serial = (
        f"The {counted(given.inputs, 'input')} given, {how}, {'takes' if given.inputs == 1 else 'take'} "
        f"{duration(given.takes_s)}",
        duration(given.serial_s),
    )
    many = "" if advice.speedup is None else f" A long list gains {times(advice.speedup)}."
    if (given.gain or 0.0) > 1:
        return f"{takes}{start} instead of {serial}: {times(given.gain)}.{many}"
    return f"{takes}{start} but one after the other {serial}: for so few, do without.{many}"


def _were(count: int) -> str:
    return "was" if count == 1 else "were"


def _where(result: ResultRecord) -> str:
    demands = result.demands
    if demands is None or demands.network_s is None or demands.network_s < NOTABLE_SHARE * demands.wall_s:
        return ""
    return ", to the network"


def enough(found: Capacity) -> str:
    """What was wanted, and whether following the advice here does it."""
    wanted = found.wanted
    asked = rate(wanted.per_s)
    if wanted.items is not None and wanted.within_s is not None:
        asked = f"{counted(wanted.items, 'call')} within {duration(wanted.within_s)}, {asked}"
    return f"Wanted: {asked}. {capitalized(found.reason)}."
