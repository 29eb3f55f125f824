"""Event loops: what blocks one, what queues behind its threads, and what could be awaited instead."""

from __future__ import annotations

from gilscope.decide.candidates import MAX_WORKERS
from gilscope.decide.counterparts import counterpart
from gilscope.decide.demands import outside_wait_s
from gilscope.decide.findings.base import (
    BUSY_SHARE,
    NOTABLE_SHARE,
    Facts,
    Said,
    at,
    call_s,
    cpus_busy,
    gil_busy,
    measured,
)
from gilscope.records import LOOP_KINDS, HotLine, Trial
from gilscope.units import duration, percent, rate

__all__ = ["LOOP_LAG_S", "default_pool_small", "loop_blocked", "native_async"]

#: From this p99 lag on an event loop is blocked: half of what asyncio's own debug mode calls slow, ten
#: heartbeats.
LOOP_LAG_S = 0.05
#: Of a lag, what each of the coroutines at work must account for: many short steps in a row also delay a heartbeat, but
#: that is a loop which is full, not one which is blocked.
STEP_S = 0.005
#: Blocked for this part of the samples, a line is where the function waits.
WAITING_SHARE = 0.2
#: A call that takes this much longer in company than alone has queued.
QUEUED_FACTOR = 1.5
#: An event loop is worth the change where it holds at least so many calls at once: two threads do as much otherwise.
MIN_AT_ONCE = 4
#: The loop's own machinery: where it waits for what its coroutines wait for.
_LOOP_FILES = ("selectors.py", "base_events.py", "selector_events.py", "unix_events.py", "runners.py", "events.py")


def loop_blocked(facts: Facts) -> Said | None:
    """A loop whose heartbeat comes late."""
    lagging = [trial for trial in measured(facts, "asyncio") if _is_blocked(trial, facts)]
    worst = max(lagging, key=lambda t: t.loop_lag_p99_s or 0.0, default=None)
    if worst is None:
        return None
    native = facts.target.kind in LOOP_KINDS
    largest = "unknown" if worst.loop_lag_max_s is None else duration(worst.loop_lag_max_s)
    line = _blocking(facts) if native else None
    return Said(
        "warning",
        "The event loop is blocked" if native else "Offloaded calls hold up the event loop",
        f"{worst.name}: its heartbeat was {duration(worst.loop_lag_p99_s or 0.0)} late (p99), {largest} (max)"
        + (f"; blocked most often in {at(line)}" if line is not None else ""),
        _unblock(line)
        if native
        else "The calls hold the GIL for long: offload them to a process pool, or to fewer threads.",
    )


def _is_blocked(trial: Trial, facts: Facts) -> bool:
    lag_s = trial.loop_lag_p99_s
    if lag_s is None or lag_s < LOOP_LAG_S:
        return False
    return facts.target.kind not in LOOP_KINDS or lag_s >= STEP_S * trial.workers


def _unblock(line: HotLine | None) -> str:
    if line is None:
        return (
            "Something between two awaits computes or waits: move it to asyncio.to_thread where it gives the GIL up, "
            "and to a process pool (loop.run_in_executor) where it computes in Python."
        )
    instead = counterpart(line.callee)
    return f"Await {instead} instead." if instead else "Call it with await asyncio.to_thread(...)."


def _blocking(facts: Facts) -> HotLine | None:
    """The line that is blocked most often, outside the machinery of the loop."""
    lines = [line for line in facts.hot if not line.file.endswith(_LOOP_FILES)]
    worst = max(lines, key=lambda line: line.wait_share or 0.0, default=None)
    return worst if worst is not None and (worst.wait_share or 0.0) >= WAITING_SHARE else None


def default_pool_small(facts: Facts) -> Said | None:
    """More coroutines in ``asyncio.to_thread`` than its pool has threads."""
    trials = [trial for trial in measured(facts, "asyncio") if _queues_for_threads(trial, facts)]
    trial, call = max(trials, key=lambda t: t.workers, default=None), call_s(facts)
    if trial is None or call is None or trial.latency_p50_s is None:
        return None
    return Said(
        "warning",
        "Calls queue for the threads of asyncio.to_thread",
        f"{trial.name}: {trial.workers} calls at a time shared the {trial.default_pool_threads} threads of the loop's "
        f"default executor; a call took {duration(trial.latency_p50_s)} (median), alone {duration(call)}",
        "The default executor has min(32, CPUs + 4) threads, whatever is waited for. Set one of your own, at the start "
        f"of the program: asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor({trial.workers})).",
    )


def _queues_for_threads(trial: Trial, facts: Facts) -> bool:
    threads, call = trial.default_pool_threads, call_s(facts)
    if threads is None or call is None or trial.latency_p50_s is None or trial.workers <= threads:
        return False
    gil, cpus = gil_busy(trial, facts), cpus_busy(trial, facts)
    if gil is None or cpus is None or max(gil, cpus) >= BUSY_SHARE:
        return False  # more threads would have nothing to run on
    at_work = (trial.throughput_per_s or 0.0) * call  # Little's law
    return trial.latency_p50_s >= QUEUED_FACTOR * call and at_work >= threads / 2


def native_async(facts: Facts) -> Said | None:
    """A blocking call on the hot line that could be awaited instead."""
    waiting = [line for line in facts.hot if (line.wait_share or 0.0) >= WAITING_SHARE and counterpart(line.callee)]
    line = max(waiting, key=lambda line: line.wait_share or 0.0, default=None)
    demands, at_once = facts.demands, _at_once(facts)
    if line is None or demands is None or at_once < MIN_AT_ONCE or facts.classification.label == "overhead-bound":
        return None
    native = facts.target.kind in LOOP_KINDS
    asked = facts.recommendation is not None and facts.recommendation.context == "async"
    many = MAX_WORKERS["loop"]
    limit = f", {rate(1 / demands.cpu_s)}" if demands.cpu_s > 0 and at_once < many else ""
    return Said(
        "warning" if native or asked else "info",
        "What it waits for could be awaited",
        f"{percent(line.wait_share or 0.0)} of the samples were blocked in {at(line)}; of a call "
        f"{duration(demands.cpu_s)} is CPU and {duration(outside_wait_s(demands))} waiting",
        f"With {counterpart(line.callee)} one event loop would be busy with "
        + (f"about {at_once} calls at once{limit}" if at_once < many else f"more than {many} calls at once")
        + ", if the counterpart costs the CPU that the blocking call does.",
    )


def _at_once(facts: Facts) -> int:
    """Calls that keep one event loop busy: (CPU + waiting) ÷ CPU, the saturation point of a closed network with the
    loop as its one server (Denning & Buzen 1978, The operational analysis of queueing network models)."""
    demands = facts.demands
    if demands is None or outside_wait_s(demands) < NOTABLE_SHARE * demands.wall_s:
        return 0
    many = MAX_WORKERS["loop"]
    if demands.cpu_s * many <= outside_wait_s(demands):
        return many
    return round((demands.cpu_s + outside_wait_s(demands)) / demands.cpu_s)
