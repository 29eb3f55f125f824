"""Findings: what is worth knowing beside the verdict, each with its figures.

A finding is a function from `Facts` to a `Finding`, or to None when there is nothing to say. `RULES` lists
them in the order of the report.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from gilscope.decide.demands import in_call_wall_s
from gilscope.decide.facts import LOOP_KINDS
from gilscope.decide.wording import size, time
from gilscope.records import (
    Classification,
    Demands,
    Environment,
    Failure,
    Finding,
    Instrument,
    Severity,
    Target,
    Trial,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["RULES", "Facts", "findings"]

#: From this part of a call on, something beside its work (pickling, holding the GIL while blocked, own
#: threads) is said.
NOTABLE_SHARE = 0.1
#: Arguments and results this big cost some milliseconds a call to pickle, at about 1 GB/s each way.
BIG_PICKLE_BYTES = 1_000_000
#: From this p99 lag on an event loop is blocked: half of what asyncio's own debug mode calls slow, ten
#: heartbeats.
LOOP_LAG_S = 0.05
#: Beyond this the figures of the observed rounds differ from the clean ones by more than their usual noise.
OBSERVER_SLOWDOWN = 1.05
#: More output than this costs time in itself, and hides everything else on a terminal.
MUCH_OUTPUT_BYTES = 1_000_000


@dataclass(frozen=True)
class Facts:
    """What the rules look at."""

    target: Target
    environment: Environment
    instrument: Instrument
    classification: Classification
    demands: Demands | None = None
    trials: tuple[Trial, ...] = ()
    failure: Failure | None = None
    dispatch_s: Mapping[str, float] = field(default_factory=dict)
    """Seconds to hand one call to a worker, by backend."""
    output_bytes: int | None = None
    """Bytes that the target printed, over all trials."""


def findings(facts: Facts) -> tuple[Finding, ...]:
    """Everything worth knowing, in the order of `RULES`."""
    found = (rule(facts) for rule in RULES)
    return tuple(finding for finding in found if finding is not None)


def _finding(code: str, severity: Severity, title: str, evidence: str, advice: str) -> Finding:
    return Finding(code=code, severity=severity, title=title, evidence=evidence, advice=advice)


def _exceptions(facts: Facts) -> Finding | None:
    failure = facts.failure
    if failure is None or not failure.count:
        return None
    return _finding(
        "exceptions",
        "error" if failure.count >= failure.calls else "warning",
        f"The function raised {failure.type}",
        f"{failure.count} of {failure.calls} calls raised; the first: {failure.type}: {failure.message}",
        "A call that raises is timed like any other: if failing is faster or slower than succeeding, "
        "leave those inputs out and analyze again.",
    )


def _inputs_truncated(facts: Facts) -> Finding | None:
    if not facts.target.inputs_truncated:
        return None
    return _finding(
        "inputs-truncated",
        "info",
        f"Only the first {facts.target.input_count} inputs were used",
        f"{facts.target.inputs or 'the iterable'} had more than the {facts.target.input_count} taken",
        "If later inputs cost more or less than the first, give a sample of them all.",
    )


def _not_picklable(facts: Facts) -> Finding | None:
    refused = next((t for t in facts.trials if t.backend == "process" and t.status == "refused"), None)
    if refused is None:
        return None
    return _finding(
        "not-picklable",
        "warning",
        "Worker processes cannot run this function",
        refused.reason or "the reason is unknown",
        "Pass what can be pickled (paths, keys, connection parameters) to a function at module level, "
        "and open files, locks and connections inside it.",
    )


def _pickling_cost(facts: Facts) -> Finding | None:
    trial = next((t for t in facts.trials if t.pickle_s is not None and t.pickle_bytes is not None), None)
    if trial is None or trial.pickle_s is None or trial.pickle_bytes is None or facts.demands is None:
        return None
    call_s = in_call_wall_s(facts.demands)
    slow = trial.pickle_s >= NOTABLE_SHARE * call_s and facts.classification.label != "overhead-bound"
    if not slow and trial.pickle_bytes < BIG_PICKLE_BYTES:
        return None
    return _finding(
        "pickling-cost",
        "warning" if slow else "info",
        "Arguments and results are expensive to hand to another process",
        f"{size(trial.pickle_bytes)} and {time(trial.pickle_s)} of pickling for a call of {time(call_s)}",
        "Hand over a path, a key or a range and load the data in the worker; return less; use shared memory.",
    )


def _gil_held_while_blocked(facts: Facts) -> Finding | None:
    demands = facts.demands
    if demands is None or not demands.gil_held_off_cpu_s:
        return None
    call_s = in_call_wall_s(demands)
    if demands.gil_held_off_cpu_s < NOTABLE_SHARE * call_s:
        return None
    return _finding(
        "gil-held-while-blocked",
        "warning",
        "The function keeps the GIL while it waits",
        f"for {time(demands.gil_held_off_cpu_s)} of a call of {time(call_s)} it was blocked and held the GIL",
        "Every other thread stands still meanwhile, event loops too. Look for an update of the library that "
        "waits with the GIL, or run it in processes.",
    )


def _own_threads(facts: Facts) -> Finding | None:
    demands = facts.demands
    if demands is None or not demands.own_threads_cpu_s:
        return None
    if demands.own_threads_cpu_s < NOTABLE_SHARE * in_call_wall_s(demands):
        return None
    return _finding(
        "own-threads",
        "info",
        "The function starts threads of its own",
        f"they use {time(demands.own_threads_cpu_s)} of CPU a call, the calling thread {time(demands.cpu_s)}",
        "Workers multiply those threads. Either run few workers, or limit the library to one thread "
        "(OMP_NUM_THREADS=1 and its like before it is imported, threadpoolctl after).",
    )


def _cpus_limited(facts: Facts) -> Finding | None:
    environment = facts.environment
    if environment.cpus_usable >= environment.cpus_visible:
        return None
    return _finding(
        "cpus-limited",
        "info",
        f"Only {environment.cpus_usable:g} of {environment.cpus_visible} CPUs are usable",
        environment.cpus_reason or "the reason is unknown",
        "Workers were planned for the usable CPUs. os.cpu_count() does not see such limits: "
        "do not size pools with it here.",
    )


def _task_too_small(facts: Facts) -> Finding | None:
    if facts.classification.label != "overhead-bound" or facts.demands is None or not facts.dispatch_s:
        return None
    costs = ", ".join(f"{name} {time(cost)}" for name, cost in sorted(facts.dispatch_s.items()))
    return _finding(
        "task-too-small",
        "info",
        "A call is shorter than handing it to a worker",
        f"a call takes {time(in_call_wall_s(facts.demands))}; handing one over: {costs}",
        "Hand over many at once: a function over a batch of inputs, or chunksize in a process pool.",
    )


def _free_threaded(facts: Facts) -> Finding | None:
    if facts.environment.gil_enabled:
        return None
    return _finding(
        "no-gil",
        "info",
        "This interpreter runs without a GIL",
        f"{facts.environment.implementation} {facts.environment.python}, GIL disabled",
        "The verdict holds for interpreters without a GIL; with one, Python code in threads does not scale.",
    )


def _instrument_fallback(facts: Facts) -> Finding | None:
    instrument = facts.instrument
    if instrument.reason is None:
        return None
    return _finding(
        "instrument-fallback",
        "info",
        "Not every instrument was available",
        f"ledger from {instrument.ledger_source}, GIL from {instrument.gil_source}: {instrument.reason}",
        "Figures that are unknown are shown as unknown; gilscope doctor tells what would help.",
    )


def _generator_drained(facts: Facts) -> Finding | None:
    if facts.target.kind not in ("generator", "async-generator"):
        return None
    return _finding(
        "generator-drained",
        "info",
        "The function is a generator, and was run to its end",
        "each call was timed until the last item, and its items were kept in a list",
        "A pool cannot hand over a generator: return a list from the worker, or make each item a task.",
    )


def _loop_blocked(facts: Facts) -> Finding | None:
    lagging = [t for t in facts.trials if t.loop_lag_p99_s is not None and t.loop_lag_p99_s >= LOOP_LAG_S]
    worst = max(lagging, key=lambda t: t.loop_lag_p99_s or 0.0, default=None)
    if worst is None:
        return None
    native = facts.target.kind in LOOP_KINDS
    largest = "unknown" if worst.loop_lag_max_s is None else time(worst.loop_lag_max_s)
    return _finding(
        "loop-blocked",
        "warning",
        "The event loop is blocked" if native else "Offloaded calls hold up the event loop",
        f"{worst.name}: its heartbeat was {time(worst.loop_lag_p99_s or 0.0)} late (p99), {largest} (max)",
        "Something between two awaits computes or waits: move it to run_in_executor."
        if native
        else "The calls hold the GIL for long: offload them to a process pool, or to fewer threads.",
    )


def _observer_slowdown(facts: Facts) -> Finding | None:
    slowdown = facts.instrument.observer_slowdown
    if slowdown is None or slowdown <= OBSERVER_SLOWDOWN:
        return None
    return _finding(
        "observer-slowdown",
        "warning",
        "Watching slowed the function down",
        f"observed rounds ran {slowdown - 1:.0%} slower than clean ones",
        "Throughput is from clean rounds and stands; the shares of the ledger may be off. "
        "A machine with a CPU to spare for the sampler helps.",
    )


def _much_output(facts: Facts) -> Finding | None:
    if facts.output_bytes is None or facts.output_bytes < MUCH_OUTPUT_BYTES:
        return None
    calls = sum(trial.calls for trial in facts.trials)
    each = f", {size(facts.output_bytes // calls)} a call" if calls else ""
    return _finding(
        "much-output",
        "warning",
        "The function prints a lot",
        f"{size(facts.output_bytes)} in all{each}",
        "Printing takes time and a lock that all threads share: what was measured includes it.",
    )


#: Every rule, in the order of the report.
RULES: tuple[Callable[[Facts], Finding | None], ...] = (
    _exceptions,
    _not_picklable,
    _pickling_cost,
    _gil_held_while_blocked,
    _loop_blocked,
    _own_threads,
    _task_too_small,
    _cpus_limited,
    _inputs_truncated,
    _generator_drained,
    _much_output,
    _observer_slowdown,
    _free_threaded,
    _instrument_fallback,
)
