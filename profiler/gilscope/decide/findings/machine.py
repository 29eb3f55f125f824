"""What the machine allows, what it hides, and what starting workers on it costs."""

from __future__ import annotations

import math
from collections.abc import Sequence

from gilscope.decide.demands import in_call_wall_s
from gilscope.decide.findings.evidence import OWN_GILS, Evidence, with_most
from gilscope.records import Figures, ImportCost, Trial
from gilscope.units import duration

__all__ = ["cpus_limited", "memory_limit", "page_cache", "startup_dominates"]

#: The part of a memory limit up to which workers may go: the parent, the page cache that counts as well, and workers
#: that grow need the rest.
MEMORY_SHARE = 0.8
#: A start-up this long is felt each time a program runs.
LONG_STARTUP_S = 1.0
#: Imports worth naming: a tenth of a plain interpreter's start is nobody's concern.
NAMED_IMPORTS, NAMED_IMPORT_S = 3, 0.005
#: Up to this part of what is read from the device, the page cache served the rest.
FROM_DEVICE_SHARE = 0.1
#: Reading at this pace is a notable part of a call: memory copies 2 to 10 GB/s, so a tenth of the call at most is less.
READING_BYTES_PER_S = 2e8
#: Less than a page is not a file that is read.
PAGE_BYTES = 4096


def cpus_limited(evidence: Evidence) -> Figures | None:
    """A container's quota or an affinity below the visible CPUs."""
    environment = evidence.environment
    if environment.cpus_usable >= environment.cpus_visible:
        return None
    return {
        "cpus_usable": environment.cpus_usable,
        "cpus_visible": environment.cpus_visible,
        "reason": environment.cpus_reason,
    }


def memory_limit(evidence: Evidence) -> Figures | None:
    """Workers that together need more memory than there may be."""
    limit = evidence.environment.memory_limit_bytes
    trial = with_most(evidence.measured(*OWN_GILS), _needed_bytes, max(1, MEMORY_SHARE * (limit or 0)))
    if limit is None or trial is None:
        return None
    each, advised = trial.memory_per_worker_bytes or 0, evidence.chosen
    return {
        "configuration": trial.name,
        "recommended": advised.name if advised else None,
        "worker_bytes": each,
        "needed_bytes": _needed_bytes(trial),
        "limit_bytes": limit,
        "fitting_workers": int(MEMORY_SHARE * limit / each),
    }


def _needed_bytes(trial: Trial) -> int:
    return (trial.memory_per_worker_bytes or 0) * trial.workers


def startup_dominates(evidence: Evidence) -> Figures | None:
    """A pool whose workers import everything anew that takes longer to start than it saves."""
    trial = evidence.chosen
    if trial is None or trial.backend not in OWN_GILS or trial.startup_s is None:
        return None
    calls, inputs = _calls_to_repay(trial, evidence), evidence.target.taken
    unpaid = calls is not None and 1 < inputs < calls
    if not unpaid and trial.startup_s < LONG_STARTUP_S:
        return None
    slowest = sorted(evidence.imports, key=lambda cost: -cost.seconds)
    named = [cost for cost in slowest[:NAMED_IMPORTS] if cost.seconds >= NAMED_IMPORT_S]
    return {
        "configuration": trial.name,
        "startup_s": trial.startup_s,
        "calls_to_repay": calls,
        "unpaid_inputs": inputs if unpaid else None,
        "imports": ", ".join(f"{cost.module} {duration(cost.seconds)}" for cost in named),
        "preload": _to_preload(slowest) if trial.backend == "process" else None,
    }


def _to_preload(slowest: Sequence[ImportCost]) -> str:
    """What a fork server would import for all."""
    return slowest[0].module.partition(".")[0] if slowest else "your_module"


def _calls_to_repay(trial: Trial, evidence: Evidence) -> int | None:
    """Calls whose savings make up for the start-up: as the break-even says, else from the speed-up."""
    told = (e.calls for e in evidence.break_even if (e.backend, e.workers) == (trial.backend, trial.workers))
    calls = next((count for count in told if count is not None), None)
    call = evidence.call_s
    if calls is not None or call is None or trial.startup_s is None or not trial.speedup or trial.speedup <= 1:
        return calls
    return math.ceil(trial.startup_s / (call * (1 - 1 / trial.speedup)))


def page_cache(evidence: Evidence) -> Figures | None:
    """File reading that no device had a part in."""
    reading = [t for t in evidence.trials if t.read_bytes is not None and t.storage_read_bytes is not None]
    trial, demands = next(iter(reading), None), evidence.demands
    if trial is None or trial.read_bytes is None or trial.storage_read_bytes is None or demands is None:
        return None
    quick = trial.read_bytes >= max(PAGE_BYTES, READING_BYTES_PER_S * in_call_wall_s(demands))
    piped = evidence.is_notable(demands.child_s)  # what a program printed is read through a pipe
    if not quick or piped or trial.storage_read_bytes > FROM_DEVICE_SHARE * trial.read_bytes:
        return None
    return {"read_bytes": trial.read_bytes, "storage_read_bytes": trial.storage_read_bytes}
