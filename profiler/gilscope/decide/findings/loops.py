"""Event loops: what blocks one, what queues behind its threads, and what could be awaited instead."""

from __future__ import annotations

from gilscope.decide.candidates import MAX_WORKERS
from gilscope.decide.counterparts import counterpart
from gilscope.decide.demands import outside_wait_s
from gilscope.decide.findings.evidence import BUSY_SHARE, NOTABLE_SHARE, Evidence, in_words, longest_call_s, with_most
from gilscope.records import Figures, HotLine, Trial

__all__ = ["LOOP_LAG_S", "default_pool_small", "loop_blocked", "native_async"]

#: From this p99 lag on an event loop is blocked: half of what asyncio's own debug mode calls slow, ten
#: heartbeats.
LOOP_LAG_S = 0.05
#: Of a lag, what each of the coroutines at work must account for: many short steps in a row also delay a heartbeat, but
#: that is a loop which is full, not one which is blocked. A thread beside the loop accounts for no more than that (the
#: switch interval), or for its longest call: a heartbeat that is later still was given no CPU.
STEP_S = 0.005
#: Blocked for this part of the samples, a line is where the function waits.
WAITING_SHARE = 0.2
#: A call that takes this much longer in company than alone has queued.
QUEUED_FACTOR = 1.5
#: An event loop is worth the change where it holds at least so many calls at once: two threads do as much otherwise.
MIN_AT_ONCE = 4
#: The loop's own machinery: where it waits for what its coroutines wait for.
_LOOP_FILES = ("selectors.py", "base_events.py", "selector_events.py", "unix_events.py", "runners.py", "events.py")


def loop_blocked(evidence: Evidence) -> Figures | None:
    """A loop whose heartbeat comes late."""
    lagging = [trial for trial in evidence.measured("asyncio") if _is_blocked(trial, evidence)]
    worst = max(lagging, key=lambda t: t.loop_lag_p99_s or 0.0, default=None)
    if worst is None:
        return None
    offloaded = not evidence.on_loop
    line = None if offloaded else _blocking(evidence)
    return {
        "configuration": worst.name,
        "offloaded": worst.workers if offloaded else None,
        "caller": _caller(evidence),
        "loop_lag_p99_s": worst.loop_lag_p99_s,
        "loop_lag_max_s": worst.loop_lag_max_s,
        "line": in_words(line) if line else None,
        "instead": counterpart(line.callee) if line else None,
    }


def _is_blocked(trial: Trial, evidence: Evidence) -> bool:
    lag_s = trial.loop_lag_p99_s
    if lag_s is None or lag_s < LOOP_LAG_S:
        return False
    if evidence.on_loop:
        return lag_s >= STEP_S * trial.workers
    return lag_s <= trial.workers * max(longest_call_s(trial, evidence), STEP_S)


def _blocking(evidence: Evidence) -> HotLine | None:
    """The line that is blocked most often, outside the machinery of the loop."""
    lines = [line for line in evidence.hot if not line.file.endswith(_LOOP_FILES)]
    return with_most(lines, _wait_share, WAITING_SHARE)


def _wait_share(line: HotLine) -> float:
    return line.wait_share or 0.0


def default_pool_small(evidence: Evidence) -> Figures | None:
    """More coroutines in ``asyncio.to_thread`` than its pool has threads."""
    trials = [trial for trial in evidence.measured("asyncio") if _queues_for_threads(trial, evidence)]
    trial = max(trials, key=lambda t: t.workers, default=None)
    if trial is None:
        return None
    return {
        "configuration": trial.name,
        "workers": trial.workers,
        "threads": trial.default_pool_threads,
        "latency_p50_s": trial.latency_p50_s,
        "call_s": evidence.call_s,
    }


def _queues_for_threads(trial: Trial, evidence: Evidence) -> bool:
    threads, call = trial.default_pool_threads, evidence.call_s
    if threads is None or call is None or trial.latency_p50_s is None or trial.workers <= threads:
        return False
    gil, cpus = evidence.gil_busy(trial), evidence.cpus_busy(trial)
    if gil is None or cpus is None or max(gil, cpus) >= BUSY_SHARE:
        return False  # more threads would have nothing to run on
    at_work = (trial.throughput_per_s or 0.0) * call  # Little's law
    return trial.latency_p50_s >= QUEUED_FACTOR * call and at_work >= threads / 2


def native_async(evidence: Evidence) -> Figures | None:
    """A blocking call on the hot line that could be awaited instead."""
    line = with_most((line for line in evidence.hot if counterpart(line.callee)), _wait_share, WAITING_SHARE)
    demands, at_once = evidence.demands, _at_once(evidence)
    if line is None or demands is None or at_once < MIN_AT_ONCE or evidence.classification.label == "overhead-bound":
        return None
    return {
        "line": in_words(line),
        "instead": counterpart(line.callee),
        "wait_share": line.wait_share,
        "cpu_s": demands.cpu_s,
        "wait_s": outside_wait_s(demands),
        "at_once": at_once,
        "most_at_once": MAX_WORKERS["loop"],
        "caller": _caller(evidence),
    }


def _caller(evidence: Evidence) -> str:
    """Whether it has a loop."""
    return "async" if evidence.on_loop else evidence.recommendation.context


def _at_once(evidence: Evidence) -> int:
    """Calls that keep one event loop busy: (CPU + waiting) ÷ CPU, the saturation point of a closed network with the
    loop as its one server (Denning & Buzen 1978, The operational analysis of queueing network models)."""
    demands = evidence.demands
    if demands is None or outside_wait_s(demands) < NOTABLE_SHARE * demands.wall_s:
        return 0
    many = MAX_WORKERS["loop"]
    if demands.cpu_s * many <= outside_wait_s(demands):
        return many
    return round((demands.cpu_s + outside_wait_s(demands)) / demands.cpu_s)
